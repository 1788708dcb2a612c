"""Addresses: the keys of the other issuers' desks, as each of them says what they are.

Asked for every ten minutes, and every second while one is lacking. The newest answer is kept, so
that a member that is down can be written to; one whose month has passed by over a month is not
used any more: its seed may be gone.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import date

from sqlalchemy import Connection

from ledger.consortium import Consortium
from ledger.errors import LedgerError
from ledger.exchange.beat import exchange_receivers
from nodes.clock import Clock
from nodes.desks import DeskCard, Desks
from nodes.errors import NodeError
from nodes.peers.client import Peers
from nodes.replica import Replica
from nodes.store.outgoing import Outgoing
from nodes.store.writer import Writer

_log = logging.getLogger(__name__)
_LOOK_SECONDS = 1.0
_AGAIN_SECONDS = 600.0


class Addresses:
    """Keeps the other issuers' cards, and this member's own seeds."""

    def __init__(
        self,
        *,
        member: str,
        replica: Replica,
        writer: Writer,
        outgoing: Outgoing,
        desks: Desks,
        peers: Peers,
        clock: Clock,
    ) -> None:
        """Ask as `member`."""
        self._member = member
        self._replica = replica
        self._writer = writer
        self._outgoing = outgoing
        self._desks = desks
        self._peers = peers
        self._clock = clock

    async def run(self, on_answer: Callable[[], None]) -> None:
        """Ask until cancelled; call `on_answer` after each round."""
        while True:
            try:
                is_complete = await self.refresh()
            except NodeError as cause:
                _log.warning("desks' keys wait: %s", cause)
                is_complete = False
            on_answer()
            await asyncio.sleep(_AGAIN_SECONDS if is_complete else _LOOK_SECONDS)

    async def refresh(self) -> bool:
        """Ask all other issuers once; tell whether there are keys of all."""
        document, today = self._replica.document, self._clock.today()
        if document is None:
            return False
        self.own(document)
        others = exchange_receivers(document, author=self._member)
        cards = await asyncio.gather(*(self._ask(name, today) for name in others))
        found = {name: card for name, card in zip(others, cards, strict=True) if card is not None}

        def store(connection: Connection) -> bool:
            self._outgoing.put_cards(connection, found)
            return len(self.usable(connection, document, today=today)) == len(others)

        return await self._writer.do(store)

    def own(self, document: Consortium) -> DeskCard:
        """Return this member's card, with new seeds if a month has begun.

        Raises:
            ConfigurationError: the keyring's folder cannot be read or written.
        """
        today = self._clock.today()
        self._desks.turn(document, today=today)
        return self._desks.card(document, today=today)

    def usable(
        self, connection: Connection, document: Consortium, *, today: date
    ) -> dict[str, DeskCard]:
        """Return by member the cards under which may be sealed today."""
        usable = {}
        for name in exchange_receivers(document, author=self._member):
            card = self._outgoing.card(connection, name)
            if card is not None and card.is_usable(today):
                usable[name] = card
        return usable

    async def _ask(self, name: str, today: date) -> DeskCard | None:
        try:
            card = await self._peers.desk_card(name)
        except (NodeError, LedgerError) as cause:
            _log.info("%s gives no keys of desks: %s", name, cause)
            return None
        if not card.is_usable(today):
            _log.warning("%s has desk keys of %s; compare clocks", name, card.month)
        return card
