"""What people say and do in a case, on the wire.

Matches are named in bodies and never in addresses: their ids are the same at both agencies.
"""

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any

from pydantic import Field

from api.wire import Wire
from api.words import (
    ContentionWord,
    DayText,
    DeskName,
    EndingWord,
    FieldName,
    HexId,
    Name,
    NecessityWord,
    PersonId,
    RefusalWord,
    ResultWord,
    WithinWord,
)
from ledger.consortium import VOCABULARY
from ledger.day import decode_day
from ledger.exchange.message import (
    MAX_TEXT,
    Close,
    Contest,
    Coordinate,
    Outcome,
    Refuse,
    Request,
    Text,
)
from nodes.casework.decisions import Prepared

_Fields = Annotated[list[FieldName], Field(min_length=1, max_length=20)]


class MatchIn(Wire):
    """The match of the case that it is about, by its id."""

    match: HexId

    @property
    def match_id(self) -> bytes:
        """Return the id as bytes."""
        return bytes.fromhex(self.match)


class ConfirmationIn(Wire):
    """Within how long the other desk is asked to respond; without `match`, for all of the case."""

    within: WithinWord
    match: HexId | None = None

    @property
    def match_id(self) -> bytes | None:
        """Return the id as bytes, or None: all."""
        return None if self.match is None else bytes.fromhex(self.match)


class OutcomeIn(MatchIn):
    """How it ended for the person, as far as this desk is concerned."""

    result: ResultWord

    def to_domain(self) -> Outcome:
        """Return what is said."""
        return Outcome(self.result)


class CoordinatorIn(MatchIn):
    """Which of the two desks is to take the lead."""

    desk: DeskName

    def to_domain(self) -> Coordinate:
        """Return what is said."""
        return Coordinate(self.desk)


class MessageIn(MatchIn):
    """Free text: no BSN, IBAN or date of birth, no name, and not what is wrong with somebody."""

    text: str = Field(min_length=1, max_length=MAX_TEXT)
    is_urgent: bool = Field(
        default=False, description="Goes at once, beside the rhythm; that it did is recorded."
    )

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        """Show nothing: what is printed ends in logs."""
        return ()

    def to_domain(self) -> Text:
        """Return what is said.

        Raises:
            MalformedError: empty, or a character that cannot be seen.
        """
        return Text(self.text)


class ContentionIn(MatchIn):
    """What this desk does not agree with."""

    about: ContentionWord

    def to_domain(self) -> Contest:
        """Return what is said."""
        return Contest(self.about)


class EndingIn(MatchIn):
    """Why this desk is done with the match."""

    reason: EndingWord

    def to_domain(self) -> Close:
        """Return what is said."""
        return Close(self.reason)


class RequestIn(MatchIn):
    """Which fields are asked for, for the purpose of the case, on which basis, and why."""

    purpose: Name = Field(examples=["multiproblematiek"])
    basis: Name = Field(examples=["wetsvoorstel-36799"])
    necessity: NecessityWord
    fields: _Fields
    is_urgent: bool = Field(
        default=False, description="Goes at once, beside the rhythm; that it did is recorded."
    )

    def to_domain(self) -> Request:
        """Return what is said.

        Raises:
            MalformedError: a field that no signal has, or one twice.
        """
        # Messages have one order of fields; callers need not know it.
        wanted = sorted(self.fields, key=lambda f: VOCABULARY.index(f) if f in VOCABULARY else -1)
        return Request(self.purpose, self.basis, self.necessity, tuple(wanted))


class RefusalIn(MatchIn):
    """Why a request is refused."""

    reason: RefusalWord

    def to_domain(self, request: str) -> Refuse:
        """Return what is said about `request`."""
        return Refuse(bytes.fromhex(request), self.reason)


class PreparationIn(MatchIn):
    """Which fields an approver is asked to grant, and to which day, that day included."""

    fields: _Fields
    last_day: DayText

    def until(self) -> date:
        """Return the last day.

        Raises:
            MalformedError: there is no such day.
        """
        return decode_day(self.last_day)


class ApprovalIn(MatchIn):
    """What you were shown that somebody prepared: if it is something else by now, it is denied."""

    fields: _Fields
    last_day: DayText

    def seen(self) -> Prepared:
        """Return what was shown.

        Raises:
            MalformedError: there is no such day.
        """
        return Prepared(tuple(self.fields), decode_day(self.last_day))


class BrokenGlassIn(MatchIn):
    """To which day, that day included, the fixed fields are granted at once."""

    last_day: DayText

    def until(self) -> date:
        """Return the last day.

        Raises:
            MalformedError: there is no such day.
        """
        return decode_day(self.last_day)


class ReviewIn(MatchIn):
    """The privacy officer's judgement."""

    is_justified: bool


class HandoverIn(Wire):
    """The desk of this agency that takes over: the whole case, or one match of it."""

    desk: DeskName
    match: HexId | None = None

    @property
    def match_id(self) -> bytes | None:
        """Return the id as bytes, or None: all."""
        return None if self.match is None else bytes.fromhex(self.match)


class AssigneeIn(Wire):
    """Who carries the case; null: nobody in particular."""

    person: PersonId | None


class AbsenceIn(Wire):
    """Who is away from which day to which, both included, and who stands in, if anybody."""

    person: PersonId
    first: DayText
    last: DayText
    deputy: PersonId | None = None

    def days(self) -> tuple[date, date]:
        """Return the first and last day.

        Raises:
            MalformedError: there is no such day.
        """
        return decode_day(self.first), decode_day(self.last)


class SaidOut(Wire):
    """The message, by the id under which it stands in the timeline."""

    id: HexId
