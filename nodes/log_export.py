"""The export of the logbook to the agency's collector: every record, in order, at least once.

A durable cursor says how far the collector has taken them. It moves after the answer, so what was
on its way when the node ended is sent again.
"""

import asyncio
import logging

from ledger.errors import LedgerError
from ledger.logbook import LogRecord
from nodes.collector.port import Collector
from nodes.errors import CollectorError, NodeError
from nodes.store import chain
from nodes.store.database import Database
from nodes.store.logbook import Logs
from nodes.store.writer import Writer

EXPORTED = "log-exported"
"""The cursor: the number of the newest record that the collector has."""
_log = logging.getLogger(__name__)
_BATCH = 512
_LOOK_SECONDS = 1.0
_MAX_LOOK_SECONDS = 60.0


class LogExport:
    """Sends records to `collector`, if the agency has one."""

    def __init__(
        self, *, collector: Collector | None, database: Database, writer: Writer, logs: Logs
    ) -> None:
        """Without a collector records stay in the node's own database."""
        self._collector = collector
        self._database = database
        self._writer = writer
        self._logs = logs
        self.trouble: str | None = None
        """Why records cannot be sent now, or None."""

    @property
    def is_on(self) -> bool:
        """Whether there is a collector."""
        return self._collector is not None

    async def run(self) -> None:
        """Send until cancelled, less often the longer the collector takes nothing."""
        pause = _LOOK_SECONDS
        while self._collector is not None:
            try:
                while await self.send(self._collector):
                    pass
                self.trouble, pause = None, _LOOK_SECONDS
            except (CollectorError, NodeError, LedgerError) as cause:
                self.trouble, pause = str(cause), min(2 * pause, _MAX_LOOK_SECONDS)
                _log.warning("sending log records waits: %s", cause)
            await asyncio.sleep(pause)

    async def send(self, collector: Collector) -> bool:
        """Send up to 512 records; tell whether there were any."""
        with self._database.read() as connection:
            after = chain.cursor(connection, EXPORTED)
            page = self._logs.page(connection, after=after, count=_BATCH)
        if not page:
            return False
        await collector.send([LogRecord.decode(raw) for _, raw in page])
        newest, _ = page[-1]
        await self._writer.do(lambda connection: chain.move_cursor(connection, EXPORTED, newest))
        return True
