"""Cases on the wire: what a match tells, and nothing else."""

from datetime import date
from typing import Annotated, Self

from pydantic import Field

from api.wire import Wire
from nodes.cases import SeenCase, SeenMatch


class MatchOut(Wire):
    """Another agency posted about the same person: which desk, on which day, in which block."""

    id: str = Field(max_length=32, description="The same at both agencies.")
    own_local_id: str = Field(max_length=32)
    member: str = Field(max_length=40, examples=["uwv"])
    desk: str = Field(max_length=100, examples=["uwv/maatwerkplaats"])
    desk_title: str = Field(max_length=400, examples=["UWV Maatwerkplaats"])
    day: date = Field(json_schema_extra={"maxLength": 10})
    height: int = Field(ge=0)

    @classmethod
    def of(cls, match: SeenMatch) -> Self:
        """Show `match`."""
        return cls(
            id=match.id,
            own_local_id=match.own_local_id,
            member=match.member,
            desk=match.desk,
            desk_title=match.desk_title,
            day=match.day,
            height=match.height,
        )


class CaseOut(Wire):
    """All live matches of one person for one purpose; `id` means something here only."""

    id: str = Field(max_length=32)
    purpose: str = Field(max_length=40)
    own_local_ids: list[Annotated[str, Field(max_length=32)]] = Field(max_length=100)
    matches: list[MatchOut] = Field(max_length=1000)

    @classmethod
    def of(cls, case: SeenCase) -> Self:
        """Show `case`."""
        return cls(
            id=case.id,
            purpose=case.purpose,
            own_local_ids=list(case.own_local_ids),
            matches=[MatchOut.of(match) for match in case.matches],
        )


class CasePageOut(Wire):
    """Cases in the order of their ids; `next` is the `after` of the page that follows."""

    cases: list[CaseOut] = Field(max_length=100)
    next: str | None = Field(max_length=32)

    @classmethod
    def of(cls, cases: list[SeenCase], *, size: int) -> Self:
        """Show a page that was to hold `size`."""
        return cls(
            cases=[CaseOut.of(case) for case in cases],
            next=cases[-1].id if len(cases) == size else None,
        )
