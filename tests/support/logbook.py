"""What a node logged, as its privacy officer reads it."""

from typing import NamedTuple

from sqlalchemy import text

from ledger.block import Block
from ledger.entry import SignedEntry
from ledger.logbook import LoggedHours, LogRecord
from nodes.logbook import KEY_LABEL, open_subject
from nodes.node import Node
from nodes.store.logbook import Logs, hours_in

_ALL = 2**62


class Logged(NamedTuple):
    """A record in short: what was done, about whom, and at whose asking."""

    name: str
    digits: str
    processor: str


def logs_of(node: Node) -> Logs:
    """Return the tables of a node's logbook."""
    return node.logkeeper._logs


def records_of(node: Node) -> list[LogRecord]:
    """Return every record, oldest first."""
    with node.database.read() as connection:
        rows = logs_of(node).boxes(connection, start=1, end=_ALL)
        return [LogRecord.decode(raw) for _, raw in rows]


def logged(node: Node) -> list[Logged]:
    """Return every record in short, oldest first."""
    key = node.keyring.derive(KEY_LABEL)
    return [
        Logged(record.name, open_subject(record, key=key), record.processor)
        for record in records_of(node)
    ]


def hours_of(node: Node) -> list[LoggedHours]:
    """Return what the node's entries say, oldest first."""
    with node.database.read() as connection:
        return [hours_in(kept) for kept in logs_of(node).all_hours(connection)]


def entries_on_chain(node: Node) -> list[SignedEntry]:
    """Return every `logbook` entry on a node's chain."""
    with node.database.read() as connection:
        raws = connection.execute(text("SELECT raw FROM block WHERE kind = 'logbook'")).scalars()
        return [Block.decode(raw).signed for raw in raws]


def tamper(node: Node, statement: str) -> None:
    """Change a node's tables, as whoever operates it could."""
    with node.database.begin() as connection:
        assert connection.execute(text(statement)).rowcount > 0, "nothing was changed"
