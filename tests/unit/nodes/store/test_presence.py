"""What is kept about one person: a slot for each signal, never one slot twice, and nothing bare."""

import itertools
import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ledger.bsn import synthetic_numbers
from ledger.encoding import Digest
from ledger.errors import MalformedError
from ledger.pseudonym import SLOTS
from nodes.errors import InputError, StorageError
from nodes.store.database import Database
from nodes.store.presence import PlacedSignal, Presence, Presences
from tests.support.databases import VAULT
from tests.support.raw_files import at_rest, cells, folder_of, on_disk, schema, swap
from tests.support.scan import Scanner

ANNA, BEN = itertools.islice(synthetic_numbers(), 2)
Y = secrets.token_bytes(64)
PRESENCES = Presences(VAULT, index_key=b"\x03" * 32)
PERSON: dict[str, Any] = {"digits": ANNA.digits, "purpose": "help", "epoch": 3}


def local_id(number: int) -> bytes:
    return number.to_bytes(16, "big")


def counting(start: int = 0) -> Callable[[int], bytes]:
    """Return a source of bytes that are a number, one more each time."""
    numbers = itertools.count(start)
    return lambda size: next(numbers).to_bytes(size, "big")


def reserved(presence: Presence, *numbers: int) -> Presence:
    for number in numbers:
        presence = presence.reserve(local_id(number), desk=1, random=secrets.token_bytes)
    return presence


def used(presence: Presence) -> list[int]:
    return [slot for slot in range(SLOTS) if presence.used >> slot & 1]


@pytest.fixture
def fresh() -> Presence:
    return Presence(ANNA.digits, "help", 3)


def test_sixteen_signals_take_sixteen_slots(fresh: Presence) -> None:
    full = reserved(fresh, *range(SLOTS))

    assert sorted(signal.slot for signal in full.signals) == list(range(SLOTS))
    assert used(full) == list(range(SLOTS))


def test_seventeenth_is_refused_and_told_nothing_of_whom(fresh: Presence) -> None:
    full = reserved(fresh, *range(SLOTS))

    with pytest.raises(InputError, match="16 signals about this person") as caught:
        reserved(full, 99)
    assert ANNA.digits not in str(caught.value)


@pytest.mark.parametrize("kept", [0, 1, 15])
def test_withdrawing_gives_no_slot_back(fresh: Presence, kept: int) -> None:
    presence = replace(reserved(fresh, *range(SLOTS)), y=Y)
    for number in range(kept, SLOTS):
        presence = presence.without(local_id(number))

    assert used(presence) == list(range(SLOTS))
    with pytest.raises(InputError):
        reserved(presence, 99)


def test_no_slot_is_taken_twice_however_posting_and_withdrawing_alternate(
    fresh: Presence,
) -> None:
    presence, slots = fresh, []
    for number in range(SLOTS):
        presence = reserved(presence, number)
        slots.append(next(s.slot for s in presence.signals if s.local_id == local_id(number)))
        if number % 3:
            presence = presence.without(local_id(number))

    assert sorted(slots) == list(range(SLOTS))


def test_slot_is_drawn_from_all_that_are_free(fresh: Presence) -> None:
    # The lowest free one would tell how many came before.
    random = counting()

    first = [
        fresh.reserve(local_id(1), desk=1, random=random).signals[0].slot for _ in range(SLOTS)
    ]
    second = reserved(fresh, 1)
    free = set(range(SLOTS)) - set(used(second))
    drawn = {
        second.reserve(local_id(2), desk=1, random=random).signals[1].slot for _ in range(SLOTS)
    }

    assert sorted(first) == list(range(SLOTS))
    assert drawn == free


def test_last_withdrawal_takes_person_and_pseudonym_with_it(fresh: Presence) -> None:
    presence = replace(reserved(fresh, 1, 2), y=Y)

    one = presence.without(local_id(1))
    none = one.without(local_id(2))

    assert (one.digits, one.y) == (ANNA.digits, Y)
    assert (none.digits, none.y, none.signals) == ("", b"", ())
    assert none.used == presence.used


def test_withdrawing_what_is_not_there_changes_nothing(fresh: Presence) -> None:
    presence = replace(reserved(fresh, 1), y=Y)

    assert presence.without(local_id(2)) == presence


def test_only_located_signals_are_live(fresh: Presence) -> None:
    presence = reserved(fresh, 1, 2)
    second = replace(presence.signals[1], height=7, entry_id=Digest(b"e" * 32), is_live=True)

    changed = presence.with_signal(second)

    assert presence.live() == ()
    assert changed.live() == (second,)
    assert changed.of(local_id(2)) == second
    assert changed.of(local_id(3)) is None


def test_person_has_a_row_for_each_purpose_and_epoch() -> None:
    keys = {
        PRESENCES.key(**(PERSON | changed))
        for changed in ({}, {"epoch": 4}, {"purpose": "else"}, {"digits": BEN.digits})
    }

    assert len(keys) == 4


def test_row_is_found_again_as_it_was_put(database: Database, fresh: Presence) -> None:
    presence = replace(reserved(fresh, 1, 2), y=Y)
    with database.begin() as connection:
        key = PRESENCES.put(connection, presence)

    with database.read() as connection:
        assert PRESENCES.of(connection, **PERSON) == presence
        assert PRESENCES.at(connection, key) == presence
        assert PRESENCES.all(connection) == [(key, presence)]


def test_person_who_is_new_has_nothing(database: Database, fresh: Presence) -> None:
    with database.read() as connection:
        assert PRESENCES.of(connection, **PERSON) == fresh
        assert PRESENCES.at(connection, PRESENCES.key(**PERSON)) is None
        assert PRESENCES.all(connection) == []


def test_slots_survive_the_withdrawal_of_all_on_disk(database: Database, fresh: Presence) -> None:
    presence = replace(reserved(fresh, 1), y=Y)
    gone = presence.without(local_id(1))
    with database.begin() as connection:
        first = PRESENCES.put(connection, presence)
        assert PRESENCES.put(connection, gone, digits=ANNA.digits) == first

    with database.read() as connection:
        back = PRESENCES.of(connection, **PERSON)
        (row,) = PRESENCES.all(connection)

    # The row itself says of whom no longer; asked for by name it is found.
    assert row == (first, gone)
    assert back == replace(gone, digits=ANNA.digits)
    assert reserved(back, 2).used.bit_count() == 2


def test_row_goes_with_its_epoch(database: Database, fresh: Presence) -> None:
    with database.begin() as connection:
        key = PRESENCES.put(connection, fresh)
        other = PRESENCES.put(connection, replace(fresh, epoch=4))
        PRESENCES.drop(connection, key)

    with database.read() as connection:
        assert [at for at, _ in PRESENCES.all(connection)] == [other]


def test_neither_person_nor_pseudonym_stands_in_any_byte(
    database: Database, fresh: Presence
) -> None:
    presence = replace(reserved(fresh, 1), y=Y)
    with database.begin() as connection:
        PRESENCES.put(connection, presence)

    for raw in (on_disk(database), at_rest(database)):
        assert Y not in raw
        assert Y[:16] not in raw
        assert b"help" not in raw
    assert Scanner([ANNA, BEN]).folder(folder_of(database)) == []


def test_withdrawn_pseudonym_leaves_no_byte_of_its_box(database: Database, fresh: Presence) -> None:
    # A search for what is encrypted finds nothing in any case: the stored bytes must be gone.
    presence = replace(reserved(fresh, 1), y=Y)
    with database.begin() as connection:
        PRESENCES.put(connection, presence)
    _, box = cells(database, "presence")
    assert box in at_rest(database)

    with database.begin() as connection:
        PRESENCES.put(connection, presence.without(local_id(1)), digits=ANNA.digits)

    raw = at_rest(database)
    assert not [at for at in range(0, len(box) - 24, 8) if box[at : at + 24] in raw]


def test_box_opens_in_its_own_row_only(database: Database, fresh: Presence) -> None:
    with database.begin() as connection:
        PRESENCES.put(connection, fresh)
        PRESENCES.put(connection, replace(fresh, epoch=4))
    swap(database, "presence")

    with database.read() as connection, pytest.raises(StorageError, match="does not open"):
        PRESENCES.of(connection, **PERSON)


def test_row_has_no_number_and_no_time(database: Database) -> None:
    statement = schema(database, "presence")

    assert statement.rstrip().endswith("WITHOUT ROWID")
    assert "TIME" not in statement.upper()


def test_another_node_finds_nothing_under_its_own_key(database: Database, fresh: Presence) -> None:
    other = Presences(VAULT, index_key=b"\x04" * 32)
    with database.begin() as connection:
        PRESENCES.put(connection, replace(fresh, y=Y))

    with database.read() as connection:
        assert other.of(connection, **PERSON) == fresh
    assert other.key(**PERSON) != PRESENCES.key(**PERSON)


def test_nothing_of_a_person_is_printed(fresh: Presence) -> None:
    presence = replace(fresh, y=Y)

    assert ANNA.digits not in repr(presence)
    assert repr(Y)[2:20] not in repr(presence)


SIGNAL = PlacedSignal(local_id(1), 15, 4, 2**40, Digest(b"e" * 32), is_live=True)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        SIGNAL.encode()[:-1],
        SIGNAL.encode() + b"\0",
        SIGNAL.encode()[:-1] + b"\2",
        SIGNAL.encode()[:16] + b"\x10" + SIGNAL.encode()[17:],
    ],
    ids=["nothing", "short", "long", "half live", "17th slot"],
)
def test_bytes_that_are_no_placed_signal_are_refused(raw: bytes) -> None:
    assert PlacedSignal.decode(SIGNAL.encode()) == SIGNAL
    with pytest.raises(MalformedError):
        PlacedSignal.decode(raw)
