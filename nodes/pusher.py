"""The pusher: brings own bodies to a custodian before their entries are submitted.

The first on the document's list that answers is asked for all that waits; what it does not take
goes to the next, so that one custodian that lies or refuses stops nobody from posting. Where the
first takes long, as a machine does that is gone from the network, the next is asked meanwhile.
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
_LEAST_PATIENCE_SECONDS = 0.5
_SHARE_OF_TIMEOUT = 0.25
"""After how much of the time that a peer has the next custodian is asked as well."""
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
        self._patience = max(_LEAST_PATIENCE_SECONDS, _SHARE_OF_TIMEOUT * peers.timeout)
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
        answers = await self._push_in_turn(others, outgoing)
        if not answers:
            raise PeerUnreachableError(f"no custodian answers: {', '.join(others)}")
        return [answers[signal.local_id] for signal in outgoing]

    async def _push_in_turn(
        self, names: Sequence[str], outgoing: Sequence[Outgoing]
    ) -> dict[str, Answer]:
        """Return by local id what custodians answered, until each signal has a line."""
        answers: dict[str, Answer] = {}
        asked: dict[asyncio.Task[dict[str, Answer]], str] = {}
        to_ask = list(names)
        try:
            while left := [s for s in outgoing if not _is_line(answers.get(s.local_id))]:
                if to_ask:
                    name = to_ask.pop(0)
                    asked[asyncio.create_task(self._push_to(name, left))] = name
                if not asked:
                    break
                done, slow = await asyncio.wait(
                    asked,
                    timeout=self._patience if to_ask else None,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if not done:
                    self._skip(*(asked[task] for task in slow))
                for task in done:
                    self._take(task, asked.pop(task), answers)
        finally:
            for task in asked:
                task.cancel()
            await asyncio.gather(*asked, return_exceptions=True)
        return answers

    def _take(
        self, task: "asyncio.Task[dict[str, Answer]]", name: str, answers: dict[str, Answer]
    ) -> None:
        """Put into `answers` what the custodian `name` said; a line that is there stays."""
        try:
            given = task.result()
        except (NodeError, LedgerError) as cause:
            self._skip(name)
            _log.info("custodian %s does not take a push: %s", name, cause)
            return
        answers |= {i: said for i, said in given.items() if not _is_line(answers.get(i))}

    def _skip(self, *names: str) -> None:
        until = asyncio.get_running_loop().time() + _SKIP_SECONDS
        self._silent |= dict.fromkeys(names, until)

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


def _is_line(answer: Answer | None) -> bool:
    return isinstance(answer, SignatureLine)


def _content_share(body: bytes) -> bytes:
    share = Share.decode(body)
    content = tuple(item for item in share.items if item.index == CONTENT)
    return Share(content, share.digests, share.r).encode()
