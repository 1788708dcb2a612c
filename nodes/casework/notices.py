"""Notices: "there is something in Signaalketen", and nothing else.

Who sees the mail of a desk must not learn that two agencies know one person, nor whom. So a notice
has one text always; a desk gets one a period at most, at the periods' own times whatever happened
when, and none tells a match from a message or a reminder.

    desk       <member>/<desk>            something came, or a response is due
    lead       <member>/<desk>            a response is overdue
    officer    <member>                   a broken glass is to be reviewed
"""

import asyncio
import json
import logging
from functools import partial
from typing import NamedTuple, Protocol

from sqlalchemy import Connection

from nodes.clock import Clock
from nodes.errors import NodeError, NoticeError
from nodes.store.boxes import Boxes
from nodes.store.database import Database
from nodes.store.tables import NoticeRow
from nodes.store.vault import Vault, keyed
from nodes.store.writer import Writer

_log = logging.getLogger(__name__)
SUBJECT = "Signaalketen"
TEXT = (
    "Er staat iets voor u klaar in Signaalketen. Log in om het te zien.\n"
    "There is something for you in Signaalketen. Log in to see it.\n"
)
DESK, LEAD, OFFICER = "desk", "lead", "officer"


class Addressee(NamedTuple):
    """The desk, the lead of the desk, or the privacy officer of the member, of that `name`."""

    role: str
    name: str


class Notifier(Protocol):
    """Brings notices."""

    async def notify(self, addressee: Addressee) -> None:
        """Tell an addressee that there is something; once it is told, return.

        Whoever has no address is not told, and that is no error.

        Raises:
            NoticeError: whoever brings it does not answer, or refuses.
        """

    async def close(self) -> None:
        """Let go of connections."""


class Notices:
    """Gathers who is to be told, and tells each once a period."""

    def __init__(
        self,
        *,
        vault: Vault,
        index_key: bytes,
        database: Database,
        writer: Writer,
        clock: Clock,
        notifier: Notifier | None,
        period_seconds: int,
    ) -> None:
        """Tell through `notifier`; without one, nobody."""
        self._boxes = Boxes(NoticeRow, vault)
        self._index_key = index_key
        self._database = database
        self._writer = writer
        self._clock = clock
        self._notifier = notifier
        self._period = period_seconds
        self._told = self._number()

    def want(self, connection: Connection, addressee: Addressee) -> None:
        """Let an addressee be told at the end of this period, inside the caller's transaction."""
        if self._notifier is not None:
            key = keyed(self._index_key, "notice", *addressee)
            self._boxes.put(connection, key, json.dumps(addressee).encode())

    async def run(self) -> None:
        """Tell at the end of each period, until cancelled."""
        while True:
            await asyncio.sleep(min(self._period, 1.0))
            try:
                await self.turn()
            except NodeError as cause:
                _log.warning("notices wait: %s", cause)

    async def turn(self) -> None:
        """Tell whoever is to be told, if another period has begun."""
        number = self._number()
        if self._notifier is None or number == self._told:
            return
        # Also where the clock was set back: one period, one notice at most.
        self._told = number
        with self._database.read() as connection:
            waiting = self._boxes.all(connection)
        for key, raw in waiting:
            addressee = Addressee(*json.loads(raw))
            try:
                await self._notifier.notify(addressee)
            except NoticeError as cause:
                _log.warning("a notice waits for the next period: %s", cause)
                continue
            await self._writer.do(partial(self._boxes.drop, key=key))

    def _number(self) -> int:
        return int(self._clock.now().timestamp()) // self._period
