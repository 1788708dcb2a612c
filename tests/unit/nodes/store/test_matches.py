"""Matches and cases: found from both sides, gone without a trace, joined to nothing on disk."""

from dataclasses import replace
from itertools import islice

import pytest

from ledger.bsn import synthetic_numbers
from nodes.errors import StorageError
from nodes.store.database import Database
from nodes.store.matches import Case, Match, Matches
from nodes.store.presence import Presence, Presences
from nodes.store.watch import Watch
from tests.support.databases import VAULT
from tests.support.raw_files import at_rest, cells, folder_of, move, on_disk, schema, swap
from tests.support.scan import Scanner

ANNA, BEN = islice(synthetic_numbers(), 2)
MATCHES = Matches(VAULT, index_key=b"\x06" * 32)
TABLES = ("match", "match_index", "new_match", "case_file")
FIRST = Match(
    id="01" * 16,
    own_local_id="aa" * 16,
    own_height=3,
    member="svb",
    height=7,
    desk=2,
    purpose="help",
    digits=ANNA.digits,
)
SAME_OWN = replace(FIRST, id="02" * 16, member="szw", height=9, desk=3)
SAME_OTHER = replace(FIRST, id="03" * 16, own_local_id="bb" * 16, own_height=4)
ELSEWHERE = replace(
    FIRST, id="04" * 16, own_local_id="cc" * 16, own_height=5, height=11, digits=BEN.digits
)
EVERY = (FIRST, SAME_OWN, SAME_OTHER, ELSEWHERE)


@pytest.fixture
def filled(database: Database) -> Database:
    """Return a database with four matches of two people, not taken in yet."""
    with database.begin() as connection:
        for match in EVERY:
            MATCHES.add(connection, match)
    return database


def build(database: Database) -> None:
    """Take in what is new."""
    with database.begin() as connection:
        MATCHES.take_in(connection)


def remove(database: Database, *matches: Match) -> None:
    with database.begin() as connection:
        for match in matches:
            MATCHES.remove(connection, match)


def cases(database: Database) -> dict[str, set[str]]:
    """Return by person the ids of the matches in the person's case."""
    with database.read() as connection:
        return {case.digits: set(case.match_ids) for case in MATCHES.cases(connection, count=1_000)}


def test_match_is_found_from_both_sides_and_by_its_id(filled: Database) -> None:
    build(filled)

    with filled.read() as connection:
        assert set(MATCHES.of_own(connection, FIRST.own_local_id)) == {FIRST, SAME_OWN}
        assert set(MATCHES.of_other(connection, "svb", 7)) == {FIRST, SAME_OTHER}
        assert MATCHES.get(connection, ELSEWHERE.id) == ELSEWHERE
        assert sorted(MATCHES.all(connection), key=lambda match: match.id) == list(EVERY)


def test_what_does_not_match_is_not_found(filled: Database) -> None:
    build(filled)

    with filled.read() as connection:
        assert MATCHES.of_own(connection, "dd" * 16) == []
        assert MATCHES.of_other(connection, "szw", 7) == []
        assert MATCHES.of_other(connection, "svb", 9) == []
        assert MATCHES.get(connection, "05" * 16) is None


def test_match_that_is_found_again_changes_nothing(filled: Database) -> None:
    build(filled)
    before = cases(filled)

    with filled.begin() as connection:
        for match in EVERY:
            MATCHES.add(connection, match)
            MATCHES.add(connection, match)
        assert MATCHES.take_in(connection) == len(EVERY)

        assert set(MATCHES.of_own(connection, FIRST.own_local_id)) == {FIRST, SAME_OWN}
    assert cases(filled) == before


def test_match_is_new_until_it_is_taken_in(filled: Database) -> None:
    with filled.begin() as connection:
        assert MATCHES.has_new(connection)
        assert MATCHES.take_in(connection, 3) == 3
        assert MATCHES.has_new(connection)
        assert MATCHES.take_in(connection, 3) == 1

        assert not MATCHES.has_new(connection)
        assert MATCHES.take_in(connection) == 0


def test_nothing_is_stored_like_a_match_and_leaves_no_trace(database: Database) -> None:
    with database.begin() as connection:
        MATCHES.add(connection, FIRST)
    (_, of_match) = cells(database, "new_match")
    with database.begin() as connection:
        MATCHES.take_in(connection)
    others = [cells(database, table) for table in TABLES]

    with database.begin() as connection:
        MATCHES.add_nothing(connection, member="svb", height=7)
    (_, of_nothing) = cells(database, "new_match")
    build(database)

    assert abs(len(of_nothing) - len(of_match)) <= len(ANNA.digits) + 16
    assert [cells(database, table) for table in TABLES] == others


def test_case_is_all_matches_of_one_person_for_one_purpose(filled: Database) -> None:
    other_purpose = replace(FIRST, id="05" * 16, purpose="else")
    with filled.begin() as connection:
        MATCHES.add(connection, other_purpose)

    build(filled)

    with filled.read() as connection:
        found = {
            (c.digits, c.purpose): set(c.match_ids) for c in MATCHES.cases(connection, count=1_000)
        }
        help_ = MATCHES.case_of(connection, digits=ANNA.digits, purpose="help")
        else_ = MATCHES.case_of(connection, digits=ANNA.digits, purpose="else")
    assert found == {
        (ANNA.digits, "help"): {FIRST.id, SAME_OWN.id, SAME_OTHER.id},
        (ANNA.digits, "else"): {other_purpose.id},
        (BEN.digits, "help"): {ELSEWHERE.id},
    }
    assert help_ is not None
    assert else_ is not None
    assert help_.id != else_.id


def test_case_keeps_its_id_when_it_grows(database: Database) -> None:
    ids = set()
    for match in (FIRST, SAME_OWN, SAME_OTHER):
        with database.begin() as connection:
            MATCHES.add(connection, match)
            MATCHES.take_in(connection)
            case = MATCHES.case_of(connection, digits=ANNA.digits, purpose="help")
        assert case is not None
        ids.add(case.id)

    assert len(ids) == 1
    with database.read() as connection:
        assert MATCHES.case(connection, ids.pop()) == case


def test_erasure_is_remembered_by_author_and_height_and_says_neither(database: Database) -> None:
    with database.begin() as connection:
        MATCHES.remember_erased(connection, "svb", [3, 5])
        MATCHES.remember_erased(connection, "svb", [5])
        MATCHES.remember_erased(connection, "svb", [])

        # What SZW says of SVB's height erases nothing.
        known = [(a, h) for a in ("svb", "szw") for h in (3, 4, 5)]
        erased = [place for place in known if MATCHES.is_erased(connection, *place)]

    assert erased == [("svb", 3), ("svb", 5)]
    assert [len(cell) for cell in cells(database, "erased")] == [32, 32]


def test_removed_match_is_found_nowhere_and_its_neighbours_are(filled: Database) -> None:
    build(filled)

    remove(filled, FIRST)

    with filled.read() as connection:
        assert MATCHES.get(connection, FIRST.id) is None
        assert MATCHES.of_own(connection, FIRST.own_local_id) == [SAME_OWN]
        assert MATCHES.of_other(connection, "svb", 7) == [SAME_OTHER]
    assert cases(filled)[ANNA.digits] == {SAME_OWN.id, SAME_OTHER.id}


def test_case_ends_with_its_last_match(filled: Database) -> None:
    build(filled)

    remove(filled, FIRST, SAME_OWN, SAME_OTHER)

    assert cases(filled) == {BEN.digits: {ELSEWHERE.id}}
    remove(filled, ELSEWHERE)
    assert [cells(filled, table) for table in TABLES] == [[]] * 4


def test_match_that_goes_before_its_case_took_it_up_never_gets_there(filled: Database) -> None:
    remove(filled, *EVERY)

    build(filled)

    assert cases(filled) == {}
    assert [cells(filled, table) for table in TABLES] == [[]] * 4


def test_removing_twice_changes_nothing_more(filled: Database) -> None:
    build(filled)
    remove(filled, FIRST)
    before = cases(filled)

    remove(filled, FIRST)

    assert cases(filled) == before


def test_removed_match_may_come_again(filled: Database) -> None:
    remove(filled, FIRST)

    with filled.begin() as connection:
        MATCHES.add(connection, FIRST)
        MATCHES.take_in(connection)

        assert MATCHES.get(connection, FIRST.id) == FIRST


def test_nothing_of_a_match_stands_in_any_byte(filled: Database) -> None:
    build(filled)

    for raw in (on_disk(filled), at_rest(filled)):
        for bare in (FIRST.id, FIRST.own_local_id):
            assert bare.encode() not in raw
            assert bytes.fromhex(bare) not in raw
    assert Scanner([ANNA, BEN]).folder(folder_of(filled)) == []


def test_removed_match_leaves_no_byte(filled: Database) -> None:
    build(filled)
    stored = {cell for table in TABLES for cell in cells(filled, table)}
    assert all(cell in at_rest(filled) for cell in stored)

    remove(filled, *EVERY)

    raw = at_rest(filled)
    assert not [cell for cell in stored if cell in raw]


@pytest.mark.parametrize("table", TABLES)
def test_rows_have_no_number_and_no_time(database: Database, table: str) -> None:
    statement = schema(database, table)

    assert statement.rstrip().endswith("WITHOUT ROWID")
    assert "TIME" not in statement.upper()
    assert "DATE" not in statement.upper()


def test_new_boxes_exchanged_between_rows_do_not_open(database: Database) -> None:
    with database.begin() as connection:
        MATCHES.add(connection, FIRST)
        MATCHES.add(connection, SAME_OWN)
    swap(database, "new_match")

    with database.begin() as connection, pytest.raises(StorageError, match="does not open"):
        MATCHES.take_in(connection)


def test_matches_exchanged_between_rows_do_not_open(database: Database) -> None:
    with database.begin() as connection:
        MATCHES.add(connection, FIRST)
        MATCHES.add(connection, SAME_OWN)
        MATCHES.take_in(connection)
    swap(database, "match")

    with database.read() as connection, pytest.raises(StorageError, match="does not open"):
        MATCHES.get(connection, FIRST.id)


def test_cases_exchanged_between_people_do_not_open(filled: Database) -> None:
    build(filled)
    swap(filled, "case_file")

    with filled.read() as connection, pytest.raises(StorageError, match="does not open"):
        MATCHES.cases(connection, count=1_000)


def test_box_of_another_table_does_not_open(database: Database) -> None:
    with database.begin() as connection:
        MATCHES.add(connection, FIRST)
        MATCHES.take_in(connection)
    move(database, source="case_file", target="match")

    with database.read() as connection, pytest.raises(StorageError, match="does not open"):
        MATCHES.get(connection, FIRST.id)


def test_tables_of_one_person_do_not_join_without_their_keys(database: Database) -> None:
    presences = Presences(VAULT, index_key=b"\x03" * 32)
    watch = Watch(VAULT, index_key=b"\x05" * 32)
    with database.begin() as connection:
        key = presences.put(connection, Presence(ANNA.digits, "help", 3))
        watch.add(connection, [("svb", bytes(16))], presence=key)
        MATCHES.add(connection, FIRST)
        MATCHES.take_in(connection)
        MATCHES.add(connection, SAME_OTHER)

    tables = {t: cells(database, t) for t in ("presence", "watch", *TABLES)}

    for table, own in tables.items():
        keys = own[::2]
        others = [c for t, values in tables.items() if t != table for c in values]
        boxes = own[1::2]
        assert keys
        assert not [key for key in keys for cell in (*others, *boxes) if key[:8] in cell]


def test_indexes_of_matches_keep_own_and_others_apart(database: Database) -> None:
    # A height written like a local id must not lead to another's match.
    tricky = replace(FIRST, own_local_id="svb7", member="svb", height=7)
    with database.begin() as connection:
        MATCHES.add(connection, tricky)
        MATCHES.take_in(connection)

    with database.read() as connection:
        assert MATCHES.of_other(connection, "svb7", 0) == []
        assert MATCHES.of_own(connection, "svb") == []
        assert MATCHES.of_own(connection, "svb7") == [tricky]


def test_nothing_of_a_person_is_printed() -> None:
    case = Case("1", "help", (FIRST.id,), ANNA.digits)

    assert ANNA.digits not in repr(FIRST) + repr(case)
