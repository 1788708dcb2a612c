"""What the matcher owes and awaits: in order, once each, the same after a repeat."""

from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from ledger.encoding import Digest
from nodes.errors import StorageError
from nodes.store import matching
from nodes.store.database import Database
from nodes.store.matching import Frame, Placing, Wanted
from tests.support.raw_files import at_rest, cells, schema

DAY = date(2026, 12, 1)

A, B = "aa" * 16, "bb" * 16
ANSWER = Digest(b"a" * 32)


def wanted(height: int, kind: str = "locate") -> Wanted:
    return Wanted(height, Digest(bytes([height]) * 32), "svb", kind, date(2026, 11, 23))


def frame(height: int, content: bytes = b"once") -> Frame:
    return Frame(height, "svb", content)


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    """Yield a connection inside one transaction."""
    with database.begin() as connection:
        yield connection


def test_signals_are_placed_in_order_of_height_a_batch_at_a_time(connection: Connection) -> None:
    for height in (9, 2, 5):
        matching.add_placing(connection, height=height, local_id=f"{height:032x}")

    heights = [p.height for p in matching.placing(connection, 2)]

    assert heights == [2, 5]
    matching.placed(connection, heights)
    assert [p.height for p in matching.placing(connection, 2)] == [9]


def test_signal_that_is_final_twice_is_placed_once(connection: Connection) -> None:
    matching.add_placing(connection, height=2, local_id=A)
    matching.withdraw_placing(connection, A)
    matching.add_placing(connection, height=2, local_id=A)

    # And a repeat does not undo a withdrawal.
    assert matching.placing(connection, 9) == [Placing(2, A, is_withdrawn=True)]


def test_withdrawn_signal_is_still_placed_and_others_are_untouched(connection: Connection) -> None:
    matching.add_placing(connection, height=2, local_id=A)
    matching.add_placing(connection, height=3, local_id=B)

    matching.withdraw_placing(connection, B)

    assert matching.placing(connection, 9) == [
        Placing(2, A, is_withdrawn=False),
        Placing(3, B, is_withdrawn=True),
    ]
    assert matching.is_placing(connection, B)
    matching.placed(connection, [3])
    assert not matching.is_placing(connection, B)
    assert matching.is_placing(connection, A)


def test_frame_once_made_stays_as_it_is(connection: Connection) -> None:
    # It may have been sent: a second text under its nonce would undo the encryption.
    matching.add_frame(connection, frame(4))
    matching.add_frame(connection, Frame(4, "szw", b"again", is_missing=True))

    assert matching.unsent_frames(connection, 9) == [frame(4)]


def test_frame_in_an_answer_is_not_sent_again_and_stays_until_it_is_dropped(
    connection: Connection,
) -> None:
    for height in (8, 4, 6):
        matching.add_frame(connection, frame(height))

    matching.send_frames(connection, [4, 8], ANSWER)
    assert [f.height for f in matching.unsent_frames(connection, 9)] == [6]
    matching.add_frame(connection, frame(4, b"again"))
    assert [f.height for f in matching.unsent_frames(connection, 9)] == [6]

    matching.drop_frames(connection, [4])
    assert [matching.has_frame(connection, h) for h in (4, 6, 8)] == [False, True, True]


def test_frame_whose_answer_came_to_nothing_is_sent_again_with_the_same_bytes(
    connection: Connection,
) -> None:
    matching.add_frame(connection, frame(4))
    matching.send_frames(connection, [4], ANSWER)

    matching.send_frames(connection, [4], None)

    assert matching.unsent_frames(connection, 9) == [frame(4)]


def test_frames_are_sent_in_order_of_height_a_batch_at_a_time(connection: Connection) -> None:
    for height in (8, 4, 6):
        matching.add_frame(connection, frame(height))

    assert [f.height for f in matching.unsent_frames(connection, 2)] == [4, 6]


def test_missing_frame_is_told_from_another(connection: Connection) -> None:
    matching.add_frame(connection, Frame(4, "svb", b"noise", is_missing=True))

    assert matching.unsent_frames(connection, 9) == [Frame(4, "svb", b"noise", is_missing=True)]


def test_what_is_wanted_comes_oldest_first_and_once(connection: Connection) -> None:
    for height, kind in ((7, "locate"), (3, "answer"), (5, "locate"), (7, "locate")):
        matching.want(connection, wanted(height, kind))

    assert [w.height for w in matching.wanted(connection, count=9)] == [3, 5, 7]
    assert matching.wanted(connection, count=1, kind="locate") == [wanted(5)]
    matching.got(connection, 5)
    matching.got(connection, 5)
    assert matching.wanted(connection, count=9) == [wanted(3, "answer"), wanted(7)]


def test_signal_stands_in_one_locate(connection: Connection) -> None:
    matching.add_located(connection, 9, [3, 5])

    assert [matching.located_at(connection, height) for height in (3, 4, 5, 9)] == [
        9,
        None,
        9,
        None,
    ]


def test_second_locate_of_a_signal_is_no_way_to_go_on(database: Database) -> None:
    # The state machine refuses it; a database that holds it is not this chain's.
    with database.begin() as connection:
        matching.add_located(connection, 9, [3])

    with pytest.raises(StorageError) as caught, database.begin() as connection:
        matching.add_located(connection, 10, [3])

    assert isinstance(caught.value.__cause__, IntegrityError)


def test_answers_are_awaited_from_each_issuer_until_opened(connection: Connection) -> None:
    matching.await_answers(connection, 9, ["szw", "svb"])
    matching.await_answers(connection, 9, ["svb"])
    matching.await_answers(connection, 10, ["svb"])
    matching.await_answers(connection, 11, [])

    matching.opened(connection, 9, "szw")
    matching.opened(connection, 9, "szw")

    assert [matching.unopened(connection, at) for at in (9, 10, 11)] == [["svb"], ["svb"], []]


@pytest.mark.parametrize("table", ["erased", "unopened"])
def test_tables_of_what_was_withdrawn_and_awaited_have_no_row_numbers(
    database: Database, table: str
) -> None:
    assert schema(database, table).rstrip().endswith("WITHOUT ROWID")


def test_dropped_frame_leaves_no_byte(database: Database) -> None:
    content = b"a frame of two hundred and eight bytes, give or take a few"
    with database.begin() as connection:
        matching.add_frame(connection, frame(4, content))
    assert content in at_rest(database)

    with database.begin() as connection:
        matching.drop_frames(connection, [4])

    assert content not in at_rest(database)
    assert cells(database, "frame") == []


def test_one_author_that_gives_nothing_does_not_hide_what_others_owe(database: Database) -> None:
    with database.begin() as connection:
        for height in range(1, 100):
            dead = matching.Wanted(height, Digest(bytes(32)), "szw", "exchange", DAY)
            matching.want(connection, dead)
        late = matching.Wanted(100, Digest(bytes(32)), "uwv", "exchange", DAY)
        matching.want(connection, late)

        assert matching.wanted_authors(connection) == ["szw", "uwv"]
        assert matching.wanted_of(connection, "uwv", count=64) == [late]
        assert len(matching.wanted_of(connection, "szw", count=64)) == 64


def test_only_what_is_too_old_of_a_kind_is_given_up(database: Database) -> None:
    with database.begin() as connection:
        for height, kind in enumerate(("exchange", "locate")):
            matching.want(connection, matching.Wanted(height, Digest(bytes(32)), "uwv", kind, DAY))
        matching.give_up(connection, kind="exchange", before=DAY.toordinal())
        assert len(matching.wanted(connection, count=9)) == 2
        matching.give_up(connection, kind="exchange", before=DAY.toordinal() + 1)

        assert [w.kind for w in matching.wanted(connection, count=9)] == ["locate"]
