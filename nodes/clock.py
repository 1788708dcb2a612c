"""The clock: the one place that knows what time it is, injected everywhere else.

Terms, retention and quarters must be demonstrable, so nothing else asks the machine.
"""

from datetime import UTC, date, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the time, in UTC."""

    def today(self) -> date:
        """Return the day that an entry made now is dated, in UTC."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the time, in UTC."""
        return datetime.now(UTC)  # noqa: TID251 -- the one place

    def today(self) -> date:
        """Return the day, in UTC."""
        return self.now().date()
