"""The sweeper: empties the write-ahead log, so that what was deleted is not left on the disk.

`secure_delete` overwrites what is deleted in the database file; the log beside it keeps the pages
of earlier transactions until it happens to be written over. In it, too, rows stand in the order in
which they were written, which would join what their keys keep apart (MATCHING, rule 12).
"""

import asyncio
import logging

from nodes.errors import StorageError
from nodes.store.writer import Writer

_log = logging.getLogger(__name__)
_BEAT_SECONDS = 2.0


class Sweeper:
    """Empties the log a moment after something was written."""

    def __init__(self, writer: Writer, *, beat_seconds: float = _BEAT_SECONDS) -> None:
        """Sweep at most once in `beat_seconds`, between two transactions of `writer`."""
        self._writer = writer
        self._beat_seconds = beat_seconds
        self._woken = asyncio.Event()
        self._woken.set()

    def wake(self) -> None:
        """Sweep soon: something was written."""
        self._woken.set()

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            await self._woken.wait()
            # What is written at one time is swept at one time.
            await asyncio.sleep(self._beat_seconds)
            self._woken.clear()
            if not await self._sweep():
                self._woken.set()

    async def _sweep(self) -> bool:
        """Empty the log; tell whether nothing held it up."""
        try:
            return await self._writer.sweep()
        except StorageError as cause:
            _log.warning("sweeping waits: %s", cause)
            return False
