"""The file of a case on the wire: its matches, and the timeline of all that happened to each."""

from typing import Annotated, Self

from pydantic import Field

from api.request import ActorOut, AskedOut
from api.wire import Wire
from api.words import (
    ContentionWord,
    Day,
    DeskName,
    EndingWord,
    HexId,
    Moment,
    Name,
    PersonId,
    ResultWord,
)
from ledger.case.pair import Contested
from nodes.casework.seen import CaseFile, Contact, Line, PairFile

_MAX_LINE = 4000
_ByDesk = Annotated[dict[DeskName, PersonId | None], Field(max_length=100)]


class ContactOut(Wire):
    """How to reach a desk, by function; empty where its agency says nothing of it."""

    desk: DeskName
    title: str = Field(max_length=400)
    phone: str = Field(max_length=200)
    mailbox: str = Field(max_length=200)
    hours: str = Field(max_length=200)

    @classmethod
    def of(cls, contact: Contact) -> Self:
        """Show `contact`."""
        return cls(
            desk=contact.desk,
            title=contact.title,
            phone=contact.phone,
            mailbox=contact.mailbox,
            hours=contact.hours,
        )


class ContestedOut(Wire):
    """What is contested, by this desk or the other."""

    is_own: bool
    about: ContentionWord

    @classmethod
    def of(cls, contested: Contested) -> Self:
        """Show `contested`."""
        return cls(is_own=contested.is_own, about=contested.about)


class LineOut(Wire):
    """What happened, in plain words; a free text stands in them as it was written."""

    at: Moment
    kind: str = Field(max_length=40, examples=["confirm", "heard-request", "approve"])
    text: str = Field(max_length=_MAX_LINE, repr=False)
    by: ActorOut | None = Field(description="Who, of this agency; null: the other desk, the clock.")
    height: int | None = Field(
        ge=0, description="The block in which its message ended, once that is final."
    )
    message: HexId | None

    @classmethod
    def of(cls, line: Line) -> Self:
        """Show `line`."""
        return cls(
            at=line.at,
            kind=line.kind,
            text=line.text[:_MAX_LINE],
            by=ActorOut.of(line.by),
            height=line.height,
            message=line.message,
        )


class PairOut(Wire):
    """A match with another desk, how far both are with it, and what happened, in order."""

    match: HexId
    own_local_id: str = Field(max_length=32)
    own_desk: DeskName
    case_reference: str = Field(
        max_length=200, description="Your own, of the own signal.", repr=False
    )
    member: Name
    day: Day = Field(description="When the other desk posted.")
    height: int = Field(ge=0, description="The block of the other desk's signal.")
    other: ContactOut
    own_confirmed: Moment | None
    other_confirmed: Moment | None
    respond_by: Moment | None
    own_result: ResultWord | None
    other_result: ResultWord | None
    coordinator: DeskName | None = Field(description="Regievoerder.")
    is_coordinated: bool = Field(description="Afgestemd: both say so.")
    contested: list[ContestedOut] = Field(max_length=10_000)
    requests: list[AskedOut] = Field(max_length=10_000)
    erased: list[HexId] = Field(
        max_length=10_000, description="Own requests that were granted, and whose term is over."
    )
    closed: EndingWord | None
    timeline: list[LineOut] = Field(max_length=100_000)

    @classmethod
    def of(cls, seen: PairFile) -> Self:
        """Show `seen`."""
        pair = seen.pair
        return cls(
            match=seen.match,
            own_local_id=seen.own.local_id,
            own_desk=pair.own_desk,
            case_reference=seen.own.case_reference,
            member=seen.member,
            day=seen.day,
            height=seen.height,
            other=ContactOut.of(seen.other),
            own_confirmed=pair.own_confirmed,
            other_confirmed=pair.other_confirmed,
            respond_by=pair.respond_by,
            own_result=pair.own_result,
            other_result=pair.other_result,
            coordinator=pair.coordinator,
            is_coordinated=pair.is_coordinated,
            contested=[ContestedOut.of(one) for one in pair.contested],
            requests=[AskedOut.of(asked) for asked in pair.requests],
            erased=list(seen.erased),
            closed=pair.closed,
            timeline=[LineOut.of(line) for line in seen.timeline],
        )


class CaseFileOut(Wire):
    """A case as the caller may see it, and by desk whose it is and works on it today."""

    id: HexId
    purpose: Name
    desks: list[ContactOut] = Field(max_length=100)
    pairs: list[PairOut] = Field(max_length=1000)
    carried_by: _ByDesk
    worked_by: _ByDesk

    @classmethod
    def of(cls, file: CaseFile) -> Self:
        """Show `file`."""
        return cls(
            id=file.id,
            purpose=file.purpose,
            desks=[ContactOut.of(desk) for desk in file.desks],
            pairs=[PairOut.of(pair) for pair in file.pairs],
            carried_by=dict(file.carried_by),
            worked_by=dict(file.worked_by),
        )
