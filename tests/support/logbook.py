"""What a node logged, as its privacy officer reads it; its hours, as they end; its audit."""

from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import text

from ledger.audit import Finding
from ledger.block import Block
from ledger.entry import SignedEntry
from ledger.logbook import LoggedHours, LogRecord
from nodes.log_audit import LogAudit
from nodes.logbook import KEY_LABEL, open_subject
from nodes.node import Node
from nodes.store.logbook import Logs, hours_in
from tests.support.bench import Bench

_ALL = 2**62
HOUR_SECONDS = 3600


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


async def keep(bench: Bench) -> None:
    """Let the keeper and the order work until nothing of the log waits any more."""
    keeper = bench.node.logkeeper
    await keeper.close_hour()
    await keeper.deliver()
    await bench.catch_up()
    await keeper.deliver()


async def hour_with(bench: Bench, posts: int, *, first: int = 0) -> None:
    """Post so many signals, and let the hour end."""
    await keep(bench)
    for number in range(first, first + posts):
        await bench.post(key=f"{number}")
    bench.clock.turn(seconds=HOUR_SECONDS)
    await keep(bench)


def findings(bench: Bench, *, hours_from_now: int = 0) -> list[Finding]:
    """Return what the audit of the own log finds."""
    audit = LogAudit(member=bench.name, logs=logs_of(bench.node))
    moment = bench.clock.now() + timedelta(hours=hours_from_now)
    tip = bench.node.replica.tip
    assert tip is not None
    with bench.node.database.read() as connection:
        return list(
            audit.check(connection, size=tip.size, document=bench.founded.document, now=moment)
        )
