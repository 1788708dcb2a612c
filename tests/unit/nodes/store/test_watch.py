"""Watched locators: found by who knows author and locator, joined to nothing by anyone else."""

import secrets
from contextlib import closing
from itertools import islice
from pathlib import Path

import pytest
from sqlalchemy import text

from ledger.bsn import synthetic_numbers
from ledger.pseudonym import Pseudonym
from nodes.errors import StorageError
from nodes.store.database import Database
from nodes.store.presence import Presence, Presences
from nodes.store.vault import keyed
from nodes.store.watch import Place, Watch
from tests.support.databases import VAULT, copy_of
from tests.support.raw_files import at_rest, cells, folder_of, on_disk, schema, swap
from tests.support.scan import Scanner

ANNA, BEN = islice(synthetic_numbers(), 2)
WATCH_KEY, PERSON_KEY = b"\x05" * 32, b"\x03" * 32
WATCH = Watch(VAULT, index_key=WATCH_KEY)
PERSON = Pseudonym("o.test/x", "help", 3, secrets.token_bytes(64))
PLACES: list[Place] = [("svb", locator) for locator in PERSON.locators("svb")]
PRESENCE, OTHER = b"p" * 32, b"q" * 32


def probe(database: Database, place: Place) -> bytes | None:
    with database.read() as connection:
        return WATCH.probe(connection, place)


def watch(database: Database, *places: Place, presence: bytes = PRESENCE) -> None:
    with database.begin() as connection:
        WATCH.add(connection, places, presence=presence)


def test_watched_place_leads_to_its_person(database: Database) -> None:
    watch(database, *PLACES)
    watch(database, ("szw", PLACES[0][1]), presence=OTHER)

    assert {probe(database, place) for place in PLACES} == {PRESENCE}
    assert probe(database, ("szw", PLACES[0][1])) == OTHER


@pytest.mark.parametrize(
    "place",
    [
        ("szw", PLACES[0][1]),
        ("uwv", PLACES[0][1]),
        ("svb", bytes(16)),
        ("svb", PLACES[0][1][:-1] + b"\0"),
        ("sv", b"b" + PLACES[0][1][:-1]),
    ],
    ids=["another author", "its own", "zeros", "nearly", "shifted"],
)
def test_locator_is_found_under_its_own_author_only(database: Database, place: Place) -> None:
    # A copied locator in somebody else's item must hit nothing.
    watch(database, *PLACES)

    assert probe(database, place) is None


def test_what_is_watched_already_stays(database: Database) -> None:
    watch(database, PLACES[0])
    watch(database, *PLACES[:2], presence=OTHER)

    assert [probe(database, place) for place in PLACES[:3]] == [PRESENCE, OTHER, None]


def test_removed_places_are_watched_no_longer_and_others_are(database: Database) -> None:
    watch(database, *PLACES)

    with database.begin() as connection:
        WATCH.remove(connection, [*PLACES[:8], ("szw", PLACES[9][1])])

    assert [probe(database, place) for place in PLACES] == [None] * 8 + [PRESENCE] * 8


def test_nothing_to_watch_is_no_error(database: Database) -> None:
    with database.begin() as connection:
        WATCH.add(connection, [], presence=PRESENCE)
        WATCH.remove(connection, [])

    assert cells(database, "watch") == []


def test_key_of_a_row_is_the_hmac_of_author_and_locator_cut_short(database: Database) -> None:
    watch(database, PLACES[0])

    assert cells(database, "watch")[0] == keyed(WATCH_KEY, *PLACES[0])[:16]


def test_neither_locator_nor_person_stands_in_any_byte(database: Database) -> None:
    key = Presences(VAULT, index_key=PERSON_KEY).key(digits=ANNA.digits, purpose="help", epoch=3)
    watch(database, *PLACES, presence=key)

    for raw in (on_disk(database), at_rest(database)):
        assert not [place for place in PLACES if place[1] in raw]
        assert key not in raw
        assert b"svb" not in raw
    assert Scanner([ANNA]).folder(folder_of(database)) == []


def test_rows_lie_in_the_order_of_their_keys_whenever_they_came(
    migrated: Path, tmp_path: Path
) -> None:
    orders = (PLACES, PLACES[::-1])
    found = []
    for at, places in enumerate(orders):
        folder = tmp_path / str(at)
        folder.mkdir()
        with closing(copy_of(migrated, folder)) as database:
            for place in places:
                watch(database, place)
            with database.read() as connection:
                rows = connection.execute(text("SELECT key FROM watch")).scalars()
                found.append(list(rows))

    assert found[0] == found[1] == sorted(found[0])


def test_row_has_no_number_and_no_time(database: Database) -> None:
    statement = schema(database, "watch")

    assert statement.rstrip().endswith("WITHOUT ROWID")
    assert "TIME" not in statement.upper()


def test_box_opens_in_its_own_row_only(database: Database) -> None:
    watch(database, PLACES[0])
    watch(database, PLACES[1], presence=OTHER)
    swap(database, "watch")

    with pytest.raises(StorageError, match="does not open"):
        probe(database, PLACES[0])


def test_removed_row_leaves_no_byte(database: Database) -> None:
    watch(database, *PLACES[:1])
    stored = cells(database, "watch")
    assert all(cell in at_rest(database) for cell in stored)

    with database.begin() as connection:
        WATCH.remove(connection, PLACES[:1])

    raw = at_rest(database)
    assert not [cell for cell in stored if cell in raw]


def test_watch_and_presence_do_not_join_without_their_keys(database: Database) -> None:
    presences = Presences(VAULT, index_key=PERSON_KEY)
    with database.begin() as connection:
        for bsn in (ANNA, BEN):
            key = presences.put(connection, Presence(bsn.digits, "help", 3, y=PERSON.y))
            places: list[Place] = [("svb", locator) for locator in PERSON.locators(bsn.digits)]
            WATCH.add(connection, places, presence=key)

    watched, persons = cells(database, "watch"), cells(database, "presence")

    assert len(watched) == 64
    assert len(set(watched) | set(persons)) == len(watched) + len(persons)
    # Nor does a part of the one stand in the other.
    for key in persons[::2]:
        assert not [cell for cell in watched if key[:8] in cell]
    for key in watched[::2]:
        assert not [cell for cell in persons if key[:8] in cell]
