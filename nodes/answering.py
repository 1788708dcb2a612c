"""Answering: every `locate` of another issuer gets a frame from this one, match or not.

At once when idle; under load at most one `answer` a second, with up to 64 frames in it. A frame is
made once and kept: an `answer` that has to be made again carries the same bytes.
"""

import asyncio
import logging
from contextlib import suppress
from datetime import date

from sqlalchemy import Connection

from ledger.encoding import Digest
from ledger.errors import LedgerError
from ledger.heights import MAX_HEIGHTS, Heights
from ledger.outstanding import ANSWER_WITHIN
from nodes.clock import Clock
from nodes.courier import Courier
from nodes.errors import NodeError
from nodes.prober import Prober
from nodes.replica import Replica
from nodes.store import matching
from nodes.store.dispatches import Dispatches
from nodes.store.writer import Writer

_log = logging.getLogger(__name__)
_BEAT_SECONDS = 1.0


class Answering:
    """Sends frames."""

    def __init__(
        self,
        *,
        member: str,
        replica: Replica,
        writer: Writer,
        prober: Prober,
        dispatches: Dispatches,
        courier: Courier,
        clock: Clock,
    ) -> None:
        """Answer as `member`."""
        self._member = member
        self._replica = replica
        self._writer = writer
        self._prober = prober
        self._dispatches = dispatches
        self._courier = courier
        self._clock = clock
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Look for frames to send now, if any `locate` awaits one."""
        awaited = list(self._replica.state.outstanding.locates.values())
        if any(self._member in locate.waiting for locate in awaited):
            self._woken.set()

    async def run(self) -> None:
        """Send frames until cancelled."""
        loop = asyncio.get_running_loop()
        last = -_BEAT_SECONDS
        while True:
            self._woken.clear()
            await asyncio.sleep(max(0.0, last + _BEAT_SECONDS - loop.time()))
            try:
                if await self.answer():
                    last = loop.time()
                    continue
            except (NodeError, LedgerError) as cause:
                _log.warning("answering waits: %s", cause)
            with suppress(TimeoutError):
                # Items may also turn missing while nothing happens. (`wait_for` would swallow a
                # cancellation that comes together with a wake, and the node never stop.)
                async with asyncio.timeout(_BEAT_SECONDS):
                    await self._woken.wait()

    async def answer(self) -> bool:
        """Send an `answer` with the frames that wait; tell whether there were any."""
        entry_id = await self._writer.do(self._draft)
        if entry_id is not None:
            self._courier.send(entry_id)
        return entry_id is not None

    def _draft(self, connection: Connection) -> Digest | None:
        """Store an `answer` of up to 64 frames and return its id, or None where there are none."""
        self._give_up_missing(connection, self._clock.today())
        frames = []
        for frame in matching.unsent_frames(connection, MAX_HEIGHTS):
            if self._awaits(frame.height):
                frames.append(frame)
            else:
                matching.drop_frames(connection, [frame.height])
        if not frames:
            return None
        heights = Heights(
            tuple(frame.height for frame in frames),
            frozenset(frame.height for frame in frames if frame.is_missing),
        )
        routes: dict[str, list[int]] = {}
        for index, frame in enumerate(frames):
            routes.setdefault(frame.author, []).append(index)
        dispatch = self._courier.draft(
            "answer",
            further=heights.encode(),
            contents=[frame.content for frame in frames],
            routes=routes,
        )
        self._dispatches.add(connection, dispatch)
        matching.send_frames(connection, heights.named, dispatch.signed.id)
        return dispatch.signed.id

    def _give_up_missing(self, connection: Connection, today: date) -> None:
        """Answer noise for items that could not be had for a day (rule 10)."""
        for wanted in matching.wanted(connection, count=MAX_HEIGHTS, kind="locate"):
            known = self._replica.state.outstanding.locates.get(wanted.height)
            if known is None or self._member not in known.waiting:
                matching.got(connection, wanted.height)
            # A node that was away for days asks first: it is not the author who is late then.
            elif today > known.day + ANSWER_WITHIN and today > wanted.since:
                self._prober.miss(
                    connection, height=wanted.height, author=known.author, slots=known.slots
                )
                matching.got(connection, wanted.height)

    def _awaits(self, height: int) -> bool:
        known = self._replica.state.outstanding.locates.get(height)
        return known is not None and self._member in known.waiting
