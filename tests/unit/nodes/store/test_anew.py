"""Which own signals are posted anew, and how far each is."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection

from nodes.store.anew import DONE, FOUND, POSTED, REFUSED, Anew, PostedAnew
from nodes.store.database import Database
from tests.support.databases import VAULT

ANEW = PostedAnew(VAULT)
IDS = [f"{number:032x}" for number in range(20)]


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    """Yield a transaction in which twenty signals are to be posted anew."""
    with database.begin() as connection:
        for local_id in IDS:
            ANEW.add(connection, local_id, purpose="help", epoch=2)
        yield connection


def the(connection: Connection, local_id: str) -> Anew:
    row = ANEW.of(connection, local_id)
    assert row is not None
    return row


def test_the_new_local_id_follows_from_the_old_one_and_the_epoch(connection: Connection) -> None:
    before = the(connection, IDS[0])
    ANEW.add(connection, IDS[0], purpose="help", epoch=2)
    ANEW.add(connection, before.new_id, purpose="help", epoch=3)

    assert the(connection, IDS[0]) == before
    assert len({the(connection, i).new_id for i in (*IDS, before.new_id)}) == len(IDS) + 1


def test_signals_come_in_one_order_that_is_not_theirs(connection: Connection) -> None:
    first = ANEW.following(connection, FOUND, count=12)
    rest = ANEW.following(connection, FOUND, after=first[-1].order, count=99)

    found = [row.local_id for row in (*first, *rest)]
    assert sorted(found) == IDS
    assert found not in (IDS, IDS[::-1])


def test_a_signal_is_moved_once(connection: Connection) -> None:
    assert ANEW.turn(connection, IDS[0], before=FOUND, now=POSTED)
    assert not ANEW.turn(connection, IDS[0], before=FOUND, now=POSTED)

    assert ANEW.counts(connection, purpose="help", epoch=2) == {FOUND: 19, POSTED: 1}
    assert ANEW.counts(connection, purpose="help", epoch=3) == {}


def test_what_stands_in_a_signals_place_is_found_from_it_and_back(connection: Connection) -> None:
    second = the(connection, IDS[0]).new_id
    ANEW.add(connection, second, purpose="help", epoch=3)
    third = the(connection, second).new_id
    assert ANEW.present(connection, IDS[0]) == IDS[0]

    ANEW.turn(connection, IDS[0], before=FOUND, now=DONE)
    assert ANEW.present(connection, IDS[0]) == second
    ANEW.turn(connection, second, before=FOUND, now=DONE)

    assert [ANEW.present(connection, i) for i in (IDS[0], second, third)] == [third] * 3
    assert [ANEW.first(connection, i) for i in (IDS[0], second, third)] == [IDS[0]] * 3


@pytest.mark.parametrize(
    ("state", "is_kept"), [(FOUND, False), (REFUSED, False), (POSTED, True), (DONE, True)]
)
def test_of_a_withdrawn_signal_only_what_was_posted_already_is_remembered(
    connection: Connection, state: str, is_kept: bool
) -> None:
    ANEW.turn(connection, IDS[0], before=FOUND, now=state)

    ANEW.take_back(connection, the(connection, IDS[0]))

    kept = ANEW.of(connection, IDS[0])
    assert (kept is not None and kept.is_withdrawn) == is_kept
    assert (kept is None) != is_kept
