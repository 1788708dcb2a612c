"""The outbox: own signals from the caller's first answer to the chain.

draft → commit → push to a custodian → submit with its stored-line → applied. The row commits before
the first push and before any answer, so a restart resumes the same bytes. At each turn whatever
waits goes as one batch: one sealed frame, one submission. What the state machine skips is kept and
tried again, less and less often.
"""

import asyncio
import logging
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta

from sqlalchemy import Connection

from ledger.errors import LedgerError
from ledger.note import SignatureLine
from nodes.clock import Clock
from nodes.custodian import MAX_PUSH
from nodes.errors import ConflictError, NodeError, PeerUnreachableError, QuotaError
from nodes.keyring import Keyring, is_signed_under
from nodes.logbook import Act, Logbook, Processing
from nodes.pusher import Pusher
from nodes.replica import Replica
from nodes.sequencer.port import Sequencer
from nodes.signal import KEPT, KIND, Draft, Posting, Random, draft_signal, verify_posting
from nodes.store.anew import FOUND, POSTED, Anew
from nodes.store.database import Database
from nodes.store.signals import BESIDE, Outgoing, Signals
from nodes.store.vault import Vault
from nodes.store.writer import Writer
from nodes.tracing import current

_log = logging.getLogger(__name__)
_RETRY_SECONDS = 0.5
_MAX_RETRY_SECONDS = 60.0
_OVER_QUOTA = "over-quota"
_LONGEST = 36_500


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
        pusher: Pusher,
        sequencer: Sequencer,
        clock: Clock,
        reserve: Callable[[Connection, str, Posting], None],
        logbook: Logbook,
        random: Random = secrets.token_bytes,
    ) -> None:
        """Post as the keyring's member; `reserve` keeps a new signal's place for matching."""
        self._keyring = keyring
        self._replica = replica
        self._database = database
        self._writer = writer
        self._signals = signals
        self._vault = vault
        self._pusher = pusher
        self._sequencer = sequencer
        self._clock = clock
        self._reserve = reserve
        self._logbook = logbook
        self._random = random
        self._queue: asyncio.Queue[str] = asyncio.Queue()
        self._waiting: dict[str, list[asyncio.Future[None]]] = {}
        self._taking: set[asyncio.Task[str]] = set()
        self._delays: dict[str, float] = {}
        with database.read() as connection:
            self._pending = set(signals.waiting(connection))
            self._anew = {i for i in self._pending if signals.anew.by_new(connection, i)}
        self._posted = Counter(
            {day: by.get((keyring.member, KIND), 0) for day, by in replica.state.posted.items()}
        )
        self.trouble: str | None = None
        """Why nothing can be pushed or submitted now, or None."""
        self.skipped: dict[str, str] = {}
        """By local id: why a signal that is not on the chain was last refused."""

    async def post(self, posting: Posting, *, caller: str, key: str, request: bytes) -> str:
        """Take in a posting and return its local id, durably; again for the same key and request.

        Raises:
            ConflictError: the key was used for another request.
            InputError: a field is not what the document allows.
            QuotaError: the day's quota is used up.
            StorageError: the disk refuses; nothing was taken.
        """
        key_mac = self._vault.mac("idempotency", caller, key)
        request_mac = self._vault.mac("request", request)
        trace = current()
        # Whoever posts again is shown what became of it.
        shown = [Processing(Act.SHOW, posting.purpose, posting.bsn.digits)]
        if (known := self._known(key_mac)) is not None:
            local_id = _same(known, request_mac)
            await self._logbook.record(shown, trace=trace)
            return local_id
        document = self._replica.document
        if document is None:
            raise PeerUnreachableError("the chain has no founding block here yet")
        verify_posting(posting, member=self._keyring.member, document=document)
        self._verify_quota(document.quota.get(KIND))
        draft, local_id = self._draft(posting), self._random(16).hex()

        def add(connection: Connection) -> str:
            # Another request under the same key may have come in meanwhile.
            if (known := self._signals.by_key(connection, key_mac)) is not None:
                before = _same(known, request_mac)
                self._logbook.write(connection, shown, trace=trace)
                return before
            self._reserve(connection, local_id, posting)
            self._signals.add(
                connection,
                local_id=local_id,
                posting=posting,
                draft=draft,
                idempotency_mac=key_mac,
                request_mac=request_mac,
            )
            posted = Processing(Act.POST, posting.purpose, posting.bsn.digits)
            self._logbook.write(connection, [posted], trace=trace)
            return local_id

        self._pending.add(local_id)
        taking = asyncio.create_task(self._take(local_id, add))
        self._taking.add(taking)
        taking.add_done_callback(self._let_go)
        # What may be on disk must go on its way, even if its caller went away meanwhile.
        return await asyncio.shield(taking)

    async def post_anew(self, row: Anew) -> bool:
        """Take in an own signal again, durably, to stand in its own place; outside the quota.

        Returns False where it was withdrawn, or taken in, before.

        Raises:
            InputError: the document does not allow any more what it says, or no slot is left.
            StorageError: the disk refuses; nothing was taken.
        """
        with self._database.read() as connection:
            if self._signals.anew.of(connection, row.local_id) != row:
                return False
            posting = self._signals.posting(connection, row.local_id)
        document = self._replica.document
        if document is None:
            return False
        verify_posting(posting, member=self._keyring.member, document=document)
        draft, name = self._draft(posting), self._vault.mac("anew key", row.new_id)

        def add(connection: Connection) -> str:
            if not self._signals.anew.turn(connection, row.local_id, before=FOUND, now=POSTED):
                return ""
            self._reserve(connection, row.new_id, posting)
            self._signals.add(
                connection,
                local_id=row.new_id,
                posting=posting,
                draft=draft,
                idempotency_mac=name,
                request_mac=name,
                place=BESIDE,
            )
            again = Processing(Act.POST_ANEW, posting.purpose, posting.bsn.digits)
            self._logbook.write(connection, [again])
            return row.new_id

        self._pending.add(row.new_id)
        self._anew.add(row.new_id)
        return await self._take(row.new_id, add) == row.new_id

    def count_anew(self) -> int:
        """Return how many signals are on their way that are posted anew."""
        return len(self._anew)

    def has_callers(self) -> bool:
        """Tell whether any other signal is on its way."""
        return len(self._pending) > len(self._anew)

    def verify_keys(self, *, caller: str, requests: Mapping[str, bytes]) -> None:
        """Check that each idempotency key is new, or was used for the request that it names.

        Raises:
            ConflictError: one was used for another.
        """
        macs = {
            self._vault.mac("idempotency", caller, key): self._vault.mac("request", request)
            for key, request in requests.items()
        }
        with self._database.read() as connection:
            for known, key_mac in self._signals.by_keys(connection, list(macs)):
                _same(known, macs[key_mac])

    async def wait_final(self, local_id: str, *, timeout: float) -> None:
        """Return when the signal is final, or after `timeout` seconds."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(local_id, []).append(future)
        try:
            with self._database.read() as connection:
                is_final = self._signals.is_final(connection, local_id)
            if not is_final:
                async with asyncio.timeout(timeout):
                    await future
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

    def placed(self, local_ids: Iterable[str], *, days: Iterable[date]) -> None:
        """Let go of signals that came on the chain; `days` are the dates of all own ones there."""
        self._posted.update(days)
        for local_id in local_ids:
            self._forget(local_id)

    def refused(self, local_id: str, reason: str) -> None:
        """Take back a signal that the state machine skipped for `reason`."""
        if reason == "duplicate":
            return
        _log.warning("own signal %s was skipped: %s", local_id, reason)
        self._hold(local_id, reason)

    async def run(self, caught_up: Callable[[], Awaitable[None]]) -> None:
        """Bring signals onto the chain until cancelled; starts once `caught_up` returns."""
        # What an earlier run submitted may stand in the order and not be applied yet.
        await caught_up()
        with self._database.read() as connection:
            waiting = self._signals.waiting(connection)
        # What was posted meanwhile is among them.
        while not self._queue.empty():
            self._queue.get_nowait()
        for local_id in waiting:
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
        fresh = [await self._fresh(signal) for signal in outgoing]
        outgoing = [signal for signal in fresh if signal is not None]
        if not outgoing:
            return
        entries = []
        for signal, answer in zip(outgoing, await self._pusher.push(outgoing), strict=True):
            if isinstance(answer, SignatureLine):
                entries.append(signal.signed.with_lines((answer,)).encode())
                continue
            _log.warning("no custodian takes signal %s: %s", signal.local_id, answer)
            if answer.reason == "date" and signal.signed.entry.day != self._clock.today():
                await self._redraft(signal.local_id)
                self._later(signal.local_id)
            else:
                self._hold(signal.local_id, answer.reason)
        if entries:
            await self._sequencer.submit(entries)

    async def _fresh(self, signal: Outgoing) -> Outgoing | None:
        """Return the signal, made again under today's date where date or key will not do any more.

        None where it is not to go now: it came on the chain, or today's quota is used up.
        """
        day, today = signal.signed.entry.day, self._clock.today()
        if self.skipped.get(signal.local_id) == _OVER_QUOTA:
            if day == today:
                self._hold(signal.local_id, _OVER_QUOTA)
                return None
            return await self._redraft(signal.local_id)
        is_signed = is_signed_under(signal.signed, self._replica.document)
        # With the keys the one that signed its content changed, too.
        if self._replica.state.is_stale(day) or not is_signed:
            return await self._redraft(signal.local_id)
        return signal

    async def _redraft(self, local_id: str) -> Outgoing | None:
        with self._database.read() as connection:
            posting = self._signals.posting(connection, local_id)
        draft = self._draft(posting)
        is_replaced = await self._writer.do(
            lambda connection: self._signals.redraft(
                connection, local_id=local_id, posting=posting, draft=draft
            )
        )
        # The state runs ahead of the disk: what it calls stale may just have come on the chain.
        if not is_replaced:
            return None
        self.skipped.pop(local_id, None)
        whole = draft.body.share(range(len(draft.body.items)))
        return Outgoing(local_id, draft.signed, whole.encode())

    async def _take(self, local_id: str, add: Callable[[Connection], str]) -> str:
        stored = None
        try:
            stored = await self._writer.do(add)
        finally:
            if stored == local_id:
                self._queue.put_nowait(local_id)
            else:
                self._pending.discard(local_id)
                self._anew.discard(local_id)
        return stored

    def _let_go(self, taking: asyncio.Task[str]) -> None:
        self._taking.discard(taking)
        # Its caller may have gone away, and then nobody else looks at what became of it.
        if not taking.cancelled():
            taking.exception()

    def _draft(self, posting: Posting) -> Draft:
        today: date = self._clock.today()
        document = self._replica.document
        days = None if document is None else document.retention.get(KIND)
        # A document may say any number; dates end.
        return draft_signal(
            posting,
            keyring=self._keyring,
            day=today,
            random=self._random,
            kept=KEPT if days is None else timedelta(days=min(days, _LONGEST)),
        )

    def _verify_quota(self, quota: int | None) -> None:
        today = self._clock.today()
        used = self._posted[today] + len(self._pending)
        if quota is None or used < quota:
            return
        # What is posted anew takes no caller's place.
        with self._database.read() as connection:
            used -= self._signals.count_anew(connection, today) + len(self._anew)
        if used >= quota:
            raise QuotaError(f"today's quota of {quota} signals is used up; post it tomorrow")

    def _known(self, key_mac: bytes) -> tuple[str, bytes] | None:
        with self._database.read() as connection:
            return self._signals.by_key(connection, key_mac)

    def _later(self, local_id: str) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(_RETRY_SECONDS, self._queue.put_nowait, local_id)

    def _hold(self, local_id: str, reason: str) -> None:
        """Try a refused signal again, at first soon: without end it must not fill the order."""
        self.skipped[local_id] = reason
        delay = self._delays.get(local_id, _RETRY_SECONDS)
        self._delays[local_id] = min(2 * delay, _MAX_RETRY_SECONDS)
        asyncio.get_running_loop().call_later(delay, self._queue.put_nowait, local_id)

    def _forget(self, local_id: str) -> None:
        self._pending.discard(local_id)
        self._anew.discard(local_id)
        self.skipped.pop(local_id, None)
        self._delays.pop(local_id, None)


def _same(known: tuple[str, bytes], request_mac: bytes) -> str:
    local_id, posted = known
    if not secrets.compare_digest(posted, request_mac):
        raise ConflictError("this Idempotency-Key was used for another request; choose a new one")
    return local_id
