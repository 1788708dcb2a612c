"""Effects: what final blocks bring about at this node, in order of height.

Each batch is one transaction that also moves the cursor, and doing a height twice changes nothing:
own signals become final, custody learns its heights, what can no longer come on the chain goes, and
the checkpoint shown to strangers steps on.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import date
from functools import partial

from sqlalchemy import Connection

from ledger.block import Block
from ledger.entry import DOCUMENT_KINDS
from ledger.state import STALE_AFTER
from nodes.clock import Clock
from nodes.errors import NodeError
from nodes.matching import Matching
from nodes.outbox import Outbox
from nodes.progress import Progress
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
_DAY = "effects-day"
_NEVER_SUBMITTED = "never-submitted"
PUBLIC = "public"


class Effects:
    """Follows `progress.final`."""

    def __init__(
        self,
        *,
        member: str,
        database: Database,
        writer: Writer,
        signals: Signals,
        custody: Custody,
        outbox: Outbox,
        matching: Matching,
        on_taken: Callable[[], None],
        progress: Progress,
        clock: Clock,
        public_step: int,
    ) -> None:
        """Show strangers a newer checkpoint every `public_step` seconds.

        `on_taken` is called after each batch of effects: others may have something to do.
        """
        self._member = member
        self._database = database
        self._writer = writer
        self._signals = signals
        self._custody = custody
        self._outbox = outbox
        self._matching = matching
        self._on_taken = on_taken
        self._progress = progress
        self._clock = clock
        self._public_step = public_step

    async def run(self) -> None:
        """Take effect of final blocks until cancelled."""
        with self._database.read() as connection:
            done = store.cursor(connection, _EFFECTS)
        self._matching.resume(done)
        while True:
            await self._progress.final.wait_for(done + 1)
            end = min(done + _BATCH, self._progress.final.value)
            try:
                await self.take(start=done, end=end)
            except NodeError as cause:
                _log.warning("effects wait: %s", cause)
                await asyncio.sleep(1)
                continue
            done = end

    async def take(self, *, start: int, end: int) -> None:
        """Let the final blocks at heights start … end - 1 take effect."""
        finalized, blocks = await self._writer.do(partial(self._take, start=start, end=end))
        self._outbox.finalized(finalized)
        self._matching.after(blocks)
        self._on_taken()

    async def publish(self) -> None:
        """At each step of the clock show strangers what is final, until cancelled."""
        while True:
            step = int(self._clock.now().timestamp()) // self._public_step
            try:
                await self._writer.do(partial(self._show, step=step))
            except NodeError as cause:
                _log.warning("the public checkpoint waits: %s", cause)
            await asyncio.sleep(min(1.0, self._public_step / 2))

    def _take(
        self, connection: Connection, *, start: int, end: int
    ) -> tuple[list[str], list[Block]]:
        blocks = [Block.decode(raw) for raw in store.blocks_between(connection, start, end)]
        placed = [
            (block.height, block.signed.id)
            for block in blocks
            if block.signed.entry.author != self._member
        ]
        self._custody.place(connection, placed)
        final = self._signals.finalize(connection, start=start, end=end)
        self._matching.take(connection, blocks, final)
        self._turn_to(
            connection,
            [b.signed.entry.day for b in blocks if b.signed.entry.kind not in DOCUMENT_KINDS],
        )
        store.move_cursor(connection, _EFFECTS, end)
        return [local_id for _, _, local_id in final], blocks

    def _turn_to(self, connection: Connection, days: list[date]) -> None:
        """Drop what was pushed and can no longer come, if `days` move the date of these effects.

        Not the date of the whole chain: what stands in blocks further on has no height here yet.
        """
        known = store.cursor(connection, _DAY)
        newest = max((day.toordinal() for day in days), default=0)
        if newest <= known:
            return
        before = date.fromordinal(newest) - STALE_AFTER
        dropped = self._custody.drop_stale(connection, before=before.isoformat())
        store.count_refusals(connection, [_NEVER_SUBMITTED] * dropped)
        store.move_cursor(connection, _DAY, newest)

    def _show(self, connection: Connection, *, step: int) -> None:
        newest = store.checkpoint(connection, NEWEST)
        shown = store.checkpoint(connection, PUBLIC)
        if newest is None or (shown is not None and shown.shown_at >= step):
            return
        store.put_checkpoint(
            connection,
            CheckpointRow(name=PUBLIC, size=newest.size, note=newest.note, shown_at=step),
        )
