"""The logkeeper: at the end of each hour commits on the ledger to what was logged in it.

The entry is durable before it is submitted, together with where the next hour's records begin; a
restart submits the same bytes. Hours at whose end the node was down are in the first entry after
them. Every hour has its entry, also one without records: else the chain would tell in which hours
an agency looked at its cases. Records older than the document's retention go.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from functools import partial

from sqlalchemy import Connection

from ledger.body import SALT_BYTES, Body, Item
from ledger.commitment import commit
from ledger.encoding import Digest
from ledger.entry import Entry, SignedEntry
from ledger.errors import LedgerError, RefusedError
from ledger.group import Scalar
from ledger.logbook import LoggedHours, hour_of, root_of, shown_count
from nodes.clock import Clock
from nodes.errors import NodeError
from nodes.keyring import Keyring, is_signed_under
from nodes.log_export import EXPORTED
from nodes.replica import Replica
from nodes.sequencer.port import Sequencer
from nodes.store import chain
from nodes.store.database import Database
from nodes.store.logbook import KeptHours, Logs, hours_in
from nodes.store.writer import Writer

KIND = "logbook"
HOUR = "log-hour"
"""The cursor: the hour, counted since 1970, in which the next entry's records begin."""
NUMBER = "log-number"
"""The cursor: the number of the newest record of which an entry tells."""
EXPIRED = "log-expired"
"""The cursor: how many of this member's entries, in line, have lost their records to retention."""
_log = logging.getLogger(__name__)
_LOOK_SECONDS = 1.0
_AGAIN_SECONDS = 10.0
_ANEW = frozenset({"stale", "over-quota", "signature"})
Random = Callable[[int], bytes]


class Logkeeper:
    """Makes this member's `logbook` entries and brings them onto the chain."""

    def __init__(
        self,
        *,
        keyring: Keyring,
        replica: Replica,
        database: Database,
        writer: Writer,
        logs: Logs,
        sequencer: Sequencer,
        clock: Clock,
        is_exported: bool,
        random: Random = secrets.token_bytes,
    ) -> None:
        """Keep the log of the keyring's member; `is_exported`: a record goes once it was sent."""
        self._keyring = keyring
        self._replica = replica
        self._database = database
        self._writer = writer
        self._logs = logs
        self._sequencer = sequencer
        self._clock = clock
        self._is_exported = is_exported
        self._random = random
        self._submitted: dict[Digest, float] = {}
        self.trouble: str | None = None
        """Why the entry of an hour cannot be made or submitted now, or None."""

    async def run(self, caught_up: Callable[[], Awaitable[None]]) -> None:
        """Keep the log until cancelled; starts once `caught_up` returns."""
        await caught_up()
        while True:
            try:
                await self.close_hour()
                await self.deliver()
                self.trouble = None
            except (NodeError, LedgerError) as cause:
                self.trouble = f"the entry of an hour waits: {cause}"
                _log.warning("the logbook's entry waits: %s", cause)
            await asyncio.sleep(_LOOK_SECONDS)

    async def close_hour(self) -> bool:
        """Make the entry of the hours that ended since the last; tell whether any did."""
        hour = hour_of(self._clock.now())
        with self._database.read() as connection:
            begun = chain.cursor(connection, HOUR)
        # A clock that was set back: the hour that is under way goes on until it has ended again.
        if begun and hour <= begun:
            return False
        if not begun:
            await self._writer.do(lambda connection: chain.move_cursor(connection, HOUR, hour))
            return False
        # Outside of the writer's turn: there may have been very many.
        hours = await asyncio.to_thread(self._sum_up, begun, hour - 1)
        kept = self._draft(hours)
        await self._writer.do(partial(self._close, hours=hours, kept=kept))
        return True

    async def deliver(self) -> None:
        """Submit the entries that are not on the chain yet."""
        with self._database.read() as connection:
            waiting = self._logs.waiting(connection)
        if not waiting or self._replica.document is None:
            return
        if await self._writer.do(lambda connection: self._place(connection, waiting)):
            return
        for kept in waiting:
            await self._submit(kept)

    def _sum_up(self, first_hour: int, last_hour: int) -> LoggedHours:
        with self._database.read() as connection:
            first = chain.cursor(connection, NUMBER) + 1
            leaves = self._logs.leaves(connection, start=first)
        return LoggedHours(first_hour, last_hour, first, len(leaves), root_of(leaves))

    def _close(self, connection: Connection, *, hours: LoggedHours, kept: KeptHours) -> None:
        self._logs.add_hours(connection, kept)
        chain.move_cursor(connection, HOUR, hours.last_hour + 1)
        chain.move_cursor(connection, NUMBER, hours.end - 1)
        self._expire(connection, hours.last_hour)

    def _expire(self, connection: Connection, hour: int) -> None:
        """Delete the records of entries that are older than the document lets them be kept."""
        document = self._replica.document
        days = None if document is None else document.retention.get(KIND)
        if days is None:
            return
        sent = chain.cursor(connection, EXPORTED)
        after = chain.cursor(connection, EXPIRED)
        for sequence, hours in self._logs.ended_before(connection, hour - 24 * days, after=after):
            if self._is_exported and hours.end - 1 > sent:
                return
            self._logs.drop(connection, before=hours.end)
            chain.move_cursor(connection, EXPIRED, sequence)

    def _draft(self, hours: LoggedHours) -> KeptHours:
        """Return a new entry that commits to what `hours` says, dated today."""
        item = Item(0, self._random(SALT_BYTES), hours.encode())
        body = Body((item,), Scalar.reduce(self._random(64)))
        today, keyring = self._clock.today(), self._keyring
        commitment = commit(
            origin=keyring.origin,
            kind=KIND,
            author=keyring.member,
            date=today.isoformat(),
            digests=body.digests,
            r=body.r,
        )
        entry = Entry(
            origin=keyring.origin,
            author=keyring.member,
            kind=KIND,
            day=today,
            commitment=commitment.encode(),
            further=f"{shown_count(hours.count)}\n",
        )
        signed = SignedEntry.of(entry, (keyring.entry.sign(entry.encode()),))
        return KeptHours(signed, body.share([0]).encode())

    def _place(self, connection: Connection, waiting: list[KeptHours]) -> bool:
        """Note which entries stand on the chain by now; tell whether all do."""
        left = 0
        for kept in waiting:
            signed = kept.signed
            height = chain.height_of(connection, signed.id, day=signed.entry.day)
            if height is None:
                left += 1
            else:
                self._logs.place(connection, signed.id, height=height)
                self._submitted.pop(signed.id, None)
        return not left

    async def _submit(self, kept: KeptHours) -> None:
        raw, now = kept.signed.encode(), asyncio.get_running_loop().time()
        if now < self._submitted.get(kept.signed.id, now):
            return
        try:
            self._replica.state.check(raw)
        except RefusedError as refusal:
            is_old = kept.signed.entry.day != self._clock.today()
            is_signed = is_signed_under(kept.signed, self._replica.document)
            if refusal.reason in _ANEW and (is_old or not is_signed):
                await self._writer.do(partial(self._make_again, kept=kept))
            # A duplicate is on the chain, and soon on this disk.
            elif refusal.reason != "duplicate":
                raise
            return
        self._submitted[kept.signed.id] = now + _AGAIN_SECONDS
        await self._sequencer.submit([raw])

    def _make_again(self, connection: Connection, *, kept: KeptHours) -> None:
        """Make an entry again with the same item, under today's date and key."""
        # The state runs ahead of the disk: what it calls stale may just have come on the chain.
        if self._place(connection, [kept]):
            return
        anew = self._draft(hours_in(kept))
        self._logs.replace_hours(connection, kept.signed.id, anew)
        self._submitted.pop(kept.signed.id, None)
