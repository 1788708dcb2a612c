"""A receiver of messages for tests: a table in the node's own database, and what it holds.

Written in the transaction of the opener, so that what a crash loses or doubles is seen.
"""

from typing import NamedTuple

from sqlalchemy import Connection, text

from ledger.errors import DeniedError
from nodes.node import Node

REFUSED = b"refuse this"
"""What a message begins with that this receiver refuses."""
_MAKE = (
    "CREATE TABLE IF NOT EXISTS test_mail "
    "(number INTEGER PRIMARY KEY, author, desk, message, raw, height)"
)
_IS_THERE = "SELECT count(*) FROM sqlite_master WHERE name = 'test_mail'"


class Mail(NamedTuple):
    """A message as it was handed over."""

    author: str
    desk: str
    message: bytes
    raw: bytes
    height: int


class Mailbox:
    """A `Receiver` that keeps what it gets."""

    def receive(
        self,
        connection: Connection,
        *,
        author: str,
        desk: str,
        message: bytes,
        raw: bytes,
        height: int,
    ) -> None:
        """Keep it; see `Receiver`."""
        connection.execute(text(_MAKE))
        connection.execute(
            text("INSERT INTO test_mail VALUES (NULL, :author, :desk, :message, :raw, :height)"),
            {"author": author, "desk": desk, "message": message, "raw": raw, "height": height},
        )
        if raw.startswith(REFUSED):
            raise DeniedError("not-wanted", "this receiver takes no such message")


def mail(node: Node) -> list[Mail]:
    """Return what a node's mailbox holds, in order."""
    with node.database.read() as connection:
        if not connection.execute(text(_IS_THERE)).scalar():
            return []
        rows = connection.execute(
            text("SELECT author, desk, message, raw, height FROM test_mail ORDER BY number")
        )
        return [Mail(*row) for row in rows]
