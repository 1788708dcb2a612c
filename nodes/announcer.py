"""The announcer: puts on the chain what others must know before they can talk to this node.

The founding entry, if the order is still empty, and this member's own card whenever its URL or keys
are not what the newest card says.
"""

import asyncio
import logging

from ledger.entry import SignedEntry
from ledger.errors import RefusedError
from ledger.member import MemberDocument
from nodes.clock import Clock
from nodes.errors import NodeError
from nodes.introduction import member_document, member_entry
from nodes.keyring import Keyring
from nodes.replica import Replica
from nodes.sequencer.cometbft.machine import Engine
from nodes.sequencer.port import Sequencer

_log = logging.getLogger(__name__)
_LOOK_SECONDS = 0.1
_REPEAT_SECONDS = 5.0


class Announcer:
    """Submits governance entries of this member's own."""

    def __init__(
        self,
        *,
        keyring: Keyring,
        url: str,
        engine: Engine | None,
        founding: SignedEntry,
        replica: Replica,
        sequencer: Sequencer,
        clock: Clock,
    ) -> None:
        """Announce `url`, the public keys of `keyring`, and the `engine` if any."""
        self._keyring = keyring
        self._url = url
        self._engine = engine
        self._founding = founding
        self._replica = replica
        self._sequencer = sequencer
        self._clock = clock

    async def run(self) -> None:
        """Announce until everything stands on the chain."""
        while not self.is_announced():
            try:
                await self._announce()
            except (NodeError, RefusedError) as cause:
                _log.warning("announcing waits: %s", cause)
            await self._settle()

    def is_announced(self) -> bool:
        """Tell whether the chain says of this member what is true."""
        card = self._replica.state.cards.get(self._keyring.member)
        return card is not None and card == self._card(card.version)

    async def _announce(self) -> None:
        if self._replica.document is None:
            # Every founder may submit it; the second and third are skipped as duplicates.
            if self._sequencer.head() == 0:
                await self._sequencer.submit([self._founding.encode()])
            return
        known = self._replica.state.cards.get(self._keyring.member)
        card = self._card(1 if known is None else known.version + 1)
        raw = member_entry(self._keyring, card, day=self._clock.today()).encode()
        self._replica.state.check(raw)
        await self._sequencer.submit([raw])

    async def _settle(self) -> None:
        """Wait until what was submitted shows, or long enough to submit again."""
        had_document = self._replica.document is not None
        for _ in range(int(_REPEAT_SECONDS / _LOOK_SECONDS)):
            if self.is_announced() or (not had_document and self._replica.document is not None):
                return
            await asyncio.sleep(_LOOK_SECONDS)

    def _card(self, version: int) -> MemberDocument:
        return member_document(self._keyring, version=version, url=self._url, engine=self._engine)
