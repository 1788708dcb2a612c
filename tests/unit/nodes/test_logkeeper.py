"""At the end of each hour an entry commits to what was logged, once, whatever happens meanwhile."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from ledger.logbook import LogRecord, hour_of, log_root
from ledger.tree import EMPTY_ROOT
from nodes.errors import SequencerError, StorageError
from nodes.logkeeper import KIND, NUMBER
from nodes.store import chain
from nodes.store.logbook import Logs
from tests.support.bench import Bench, run
from tests.support.consortium import Founded, found
from tests.support.logbook import (
    HOUR_SECONDS,
    entries_on_chain,
    findings,
    hour_with,
    hours_of,
    keep,
    logs_of,
    records_of,
    tamper,
)


@pytest.fixture
def founded(tmp_path: Path) -> Founded:
    return found(tmp_path)


def test_an_hour_has_one_entry_that_commits_to_all_its_records(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            begun = hour_of(bench.clock.now())

            await hour_with(bench, 3)
            await keep(bench)

            (hours,) = hours_of(bench.node)
            (signed,) = entries_on_chain(bench.node)
            assert (hours.first_hour, hours.last_hour) == (begun, begun)
            assert (hours.first, hours.count) == (1, 3)
            assert hours.root == log_root(r.encode() for r in records_of(bench.node))
            assert (signed.entry.kind, signed.entry.author) == (KIND, "uwv")
            assert signed.entry.further == "64\n"
            assert findings(bench) == []

    run(scenario())


def test_nothing_is_committed_before_the_hour_has_ended(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            await keep(bench)
            await bench.post()
            bench.clock.turn(seconds=HOUR_SECONDS - 1)

            await keep(bench)

            assert hours_of(bench.node) == []
            assert findings(bench) == []

    run(scenario())


def test_an_hour_without_records_has_its_entry_too_and_looks_like_any_other(
    founded: Founded,
) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            await hour_with(bench, 0)
            await hour_with(bench, 3)

            quiet, busy = hours_of(bench.node)
            assert (quiet.count, quiet.root, busy.first) == (0, EMPTY_ROOT, 1)
            one, other = (signed.entry for signed in entries_on_chain(bench.node))
            assert replace(one, commitment=None) == replace(other, commitment=None)

    run(scenario())


def test_hours_at_whose_end_the_node_was_down_are_in_the_first_entry_after_them(
    founded: Founded,
) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            begun = hour_of(bench.clock.now())
            await keep(bench)
            await bench.post()
            bench.clock.turn(seconds=5 * HOUR_SECONDS)
            await keep(bench)
            await hour_with(bench, 1, first=1)

            missed, next_ = hours_of(bench.node)
            assert (missed.first_hour, missed.last_hour) == (begun, begun + 4)
            assert (next_.first_hour, next_.first) == (begun + 5, 2)
            assert findings(bench) == []

    run(scenario())


def test_a_clock_that_was_set_back_makes_no_hour_end_twice(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            await hour_with(bench, 1)
            bench.clock.turn(seconds=-2 * HOUR_SECONDS)
            await bench.post(key="later")
            await keep(bench)
            bench.clock.turn(seconds=3 * HOUR_SECONDS)
            await keep(bench)

            first, second = hours_of(bench.node)
            assert second.first_hour == first.last_hour + 1
            assert (second.first, second.count) == (2, 1)
            assert findings(bench) == []

    run(scenario())


def test_an_entry_that_the_order_did_not_take_is_submitted_again_and_stands_once(
    founded: Founded,
) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            bench.order.refusal = "no order now"
            with pytest.raises(SequencerError):
                await hour_with(bench, 2)
            bench.order.refusal = None
            (made,) = hours_of(bench.node)
            bench.node.logkeeper._submitted.clear()

            await keep(bench)
            bench.node.logkeeper._submitted.clear()
            await keep(bench)

            assert hours_of(bench.node) == [made]
            assert len(entries_on_chain(bench.node)) == 1

    run(scenario())


def test_a_restart_submits_the_same_bytes(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            await keep(bench)
            await bench.post()
            bench.clock.turn(seconds=HOUR_SECONDS)
            # It ends between the commit and the submission.
            await bench.node.logkeeper.close_hour()
            clock, order = bench.clock, bench.order
            with bench.node.database.read() as connection:
                (waiting,) = logs_of(bench.node).waiting(connection)

        async with Bench(founded, "uwv", clock=clock, order=order) as again:
            await keep(again)

            assert [signed.text for signed in entries_on_chain(again.node)] == [waiting.signed.text]
            assert findings(again) == []

    run(scenario())


def test_an_entry_that_went_stale_is_made_again_with_the_same_root(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            await keep(bench)
            await bench.post()
            bench.clock.turn(seconds=HOUR_SECONDS)
            await bench.node.logkeeper.close_hour()
            (said,) = hours_of(bench.node)
            bench.clock.turn(days=4)
            await bench.apply(bench.signal("svb"), bench.signal("szw"))

            await bench.node.logkeeper.deliver()
            await keep(bench)
            await keep(bench)

            (signed, *_) = entries_on_chain(bench.node)
            assert signed.entry.day == bench.clock.today()
            assert hours_of(bench.node)[0] == said
            assert findings(bench) == []

    run(scenario())


def test_an_entry_that_just_came_on_the_chain_is_not_made_again(founded: Founded) -> None:
    """The state runs ahead of the disk: what it calls stale may stand there a moment later."""

    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            await keep(bench)
            bench.clock.turn(seconds=HOUR_SECONDS)
            keeper = bench.node.logkeeper
            await keeper.close_hour()
            with bench.node.database.read() as connection:
                (kept,) = logs_of(bench.node).waiting(connection)
            await bench.apply(kept.signed.encode())

            await bench.node.writer.do(partial(keeper._make_again, kept=kept))

            with bench.node.database.read() as connection:
                (stands,) = logs_of(bench.node).all_hours(connection)
            assert (stands.signed.id, stands.height) == (kept.signed.id, 5)

    run(scenario())


def test_an_hour_that_cannot_be_stored_is_closed_later_with_all_its_records(
    founded: Founded, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            await keep(bench)
            await bench.post()
            bench.clock.turn(seconds=HOUR_SECONDS)

            def full(*args: object) -> None:
                raise StorageError("no room")

            with monkeypatch.context() as patch:
                patch.setattr(Logs, "add_hours", full)
                with pytest.raises(StorageError, match="no room"):
                    await keep(bench)
            await bench.post(key="meanwhile")
            await keep(bench)

            (hours,) = hours_of(bench.node)
            assert hours.count == 2
            assert findings(bench) == []

    run(scenario())


def test_records_go_once_the_document_lets_them_and_their_hours_still_hold(
    founded: Founded,
) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            days = founded.document.retention[KIND]
            await hour_with(bench, 3)
            bench.clock.turn(days=days - 1)
            await hour_with(bench, 1, first=3)
            assert len(records_of(bench.node)) == 4

            bench.clock.turn(days=1)
            await keep(bench)

            assert len(records_of(bench.node)) == 1
            assert findings(bench) == []
            with bench.node.database.read() as connection:
                assert chain.cursor(connection, NUMBER) == 4
            tamper(bench.node, "DELETE FROM log_record WHERE number = 4")
            assert [f.reason for f in findings(bench)] == [KIND]

    run(scenario())


def test_what_the_collector_does_not_have_yet_is_kept_for_it(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            bench.node.logkeeper._is_exported = True
            await hour_with(bench, 3)
            bench.clock.turn(days=2 * founded.document.retention[KIND])

            await keep(bench)
            await hour_with(bench, 0)

            assert all(isinstance(r, LogRecord) for r in records_of(bench.node))
            assert len(records_of(bench.node)) == 3

    run(scenario())
