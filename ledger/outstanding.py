"""What is still owed on the chain: a `locate` for each signal, an answer for each `locate`.

Kept only until it has come, so it grows with what is late and not with the chain. What stands here
longer than it may stands in public: every reader of the chain computes the same.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple

LOCATE_WITHIN = timedelta(days=2)
ANSWER_WITHIN = timedelta(days=1)


class Signal(NamedTuple):
    """A signal without a `locate`: whose, and its entry's date."""

    author: str
    day: date


class Locate(NamedTuple):
    """A `locate` that not all have answered: whose, its date, how many heights, who has not."""

    author: str
    day: date
    slots: int
    waiting: frozenset[str]


@dataclass(slots=True)
class Outstanding:
    """By height of the block: signals that are not located, locates that are not answered."""

    signals: dict[int, Signal] = field(default_factory=dict)
    locates: dict[int, Locate] = field(default_factory=dict)

    def answered(self, height: int, *, by: str) -> None:
        """Note that `by` answered the `locate` at `height`."""
        known = self.locates[height]
        left = known.waiting - {by}
        if left:
            self.locates[height] = known._replace(waiting=left)
        else:
            del self.locates[height]

    def excuse(self, left: frozenset[str]) -> None:
        """Await nothing any more of the members that have `left`."""
        for height, known in list(self.locates.items()):
            for member in known.waiting & left:
                self.answered(height, by=member)

    def unlocated(self, chain_day: date) -> list[int]:
        """Return the heights of signals whose `locate` is late on `chain_day`."""
        return [h for h, s in self.signals.items() if chain_day >= s.day + LOCATE_WITHIN]

    def late(self, chain_day: date) -> list[tuple[int, str]]:
        """Return (height of a `locate`, member) where the member's answer is late."""
        return [
            (height, member)
            for height, known in self.locates.items()
            if chain_day > known.day + ANSWER_WITHIN
            for member in sorted(known.waiting)
        ]
