"""What every adapter of `nodes.sequencer.port.Sequencer` owes."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from nodes.errors import SequencerError
from nodes.sequencer.cometbft.sequencer import CometSequencer
from nodes.sequencer.embedded import EmbeddedSequencer
from nodes.sequencer.port import MAX_SUBMISSION, Batch, Sequencer
from tests.support.engines import EngineOrder, engine_command, short_folder
from tests.support.fakes import MemoryOrder, MemorySequencer
from tests.support.faults import Fate, MortalSequencer

Open = Callable[[], Sequencer]
"""Opens one member's sequencer over the order that the test is about."""


@contextmanager
def _embedded(folder: Path) -> Iterator[Open]:
    yield lambda: EmbeddedSequencer(folder / "order.db")


@contextmanager
def _memory(folder: Path) -> Iterator[Open]:
    order = MemoryOrder()
    yield lambda: MemorySequencer(order)


@contextmanager
def _mortal(folder: Path) -> Iterator[Open]:
    yield lambda: MortalSequencer(EmbeddedSequencer(folder / "order.db"), Fate())


@contextmanager
def _cometbft(folder: Path) -> Iterator[Open]:
    with short_folder() as short:
        yield EngineOrder(short, engine_command()).open


@pytest.fixture(params=[_embedded, _memory, _mortal, _cometbft])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    with request.param(tmp_path) as open_one:
        yield open_one


class Follower:
    """Follows a sequencer and keeps what it is given; `stop_at` entries it raises."""

    def __init__(self, sequencer: Sequencer, *, after: int = 0, stop_at: int = 10**9) -> None:
        self.batches: list[Batch] = []
        self._stop_at = stop_at
        self._grown = asyncio.Event()
        self.task = asyncio.create_task(sequencer.run(self._apply, after=after))

    async def _apply(self, batch: Batch) -> None:
        if len(self.entries) + len(batch.entries) > self._stop_at:
            raise ZeroDivisionError
        self.batches.append(batch)
        self._grown.set()

    @property
    def entries(self) -> list[bytes]:
        return [entry for batch in self.batches for entry in batch.entries]

    async def until(self, count: int) -> list[bytes]:
        async with asyncio.timeout(30):
            while len(self.entries) < count:
                self._grown.clear()
                await self._grown.wait()
        return self.entries

    async def stop(self) -> None:
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            async with asyncio.timeout(30):
                await self.task


def run(scenario: Coroutine[Any, Any, None]) -> None:
    asyncio.run(scenario)


def names(count: int, mark: str = "entry") -> list[bytes]:
    return [f"{mark} {i}".encode() for i in range(count)]


def test_followers_of_two_members_see_one_order(opened: Open) -> None:
    async def scenario() -> None:
        uwv, svb = opened(), opened()
        ahead, behind = Follower(uwv), Follower(svb)

        for i in range(20):
            await (uwv if i % 2 else svb).submit([f"{i}".encode()])
        seen = await ahead.until(20), await behind.until(20)

        assert seen[0] == seen[1]
        assert sorted(seen[0], key=int) == [f"{i}".encode() for i in range(20)]
        await ahead.stop()
        await behind.stop()
        uwv.close()
        svb.close()

    run(scenario())


def test_a_submission_stays_together_in_its_own_order(opened: Open) -> None:
    async def scenario() -> None:
        sequencer = opened()
        first, second = names(MAX_SUBMISSION, "a"), names(3, "b")

        follower = Follower(sequencer)
        await sequencer.submit(first)
        await sequencer.submit(second)
        seen = await follower.until(len(first) + len(second))

        assert seen == first + second
        await follower.stop()
        sequencer.close()

    run(scenario())


def test_positions_grow_and_the_head_is_behind_the_newest_batch(opened: Open) -> None:
    async def scenario() -> None:
        sequencer = opened()
        assert sequencer.head() == 0

        follower = Follower(sequencer)
        for entry in names(5):
            await sequencer.submit([entry])
        await follower.until(5)

        positions = [batch.position for batch in follower.batches]
        assert positions == sorted(set(positions))
        assert positions[-1] == sequencer.head()
        await follower.stop()
        sequencer.close()

    run(scenario())


def test_from_any_position_exactly_the_rest_comes_again(opened: Open) -> None:
    async def scenario() -> None:
        sequencer = opened()
        whole = Follower(sequencer)
        for at in range(12):
            await sequencer.submit([f"{at}".encode()])
            await whole.until(at + 1)
        await whole.stop()
        taken = 0

        for batch in whole.batches:
            taken += len(batch.entries)
            rest = Follower(sequencer, after=batch.position)
            assert await rest.until(12 - taken) == whole.entries[taken:]
            await rest.stop()

        sequencer.close()

    run(scenario())


def test_what_was_submitted_outlives_the_sequencer_that_took_it(opened: Open) -> None:
    async def scenario() -> None:
        sequencer = opened()
        follower = Follower(sequencer)
        await sequencer.submit([b"kept"])
        await follower.stop()
        sequencer.close()

        again = opened()
        follower = Follower(again)

        assert await follower.until(1) == [b"kept"]
        await follower.stop()
        again.close()

    run(scenario())


@pytest.mark.parametrize("count", [0, MAX_SUBMISSION + 1])
def test_a_submission_of_none_or_too_many_is_refused_whole(opened: Open, count: int) -> None:
    async def scenario() -> None:
        sequencer = opened()

        with pytest.raises(SequencerError):
            await sequencer.submit(names(count))

        assert sequencer.head() == 0
        sequencer.close()

    run(scenario())


def test_what_apply_raises_ends_the_run_and_the_batch_comes_again(opened: Open) -> None:
    async def scenario() -> None:
        sequencer = opened()
        follower = Follower(sequencer, stop_at=1)
        await sequencer.submit([b"0"])
        await follower.until(1)

        with suppress(SequencerError):
            await sequencer.submit([b"1"])
        with pytest.raises(ZeroDivisionError):
            await follower.task

        again = Follower(sequencer, after=follower.batches[-1].position)
        assert await again.until(1) == [b"1"]
        await again.stop()
        sequencer.close()

    run(scenario())


def test_an_order_that_is_shorter_than_what_was_applied_is_another(opened: Open) -> None:
    async def scenario() -> None:
        sequencer = opened()
        follower = Follower(sequencer)
        await sequencer.submit([b"0"])
        await follower.until(1)
        await follower.stop()

        with pytest.raises(SequencerError):
            await sequencer.run(_take, after=sequencer.head() + 100)

        sequencer.close()

    run(scenario())


@pytest.mark.parametrize("is_woken", [False, True])
def test_a_run_ends_when_it_is_cancelled(opened: Open, is_woken: bool) -> None:
    async def scenario() -> None:
        sequencer = opened()
        follower = Follower(sequencer)
        await sequencer.submit([b"0"])
        await follower.until(1)
        await follower.stop()
        is_slow = isinstance(sequencer, CometSequencer)

        for turns in (0, 3, 30) if is_slow else range(40):
            follower = Follower(sequencer, after=sequencer.head())
            for _ in range(turns):
                await asyncio.sleep(0)
            # Cancelled in the very turn in which it is woken, it must not take that for an excuse.
            if is_woken:
                await sequencer.submit([f"more {turns}".encode()])
            await follower.stop()
            assert follower.task.cancelled()

        sequencer.close()

    run(scenario())


async def _take(batch: Batch) -> None:
    """Take anything."""
