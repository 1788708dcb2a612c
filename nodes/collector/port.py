"""The collector: where an agency gathers the log records of all its systems."""

from collections.abc import Sequence
from typing import Protocol

from ledger.logbook import LogRecord


class Collector(Protocol):
    """Takes log records. `tests/contract` holds every adapter to this."""

    async def send(self, records: Sequence[LogRecord]) -> None:
        """Hand over `records`, all of them; return once it has said that it took them.

        It may get the same ones again: spans have ids by which it can tell.

        Raises:
            CollectorError: it does not answer, or did not take them.
        """

    async def close(self) -> None:
        """Let go of connections."""
