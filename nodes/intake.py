"""The intake: callers' postings become rows, durable before anybody is answered.

The row with entry, body and BSN commits before the first push, so a restart resumes the same bytes.
The same request under the same key is the same signal, whoever comes in between.
"""

import asyncio
import secrets
from collections.abc import Callable, Mapping

from sqlalchemy import Connection

from nodes.clock import Clock
from nodes.errors import ConflictError, PeerUnreachableError
from nodes.logbook import Act, Logbook, Processing
from nodes.outbox import Outbox
from nodes.pending import Pending
from nodes.replica import Replica
from nodes.signal import KIND, Posting, Random, verify_posting
from nodes.store.anew import FOUND, POSTED, Anew
from nodes.store.database import Database
from nodes.store.signals import BESIDE, Signals
from nodes.store.vault import Vault
from nodes.store.writer import Writer
from nodes.tracing import current


class Intake:
    """Takes postings in and gives them to the outbox."""

    def __init__(
        self,
        *,
        member: str,
        replica: Replica,
        database: Database,
        writer: Writer,
        signals: Signals,
        vault: Vault,
        pending: Pending,
        outbox: Outbox,
        clock: Clock,
        reserve: Callable[[Connection, str, Posting], None],
        logbook: Logbook,
        random: Random = secrets.token_bytes,
    ) -> None:
        """Post as `member`; `reserve` keeps a new signal's place for matching."""
        self._member = member
        self._replica = replica
        self._database = database
        self._writer = writer
        self._signals = signals
        self._vault = vault
        self._pending = pending
        self._outbox = outbox
        self._clock = clock
        self._reserve = reserve
        self._logbook = logbook
        self._random = random
        self._taking: set[asyncio.Task[str]] = set()

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
        verify_posting(posting, member=self._member, document=document)
        self._pending.verify_quota(document.quota.get(KIND), today=self._clock.today())
        draft, local_id = self._outbox.draft(posting), self._random(16).hex()

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
        verify_posting(posting, member=self._member, document=document)
        draft, name = self._outbox.draft(posting), self._vault.mac("anew key", row.new_id)

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

        self._pending.add(row.new_id, is_anew=True)
        return await self._take(row.new_id, add) == row.new_id

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

    async def _take(self, local_id: str, add: Callable[[Connection], str]) -> str:
        stored = None
        try:
            stored = await self._writer.do(add)
        finally:
            if stored == local_id:
                self._outbox.take(local_id)
            else:
                self._pending.drop(local_id)
        return stored

    def _let_go(self, taking: asyncio.Task[str]) -> None:
        self._taking.discard(taking)
        # Its caller may have gone away, and then nobody else looks at what became of it.
        if not taking.cancelled():
            taking.exception()

    def _known(self, key_mac: bytes) -> tuple[str, bytes] | None:
        with self._database.read() as connection:
            return self._signals.by_key(connection, key_mac)


def _same(known: tuple[str, bytes], request_mac: bytes) -> str:
    local_id, posted = known
    if not secrets.compare_digest(posted, request_mac):
        raise ConflictError("this Idempotency-Key was used for another request; choose a new one")
    return local_id
