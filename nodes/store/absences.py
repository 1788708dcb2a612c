"""Absences: when somebody of this agency is away, and who stands in.

    absence      HMAC(case key, "away", person)      box: JSON list of `Absence`

They are kept for a year after their end: who stood in for whom decides whether two acts are by two
pairs of eyes.
"""

import json
from dataclasses import asdict, dataclass
from datetime import date, timedelta

from sqlalchemy import Connection

from nodes.store.boxes import Boxes
from nodes.store.tables import AbsenceRow
from nodes.store.vault import Vault, keyed

KEPT = timedelta(days=366)
MAX_ABSENCES = 100
"""Of one person; the oldest go first."""


@dataclass(frozen=True, slots=True)
class Absence:
    """Away from the day `first` to `last`, as ISO 8601; `deputy` stands in, or nobody."""

    first: str
    last: str
    deputy: str | None

    def covers(self, day: date) -> bool:
        """Tell whether `day` is one of its days."""
        return self.first <= day.isoformat() <= self.last


class Absences:
    """The table `absence`; every method works inside a caller's transaction."""

    def __init__(self, vault: Vault, *, index_key: bytes) -> None:
        """Box with `vault`; find persons under `index_key`."""
        self._boxes = Boxes(AbsenceRow, vault)
        self._index_key = index_key

    def add(self, connection: Connection, person: str, absence: Absence, *, today: date) -> None:
        """Store an absence; the one entered last counts where two cover a day."""
        before = (today - KEPT).isoformat()
        kept = [one for one in self.of(connection, person) if one.last >= before]
        raw = json.dumps([asdict(one) for one in [absence, *kept][:MAX_ABSENCES]]).encode()
        self._boxes.put(connection, self._key(person), raw)

    def of(self, connection: Connection, person: str) -> list[Absence]:
        """Return a person's absences, the one entered last first."""
        raw = self._boxes.get(connection, self._key(person))
        return [] if raw is None else [Absence(**one) for one in json.loads(raw)]

    def on(self, connection: Connection, person: str, day: date) -> Absence | None:
        """Return the absence that covers `day`, or None."""
        return next((one for one in self.of(connection, person) if one.covers(day)), None)

    def deputies(
        self, connection: Connection, person: str | None, day: date
    ) -> dict[str, str | None]:
        """Return who of those that stand in for `person`, one for the other, is away, and for whom.

        It is what `ledger.case.case.Case.worked_by` needs of all that are away.
        """
        found: dict[str, str | None] = {}
        while person is not None and person not in found:
            absence = self.on(connection, person, day)
            if absence is None:
                break
            found[person] = absence.deputy
            person = absence.deputy
        return found

    def _key(self, person: str) -> bytes:
        return keyed(self._index_key, "away", person)
