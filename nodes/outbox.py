"""The outbox: own signals from the caller's first answer to the chain.

draft → commit → push to a custodian → submit with its stored-line → applied. The row commits before
the first push and before any answer, so a restart resumes the same bytes. At each turn whatever
waits goes as one batch: one sealed frame, one submission.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Sequence
from datetime import date

from sqlalchemy import Connection

from ledger.body import Share
from ledger.errors import LedgerError, RefusedError
from ledger.note import SignatureLine
from ledger.rules.signal import CONTENT
from nodes.clock import Clock
from nodes.custodian import MAX_PUSH, read_answers, seal_push
from nodes.errors import ConflictError, InputError, NodeError, PeerUnreachableError
from nodes.keyring import Keyring
from nodes.peers.client import Peers
from nodes.peers.port import PUSH
from nodes.replica import Replica
from nodes.sequencer.port import Sequencer
from nodes.signal import KIND, Draft, Posting, Random, draft_signal, verify_posting
from nodes.store.database import Database
from nodes.store.signals import Outgoing, Signals
from nodes.store.vault import Vault
from nodes.store.writer import Writer

_log = logging.getLogger(__name__)
_RETRY_SECONDS = 0.5
_SKIP_SECONDS = 5.0
_REDRAFT = frozenset({"date", "stale", "over-quota"})


class Outbox:
    """Takes postings in and brings them onto the chain."""

    def __init__(
        self,
        *,
        keyring: Keyring,
        replica: Replica,
        database: Database,
        writer: Writer,
        signals: Signals,
        vault: Vault,
        peers: Peers,
        sequencer: Sequencer,
        clock: Clock,
        random: Random = secrets.token_bytes,
    ) -> None:
        """Post as the keyring's member."""
        self._keyring = keyring
        self._replica = replica
        self._database = database
        self._writer = writer
        self._signals = signals
        self._vault = vault
        self._peers = peers
        self._sequencer = sequencer
        self._clock = clock
        self._random = random
        self._queue: asyncio.Queue[str] = asyncio.Queue()
        self._skipped: dict[str, float] = {}
        self._waiting: dict[str, list[asyncio.Future[None]]] = {}
        self.trouble: str | None = None
        """Why nothing can be pushed or submitted now, or None."""

    async def post(self, posting: Posting, *, caller: str, key: str, request: bytes) -> str:
        """Take in a posting and return its local id, durably; again for the same key and request.

        Raises:
            ConflictError: the key was used for another request.
            InputError: a field is not what the document allows, or the day's quota is used up.
            StorageError: the disk refuses; nothing was taken.
        """
        key_mac = self._vault.mac("idempotency", caller, key)
        request_mac = self._vault.mac("request", request)
        if (known := self._known(key_mac)) is not None:
            return _same(known, request_mac)
        document = self._replica.document
        if document is None:
            raise PeerUnreachableError("the chain has no founding block here yet")
        verify_posting(posting, member=self._keyring.member, document=document)
        self._verify_quota(document.quota.get(KIND))
        draft = self._draft(posting)
        local_id = self._random(16).hex()

        def add(connection: Connection) -> str:
            # Another request under the same key may have come in meanwhile.
            if (known := self._signals.by_key(connection, key_mac)) is not None:
                return _same(known, request_mac)
            self._signals.add(
                connection,
                local_id=local_id,
                posting=posting,
                draft=draft,
                idempotency_mac=key_mac,
                request_mac=request_mac,
            )
            return local_id

        stored = await self._writer.do(add)
        if stored == local_id:
            self._queue.put_nowait(local_id)
        return stored

    def verify_key(self, *, caller: str, key: str, request: bytes) -> None:
        """Check that an idempotency key is new, or was used for this very request.

        Raises:
            ConflictError: it was used for another.
        """
        known = self._known(self._vault.mac("idempotency", caller, key))
        if known is not None:
            _same(known, self._vault.mac("request", request))

    async def wait_final(self, local_id: str, *, timeout: float) -> None:
        """Return when the signal is final, or after `timeout` seconds."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(local_id, []).append(future)
        try:
            with self._database.read() as connection:
                is_final = self._signals.is_final(connection, local_id)
            if not is_final:
                await asyncio.wait_for(future, timeout)
        except TimeoutError:
            return
        finally:
            left = [f for f in self._waiting.get(local_id, []) if f is not future]
            if left:
                self._waiting[local_id] = left
            else:
                self._waiting.pop(local_id, None)

    def finalized(self, local_ids: Sequence[str]) -> None:
        """Let go whoever waited for these signals."""
        for local_id in local_ids:
            for future in self._waiting.get(local_id, []):
                if not future.done():
                    future.set_result(None)

    def refused(self, local_id: str, reason: str) -> None:
        """Take back a signal that the state machine skipped for `reason`."""
        if reason == "duplicate":
            return
        _log.warning("own signal %s was skipped: %s", local_id, reason)
        self._later(local_id)

    async def run(self, caught_up: Callable[[], Awaitable[None]]) -> None:
        """Bring signals onto the chain until cancelled; starts once `caught_up` returns."""
        # What an earlier run submitted may stand in the order and not be applied yet.
        await caught_up()
        with self._database.read() as connection:
            for local_id in self._signals.waiting(connection):
                self._queue.put_nowait(local_id)
        while True:
            batch = [await self._queue.get()]
            while len(batch) < MAX_PUSH and not self._queue.empty():
                batch.append(self._queue.get_nowait())
            try:
                await self._deliver(list(dict.fromkeys(batch)))
                self.trouble = None
            except (NodeError, LedgerError) as cause:
                self.trouble = str(cause)
                _log.warning("posting waits: %s", cause)
                for local_id in batch:
                    self._later(local_id)

    async def _deliver(self, local_ids: list[str]) -> None:
        with self._database.read() as connection:
            outgoing = self._signals.outgoing(connection, local_ids)
        outgoing = [await self._fresh(signal) for signal in outgoing]
        if not outgoing:
            return
        answers = await self._push(outgoing)
        entries = []
        for signal, answer in zip(outgoing, answers, strict=True):
            if isinstance(answer, SignatureLine):
                entries.append(signal.signed.with_lines((answer,)).encode())
                continue
            _log.warning("a custodian refuses signal %s: %s", signal.local_id, answer.reason)
            if answer.reason in _REDRAFT:
                await self._redraft(signal.local_id)
            self._later(signal.local_id)
        if entries:
            await self._sequencer.submit(entries)

    async def _push(self, outgoing: Sequence[Outgoing]) -> list[SignatureLine | RefusedError]:
        """Return the answers of the first custodian on the document's list that gives any.

        Raises:
            PeerUnreachableError: none does.
        """
        document = self._replica.document
        now = asyncio.get_running_loop().time()
        custodians = [] if document is None else document.custodians
        others = [name for name in custodians if name != self._keyring.member]
        # One that did not answer a moment ago is asked last, not first.
        others.sort(key=lambda name: self._skipped.get(name, 0.0) > now)
        parcels = [(s.signed.encode(), _content_share(s.body)) for s in outgoing]
        for name in others:
            try:
                payload = seal_push(
                    parcels,
                    to=await self._peers.sealing_key(name),
                    origin=self._keyring.origin,
                    sender=self._keyring.member,
                    day=self._clock.today().isoformat(),
                )
                raw = await self._peers.ask(name, PUSH, payload)
                return read_answers(raw, count=len(parcels))
            except (NodeError, LedgerError) as cause:
                self._skipped[name] = now + _SKIP_SECONDS
                _log.info("custodian %s does not take a push: %s", name, cause)
        raise PeerUnreachableError(f"no custodian answers: {', '.join(others)}")

    async def _fresh(self, signal: Outgoing) -> Outgoing:
        """Return the signal, made again under today's date if its own came too late."""
        if not self._replica.state.is_stale(signal.signed.entry.day):
            return signal
        return await self._redraft(signal.local_id)

    async def _redraft(self, local_id: str) -> Outgoing:
        with self._database.read() as connection:
            posting = self._signals.posting(connection, local_id)
        draft = self._draft(posting)
        await self._writer.do(
            lambda connection: self._signals.redraft(
                connection, local_id=local_id, posting=posting, draft=draft
            )
        )
        whole = draft.body.share(range(len(draft.body.items)))
        return Outgoing(local_id, draft.signed, whole.encode())

    def _draft(self, posting: Posting) -> Draft:
        today: date = self._clock.today()
        return draft_signal(posting, keyring=self._keyring, day=today, random=self._random)

    def _verify_quota(self, quota: int | None) -> None:
        posted = self._replica.state.posted.get(self._clock.today(), {})
        used = posted.get((self._keyring.member, KIND), 0) + self._queue.qsize()
        if quota is not None and used >= quota:
            raise InputError(f"today's quota of {quota} signals is used up; post it tomorrow")

    def _known(self, key_mac: bytes) -> tuple[str, bytes] | None:
        with self._database.read() as connection:
            return self._signals.by_key(connection, key_mac)

    def _later(self, local_id: str) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(_RETRY_SECONDS, self._queue.put_nowait, local_id)


def _same(known: tuple[str, bytes], request_mac: bytes) -> str:
    local_id, posted = known
    if not secrets.compare_digest(posted, request_mac):
        raise ConflictError("this Idempotency-Key was used for another request; choose a new one")
    return local_id


def _content_share(body: bytes) -> bytes:
    share = Share.decode(body)
    content = tuple(item for item in share.items if item.index == CONTENT)
    return Share(content, share.digests, share.r).encode()
