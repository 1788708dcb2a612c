"""Effects: what final blocks bring about at this node, in order of height.

Each batch is one transaction that also moves the cursor, and doing a height twice changes nothing:
own signals become final, custody learns its heights, and what can no longer come on the chain goes.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import date
from functools import partial
from typing import NamedTuple

from sqlalchemy import Connection

from ledger.block import Block
from ledger.consortium import key_name
from ledger.encoding import Digest
from ledger.entry import DOCUMENT_KINDS
from ledger.state import STALE_AFTER
from nodes.clock import Clock
from nodes.closing import Closing
from nodes.errors import NodeError
from nodes.matching import Matching
from nodes.outbox import Outbox
from nodes.progress import Progress
from nodes.signal import KIND as SIGNAL
from nodes.store import chain as store
from nodes.store.custody import Custody
from nodes.store.database import Database
from nodes.store.signals import Signals
from nodes.store.statement import driver, savepoint
from nodes.store.writer import Writer

_log = logging.getLogger(__name__)
_BATCH = 64
_EFFECTS = "effects"
LEFT_DAYS = 7
"""For how long frames are kept for an issuer that could not be reached."""
_NEVER_SUBMITTED = "never-submitted"


class _Taken(NamedTuple):
    """The first `end` blocks have taken effect, `blocks` just now; `finalized` are local ids."""

    end: int
    finalized: list[str]
    blocks: list[Block]


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
        closing: Closing,
        on_day: Callable[[Connection, int], None],
        on_taken: Callable[[], None],
        progress: Progress,
        clock: Clock,
    ) -> None:
        """Call `on_taken` after each batch of effects: others may have something to do.

        And `on_day`, inside the transaction, with the ordinal of each new day of these effects.
        """
        self._member = member
        self._database = database
        self._writer = writer
        self._signals = signals
        self._custody = custody
        self._outbox = outbox
        self._matching = matching
        self._closing = closing
        self._on_day = on_day
        self._on_taken = on_taken
        self._progress = progress
        self._clock = clock
        self._done: int | None = None
        """How many blocks have taken effect; None until `run`."""

    async def run(self) -> None:
        """Take effect of final blocks until cancelled."""
        with self._database.read() as connection:
            self._done = done = store.cursor(connection, _EFFECTS)
        self._matching.resume(done)
        while True:
            await self._progress.final.wait_for(self._done + 1)
            size = self._progress.final.value
            # Most took effect in the transaction that made them final.
            if size <= self._done:
                continue
            try:
                taken = await self._writer.do(partial(self._take_to, size=size))
            except NodeError as cause:
                _log.warning("effects wait: %s", cause)
                await asyncio.sleep(1)
                continue
            self._tell(taken)

    def along(self, connection: Connection, *, size: int) -> Callable[[], None]:
        """Let blocks take effect in the transaction that makes `size` of them final.

        Returns what is to be called once that is durable. What fails here is left to `run`.
        """
        if self._done is None:
            return _nothing
        try:
            with savepoint(connection):
                taken = self._take_to(connection, size=size)
        # Whatever it is, the blocks are final, and `run` meets it again and says so.
        except Exception:
            if not driver(connection).in_transaction:
                raise
            return _nothing
        return partial(self._tell, taken)

    async def take(self, *, start: int, end: int) -> None:
        """Let the final blocks at heights start … end - 1 take effect."""
        finalized, blocks = await self._writer.do(partial(self._take, start=start, end=end))
        self._tell(_Taken(end, finalized, blocks))

    def _take_to(self, connection: Connection, *, size: int) -> "_Taken":
        """Let the next of the first `size` blocks take effect, 64 at most."""
        start = store.cursor(connection, _EFFECTS)
        end = max(start, min(start + _BATCH, size))
        if start == end:
            return _Taken(end, [], [])
        return _Taken(end, *self._take(connection, start=start, end=end))

    def _tell(self, taken: "_Taken") -> None:
        self._done = max(self._done or 0, taken.end)
        if taken.blocks:
            self._outbox.finalized(taken.finalized)
            self._matching.after(taken.blocks)
            self._on_taken()

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
        self._custody.drop_all(connection, self._not_ours(blocks))
        final = self._signals.finalize(connection, start=start, end=end)
        self._matching.take(connection, blocks, final)
        self._turn_to(
            connection,
            [b.signed.entry.day for b in blocks if b.signed.entry.kind not in DOCUMENT_KINDS],
        )
        store.move_cursor(connection, _EFFECTS, end)
        return [local_id for _, _, local_id in final], blocks

    def _not_ours(self, blocks: list[Block]) -> list[Digest]:
        """Return which signals another custodian signed for, though this one may hold them too.

        Their author does not know of it, and would not tell it when it withdraws them.
        """
        return [
            block.signed.id
            for block in blocks
            if block.signed.entry.kind == SIGNAL
            and block.signed.entry.author != self._member
            and self._line_name(block) not in {line.name for line in block.signed.lines[1:]}
        ]

    def _line_name(self, block: Block) -> str:
        return key_name(origin=block.signed.entry.origin, member=self._member)

    def _turn_to(self, connection: Connection, days: list[date]) -> None:
        """Drop what was pushed and can no longer come, if `days` move the date of these effects.

        Not the date of the whole chain: what stands in blocks further on has no height here yet.
        """
        known = store.cursor(connection, store.EFFECTS_DAY)
        newest = max((day.toordinal() for day in days), default=0)
        if newest <= known:
            return
        before = date.fromordinal(newest) - STALE_AFTER
        dropped = self._custody.drop_stale(connection, before=before.isoformat())
        store.count_refusals(connection, [_NEVER_SUBMITTED] * dropped)
        since = date.fromordinal(max(known, LEFT_DAYS + 1) - LEFT_DAYS)
        until = date.fromordinal(newest - LEFT_DAYS)
        self._custody.drop_left(connection, since=since.isoformat(), before=until.isoformat())
        self._closing.turn_day(connection, newest)
        self._on_day(connection, newest)
        store.move_cursor(connection, store.EFFECTS_DAY, newest)


def _nothing() -> None:
    """Tell nobody."""
