"""Answering peers: one signed answer to each signed request."""

import logging
from collections.abc import Awaitable, Callable

from ledger.checkpoint import Checkpoint
from ledger.consortium import Consortium
from ledger.cosignature import SignedCheckpoint
from ledger.errors import LedgerError, MalformedError
from nodes.addresses import Addresses
from nodes.clock import Clock
from nodes.custodian import Custodian
from nodes.errors import NodeError, NotFoundError
from nodes.generation.participant import Participant
from nodes.holder import Holder
from nodes.keyring import Keyring
from nodes.peers.client import Peers
from nodes.peers.message import OK, PeerMessage
from nodes.peers.port import (
    COSIGN,
    COSIGN_OUTSIDE,
    DESKS,
    EVALUATE,
    FINAL,
    GENERATE,
    ITEMS,
    KEYS,
    PULL,
    PUSH,
    VOUCH,
)
from nodes.pickup import Pickup
from nodes.replica import Replica
from nodes.witness import Witness

_log = logging.getLogger(__name__)
_REFUSED = "refused"
# An answer must reach the asker before it gives up.
_SHARE_OF_TIMEOUT = 0.8
_Operation = Callable[[PeerMessage, Consortium], Awaitable[bytes]]


class PeerService:
    """What this node does for the other members."""

    def __init__(
        self,
        *,
        keyring: Keyring,
        replica: Replica,
        custodian: Custodian,
        holder: Holder,
        participant: Participant,
        pickup: Pickup,
        witness: Witness,
        addresses: Addresses,
        peers: Peers,
        clock: Clock,
    ) -> None:
        """Answer as the keyring's member."""
        self._keyring = keyring
        self._replica = replica
        self._custodian = custodian
        self._holder = holder
        self._participant = participant
        self._pickup = pickup
        self._witness = witness
        self._addresses = addresses
        self._peers = peers
        self._clock = clock
        self._patience = peers.timeout * _SHARE_OF_TIMEOUT
        self._operations: dict[str, _Operation] = {
            PUSH: self._push,
            PULL: self._pull,
            ITEMS: self._items,
            EVALUATE: self._evaluate,
            GENERATE: self._generate,
            COSIGN: self._cosign,
            COSIGN_OUTSIDE: self._cosign_outside,
            FINAL: self._final,
            VOUCH: self._vouch,
            KEYS: self._keys,
            DESKS: self._desks,
        }

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
        perform = self._operations.get(request.operation)
        if perform is None:
            raise MalformedError("peer message: an operation that is not known")
        return await perform(request, document)

    async def _push(self, request: PeerMessage, document: Consortium) -> bytes:
        return await self._custodian.push(request.payload, sender=request.sender, document=document)

    async def _pull(self, request: PeerMessage, document: Consortium) -> bytes:
        to = await self._peers.sealing_key(request.sender)
        return await self._custodian.pull(
            request.payload, sender=request.sender, to=to, origin=document.origin
        )

    async def _items(self, request: PeerMessage, document: Consortium) -> bytes:
        del document
        to = await self._peers.sealing_key(request.sender)
        return self._pickup.items(request.payload, sender=request.sender, to=to)

    async def _evaluate(self, request: PeerMessage, document: Consortium) -> bytes:
        to = await self._peers.sealing_key(request.sender)
        return await self._holder.answer(
            request.payload,
            sender=request.sender,
            to=to,
            document=document,
            patience=self._patience,
        )

    async def _generate(self, request: PeerMessage, document: Consortium) -> bytes:
        to = await self._peers.sealing_key(request.sender)
        return self._participant.answer(
            request.payload, sender=request.sender, to=to, document=document
        )

    async def _cosign(self, request: PeerMessage, document: Consortium) -> bytes:
        del document
        checkpoint = Checkpoint.decode(request.payload.decode(errors="replace"))
        line = await self._witness.cosign(checkpoint, timeout=self._patience)
        return line.encode().encode()

    async def _cosign_outside(self, request: PeerMessage, document: Consortium) -> bytes:
        del document
        checkpoint = Checkpoint.decode(request.payload.decode(errors="replace"))
        line = await self._witness.cosign_outside(checkpoint, timeout=self._patience)
        return line.encode().encode()

    async def _final(self, request: PeerMessage, document: Consortium) -> bytes:
        signed = SignedCheckpoint.decode(request.payload)
        await self._witness.learn(signed, document, timeout=self._patience)
        return b""

    async def _vouch(self, request: PeerMessage, document: Consortium) -> bytes:
        del document
        return self._witness.vouching.last_of(request.sender)

    async def _keys(self, request: PeerMessage, document: Consortium) -> bytes:
        del request, document
        return self._keyring.sealing.public.raw

    async def _desks(self, request: PeerMessage, document: Consortium) -> bytes:
        del request
        return self._addresses.own(document).encode()
