"""Asking peers: signs requests, verifies answers, and knows each member's address and key."""

import secrets
from collections.abc import Callable

from ledger.consortium import Consortium
from ledger.errors import LedgerError
from ledger.member import MemberDocument
from ledger.seal import SealingPublicKey
from nodes.clock import Clock
from nodes.desks import DeskCard
from nodes.errors import PeerRefusedError, PeerUnreachableError
from nodes.keyring import Keyring
from nodes.peers.message import ID_BYTES, OK, PeerMessage
from nodes.peers.port import DESKS, KEYS, Transport
from nodes.replica import Replica


class Peers:
    """What this node asks of the others, by member name."""

    def __init__(
        self,
        *,
        member: str,
        keyring: Keyring,
        replica: Replica,
        transport: Transport,
        clock: Clock,
        timeout: float,
    ) -> None:
        """Ask as `member`; give up on a peer after `timeout` seconds."""
        self._member = member
        self._keyring = keyring
        self._replica = replica
        self._transport = transport
        self._clock = clock
        self.timeout = timeout
        self._sealing: dict[str, SealingPublicKey] = {}
        self.random: Callable[[int], bytes] = secrets.token_bytes

    async def ask(self, member: str, operation: str, payload: bytes = b"") -> bytes:
        """Return the payload of `member`'s answer.

        Raises:
            PeerUnreachableError: no address, no answer, or an answer that is not its own.
            PeerRefusedError: it says no, and why.
        """
        document = self._document()
        request = PeerMessage(
            origin=document.origin,
            is_answer=False,
            sender=self._member,
            recipient=member,
            operation=operation,
            state=str(int(self._clock.now().timestamp())),
            id=self.random(ID_BYTES),
            payload=payload,
        )
        raw = await self._transport.send(
            self._card(member).url, request.encode(self._keyring.entry), timeout=self.timeout
        )
        try:
            answer = PeerMessage.decode(raw, document)
            answer.verify_answers(request)
        except LedgerError as cause:
            raise PeerUnreachableError(f"{member} answers what is not its own: {cause}") from cause
        if answer.state != OK:
            raise PeerRefusedError(answer.state, answer.payload.decode(errors="replace"))
        return answer.payload

    async def sealing_key(self, member: str) -> SealingPublicKey:
        """Return the key that items for `member` are sealed to, checked against the chain.

        Raises:
            PeerUnreachableError: it does not answer, or with another key than its card says.
            PeerRefusedError: it says no.
        """
        expected = self._card(member).sealing.get("node")
        if expected is None:
            raise PeerUnreachableError(f"the card of {member} names no key to seal to")
        known = self._sealing.get(member)
        if known is not None and known.hash == expected:
            return known
        try:
            key = SealingPublicKey(await self.ask(member, KEYS))
        except LedgerError as cause:
            raise PeerUnreachableError(f"{member} answers with no sealing key") from cause
        if key.hash != expected:
            raise PeerUnreachableError(f"{member} answers with a key that its card does not name")
        self._sealing[member] = key
        return key

    async def desk_card(self, member: str) -> DeskCard:
        """Return the keys of `member`'s desks: what it says now, under its entry key.

        Raises:
            PeerUnreachableError: it does not answer, or with no keys of its own desks.
            PeerRefusedError: it says no.
        """
        try:
            card = DeskCard.decode(await self.ask(member, DESKS))
            card.verify_owner(member)
        except LedgerError as cause:
            raise PeerUnreachableError(f"{member} answers with no keys of its desks") from cause
        return card

    def _document(self) -> Consortium:
        document = self._replica.document
        if document is None:
            raise PeerUnreachableError("the chain has no founding block here yet")
        return document

    def _card(self, member: str) -> MemberDocument:
        card = self._replica.state.cards.get(member)
        if card is None:
            raise PeerUnreachableError(f"{member} has not yet said on the chain where it is")
        return card
