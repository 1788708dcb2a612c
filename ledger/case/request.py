"""Requests for fields: asked, prepared, and granted or refused by a second person.

    asked ── prepared ──┬── granted ──(break-glass)── reviewed
      │                 └── refused
      └── broken glass: granted at once, to be reviewed

The same states serve a request of this desk's and one of the other's; only the latter is prepared
here.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from ledger.case.people import Actor
from ledger.consortium import VOCABULARY
from ledger.errors import DeniedError
from ledger.exchange.message import Request
from ledger.exchange.words import Necessity, Release
from ledger.matrix import Ask

BREAK_GLASS_FIELDS = frozenset({"theme", "helpQuestion"})
"""What one person alone may hand over: enough to call the right desk in an emergency."""


class Stage(StrEnum):
    """How far a request is."""

    ASKED = "asked"
    PREPARED = "prepared"
    GRANTED = "granted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request with that message `id` by `desk`, our own where `is_own`; what became of it.

    `review_by` is set while a broken glass awaits the privacy officer; `is_justified` after.
    """

    id: bytes
    is_own: bool
    desk: str
    request: Request
    stage: Stage = Stage.ASKED
    fields: tuple[str, ...] = ()
    last_day: date | None = None
    prepared_by: Actor | None = None
    decided_by: Actor | None = None
    release: Release | None = None
    review_by: datetime | None = None
    is_justified: bool | None = None

    @property
    def is_open(self) -> bool:
        """Tell whether it awaits an answer."""
        return self.stage in {Stage.ASKED, Stage.PREPARED}

    @property
    def is_acute(self) -> bool:
        """Tell whether nobody prepared it, and one person alone may hand something over at once."""
        is_needed = self.request.necessity is Necessity.ACUTE
        is_some = not BREAK_GLASS_FIELDS.isdisjoint(self.request.wanted)
        return self.stage is Stage.ASKED and is_needed and is_some

    def ask(self, *, of: str) -> Ask:
        """Return what is asked of the desk `of`, as the matrix judges it."""
        request = self.request
        return Ask(request.purpose, request.basis, self.desk, of, request.wanted)

    def verify_open(self) -> None:
        """Check that it awaits an answer.

        Raises:
            DeniedError: it was answered already.
        """
        if not self.is_open:
            raise DeniedError("answered", "this request was answered already")

    def granted(self, fields: Collection[str], last_day: date, release: Release) -> "Asked":
        """Return it granted."""
        in_order = tuple(name for name in VOCABULARY if name in fields)
        return replace(
            self, stage=Stage.GRANTED, fields=in_order, last_day=last_day, release=release
        )

    def verify_usable(self, *, today: date) -> None:
        """Check that what was granted may be looked at `today`.

        Raises:
            DeniedError: not granted, or its last day is over.
        """
        if self.stage is not Stage.GRANTED or self.last_day is None:
            raise DeniedError("not-granted", "this was not granted")
        if today > self.last_day:
            raise DeniedError("term", "the grant is over; ask again")


def break_glass_fields(request: Request) -> tuple[str, ...]:
    """Return what of a request one person alone may hand over.

    Raises:
        DeniedError: nothing.
    """
    fields = tuple(name for name in request.wanted if name in BREAK_GLASS_FIELDS)
    if not fields:
        raise DeniedError(
            "fields", f"by breaking glass only: {', '.join(sorted(BREAK_GLASS_FIELDS))}"
        )
    return fields
