"""A pair: one match of a case, as one of its two desks sees it.

    new ── confirmed by this desk ─┬─ confirmed by both ── requests, grants, outcomes ── closed
        └─ confirmed by the other ─┘

Whoever confirms first asks the other to respond in time. Until both have, nothing is asked or
disclosed. `ledger.case.rules` says what may happen; here is what it comes to.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from ledger.case.request import Asked
from ledger.case.terms import due_at, reminder_at
from ledger.errors import DeniedError
from ledger.exchange.words import Contention, Ending, Result, Within

UNASKED = Within.FIVE_DAYS
"""Within how long a desk takes up a match when nobody has asked it to."""


class Contested(NamedTuple):
    """What is contested, by this desk where `is_own`."""

    is_own: bool
    about: Contention


class Due(NamedTuple):
    """What is to be done at the time `since`: a reminder, an escalation, or a review."""

    what: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Pair:
    """The match with that 16-byte id, between `own_desk` and `other_desk`.

    `asked_within` and `asked_at` are the term that runs for whichever desk has not confirmed.
    `known` are the ids of all messages, sent and received.
    """

    match: bytes
    purpose: str
    own_desk: str
    other_desk: str
    opened: datetime
    last: datetime
    asked_at: datetime
    asked_within: Within = UNASKED
    own_confirmed: datetime | None = None
    other_confirmed: datetime | None = None
    is_reminded: bool = False
    is_escalated: bool = False
    own_result: Result | None = None
    other_result: Result | None = None
    coordinator: str | None = None
    contested: tuple[Contested, ...] = ()
    requests: tuple[Asked, ...] = ()
    known: frozenset[bytes] = frozenset()
    closed: Ending | None = None

    @classmethod
    def open(
        cls, *, match: bytes, purpose: str, own_desk: str, other_desk: str, at: datetime
    ) -> "Pair":
        """Return the pair of a match found at that time."""
        return cls(match, purpose, own_desk, other_desk, opened=at, last=at, asked_at=at)

    @property
    def is_confirmed(self) -> bool:
        """Tell whether both desks have confirmed."""
        return self.own_confirmed is not None and self.other_confirmed is not None

    @property
    def is_false(self) -> bool:
        """Tell whether a desk found that the match is of two persons."""
        return Result.FALSE_MATCH in {self.own_result, self.other_result}

    @property
    def is_coordinated(self) -> bool:
        """Tell whether it is agreed (afgestemd): one takes the lead, and both say so."""
        results = {self.own_result, self.other_result}
        return self.coordinator is not None and results == {Result.COORDINATED}

    @property
    def respond_by(self) -> datetime | None:
        """Return by when the desk that has not confirmed is to respond, if one has not."""
        if self.is_confirmed or self.closed is not None:
            return None
        return due_at(self.asked_at, self.asked_within)

    def verify_confirmed(self) -> None:
        """Check that fields may be asked and disclosed.

        Raises:
            DeniedError: a desk has not confirmed, or found that there are two persons.
        """
        if not self.is_confirmed:
            raise DeniedError("not-confirmed", "both desks confirm before anything is disclosed")
        if self.is_false:
            raise DeniedError("false-match", "of two persons nothing is disclosed")

    def verify_new(self, message: bytes) -> None:
        """Check that no message had that id before.

        Raises:
            DeniedError: one had.
        """
        if message in self.known:
            raise DeniedError("repeated", "this message was there already")

    def verify_one_of_two(self, desk: str) -> None:
        """Check that `desk` is one of the two.

        Raises:
            DeniedError: a third.
        """
        if desk not in {self.own_desk, self.other_desk}:
            raise DeniedError("desk", "one of the two desks takes the lead")

    def asked(self, request: bytes, *, is_own: bool) -> Asked:
        """Return the request with that message id.

        Raises:
            DeniedError: none of that desk's has it.
        """
        for one in self.requests:
            if one.id == request and one.is_own == is_own:
                return one
        raise DeniedError("unknown-request", "there is no such request in this case")

    def with_asked(self, changed: Asked) -> "Pair":
        """Return it with a request changed, or added."""
        others = tuple(one for one in self.requests if one.id != changed.id)
        is_there = len(others) < len(self.requests)
        if not is_there:
            return replace(self, requests=(*self.requests, changed))
        kept = tuple(changed if one.id == changed.id else one for one in self.requests)
        return replace(self, requests=kept)

    def due(self, now: datetime) -> list[Due]:
        """Return what is to be done by `now` and was not: at this desk, and nowhere else."""
        due = [
            Due("review", one.review_by)
            for one in self.requests
            if one.review_by is not None and one.is_justified is None and one.review_by <= now
        ]
        if self.closed is not None or self.own_confirmed is not None:
            return due
        remind = reminder_at(self.asked_at, self.asked_within)
        escalate = due_at(self.asked_at, self.asked_within)
        if now >= remind and not self.is_reminded and not self.is_escalated:
            due.append(Due("reminder", remind))
        if now >= escalate and not self.is_escalated:
            due.append(Due("escalation", escalate))
        return due
