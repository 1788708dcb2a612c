"""The metronome: when beats are made and when they go.

A beat is sealed and durable a little before its moment (`nodes.rhythm`), so that how long that took
does not show. An urgent one goes as soon as something urgent waits.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from ledger.encoding import Digest
from ledger.errors import LedgerError
from nodes.addresses import Addresses
from nodes.beat import Beat
from nodes.clock import Clock
from nodes.courier import Courier
from nodes.errors import NodeError
from nodes.rhythm import Rhythm

_log = logging.getLogger(__name__)
_LEAD_SECONDS = 5.0
_LOOK_SECONDS = 1.0


class Metronome:
    """Lets `beat` be prepared and the courier bring it."""

    def __init__(
        self,
        *,
        rhythm: Rhythm | None,
        beat: Beat,
        courier: Courier,
        addresses: Addresses,
        clock: Clock,
    ) -> None:
        """Keep `rhythm`; where there is none no message goes, nor an urgent one."""
        self._rhythm = rhythm
        self._beat = beat
        self._courier = courier
        self._addresses = addresses
        self._clock = clock

    async def run(self, caught_up: Callable[[], Awaitable[None]]) -> None:
        """Keep the rhythm until cancelled; starts once `caught_up` returns."""
        await caught_up()
        if self._rhythm is None:
            return
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._addresses.run(self._beat.wake))
            tasks.create_task(self._keep_rhythm(self._rhythm))
            tasks.create_task(self._keep_urgent())

    async def _keep_rhythm(self, rhythm: Rhythm) -> None:
        lead = min(_LEAD_SECONDS, rhythm.period.total_seconds() / 2)
        while True:
            while (left := rhythm.until_next(self._clock.now())) > lead:  # noqa: ASYNC110
                await asyncio.sleep(_step(rhythm, left - lead))
            moment = rhythm.number(self._clock.now())
            beat = await self._try(is_urgent=False)
            # A clock that is set back or ahead meanwhile ends the wait, too.
            while rhythm.number(now := self._clock.now()) == moment:  # noqa: ASYNC110
                await asyncio.sleep(_step(rhythm, rhythm.until_next(now)))
            if beat is not None:
                self._courier.send(beat)

    async def _keep_urgent(self) -> None:
        while True:
            self._beat.woken.clear()
            if self._beat.has_urgent() and (beat := await self._try(is_urgent=True)) is not None:
                self._courier.send(beat)
            await self._beat.woken.wait()

    async def _try(self, *, is_urgent: bool) -> Digest | None:
        try:
            return await self._beat.prepare(is_urgent=is_urgent)
        except (NodeError, LedgerError) as cause:
            self._beat.trouble = str(cause)
            _log.warning("a beat is left out: %s", cause)
            return None


def _step(rhythm: Rhythm, left: float) -> float:
    """Return how long to sleep: no longer, so that a clock that is turned is seen."""
    return min(left, rhythm.period.total_seconds() / 10, _LOOK_SECONDS)
