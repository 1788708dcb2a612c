"""What an engine is told when it starts: where the others are, as far as that can be written."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from nodes.errors import ConfigurationError
from nodes.sequencer.cometbft.machine import Engine
from nodes.sequencer.cometbft.sequencer import CometSequencer
from nodes.sequencer.port import Batch
from tests.support.engines import OpenMachine, short_folder

OWN, OTHER = "0" * 40, "1" * 40
ENGINES = {
    "uwv": Engine(b"u" * 32, f"{OWN}@uwv.test:26656"),
    "duo": Engine(None, f"{OTHER}@duo.test:26656"),
}


@pytest.fixture
def folder() -> Iterator[Path]:
    with short_folder() as folder:
        yield folder


async def start(folder: Path, configure: Callable[[Sequence[str]], None]) -> None:
    """Run a sequencer, whose engine nobody runs, until it serves."""
    sequencer = CometSequencer(folder, command=None, own=OWN, genesis={}, configure=configure)
    sequencer.attach(OpenMachine(ENGINES))
    running = asyncio.create_task(sequencer.run(_take, after=0))
    try:
        async with asyncio.timeout(10):
            await sequencer._serving()
            assert not running.done()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def _take(batch: Batch) -> None:
    raise AssertionError(batch)


def test_it_is_told_of_every_members_engine_but_its_own(folder: Path) -> None:
    told: list[list[str]] = []

    asyncio.run(start(folder, lambda peers: told.append(list(peers))))

    assert told == [[f"{OTHER}@duo.test:26656"]]


def test_what_cannot_be_written_now_keeps_no_engine_from_starting(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def full(peers: Sequence[str]) -> None:
        del peers
        raise ConfigurationError("config.toml cannot be written: no space")

    asyncio.run(start(folder, full))

    assert "as it was configured before" in caplog.text
