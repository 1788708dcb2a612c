"""The handover: a batch's parts, sealed to one member, for its stored-lines."""

import logging
from collections.abc import Sequence

from ledger.errors import LedgerError, RefusedError
from ledger.note import SignatureLine
from nodes.clock import Clock
from nodes.custodian import read_answers, seal_push, verify_answer
from nodes.errors import NodeError
from nodes.keyring import Keyring
from nodes.peers.client import Peers
from nodes.peers.port import PUSH
from nodes.replica import Replica
from nodes.store.dispatches import Dispatch

_log = logging.getLogger(__name__)


class Handover:
    """Hands dispatches over to their receivers."""

    def __init__(self, *, keyring: Keyring, replica: Replica, peers: Peers, clock: Clock) -> None:
        """Send as the keyring's member."""
        self._keyring = keyring
        self._replica = replica
        self._peers = peers
        self._clock = clock

    async def to(
        self, name: str, batch: Sequence[Dispatch], *, is_for_others: bool = False
    ) -> list[tuple[Dispatch, SignatureLine]]:
        """Return those of `batch` for which member `name` signs, each with its stored-line.

        It gets the items that are routed to it; where `is_for_others`, as a custodian, all of them.
        """
        document = self._replica.document
        if document is None:
            return []
        parcels = []
        for dispatch in batch:
            every = sorted({i for indexes in dispatch.routes.values() for i in indexes})
            indexes = every if is_for_others else dispatch.routes[name]
            parcels.append((dispatch.signed.encode(), dispatch.part(indexes)))
        try:
            payload = seal_push(
                parcels,
                to=await self._peers.sealing_key(name),
                origin=self._keyring.origin,
                sender=self._keyring.member,
                day=self._clock.today().isoformat(),
            )
            answers = read_answers(await self._peers.ask(name, PUSH, payload), count=len(parcels))
        except (NodeError, LedgerError) as cause:
            _log.info("%s does not take a push: %s", name, cause)
            return []
        signed = []
        for dispatch, given in zip(batch, answers, strict=True):
            # A line that does not hold would cost the entry its place on the chain.
            answer = verify_answer(given, dispatch.signed, by=name, document=document)
            if isinstance(answer, RefusedError):
                _log.warning("%s refuses a %s: %s", name, dispatch.signed.entry.kind, answer)
                continue
            signed.append((dispatch, answer))
        return signed
