"""The pusher: brings own bodies to a custodian before their entries are submitted.

The first on the document's list that answers is asked for all that waits; what it does not take
goes to the next, so that one custodian that lies or refuses stops nobody from posting.
"""

import asyncio
import logging
from collections.abc import Sequence

from ledger.body import Share
from ledger.errors import LedgerError, RefusedError
from ledger.note import SignatureLine
from ledger.rules.signal import CONTENT
from nodes.clock import Clock
from nodes.custodian import read_answers, seal_push, verify_answer
from nodes.errors import NodeError, PeerUnreachableError
from nodes.keyring import Keyring
from nodes.peers.client import Peers
from nodes.peers.port import PUSH
from nodes.replica import Replica
from nodes.store.signals import Outgoing

_log = logging.getLogger(__name__)
_SKIP_SECONDS = 5.0
Answer = SignatureLine | RefusedError
"""A custodian's stored-line, or why there is none."""


class Pusher:
    """Pushes to custodians."""

    def __init__(self, *, keyring: Keyring, replica: Replica, peers: Peers, clock: Clock) -> None:
        """Push as the keyring's member."""
        self._keyring = keyring
        self._replica = replica
        self._peers = peers
        self._clock = clock
        self._silent: dict[str, float] = {}

    async def push(self, outgoing: Sequence[Outgoing]) -> list[Answer]:
        """Return for each signal a custodian's line, or why the last that was asked gives none.

        Raises:
            PeerUnreachableError: no custodian answers.
        """
        document = self._replica.document
        now = asyncio.get_running_loop().time()
        custodians = [] if document is None else document.custodians
        others = [name for name in custodians if name != self._keyring.member]
        # One that did not answer a moment ago is asked last, not first.
        others.sort(key=lambda name: self._silent.get(name, 0.0) > now)
        answers: dict[str, Answer] = {}
        for name in others:
            left = [
                signal
                for signal in outgoing
                if not isinstance(answers.get(signal.local_id), SignatureLine)
            ]
            if not left:
                break
            try:
                answers |= await self._push_to(name, left)
            except (NodeError, LedgerError) as cause:
                self._silent[name] = now + _SKIP_SECONDS
                _log.info("custodian %s does not take a push: %s", name, cause)
        if not answers:
            raise PeerUnreachableError(f"no custodian answers: {', '.join(others)}")
        return [answers[signal.local_id] for signal in outgoing]

    async def _push_to(self, custodian: str, outgoing: Sequence[Outgoing]) -> dict[str, Answer]:
        document = self._replica.document
        if document is None:
            raise PeerUnreachableError("the chain has no founding block here yet")
        payload = seal_push(
            [(signal.signed.encode(), _content_share(signal.body)) for signal in outgoing],
            to=await self._peers.sealing_key(custodian),
            origin=self._keyring.origin,
            sender=self._keyring.member,
            day=self._clock.today().isoformat(),
        )
        raw = await self._peers.ask(custodian, PUSH, payload)
        given = read_answers(raw, count=len(outgoing))
        return {
            signal.local_id: verify_answer(answer, signal.signed, by=custodian, document=document)
            for signal, answer in zip(outgoing, given, strict=True)
        }


def _content_share(body: bytes) -> bytes:
    share = Share.decode(body)
    content = tuple(item for item in share.items if item.index == CONTENT)
    return Share(content, share.digests, share.r).encode()
