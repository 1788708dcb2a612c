"""A whole case on four CometBFT validators, of which one is killed in the middle and comes back."""

import asyncio
import os
import signal
from collections.abc import Iterator

import pytest

from tests.support.case_cluster import EngineCaseCluster
from tests.support.engine_cluster import FoundedWithEngines, found_with_engines
from tests.support.engines import short_folder
from tests.support.whole_case import verify_told, whole_case


@pytest.fixture
def founded() -> Iterator[FoundedWithEngines]:
    with short_folder() as folder:
        yield found_with_engines(folder, peer_timeout=2.0)


def test_a_case_goes_on_while_a_bystander_and_then_a_party_is_killed_with_its_engine(
    founded: FoundedWithEngines,
) -> None:
    async def story() -> None:
        async with EngineCaseCluster(founded, period=1.0) as cluster:
            await cluster.open_epoch()
            for killed, until in (("szw", "coordinated"), ("svb", "granted")):
                case = await cluster.meet("uwv", "svb")

                async def at(stage: str, killed: str = killed, until: str = until) -> None:
                    if stage == "asked":
                        await kill(cluster, killed)
                    elif stage == until:
                        cluster.start(killed)

                told = await whole_case(case, at=at)

                await verify_told(case, told)
            await cluster.until_settled()
            chains = [cluster.blocks(name) for name in cluster.lives]
            assert all(chain == chains[0] for chain in chains)
            assert cluster.audit("bzk").is_sound

    asyncio.run(story())


async def kill(cluster: EngineCaseCluster, name: str) -> None:
    """Kill a member's engine and its node; neither closes or finishes anything."""
    engine = cluster[name].engine
    assert engine is not None
    assert engine.pid is not None
    os.kill(engine.pid, signal.SIGKILL)
    await cluster.crash(name)
