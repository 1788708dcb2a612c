"""Pieces wait in line, stand in one beat at a time, and go when that is final."""

import pytest
from sqlalchemy import text

from ledger.encoding import Digest
from ledger.exchange.item import CHUNK_BYTES, Piece, split_message
from nodes.desks import DeskCard
from nodes.errors import StorageError
from nodes.store.database import Database
from nodes.store.outgoing import Outgoing
from tests.support.databases import VAULT
from tests.support.exchanging import DESK_KEYS

OUT = Outgoing(VAULT)
BEAT, LATER = Digest(b"\x01" * 32), Digest(b"\x02" * 32)
DESK = "svb/de-bedoeling"
A, B, C = (bytes([at]) * 16 for at in range(3))


def pieces(message: bytes, count: int = 1) -> list[Piece]:
    return split_message(b"x" * (count * CHUNK_BYTES), message=message)


def queue(
    database: Database, message: bytes, count: int = 1, *, to: str = "svb", is_urgent: bool = False
) -> None:
    with database.begin() as connection:
        OUT.add(
            connection,
            pieces(message, count),
            receiver=to,
            desks=(DESK, "svb/aio"),
            is_urgent=is_urgent,
        )


def waiting(database: Database, to: str = "svb", count: int = 100) -> list[tuple[bytes, int]]:
    with database.read() as connection:
        return [(one.piece.message, one.piece.index) for one in OUT.waiting(connection, to, count)]


def test_pieces_wait_in_line_of_their_receiver_urgent_ones_first(database: Database) -> None:
    queue(database, A, 2)
    queue(database, B, to="szw")
    queue(database, C, is_urgent=True)

    assert waiting(database) == [(C, 0), (A, 0), (A, 1)]
    assert waiting(database, count=2) == [(C, 0), (A, 0)]
    assert waiting(database, "szw") == [(B, 0)]
    with database.read() as connection:
        first, second, _ = OUT.waiting(connection, "svb", 9)
        assert (first.desks, first.receiver) == ((DESK, "svb/aio"), "svb")
        assert (first.is_urgent, second.is_urgent) == (True, False)
        assert first.piece == pieces(C)[0]
        assert OUT.has_urgent(connection)


def test_a_piece_stands_in_one_beat_until_it_is_freed(database: Database) -> None:
    queue(database, A, 2, is_urgent=True)
    with database.begin() as connection:
        OUT.assign(connection, OUT.waiting(connection, "svb", 1), BEAT)

    assert waiting(database) == [(A, 1)]
    with database.begin() as connection:
        assert [p.piece.index for p in OUT.of_beat(connection, BEAT)] == [0]
        assert OUT.has_urgent(connection)
        OUT.assign(connection, OUT.waiting(connection, "svb", 1), LATER)
        assert not OUT.has_urgent(connection)
        OUT.free(connection, BEAT)

    assert waiting(database) == [(A, 0)]


def test_a_message_is_sent_with_its_last_piece_in_whichever_beat(database: Database) -> None:
    queue(database, A, 2)
    with database.begin() as connection:
        first, second = OUT.waiting(connection, "svb", 2)
        OUT.assign(connection, [second], BEAT)
        OUT.assign(connection, [first], LATER)
        OUT.sent(connection, BEAT, height=7, day=20)
        assert OUT.height_of(connection, A) is None
        OUT.sent(connection, LATER, height=9, day=20)
        assert OUT.height_of(connection, A) == 9
        assert OUT.count(connection) == 0
        OUT.sent(connection, LATER, height=11, day=20)
        assert OUT.height_of(connection, A) == 9

        OUT.forget(connection, before=20)
        assert OUT.height_of(connection, A) == 9
        OUT.forget(connection, before=21)
        assert OUT.height_of(connection, A) is None


def test_cards_are_found_again_the_newest(database: Database) -> None:
    card = DeskCard("2026-12", {DESK: DESK_KEYS[DESK].public})
    later = DeskCard("2027-01", {DESK: DESK_KEYS["svb/aio"].public})
    with database.begin() as connection:
        OUT.put_cards(connection, {"svb": card})
        OUT.put_cards(connection, {})
        OUT.put_cards(connection, {"svb": later})

        assert OUT.card(connection, "svb") == later
        assert OUT.card(connection, "szw") is None


def test_nothing_of_a_message_stands_readable_on_disk(database: Database) -> None:
    with database.begin() as connection:
        said = split_message(b"gevoelig " * 100, message=b"mensbericht-0001")
        OUT.add(connection, said, receiver="svb", desks=(DESK,), is_urgent=False)
        rows = connection.execute(text("SELECT * FROM outgoing")).all()

    assert not any(
        b"gevoelig" in cell or b"mensbericht" in cell
        for row in rows
        for cell in row
        if isinstance(cell, bytes)
    )


def test_a_box_moved_to_another_row_does_not_open(database: Database) -> None:
    queue(database, A)
    queue(database, B)
    with database.begin() as connection:
        connection.execute(
            text("UPDATE outgoing SET box = (SELECT box FROM outgoing WHERE sequence = 2)")
        )

    with pytest.raises(StorageError, match=r"outgoing\.box"):
        waiting(database)


def test_what_waits_is_found_by_index(database: Database) -> None:
    with database.read() as connection:
        for statement in (
            "SELECT box FROM outgoing WHERE receiver = '' AND entry_id IS NULL ORDER BY rank",
            "SELECT sequence FROM outgoing WHERE entry_id IS NULL AND rank = 0 LIMIT 1",
            "SELECT sequence FROM outgoing WHERE message = x'00' LIMIT 1",
        ):
            plan = connection.execute(text(f"EXPLAIN QUERY PLAN {statement}")).all()
            assert all("SEARCH" in row[3] for row in plan), plan
