"""The outbox: own signals from their rows to the chain.

taken in (`nodes.intake`) → push to a custodian → submit with its stored-line → applied. At each
turn whatever waits goes as one batch: one sealed frame, one submission. What the state machine
skips is kept and tried again, less and less often.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import date, timedelta

from ledger.errors import LedgerError
from ledger.note import SignatureLine
from nodes.clock import Clock
from nodes.custodian import MAX_PUSH
from nodes.errors import NodeError
from nodes.keyring import Keyring, is_signed_under
from nodes.pending import Pending
from nodes.pusher import Pusher
from nodes.replica import Replica
from nodes.sequencer.port import Sequencer
from nodes.signal import KEPT, KIND, Draft, Posting, Random, draft_signal
from nodes.store.database import Database
from nodes.store.signals import Outgoing, Signals
from nodes.store.writer import Writer

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
        pending: Pending,
        pusher: Pusher,
        sequencer: Sequencer,
        clock: Clock,
        random: Random = secrets.token_bytes,
    ) -> None:
        """Post as the keyring's member; what comes on the chain is not `pending` any more."""
        self._keyring = keyring
        self._replica = replica
        self._database = database
        self._writer = writer
        self._signals = signals
        self._pending = pending
        self._pusher = pusher
        self._sequencer = sequencer
        self._clock = clock
        self._random = random
        self._queue: asyncio.Queue[str] = asyncio.Queue()
        self._waiting: dict[str, list[asyncio.Future[None]]] = {}
        self._delays: dict[str, float] = {}
        self.trouble: str | None = None
        """Why nothing can be pushed or submitted now, or None."""
        self.skipped: dict[str, str] = {}
        """By local id: why a signal that is not on the chain was last refused."""

    def take(self, local_id: str) -> None:
        """Bring a signal that was stored onto the chain."""
        self._queue.put_nowait(local_id)

    def draft(self, posting: Posting) -> Draft:
        """Return a signal of `posting` under today's date; nothing is stored."""
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
        placed = list(local_ids)
        self._pending.placed(placed, days=days)
        for local_id in placed:
            self.skipped.pop(local_id, None)
            self._delays.pop(local_id, None)

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
        draft = self.draft(posting)
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

    def _later(self, local_id: str) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(_RETRY_SECONDS, self._queue.put_nowait, local_id)

    def _hold(self, local_id: str, reason: str) -> None:
        """Try a refused signal again, at first soon: without end it must not fill the order."""
        self.skipped[local_id] = reason
        delay = self._delays.get(local_id, _RETRY_SECONDS)
        self._delays[local_id] = min(2 * delay, _MAX_RETRY_SECONDS)
        asyncio.get_running_loop().call_later(delay, self._queue.put_nowait, local_id)
