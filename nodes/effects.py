"""Effects: what final blocks bring about at this node, in order of height.

Each batch is one transaction that also moves the cursor, and doing a height twice changes nothing:
own signals become final, custody learns its heights, what can no longer come on the chain goes, and
the checkpoint shown to strangers steps on.
"""

import asyncio
import logging
from functools import partial

from sqlalchemy import Connection

from ledger.block import Block
from ledger.encoding import Digest, enc, split_enc
from ledger.errors import LedgerError
from ledger.seal import SealContext, SealingKey, open_sealed
from ledger.state import STALE_AFTER
from nodes.clock import Clock
from nodes.errors import NodeError
from nodes.outbox import Outbox
from nodes.peers.client import Peers
from nodes.peers.port import PULL
from nodes.progress import Progress
from nodes.replica import Replica
from nodes.store import chain as store
from nodes.store.custody import Custody
from nodes.store.database import Database
from nodes.store.signals import Signals
from nodes.store.tables import CheckpointRow
from nodes.store.writer import Writer
from nodes.witness import NEWEST

_log = logging.getLogger(__name__)
_BATCH = 64
_EFFECTS = "effects"
_NEVER_SUBMITTED = "never-submitted"
PUBLIC = "public"


class Effects:
    """Follows `progress.final`."""

    def __init__(
        self,
        *,
        member: str,
        sealing: SealingKey,
        replica: Replica,
        database: Database,
        writer: Writer,
        signals: Signals,
        custody: Custody,
        outbox: Outbox,
        peers: Peers,
        progress: Progress,
        clock: Clock,
        public_step: int,
    ) -> None:
        """Show strangers a newer checkpoint every `public_step` seconds."""
        self._member = member
        self._sealing = sealing
        self._replica = replica
        self._database = database
        self._writer = writer
        self._signals = signals
        self._custody = custody
        self._outbox = outbox
        self._peers = peers
        self._progress = progress
        self._clock = clock
        self._public_step = public_step

    async def run(self) -> None:
        """Take effect of final blocks until cancelled."""
        with self._database.read() as connection:
            done = store.cursor(connection, _EFFECTS)
        while True:
            await self._progress.final.wait_for(done + 1)
            end = min(done + _BATCH, self._progress.final.value)
            try:
                finalized = await self._writer.do(partial(self._take, start=done, end=end))
            except NodeError as cause:
                _log.warning("effects wait: %s", cause)
                await asyncio.sleep(1)
                continue
            done = end
            self._outbox.finalized(finalized)

    async def publish(self) -> None:
        """At each step of the clock show strangers what is final, until cancelled."""
        while True:
            step = int(self._clock.now().timestamp()) // self._public_step
            try:
                await self._writer.do(partial(self._show, step=step))
            except NodeError as cause:
                _log.warning("the public checkpoint waits: %s", cause)
            await asyncio.sleep(min(1.0, self._public_step / 2))

    async def recover(self) -> None:
        """Ask custodians for the content of own signals that a lost database knew."""
        while True:
            with self._database.read() as connection:
                bare = self._signals.bare_orphans(connection, _BATCH)
            document = self._replica.document
            if not bare or document is None:
                await asyncio.sleep(2)
                continue
            for name in (n for n in document.custodians if n != self._member):
                await self._pull(name, bare, document.origin)
            await asyncio.sleep(2)

    async def _pull(self, custodian: str, entry_ids: list[Digest], origin: str) -> None:
        try:
            raw = await self._peers.ask(custodian, PULL, enc(*entry_ids))
            day, sealed = split_enc(raw)
            context = SealContext(origin=origin, kind=PULL, author=self._member, date=day.decode())
            shares = split_enc(open_sealed(sealed, key=self._sealing, context=context))
        except (NodeError, LedgerError, ValueError) as cause:
            _log.info("custodian %s gives nothing back: %s", custodian, cause)
            return
        given = [(i, s) for i, s in zip(entry_ids, shares, strict=True) if s]
        await self._writer.do(lambda connection: self._signals.adopt(connection, given))

    def _take(self, connection: Connection, *, start: int, end: int) -> list[str]:
        placed = []
        for raw in store.blocks_between(connection, start, end):
            block = Block.decode(raw)
            if block.signed.entry.kind == "signal" and block.signed.entry.author != self._member:
                placed.append((block.height, block.signed.id))
        self._custody.place(connection, placed)
        finalized = self._signals.finalize(connection, start=start, end=end)
        day = self._replica.state.chain_day
        if day is not None:
            dropped = self._custody.drop_stale(connection, before=(day - STALE_AFTER).isoformat())
            store.count_refusals(connection, [_NEVER_SUBMITTED] * dropped)
        store.move_cursor(connection, _EFFECTS, end)
        return finalized

    def _show(self, connection: Connection, *, step: int) -> None:
        newest = store.checkpoint(connection, NEWEST)
        shown = store.checkpoint(connection, PUBLIC)
        if newest is None or (shown is not None and shown.shown_at >= step):
            return
        store.put_checkpoint(
            connection,
            CheckpointRow(name=PUBLIC, size=newest.size, note=newest.note, shown_at=step),
        )
