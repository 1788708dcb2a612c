"""Ten times SIGKILL, of real nodes or their engines, while callers post over HTTP."""

import asyncio
import os
from collections.abc import Iterator
from random import Random

import pytest

from nodes.clock import SystemClock
from tests.support.accounts import verify_nothing_lost
from tests.support.consortium import DESKS, ROLES
from tests.support.engine_cluster import EngineCluster, FoundedWithEngines, found_with_engines
from tests.support.engines import short_folder
from tests.support.fakes import FakeClock
from tests.support.processes import processes
from tests.support.storm import storm

SEEDS = range(20) if os.environ.get("SIGNAALKETEN_SOAK") else range(1)


@pytest.fixture
def founded() -> Iterator[FoundedWithEngines]:
    with short_folder() as folder:
        yield found_with_engines(folder, peer_timeout=2.0)


async def settle(founded: FoundedWithEngines, answered: dict[str, str]) -> None:
    """Open the files in this process and reckon."""
    async with EngineCluster(founded, clock=FakeClock(SystemClock().now())) as cluster:
        await cluster.until_settled()
        verify_nothing_lost(cluster, answered)


@pytest.mark.parametrize("seed", SEEDS)
def test_ten_nodes_or_engines_killed_lose_and_double_nothing(
    founded: FoundedWithEngines, seed: int
) -> None:
    with processes(founded) as consortium:
        answered = storm(consortium, Random(seed), has_engines=True)

    assert set(answered.values()) == set(DESKS)
    asyncio.run(settle(founded, answered))


def test_an_engine_ends_with_its_node_however_that_ends(founded: FoundedWithEngines) -> None:
    with processes(founded) as consortium:
        engines = [pid for name in ROLES for pid in consortium.engines(name)]
        assert len(engines) == len(ROLES)

        consortium.kill("svb")
        consortium.until(lambda: sum(map(_lives, engines)) == len(ROLES) - 1)
        consortium.stop()
        consortium.until(lambda: not any(map(_lives, engines)))


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
