"""What is pending: own signals that were taken in and are not on the chain, against the quota."""

from collections import Counter
from collections.abc import Iterable
from datetime import date

from nodes.errors import QuotaError
from nodes.replica import Replica
from nodes.signal import KIND
from nodes.store.database import Database
from nodes.store.signals import Signals


class Pending:
    """Counts callers' signals, and apart from them those that are posted anew."""

    def __init__(
        self, *, member: str, replica: Replica, database: Database, signals: Signals
    ) -> None:
        """Begin with what an earlier run took in."""
        self._database = database
        self._signals = signals
        with database.read() as connection:
            self._pending = set(signals.waiting(connection))
            self._anew = {i for i in self._pending if signals.anew.by_new(connection, i)}
        self._posted = Counter(
            {day: by.get((member, KIND), 0) for day, by in replica.state.posted.items()}
        )

    def __len__(self) -> int:
        return len(self._pending)

    def add(self, local_id: str, *, is_anew: bool = False) -> None:
        """Count a signal that is being taken in."""
        self._pending.add(local_id)
        if is_anew:
            self._anew.add(local_id)

    def drop(self, local_id: str) -> None:
        """Count a signal no more."""
        self._pending.discard(local_id)
        self._anew.discard(local_id)

    def placed(self, local_ids: Iterable[str], *, days: Iterable[date]) -> None:
        """Let go of signals that came on the chain; `days` are the dates of all own ones there."""
        self._posted.update(days)
        for local_id in local_ids:
            self.drop(local_id)

    def count_anew(self) -> int:
        """Return how many are on their way that are posted anew."""
        return len(self._anew)

    def has_callers(self) -> bool:
        """Tell whether any other signal is on its way."""
        return len(self._pending) > len(self._anew)

    def verify_quota(self, quota: int | None, *, today: date) -> None:
        """Check that one more signal of a caller's has its place today.

        Raises:
            QuotaError: the day's quota is used up.
        """
        used = self._posted[today] + len(self._pending)
        if quota is None or used < quota:
            return
        # What is posted anew takes no caller's place.
        with self._database.read() as connection:
            used -= self._signals.count_anew(connection, today) + len(self._anew)
        if used >= quota:
            raise QuotaError(f"today's quota of {quota} signals is used up; post it tomorrow")
