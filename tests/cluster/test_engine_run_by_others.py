"""A node whose engine somebody else runs, as containers do: `engine.command` is not set."""

import asyncio
import shutil
import socket
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from nodes.readiness import reasons
from nodes.sequencer.cometbft.home import EngineHome
from nodes.settings import EngineSettings
from tests.support.engine_cluster import EngineCluster, FoundedWithEngines, found_with_engines
from tests.support.engines import short_folder
from tests.support.kept_engine import KeptEngine

APART = "svb"
Scenario = Callable[[EngineCluster, KeptEngine], Awaitable[None]]


@dataclass(frozen=True)
class FoundedApart(FoundedWithEngines):
    """A consortium in which the engine of one member is not its node's to run."""

    @property
    def home(self) -> Path:
        """Return the folder of that engine."""
        return self.root / APART / "engine"

    def engine(self, name: str) -> EngineSettings:
        """See `FoundedWithEngines`."""
        plain = super().engine(name)
        return plain.model_copy(update={"command": None}) if name == APART else plain


@pytest.fixture
def founded() -> Iterator[FoundedApart]:
    with short_folder() as folder:
        plain = found_with_engines(folder)
        yield FoundedApart(**{name: getattr(plain, name) for name in plain.__dataclass_fields__})


def play(founded: FoundedApart, scenario: Scenario) -> None:
    async def run() -> None:
        async with (
            KeptEngine(founded.home, founded.command) as engine,
            EngineCluster(founded) as cluster,
        ):
            await scenario(cluster, engine)
            await post(cluster, APART)
            await cluster.until_settled()
            assert cluster.audit(APART).is_sound

    asyncio.run(run())


async def post(cluster: EngineCluster, *names: str) -> None:
    for name in names:
        await cluster.until_final(name, await cluster.post(name))


async def restarts(cluster: EngineCluster, engine: KeptEngine, after: int) -> None:
    await cluster.until(lambda: engine.starts > after)


async def stop(cluster: EngineCluster, engine: KeptEngine) -> None:
    """Stop the node; its engine ends, comes back, and waits for it."""
    starts = engine.starts
    await cluster.stop(APART)
    await restarts(cluster, engine, starts)
    assert engine.waits


def test_an_engine_that_was_started_before_its_node_waits_for_it(founded: FoundedApart) -> None:
    async def scenario(cluster: EngineCluster, engine: KeptEngine) -> None:
        assert engine.starts == 1

    play(founded, scenario)


def test_a_killed_engine_comes_back_over_the_socket_that_it_left(founded: FoundedApart) -> None:
    async def scenario(cluster: EngineCluster, engine: KeptEngine) -> None:
        await post(cluster, APART)

        engine.kill()
        assert EngineHome(founded.home).rpc.exists()
        await restarts(cluster, engine, 1)

    play(founded, scenario)


def test_an_engine_ends_with_its_node_and_both_come_back(founded: FoundedApart) -> None:
    async def scenario(cluster: EngineCluster, engine: KeptEngine) -> None:
        await post(cluster, APART)

        await cluster.crash(APART)
        await restarts(cluster, engine, 1)
        await post(cluster, "uwv", "szw")
        cluster.start(APART)

    play(founded, scenario)


def test_a_node_whose_engine_is_not_there_says_so(founded: FoundedApart) -> None:
    async def scenario() -> None:
        async with EngineCluster(founded, start=()) as cluster:
            cluster.start(APART)
            await cluster.until(lambda: cluster[APART].engine is not None)

            (reason, *_) = reasons(cluster[APART])

            assert reason.code == "order-stands-still"

    asyncio.run(scenario())


def test_a_socket_left_by_a_killed_node_keeps_nobody_from_meeting(founded: FoundedApart) -> None:
    async def scenario(cluster: EngineCluster, engine: KeptEngine) -> None:
        await post(cluster, APART)
        await stop(cluster, engine)
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(EngineHome(founded.home).abci))
        await cluster.until(lambda: not engine.waits)

        cluster.start(APART)

    play(founded, scenario)


def test_an_engine_with_older_blocks_than_its_node_catches_up(founded: FoundedApart) -> None:
    async def scenario(cluster: EngineCluster, engine: KeptEngine) -> None:
        await post(cluster, APART)
        await stop(cluster, engine)
        old = founded.root / "old"
        shutil.copytree(founded.home / "data", old)
        cluster.start(APART)
        await post(cluster, APART, "uwv")
        await stop(cluster, engine)
        # Its last vote must not be forgotten with its blocks: it would vote twice.
        shutil.copy(founded.home / "data" / "priv_validator_state.json", old)
        shutil.rmtree(founded.home / "data")
        old.rename(founded.home / "data")

        cluster.start(APART)

    play(founded, scenario)
