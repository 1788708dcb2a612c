"""The rhythm: at which moments a member sends its beats, whatever there is to say.

A moment is every `period` seconds since 1970, moved by a phase that follows from the member's name
alone: everybody can tell the moments beforehand, and nothing that happens moves them. Members
differ in phase so that not all send at once.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ledger.encoding import enc, sha256

_LABEL = "signaalketen/beat-phase/v1"
_PARTS = 2**32
_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """One moment every `period`, `phase` after each multiple of it."""

    period: timedelta
    phase: timedelta

    @classmethod
    def of(cls, member: str, *, origin: str, seconds: float) -> "Rhythm":
        """Return the rhythm of a member with a moment every so many seconds."""
        period = timedelta(seconds=seconds)
        part = int.from_bytes(sha256(enc(_LABEL, origin, member))[:4], "big")
        # A timedelta cannot be multiplied by so much.
        phase = period // timedelta(microseconds=1) * part // _PARTS
        return cls(period, timedelta(microseconds=phase))

    def number(self, now: datetime) -> int:
        """Return the number of the newest moment that has come."""
        return (now - _BEGIN - self.phase) // self.period

    def until_next(self, now: datetime) -> float:
        """Return in how many seconds the next moment comes; never 0."""
        return (self.period - (now - _BEGIN - self.phase) % self.period).total_seconds()
