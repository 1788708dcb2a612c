"""The audit of the own log: what was removed, changed, added or withheld is found and named."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.logbook import log_root
from nodes.adapters import opened_holdings
from nodes.holdings import HeldCount
from nodes.logkeeper import KIND
from tests.support.bench import Bench, run
from tests.support.consortium import Founded, found
from tests.support.logbook import (
    HOUR_SECONDS,
    findings,
    hour_with,
    hours_of,
    keep,
    logged,
    logs_of,
    records_of,
    tamper,
)

_SWAPPED = "UPDATE log_record SET box = (SELECT min(box) FROM log_record) WHERE number IN (1, 2)"


@pytest.fixture
def founded(tmp_path: Path) -> Founded:
    return found(tmp_path)


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
