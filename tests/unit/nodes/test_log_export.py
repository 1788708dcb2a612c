"""Records go to the collector in order, all of them, at least once."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ledger.logbook import LogRecord
from nodes import log_export
from nodes.errors import CollectorError, StorageError
from nodes.log_export import EXPORTED, LogExport
from nodes.logbook import CUSTODY, Act, Processing
from nodes.store.chain import cursor
from tests.support.bench import Bench, run
from tests.support.consortium import Founded, found
from tests.support.logbook import logs_of, records_of


@dataclass
class Kept:
    """A `Collector` that keeps what it takes; while `is_down` it takes nothing."""

    taken: list[LogRecord] = field(default_factory=list)
    is_down: bool = False

    async def send(self, records: Sequence[LogRecord]) -> None:
        if self.is_down:
            raise CollectorError("down")
        self.taken += records

    async def close(self) -> None:
        """Hold nothing."""


@pytest.fixture
def founded(tmp_path: Path) -> Founded:
    return found(tmp_path)


def export_of(bench: Bench, collector: Kept) -> LogExport:
    node = bench.node
    return LogExport(
        collector=collector, database=node.database, writer=node.writer, logs=logs_of(node)
    )


async def log(bench: Bench, count: int) -> None:
    act = Processing(Act.HOLD, CUSTODY, asked_by="svb")
    await bench.node.logbook.record([act] * count)


def exported(bench: Bench) -> int:
    with bench.node.database.read() as connection:
        return cursor(connection, EXPORTED)


def test_all_records_arrive_in_order_and_once(
    founded: Founded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_export, "_BATCH", 4)

    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            await log(bench, 10)
            kept = Kept()
            export = export_of(bench, kept)

            while await export.send(kept):
                pass

            assert kept.taken == records_of(bench.node)
            assert exported(bench) == 10

    run(scenario())


def test_what_the_collector_did_not_take_is_sent_when_it_is_back(
    founded: Founded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_export, "_LOOK_SECONDS", 0.01)
    monkeypatch.setattr(log_export, "_MAX_LOOK_SECONDS", 0.01)

    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            await log(bench, 3)
            kept = Kept(is_down=True)
            export = export_of(bench, kept)
            bench.start(export.run())
            await bench.until(lambda: export.trouble is not None)
            assert exported(bench) == 0

            kept.is_down = False
            await bench.until(lambda: len(kept.taken) == 3)
            await log(bench, 2)
            await bench.until(lambda: len(kept.taken) == 5)

            assert kept.taken == records_of(bench.node)
            await bench.until(lambda: export.trouble is None)

    run(scenario())


def test_what_was_taken_and_not_noted_is_sent_again(
    founded: Founded, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            await log(bench, 2)
            kept = Kept()
            export = export_of(bench, kept)

            def full(*args: object) -> None:
                raise StorageError("no room")

            with monkeypatch.context() as patch:
                patch.setattr("nodes.log_export.chain.move_cursor", full)
                with pytest.raises(StorageError):
                    await export.send(kept)
            await export.send(kept)

            assert kept.taken == records_of(bench.node) * 2

    run(scenario())


def test_without_a_collector_records_stay_here(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            await log(bench, 2)

            await asyncio.wait_for(bench.node.log_export.run(), timeout=30)

            assert not bench.node.log_export.is_on
            assert len(records_of(bench.node)) == 2
            assert exported(bench) == 0

    run(scenario())
