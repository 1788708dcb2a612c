"""What time it is for cases: the machine's, held against the chain's date.

A clock that jumps ahead must make nothing due, and no event stand in a future after which nothing
could happen any more: events are at most two days after the chain's date, which a quorum attests.
What ends on a day has ended when either says so: set back, a clock shows nothing again.
"""

from datetime import UTC, date, datetime, time, timedelta

from ledger.state import STALE_AFTER
from nodes.clock import Clock
from nodes.replica import Replica


class Moment:
    """Tells the time of what happens in cases."""

    def __init__(self, *, clock: Clock, replica: Replica) -> None:
        """Ask `clock`, and hold it against the chain of `replica`."""
        self._clock = clock
        self._replica = replica

    def now(self) -> datetime:
        """Return when an event that happens now happens."""
        now, day = self._clock.now(), self._replica.state.chain_day
        if day is None:
            return now
        return min(now, datetime.combine(day + STALE_AFTER + timedelta(days=1), time(), UTC))

    def today(self) -> date:
        """Return the day of `now`."""
        return self.now().date()

    def latest_day(self) -> date:
        """Return the day against which ends are held."""
        day = self._replica.state.chain_day
        return self._clock.today() if day is None else max(day, self._clock.today())
