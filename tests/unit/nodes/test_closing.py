"""With an epoch goes what followed from it, but for what an unopened answer still needs."""

import secrets
from dataclasses import replace

import pytest

from ledger.bsn import synthetic_numbers
from ledger.encoding import Digest
from nodes.closing import KEPT_DAYS, Closing
from nodes.matcher import Matcher
from nodes.store import chain, matching
from nodes.store.database import Database
from nodes.store.matches import Matches
from nodes.store.presence import PlacedSignal, Presence, Presences
from nodes.store.watch import Watch
from tests.support.databases import VAULT, Follower
from tests.support.signers import ORIGIN

ANNA = next(synthetic_numbers())
HEIGHT, LOCATE, CLOSED_ON = 3, 5, 739_945
LOCAL_ID = bytes(16)
LIVE = PlacedSignal(LOCAL_ID, 7, 1, HEIGHT, Digest(b"e" * 32), is_live=True)
PRESENCE = Presence(ANNA.digits, "help", 1, secrets.token_bytes(64), 1 << 7, (LIVE,))
OWN = (LOCAL_ID.hex(), ANNA.digits, "help")
PRESENCES = Presences(VAULT, index_key=b"\x03" * 32)
WATCH = Watch(VAULT, index_key=b"\x04" * 32)


@pytest.fixture
def closing(database: Database) -> Closing:
    """Return what closes epochs at UWV, which watches for one person and awaits two answers."""
    matcher = Matcher(
        member="uwv",
        origin=ORIGIN,
        replica=Follower(database).replica,
        presences=PRESENCES,
        watch=WATCH,
        matches=Matches(VAULT, index_key=b"\x05" * 32),
    )
    with database.begin() as connection:
        key = PRESENCES.put(connection, PRESENCE)
        WATCH.add(connection, matcher.places(PRESENCE), presence=key)
        matching.add_located(connection, LOCATE, [HEIGHT])
        matching.await_answers(connection, LOCATE, ["svb", "szw"])
        chain.move_cursor(connection, chain.EFFECTS_DAY, CLOSED_ON)
    return Closing(matcher=matcher, presences=PRESENCES, watch=WATCH)


def close(database: Database, closing: Closing) -> None:
    with database.begin() as connection:
        closing.close(connection, purpose="help", epoch=1)


def kept(database: Database) -> list[Presence]:
    with database.read() as connection:
        return [presence for _, presence in PRESENCES.all(connection)]


def rows_in_watch(database: Database) -> int:
    with database.read() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM watch").scalar_one())


def open_answers(database: Database, *issuers: str) -> None:
    with database.begin() as connection:
        for issuer in issuers:
            matching.opened(connection, LOCATE, issuer)


def test_pseudonym_is_kept_until_the_last_answer_is_opened_and_watched_for_no_more(
    database: Database, closing: Closing
) -> None:
    assert rows_in_watch(database) == 2 * 16

    open_answers(database, "svb")
    close(database, closing)

    assert kept(database) == [PRESENCE]
    assert rows_in_watch(database) == 0
    open_answers(database, "szw")
    with database.begin() as connection:
        closing.settle(connection, [OWN])
    assert kept(database) == []


def test_pseudonym_goes_at_once_where_every_answer_is_opened(
    database: Database, closing: Closing
) -> None:
    open_answers(database, "svb", "szw")

    close(database, closing)

    assert kept(database) == []
    assert rows_in_watch(database) == 0


@pytest.mark.parametrize(
    "change",
    [{"epoch": 2}, {"purpose": "armoede"}],
    ids=["another epoch", "another purpose"],
)
def test_what_followed_from_another_key_stays(
    database: Database, closing: Closing, change: dict[str, object]
) -> None:
    other = replace(PRESENCE, **change)  # type: ignore[arg-type]
    with database.begin() as connection:
        PRESENCES.put(connection, other)
    open_answers(database, "svb", "szw")

    close(database, closing)

    assert kept(database) == [other]


def test_signals_that_await_nothing_are_not_kept_with_one_that_does(
    database: Database, closing: Closing
) -> None:
    settled = PlacedSignal(b"\1" * 16, 8, 1, 8, Digest(b"f" * 32), is_live=True)
    withdrawn = replace(LIVE, local_id=b"\2" * 16, slot=9, is_live=False)
    with database.begin() as connection:
        PRESENCES.put(connection, replace(PRESENCE, signals=(LIVE, settled, withdrawn)))
        matching.add_located(connection, 9, [8])

    close(database, closing)

    assert [presence.signals for presence in kept(database)] == [(LIVE,)]


def test_an_answer_that_never_comes_keeps_a_pseudonym_for_seven_days_at_most(
    database: Database, closing: Closing
) -> None:
    close(database, closing)

    with database.begin() as connection:
        closing.turn_day(connection, CLOSED_ON + KEPT_DAYS)
    assert kept(database) == [PRESENCE]
    with database.begin() as connection:
        closing.turn_day(connection, CLOSED_ON + KEPT_DAYS + 1)

    assert KEPT_DAYS == 7
    assert kept(database) == []
    with database.read() as connection:
        assert matching.kept_closed(connection) == []
