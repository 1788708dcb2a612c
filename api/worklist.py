"""Worklists and queues on the wire: what waits for whom, and by when."""

from typing import Annotated, Self

from pydantic import Field

from api.wire import Wire
from api.words import DeskName, HexId, Moment, Name, PersonId
from nodes.casework.seen import Awaiting, SeenCase, SeenPair

_Place = Annotated[str, Field(max_length=200)]
_Requests = Annotated[list[HexId], Field(max_length=1000)]
STATES = ("new", "asked", "waiting", "confirmed", "coordinated", "false-match", "closed")


class WorkPairOut(Wire):
    """A match of a case in short; requests are the other desk's, by their ids."""

    match: HexId
    other_desk: DeskName = Field(description="With whom it is shared.")
    state: str = Field(
        max_length=11,
        description="`new`, or `asked` once the other desk has confirmed: take it up. `waiting`: "
        "the other desk has to. `confirmed` by both. `coordinated`: afgestemd.",
        json_schema_extra={"enum": list(STATES)},
    )
    respond_by: Moment | None
    asked: _Requests = Field(description="To be prepared.")
    prepared: _Requests = Field(description="To be decided by an approver.")
    review: _Requests = Field(description="Broken glass, to be reviewed.")

    @classmethod
    def of(cls, pair: SeenPair) -> Self:
        """Show `pair`."""
        return cls(
            match=pair.match,
            other_desk=pair.other_desk,
            state=pair.state,
            respond_by=pair.respond_by,
            asked=list(pair.asked),
            prepared=list(pair.prepared),
            review=list(pair.review),
        )


class WorkOut(Wire):
    """A case as a line of a worklist; `due` is when the clock does next `what`."""

    id: HexId
    purpose: Name
    desk: DeskName
    pairs: list[WorkPairOut] = Field(max_length=1000)
    carried_by: PersonId | None
    worked_by: PersonId | None = Field(
        description="Whose it is today: a deputy's, or, where null, the desk's."
    )
    due: Moment | None
    what: str | None = Field(max_length=40, examples=["reminder", "escalation", "review"])

    @classmethod
    def of(cls, case: SeenCase) -> Self:
        """Show `case`."""
        return cls(
            id=case.id,
            purpose=case.purpose,
            desk=case.desk,
            pairs=[WorkPairOut.of(pair) for pair in case.pairs],
            carried_by=case.carried_by,
            worked_by=case.worked_by,
            due=case.due,
            what=case.what,
        )


class WorklistOut(Wire):
    """Open cases of a desk; `next` is the `after` of the page that follows."""

    cases: list[WorkOut] = Field(max_length=100)
    next: _Place | None

    @classmethod
    def of(cls, cases: list[SeenCase], *, size: int) -> Self:
        """Show a page that was to hold `size`."""
        return cls(
            cases=[WorkOut.of(case) for case in cases],
            next=cases[-1].place if len(cases) == size else None,
        )


class AwaitingOut(Wire):
    """A request that awaits a second person: in which case, about which match."""

    case_id: HexId
    desk: DeskName
    match: HexId
    request: HexId
    what: str = Field(
        max_length=6,
        description="`decide`: somebody prepared it. `acute`: nobody did yet, and an approver may "
        "break the glass. `review`: the glass was broken.",
        json_schema_extra={"enum": ["decide", "acute", "review"]},
    )

    @classmethod
    def of(cls, awaiting: Awaiting) -> Self:
        """Show `awaiting`."""
        return cls(
            case_id=awaiting.case_id,
            desk=awaiting.desk,
            match=awaiting.match,
            request=awaiting.request,
            what=awaiting.what,
        )


class QueueOut(Wire):
    """What awaits the caller; `next` is the `after` of the page that follows."""

    requests: list[AwaitingOut] = Field(max_length=100_000)
    next: _Place | None

    @classmethod
    def of(cls, queue: list[Awaiting], *, size: int) -> Self:
        """Show a page that was to hold all that awaits in `size` cases."""
        return cls(
            requests=[AwaitingOut.of(one) for one in queue],
            next=queue[-1].place if len(queue) >= size else None,
        )
