"""Beats are made before their moments and go at them, whatever the clock does."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text

from ledger.encoding import Digest
from nodes.rhythm import Rhythm
from nodes.store.dispatches import Dispatch
from tests.support.beating import address, bring, dispatch_of
from tests.support.bench import Bench, run
from tests.support.consortium import Founded, found


@pytest.fixture
def founded(tmp_path: Path) -> Founded:
    return found(tmp_path)


def test_the_rhythm_makes_a_beat_before_each_moment_and_sends_it_at_the_moment(
    founded: Founded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three moments are missed at once: one beat comes, not three."""
    sent: list[tuple[float, Digest]] = []

    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            await address(bench)
            metronome, clock = bench.node.exchange.metronome, bench.clock
            rhythm = Rhythm.of("uwv", origin="o", seconds=60)
            monkeypatch.setattr("nodes.metronome._LOOK_SECONDS", 0.001)
            monkeypatch.setattr(
                bench.node.courier,
                "send",
                lambda entry_id: sent.append((clock.now().timestamp(), entry_id)),
            )
            bench.start(metronome._keep_rhythm(rhythm))
            left = rhythm.until_next(clock.now())
            clock.turn(seconds=int(left) - 4)
            await bench.until(lambda: made(bench) == 1)
            assert sent == []
            clock.turn(seconds=5)
            await bench.until(lambda: len(sent) == 1)
            await asyncio.sleep(0.02)
            await bring(bench, first_of(bench, sent[0][1]))
            clock.turn(seconds=180)
            await asyncio.sleep(0.05)
            assert len(sent) <= 2

    run(scenario())


def made(bench: Bench) -> int:
    with bench.node.database.read() as connection:
        rows = connection.execute(text("SELECT count(*) FROM dispatch WHERE kind = 'exchange'"))
        return int(rows.scalar_one())


def first_of(bench: Bench, entry_id: Digest) -> Dispatch:
    dispatch = dispatch_of(bench, entry_id)
    assert dispatch is not None
    return dispatch


def test_a_node_that_is_to_send_none_sends_none(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            assert founded.settings("uwv").exchange_beat_seconds == 0
            await bench.node.exchange.metronome.run(bench.node.caught_up)
            assert made(bench) == 0

    run(scenario())
