"""Casework at rest: what was stored comes back, what went is gone, and nothing joins."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import Connection

from ledger.case.acts import Event, Remind, Say
from ledger.exchange.message import Text
from nodes.errors import StorageError
from nodes.store.absences import Absence, Absences
from nodes.store.casework import (
    APPROVER,
    NEVER,
    OFFICER,
    START,
    CaseStore,
    Opening,
    Place,
    StoredEvent,
    Work,
)
from nodes.store.database import Database
from nodes.store.parked import Parked, Waiting
from tests.support.casework import START as MORNING
from tests.support.casework import WORKER, identity
from tests.support.databases import VAULT
from tests.support.raw_files import at_rest, cells, schema, swap

STORE = CaseStore(VAULT, index_key=b"\x07" * 32)
ABSENCES = Absences(VAULT, index_key=b"\x07" * 32)
PARKED = Parked(VAULT, index_key=b"\x07" * 32)
UWV = "uwv/maatwerkplaats"
TABLES = ("pair", "pair_event", "work", "parked", "absence", "notice")
OPENING = Opening("01" * 16, "aa" * 16, "help", UWV, "svb/x", MORNING.isoformat())
OTHER = replace(OPENING, match="02" * 16, case="bb" * 16)
SAID = StoredEvent(
    Event(MORNING, Say(identity("m"), Text("Bel mij op dinsdag.")), WORKER), 9, identity("m")
)
TODAY = date(2026, 12, 1)


def work(number: int) -> Work:
    return Work(f"{number:032x}", UWV, "help", {}, None, None)


def put(database: Database, number: int, *, due: int = NEVER, awaits: int = 0) -> None:
    with database.begin() as connection:
        STORE.put_work(connection, work(number), is_closed=False, due=due, awaits=awaits)


def test_events_come_back_in_order_and_those_of_another_pair_do_not(database: Database) -> None:
    opening = OPENING
    reminded = StoredEvent(Event(MORNING, Remind()), 9, height=12)
    with database.begin() as connection:
        for stored in (SAID, reminded):
            opening = STORE.append(connection, opening, stored)
        STORE.append(connection, OTHER, reminded)
        STORE.put_opening(connection, opening)

    with database.read() as connection:
        found = STORE.opening(connection, OPENING.match)
        assert found == replace(OPENING, events=2)
        assert STORE.events(connection, opening) == [SAID, reminded]
        assert STORE.opening(connection, OTHER.match) is None


def test_removed_pair_leaves_no_byte(database: Database) -> None:
    with database.begin() as connection:
        opening = STORE.append(connection, OPENING, SAID)
        STORE.put_opening(connection, opening)
    stored = [cell for table in TABLES for cell in cells(database, table)]
    assert stored

    with database.begin() as connection:
        STORE.remove(connection, opening)

    raw = at_rest(database)
    assert not [cell for cell in stored if cell in raw]


def test_nothing_on_disk_can_be_read_or_joined(database: Database) -> None:
    with database.begin() as connection:
        for opening in (OPENING, OTHER):
            STORE.put_opening(connection, STORE.append(connection, opening, SAID))
            STORE.put_work(connection, work(1), is_closed=False, due=3, awaits=0)
        PARKED.add(
            connection,
            OPENING.match,
            Waiting("svb", UWV, identity("x"), b"Bel mij", 3),
            today=TODAY,
        )
        ABSENCES.add(
            connection, "w1", Absence("2026-12-01", "2026-12-02", "deputy-person"), today=TODAY
        )
    raw = at_rest(database)
    for secret in (b"Bel mij", b"dinsdag", UWV.encode(), OPENING.match.encode(), b"deputy-person"):
        assert secret not in raw
    assert bytes.fromhex(OPENING.match) not in raw
    keys = [cell for table in TABLES for cell in cells(database, table) if len(cell) == 32]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("table", TABLES)
def test_rows_lie_in_no_order_of_time(database: Database, table: str) -> None:
    assert schema(database, table).rstrip().endswith("WITHOUT ROWID")


def test_boxes_have_few_sizes(database: Database) -> None:
    with database.begin() as connection:
        opening = OPENING
        for size in (1, 40, 90, 140):
            said = Say(identity(size), Text("x" * size))
            opening = STORE.append(
                connection, opening, replace(SAID, event=replace(SAID.event, act=said))
            )

    sizes = {len(cell) for cell in cells(database, "pair_event") if len(cell) != 32}
    assert len(sizes) == 1


@pytest.mark.parametrize("table", ["pair", "pair_event", "work"])
def test_boxes_exchanged_between_rows_do_not_open(database: Database, table: str) -> None:
    with database.begin() as connection:
        opened = []
        for number, opening in enumerate((OPENING, OTHER)):
            opened.append(STORE.append(connection, opening, SAID))
            STORE.put_opening(connection, opened[-1])
            STORE.put_work(connection, work(number), is_closed=False, due=3, awaits=0)
    swap(database, table)

    def read_all(connection: Connection) -> None:
        for opening in opened:
            STORE.opening(connection, opening.match)
            STORE.events(connection, opening)
        STORE.work(connection, work(0).case, UWV)

    with database.read() as connection, pytest.raises(StorageError, match="does not open"):
        read_all(connection)


def test_worklist_comes_in_order_of_what_is_due_and_each_case_once(database: Database) -> None:
    for number in range(20):
        put(database, number, due=NEVER if number % 5 == 0 else 100 + number % 3)

    seen: list[Place] = []
    cases = []
    after = START
    with database.read() as connection:
        while rows := STORE.of_desk(connection, UWV, after=after, count=3):
            after = Place.decode(rows[-1][0].encode())
            seen += [place for place, _ in rows]
            cases += [one.case for _, one in rows]
        assert STORE.of_desk(connection, "uwv/other", after=START, count=3) == []

    assert len(set(cases)) == len(cases) == 20
    assert [place.due for place in seen] == sorted(place.due for place in seen)


def test_what_is_due_or_awaited_is_found_and_nothing_else(database: Database) -> None:
    for number, (due, awaits) in enumerate(
        [(5, 0), (6, APPROVER), (7, OFFICER), (8, APPROVER | OFFICER), (NEVER, 0)]
    ):
        put(database, number, due=due, awaits=awaits)

    with database.read() as connection:
        due_now = STORE.due(connection, until=6, after=START, count=9)
        approver = STORE.awaiting(connection, APPROVER, after=b"", count=9)
        officer = STORE.awaiting(connection, OFFICER, after=b"", count=9)
    assert {one.case for _, one in due_now} == {work(0).case, work(1).case}
    assert {one.case for _, one in approver} == {work(1).case, work(3).case}
    assert {one.case for _, one in officer} == {work(2).case, work(3).case}


@pytest.mark.parametrize("text", ["", "1", "x.00", "1.zz", "01.00", "-2.00", "1.0A"])
def test_place_that_no_page_gave_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        Place.decode(text)


def test_absence_that_was_entered_last_counts_and_old_ones_go(database: Database) -> None:
    def day(number: int) -> str:
        return (TODAY + timedelta(days=number)).isoformat()

    with database.begin() as connection:
        ABSENCES.add(connection, "w1", Absence(day(0), day(9), "w2"), today=TODAY)
        ABSENCES.add(connection, "w1", Absence(day(2), day(3), "w3"), today=TODAY)
        found = [ABSENCES.on(connection, "w1", TODAY + timedelta(days=n)) for n in (-1, 1, 3, 10)]
        deputies = [None if one is None else one.deputy for one in found]
        assert deputies == [None, "w2", "w3", None]
        later = TODAY + timedelta(days=400)
        ABSENCES.add(connection, "w1", Absence(day(400), day(401), None), today=later)
        assert len(ABSENCES.of(connection, "w1")) == 1
        assert ABSENCES.of(connection, "w2") == []
