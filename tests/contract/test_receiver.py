"""Whoever takes messages takes each in the opener's transaction, or refuses it with a LedgerError.

To hold another receiver to this, add it to `RECEIVERS`, with a message that it takes and one that
it does not, and how many it has taken.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import Connection, text

from ledger.errors import LedgerError
from nodes.opener import NoReceiver, Receiver
from nodes.store.database import Database
from nodes.store.statement import savepoint
from tests.support.databases import copy_of, migrate
from tests.support.mailbox import REFUSED, Mailbox


class Held(NamedTuple):
    """A receiver, with a message that it takes, if any, and one that it does not."""

    make: Callable[[], Receiver]
    taken: bytes | None
    refused: bytes
    count: Callable[[Connection], int]


def _mailbox_holds(connection: Connection) -> int:
    tables = text("SELECT count(*) FROM sqlite_master WHERE name = 'test_mail'")
    if not connection.execute(tables).scalar():
        return 0
    return int(connection.execute(text("SELECT count(*) FROM test_mail")).scalar_one())


RECEIVERS = {
    "mailbox": Held(Mailbox, b"hello", REFUSED, _mailbox_holds),
    "nobody": Held(NoReceiver, None, b"hello", lambda _: 0),
}


TAKERS = {name: held for name, held in RECEIVERS.items() if held.taken is not None}
every = pytest.mark.parametrize("held", RECEIVERS.values(), ids=list(RECEIVERS))
who_takes = pytest.mark.parametrize("held", TAKERS.values(), ids=list(TAKERS))


@pytest.fixture
def database(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Iterator[Database]:
    with closing(copy_of(migrate(tmp_path_factory.mktemp("m")), tmp_path)) as database:
        yield database


def give(receiver: Receiver, connection: Connection, raw: bytes | None) -> None:
    assert raw is not None
    receiver.receive(
        connection,
        author="uwv",
        desk="svb/de-bedoeling",
        message=bytes(16),
        raw=raw,
        height=7,
    )


@who_takes
def test_what_it_takes_is_there_once_the_transaction_is_durable(
    held: Held, database: Database
) -> None:
    with database.begin() as connection:
        give(held.make(), connection, held.taken)

    with database.read() as connection:
        assert held.count(connection) == 1


@who_takes
def test_what_it_takes_is_not_there_if_the_transaction_is_undone(
    held: Held, database: Database
) -> None:
    with database.begin() as connection:
        give(held.make(), connection, held.taken)
        connection.rollback()

    with database.read() as connection:
        assert held.count(connection) == 0


@every
def test_what_it_refuses_is_undone_by_itself(held: Held, database: Database) -> None:
    receiver = held.make()
    with database.begin() as connection:
        if held.taken is not None:
            give(receiver, connection, held.taken)
        with pytest.raises(LedgerError), savepoint(connection):
            give(receiver, connection, held.refused)

    with database.read() as connection:
        assert held.count(connection) == (held.taken is not None)


@every
def test_an_error_says_nothing_of_the_message(held: Held, database: Database) -> None:
    with database.begin() as connection, pytest.raises(LedgerError) as caught:
        give(held.make(), connection, held.refused)

    assert held.refused.decode() not in str(caught.value)
