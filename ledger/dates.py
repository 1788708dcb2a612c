"""The chain's date: the newest that a quorum of the witnesses has reached.

A member attests a date by its line on an entry with stored-lines, as author or because it stored.
An honest one does so only within a day of its clock: so fewer than a quorum, whatever dates they
write, cannot make everybody else's entries stale. If too few attest anything the date stands still;
then what is older is still taken, and repeats are remembered for longer.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date


@dataclass(slots=True)
class Dates:
    """`day` is the chain's date, which never goes back; `attested` each member's newest."""

    day: date | None = None
    attested: dict[str, date] = field(default_factory=dict)

    def copy(self) -> "Dates":
        """Return the same, to go on from here on its own."""
        return Dates(self.day, dict(self.attested))

    def attest(self, members: Iterable[str], day: date) -> bool:
        """Note that `members` put their lines under `day`; tell whether it is newer to any."""
        moved = False
        for member in members:
            known = self.attested.get(member)
            if known is None or day > known:
                self.attested[member] = day
                moved = True
        return moved

    def settle(self, witnesses: Collection[str], *, quorum: int) -> bool:
        """Go on to the newest date that `quorum` of `witnesses` reached; tell whether it did."""
        reached = sorted(
            (self.attested[name] for name in witnesses if name in self.attested), reverse=True
        )
        if len(reached) < quorum or (self.day is not None and reached[quorum - 1] <= self.day):
            return False
        self.day = reached[quorum - 1]
        return True
