"""At the end of each hour an entry commits to what was logged, once, whatever happens meanwhile."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.audit import Finding
from ledger.logbook import LogRecord, hour_of, log_root
from ledger.tree import EMPTY_ROOT
from nodes.adapters import opened_holdings
from nodes.errors import SequencerError, StorageError
from nodes.holdings import HeldCount
from nodes.log_audit import LogAudit
from nodes.logkeeper import KIND, NUMBER
from nodes.store import chain
from nodes.store.logbook import Logs
from tests.support.bench import Bench, run
from tests.support.consortium import Founded, found
from tests.support.logbook import entries_on_chain, hours_of, logged, logs_of, records_of, tamper

HOUR_SECONDS = 3600
_SWAPPED = "UPDATE log_record SET box = (SELECT min(box) FROM log_record) WHERE number IN (1, 2)"


@pytest.fixture
def founded(tmp_path: Path) -> Founded:
    return found(tmp_path)


async def keep(bench: Bench) -> None:
    """Let the keeper and the order work until nothing of the log waits any more."""
    keeper = bench.node.logkeeper
    await keeper.close_hour()
    await keeper.deliver()
    await bench.catch_up()
    await keeper.deliver()


async def hour_with(bench: Bench, posts: int, *, first: int = 0) -> None:
    """Post so many signals, and let the hour end."""
    await keep(bench)
    for number in range(first, first + posts):
        await bench.post(key=f"{number}")
    bench.clock.turn(seconds=HOUR_SECONDS)
    await keep(bench)


def findings(bench: Bench, *, hours_from_now: int = 0) -> list[Finding]:
    """Return what the audit of the own log finds."""
    audit = LogAudit(member=bench.name, logs=logs_of(bench.node))
    moment = bench.clock.now().fromtimestamp(
        bench.clock.now().timestamp() + HOUR_SECONDS * hours_from_now, tz=bench.clock.now().tzinfo
    )
    tip = bench.node.replica.tip
    assert tip is not None
    with bench.node.database.read() as connection:
        return list(
            audit.check(connection, size=tip.size, document=bench.founded.document, now=moment)
        )


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
            await bench.apply(bench.signal("svb"))

            await bench.node.logkeeper.deliver()
            await keep(bench)
            await keep(bench)

            (signed, *_) = entries_on_chain(bench.node)
            assert signed.entry.day == bench.clock.today()
            assert hours_of(bench.node)[0] == said
            assert findings(bench) == []

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


@pytest.mark.parametrize(
    ("statement", "detail"),
    [
        ("DELETE FROM log_record WHERE number = 2", "record 2 is missing"),
        ("DELETE FROM log_record WHERE number = 4", "record 4 is missing"),
        ("DELETE FROM log_record WHERE number <= 2", "record 1 is missing"),
        (_SWAPPED, "a record is not what was logged"),
        ("UPDATE log_record SET box = x'00', leaf = x'00' WHERE number = 3", "not what was logged"),
    ],
    ids=["one", "the last", "two", "one for another", "one for junk"],
)
def test_a_log_that_was_thinned_or_changed_is_found_and_its_hour_named(
    founded: Founded, statement: str, detail: str
) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            await hour_with(bench, 4)
            await hour_with(bench, 2, first=4)
            first, _ = hours_of(bench.node)
            assert findings(bench) == []

            tamper(bench.node, statement)

            (finding,) = findings(bench)
            assert (finding.height, finding.reason) == (5, KIND)
            assert detail in finding.detail
            assert str(first) in finding.detail

    run(scenario())


def test_a_record_added_afterwards_is_found(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            await hour_with(bench, 2)
            await hour_with(bench, 0)

            # It pretends that something was logged in the first hour which was not.
            with bench.node.database.begin() as connection:
                logs, (record, _) = logs_of(bench.node), records_of(bench.node)
                logs.append(connection, [replace(record, name="nothing").encode()])

            assert [f.detail for f in findings(bench)] == []
            (late,) = findings(bench, hours_from_now=2)
            assert "has records, and no entry tells of them" in late.detail

    run(scenario())


@pytest.mark.parametrize(
    ("statements", "details"),
    [
        (["DELETE FROM logged_hours"], ["nothing is kept of the hour of this entry"] * 2),
        (
            ["DELETE FROM logged_hours WHERE sequence = 1"],
            ["nothing is kept of the hour of this entry"],
        ),
        (["UPDATE logged_hours SET box = x'00' WHERE sequence = 2"], ["what is kept of an hour"]),
        (["UPDATE logged_hours SET entry = x'00' WHERE sequence = 2"], ["nothing is kept of"]),
    ],
    ids=["all hours", "an hour", "what opens it", "its entry"],
)
def test_an_hour_that_was_taken_away_is_named_by_its_block(
    founded: Founded, statements: Sequence[str], details: Sequence[str]
) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            await hour_with(bench, 2)
            await hour_with(bench, 2, first=2)

            for statement in statements:
                tamper(bench.node, statement)

            found = [f for f in findings(bench) if f.height is not None]
            assert len(found) == len(details)
            assert all(d in f.detail for d, f in zip(details, found, strict=True))

    run(scenario())


def test_a_log_made_anew_with_its_own_hours_does_not_open_the_entries(founded: Founded) -> None:
    """Whoever has the node's keys can box what it likes; the chain has the commitments."""

    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            await hour_with(bench, 3)
            logs = logs_of(bench.node)
            with bench.node.database.begin() as connection:
                (kept,) = logs.all_hours(connection)
            tamper(bench.node, "DELETE FROM log_record WHERE number = 3")
            hours = replace(
                hours_of(bench.node)[0],
                count=2,
                root=log_root(r.encode() for r in records_of(bench.node)),
            )
            forged = bench.node.logkeeper._draft(hours)

            with bench.node.database.begin() as connection:
                logs.replace_hours(connection, kept.signed.id, replace(kept, share=forged.share))

            (finding,) = findings(bench)
            assert (finding.height, finding.reason) == (5, KIND)
            assert "do not open the commitment" in finding.detail

    run(scenario())


def test_an_hour_whose_entry_is_withheld_is_a_finding_two_hours_after_it(
    founded: Founded,
) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            await keep(bench)
            await bench.post()
            bench.clock.turn(seconds=HOUR_SECONDS)
            # Made, and never submitted.
            await bench.node.logkeeper.close_hour()

            assert findings(bench, hours_from_now=1) == []
            (late,) = findings(bench, hours_from_now=2)
            assert "is not on the chain" in late.detail
            assert late.height is None

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


def test_the_members_own_audit_reads_the_log_with_the_keys_of_its_settings(
    founded: Founded,
) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            await hour_with(bench, 2)
            tip, count = bench.node.replica.tip, HeldCount()
            assert tip is not None

            with opened_holdings(founded.settings("uwv")) as holdings:
                found = list(
                    holdings.check_log(
                        tip, document=founded.document, now=bench.clock.now(), count=count
                    )
                )

            assert (found, count.records) == ([], 2)
            assert len(logged(bench.node)) == 2

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
