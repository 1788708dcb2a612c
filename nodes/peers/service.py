"""Answering peers: one signed answer to each signed request."""

import logging

from ledger.checkpoint import Checkpoint
from ledger.consortium import Consortium
from ledger.cosignature import SignedCheckpoint
from ledger.errors import LedgerError, MalformedError
from nodes.clock import Clock
from nodes.custodian import Custodian
from nodes.errors import NodeError, NotFoundError
from nodes.keyring import Keyring
from nodes.peers.client import Peers
from nodes.peers.message import OK, PeerMessage
from nodes.peers.port import COSIGN, FINAL, KEYS, PULL, PUSH
from nodes.replica import Replica
from nodes.witness import Witness

_log = logging.getLogger(__name__)
_REFUSED = "refused"
# An answer must reach the asker before it gives up.
_SHARE_OF_TIMEOUT = 0.8


class PeerService:
    """What this node does for the other members."""

    def __init__(
        self,
        *,
        keyring: Keyring,
        replica: Replica,
        custodian: Custodian,
        witness: Witness,
        peers: Peers,
        clock: Clock,
    ) -> None:
        """Answer as the keyring's member."""
        self._keyring = keyring
        self._replica = replica
        self._custodian = custodian
        self._witness = witness
        self._peers = peers
        self._clock = clock

    async def answer(self, raw: bytes) -> bytes:
        """Return the signed answer to a request.

        Raises:
            LedgerError: not a member's request to this node; it gets no answer.
            NotFoundError: this node has no chain yet to know members by.
        """
        document = self._replica.document
        if document is None:
            raise NotFoundError("the chain has no founding block here yet")
        request = PeerMessage.decode(raw, document)
        request.verify_request(
            recipient=self._keyring.member, now=int(self._clock.now().timestamp())
        )
        try:
            answer = request.answer(OK, await self._perform(request, document))
        except (LedgerError, NodeError) as cause:
            _log.info("%s of %s refused: %s", request.operation, request.sender, cause)
            answer = request.answer(_REFUSED, str(cause).encode())
        return answer.encode(self._keyring.entry)

    async def _perform(self, request: PeerMessage, document: Consortium) -> bytes:
        payload, sender = request.payload, request.sender
        patience = self._peers.timeout * _SHARE_OF_TIMEOUT
        if request.operation == PUSH:
            return await self._custodian.push(payload, sender=sender, document=document)
        if request.operation == PULL:
            to = await self._peers.sealing_key(sender)
            return self._custodian.pull(payload, sender=sender, to=to, origin=document.origin)
        if request.operation == COSIGN:
            checkpoint = Checkpoint.decode(payload.decode(errors="replace"))
            line = await self._witness.cosign(checkpoint, timeout=patience)
            return line.encode().encode()
        if request.operation == FINAL:
            signed = SignedCheckpoint.decode(payload)
            await self._witness.learn(signed, document, timeout=patience)
            return b""
        if request.operation == KEYS:
            return self._keyring.sealing.public.raw
        raise MalformedError("peer message: an operation that is not known")
