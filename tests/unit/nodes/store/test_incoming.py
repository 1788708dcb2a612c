"""What came is remembered by author, put together, and forgotten by day."""

from sqlalchemy import text

from ledger.exchange.item import CHUNK_BYTES, split_message
from nodes.store.database import Database
from nodes.store.incoming import Incoming
from tests.support.databases import VAULT

IN = Incoming(VAULT)
ID = b"\x07" * 16
FIRST, SECOND = split_message(b"secret".ljust(CHUNK_BYTES + 5, b"x"), message=ID)


def test_an_item_is_known_again_of_its_author_until_its_day_is_forgotten(
    database: Database,
) -> None:
    with database.begin() as connection:
        IN.add_items(connection, "uwv", [ID, b"b" * 16], day=10)
        IN.add_items(connection, "uwv", [ID], day=11)

        assert IN.known_items(connection, "uwv", [ID, b"c" * 16]) == {ID}
        assert IN.known_items(connection, "szw", [ID]) == frozenset()
        IN.forget(connection, items=10, messages=99)
        assert IN.known_items(connection, "uwv", [ID]) == {ID}
        IN.forget(connection, items=11, messages=0)
        assert IN.known_items(connection, "uwv", [ID]) == frozenset()


def test_pieces_come_together_by_author_and_message_each_place_once(database: Database) -> None:
    with database.begin() as connection:
        assert IN.add_piece(connection, "uwv", SECOND, desk="a/b", day=1) == [("a/b", SECOND)]
        assert IN.add_piece(connection, "szw", FIRST, desk="a/b", day=1) == [("a/b", FIRST)]
        IN.add_piece(connection, "uwv", SECOND, desk="other/desk", day=1)
        both = IN.add_piece(connection, "uwv", FIRST, desk="a/b", day=1)

        assert sorted(both, key=lambda one: one[1].index) == [("a/b", FIRST), ("a/b", SECOND)]


def test_a_message_that_was_whole_leaves_no_pieces_and_is_known(database: Database) -> None:
    with database.begin() as connection:
        IN.add_piece(connection, "uwv", FIRST, desk="a/b", day=1)
        assert not IN.is_heard(connection, "uwv", ID)

        IN.hear(connection, "uwv", ID, day=5)

        assert IN.is_heard(connection, "uwv", ID)
        assert not IN.is_heard(connection, "szw", ID)
        assert connection.execute(text("SELECT count(*) FROM incoming")).scalar() == 0
        IN.forget(connection, items=0, messages=5)
        assert IN.is_heard(connection, "uwv", ID)
        IN.forget(connection, items=0, messages=6)
        assert not IN.is_heard(connection, "uwv", ID)


def test_pieces_that_never_become_whole_are_forgotten(database: Database) -> None:
    with database.begin() as connection:
        IN.add_piece(connection, "uwv", FIRST, desk="a/b", day=1)
        IN.forget(connection, items=99, messages=1)
        assert connection.execute(text("SELECT count(*) FROM incoming")).scalar() == 1
        IN.forget(connection, items=0, messages=2)
        assert connection.execute(text("SELECT count(*) FROM incoming")).scalar() == 0


def test_neither_ids_nor_text_stand_readable_on_disk(database: Database) -> None:
    with database.begin() as connection:
        IN.add_items(connection, "uwv", [ID], day=1)
        IN.add_piece(connection, "uwv", FIRST, desk="a/b", day=1)
        IN.hear(connection, "uwv", b"z" * 16, day=1)
        cells = [
            cell
            for table in ("heard_item", "incoming", "heard")
            for row in connection.execute(text(f"SELECT * FROM {table}"))
            for cell in row
            if isinstance(cell, bytes)
        ]

    assert cells
    assert not any(ID in cell or b"secret" in cell or b"z" * 16 in cell for cell in cells)
