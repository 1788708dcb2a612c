"""The watch over an engine: when it has caught up, and what its trouble is."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest

from nodes.errors import SequencerError
from nodes.sequencer.cometbft.application import Application
from nodes.sequencer.cometbft.machine import Engine, Machine
from nodes.sequencer.cometbft.rpc import EngineRpc
from nodes.sequencer.cometbft.watch import Watch
from tests.support.engines import OpenMachine

OWN = "0" * 40
ENGINES = {
    name: Engine(name.encode().ljust(32), f"{digit * 40}@{name}.test:26656")
    for name, digit in {"bzk": "1", "svb": "2", "szw": "3"}.items()
}
MACHINE: Machine = OpenMachine(ENGINES)


@dataclass
class FakeRpc:
    """An engine of which a test says how it is."""

    height: int = 7
    is_catching_up: bool = False
    is_silent: bool = False
    others: list[int] = field(default_factory=list)
    present: set[str] = field(default_factory=lambda: {engine.id for engine in ENGINES.values()})
    looks: "asyncio.Queue[None]" = field(default_factory=asyncio.Queue)

    async def status(self, *, timeout: float) -> dict[str, Any]:
        self.looks.put_nowait(None)
        if self.is_silent:
            raise SequencerError("the engine does not answer")
        return {
            "latest_block_height": str(self.height),
            "latest_block_time": "2026-11-24T12:00:00.000Z",
            "catching_up": self.is_catching_up,
        }

    async def heights(self, *, timeout: float) -> list[int]:
        return self.others

    async def peers(self, *, timeout: float) -> set[str]:
        return self.present


def play(rpc: FakeRpc, scenario: Callable[[Watch], Awaitable[None]]) -> None:
    async def run() -> None:
        watch = Watch(cast(EngineRpc, rpc), own=OWN, patience=3.0)
        application = cast(Application, SimpleNamespace(is_rehearsing=False))
        watching = asyncio.create_task(
            watch.run(application, MACHINE, is_running=lambda: True, hang_up=lambda: None)
        )
        try:
            async with asyncio.timeout(30):
                await scenario(watch)
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching

    asyncio.run(run())


async def looked(rpc: FakeRpc) -> None:
    """Return once the watch has looked anew, and drawn its conclusions."""
    rpc.looks = asyncio.Queue()
    for _ in range(2):
        await rpc.looks.get()


@pytest.mark.parametrize("others", [[8, 8, 8], [8, 9, 0], [0, 0, 0], []])
def test_an_engine_with_the_others_blocks_has_caught_up(others: list[int]) -> None:
    rpc = FakeRpc(height=7, others=others)

    async def scenario(watch: Watch) -> None:
        await watch.synced.wait()

        assert watch.seen is None
        assert watch.trouble is None

    play(rpc, scenario)


def test_an_engine_that_says_it_is_done_and_lacks_blocks_has_not_caught_up() -> None:
    rpc = FakeRpc(height=7, others=[0, 10])

    async def scenario(watch: Watch) -> None:
        await looked(rpc)
        assert not watch.synced.is_set()
        assert watch.seen == "height 7, of 2026-11-24T12:00:00"

        rpc.height = 8
        await watch.synced.wait()

    play(rpc, scenario)


def test_an_old_block_that_a_starting_engine_shows_ends_no_trouble() -> None:
    rpc = FakeRpc(is_silent=True)

    async def scenario(watch: Watch) -> None:
        await looked(rpc)
        watch.decided()
        assert watch.trouble == "the engine does not answer"

        rpc.is_silent = False
        await watch.synced.wait()
        watch.trouble = "no block came"
        watch.decided()
        assert watch.trouble is None

    play(rpc, scenario)


def test_an_engine_that_is_started_again_has_to_catch_up_again() -> None:
    rpc = FakeRpc()

    async def scenario(watch: Watch) -> None:
        await watch.synced.wait()

        rpc.is_catching_up = True
        watch.ended("it ended")

        assert watch.trouble == "it ended"
        await looked(rpc)
        assert not watch.synced.is_set()
        assert watch.seen is not None

    play(rpc, scenario)
