"""Own entries with items for others: durable, in line, and emptied item by item."""

from dataclasses import replace
from itertools import islice

import pytest
from sqlalchemy import text

from ledger.body import Body, Item, Share
from ledger.bsn import synthetic_numbers
from ledger.encoding import Digest
from ledger.entry import Entry
from ledger.group import Scalar, generator_times
from nodes.errors import StorageError
from nodes.store.database import Database
from nodes.store.dispatches import Dispatch, Dispatches
from tests.support.databases import VAULT
from tests.support.parties import DAY, make_consortium, seeded
from tests.support.raw_files import at_rest, cells, folder_of
from tests.support.scan import Scanner
from tests.support.signers import ORIGIN

DISPATCHES = Dispatches(VAULT)
(ANNA,) = islice(synthetic_numbers(), 1)
R = Scalar.reduce(b"\x0d" * 64)


def dispatch(number: int, *, kind: str = "locate", items: int = 3) -> Dispatch:
    """Return a dispatch of `items` items about Anna; another `number`, another entry."""
    body = Body(
        tuple(
            Item(i, seeded(32, "salt", number, i), ANNA.digits.encode() + bytes([number, i]))
            for i in range(items)
        ),
        R,
    )
    point = generator_times(Scalar.reduce(seeded(64, number, kind))).encode()
    entry = Entry(ORIGIN, "uwv", kind, DAY, point, f"{number}\n{number + 1}\n{number + 2}\n")
    return Dispatch(
        signed=make_consortium().sign(entry),
        body=body.share(range(items)).encode(),
        routes={"svb": (0, 1, 2), "szw": (1,)},
        subject=ANNA.digits,
    )


FIRST, SECOND, THIRD = (dispatch(number) for number in (10, 20, 30))


@pytest.fixture
def filled(database: Database) -> Database:
    with database.begin() as connection:
        for one in (FIRST, SECOND, THIRD):
            DISPATCHES.add(connection, one)
    return database


def waiting(database: Database) -> list[Digest]:
    with database.read() as connection:
        return DISPATCHES.waiting(connection)


def get(database: Database, entry_id: Digest) -> Dispatch | None:
    with database.read() as connection:
        return DISPATCHES.get(connection, entry_id)


def ids(*dispatches: Dispatch) -> list[Digest]:
    return [one.signed.id for one in dispatches]


def test_dispatch_is_read_as_it_was_stored(filled: Database) -> None:
    assert get(filled, SECOND.signed.id) == SECOND
    assert get(filled, Digest(bytes(32))) is None


def test_dispatches_wait_in_the_order_in_which_they_came(filled: Database) -> None:
    assert waiting(filled) == ids(FIRST, SECOND, THIRD)


def test_dispatch_on_the_chain_waits_no_longer(filled: Database) -> None:
    with filled.begin() as connection:
        unknown = DISPATCHES.place(
            connection, [(7, SECOND.signed.id), (8, Digest(b"?" * 32)), (9, FIRST.signed.id)]
        )

    assert unknown == [8]
    assert waiting(filled) == ids(THIRD)
    assert get(filled, SECOND.signed.id) == replace(SECOND, height=7)
    with filled.read() as connection:
        asked = [*ids(FIRST, SECOND, THIRD), Digest(b"?" * 32)]
        assert DISPATCHES.known(connection, asked) == ids(THIRD)


def test_dispatch_made_again_keeps_its_place_in_the_line(filled: Database) -> None:
    anew = dispatch(40)
    with filled.begin() as connection:
        DISPATCHES.replace(connection, FIRST.signed.id, anew)

    assert waiting(filled) == ids(anew, SECOND, THIRD)
    assert get(filled, FIRST.signed.id) is None
    assert get(filled, anew.signed.id) == anew


def test_dropped_dispatch_is_gone_and_a_new_one_comes_last(filled: Database) -> None:
    with filled.begin() as connection:
        DISPATCHES.drop(connection, THIRD.signed.id)
        DISPATCHES.drop(connection, FIRST.signed.id)
        DISPATCHES.add(connection, FIRST)

    assert waiting(filled) == ids(SECOND, FIRST)


def test_entry_is_dispatched_once(filled: Database) -> None:
    with pytest.raises(StorageError), filled.begin() as connection:
        DISPATCHES.add(connection, FIRST)


def test_heights_are_those_of_the_entry() -> None:
    assert DISPATCHES.heights(FIRST) == (10, 11, 12)


@pytest.mark.parametrize(("gone", "left"), [([1], [0, 2]), ([0, 1, 2], []), ([], [0, 1, 2])])
def test_erased_items_go_and_their_digests_stay(
    filled: Database, gone: list[int], left: list[int]
) -> None:
    with filled.begin() as connection:
        DISPATCHES.erase(connection, FIRST, gone)

    found = get(filled, FIRST.signed.id)
    assert found is not None
    before, after = Share.decode(FIRST.body), Share.decode(found.body)
    assert [item.index for item in after.items] == left
    assert after.digests == before.digests
    assert (found.routes, found.subject) == (FIRST.routes, FIRST.subject)


def test_items_are_erased_from_a_dispatch_that_is_on_the_chain(filled: Database) -> None:
    with filled.begin() as connection:
        DISPATCHES.place(connection, [(7, FIRST.signed.id)])
        known = DISPATCHES.get(connection, FIRST.signed.id)
        assert known is not None
        DISPATCHES.erase(connection, known, [0])
        half = DISPATCHES.get(connection, FIRST.signed.id)
        assert half is not None
        DISPATCHES.erase(connection, half, [1])

    found = get(filled, FIRST.signed.id)
    assert found is not None
    assert found.height == 7
    assert [item.index for item in Share.decode(found.body).items] == [2]


def test_neither_items_nor_whom_they_concern_stand_in_any_byte(filled: Database) -> None:
    assert Scanner([ANNA]).folder(folder_of(filled)) == []
    at_rest(filled)
    assert Scanner([ANNA]).folder(folder_of(filled)) == []


def test_erased_item_leaves_no_byte_of_its_box(filled: Database) -> None:
    boxes = [cell for cell in cells(filled, "dispatch") if len(cell) > 200]
    assert len(boxes) == 3
    assert all(box in at_rest(filled) for box in boxes)

    with filled.begin() as connection:
        DISPATCHES.erase(connection, FIRST, [0, 1, 2])
        DISPATCHES.drop(connection, SECOND.signed.id)

    left = [box for box in boxes if box in at_rest(filled)]
    assert left == [cell for cell in cells(filled, "dispatch") if cell in boxes]
    assert len(left) == 1


def test_box_opens_for_its_own_entry_only(filled: Database) -> None:
    with filled.begin() as connection:
        box = connection.execute(
            text("SELECT box FROM dispatch WHERE entry_id = :id"), {"id": FIRST.signed.id}
        ).scalar_one()
        connection.execute(
            text("UPDATE dispatch SET box = :box WHERE entry_id = :id"),
            {"box": box, "id": SECOND.signed.id},
        )

    assert get(filled, FIRST.signed.id) == FIRST
    with pytest.raises(StorageError, match="does not open"):
        get(filled, SECOND.signed.id)


def test_nothing_of_the_items_is_printed() -> None:
    assert ANNA.digits not in repr(FIRST)
    assert FIRST.body.hex()[:32] not in repr(FIRST)
