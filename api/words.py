"""The words and ids of cases on the wire, each with what it may be."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field, WithJsonSchema

from ledger.case.people import Role
from ledger.case.request import Stage
from ledger.exchange.words import Contention, Ending, Necessity, Refusal, Release, Result, Within

HEX_ID = r"^[0-9a-f]{32}$"
_DESK = r"^[a-z][a-z0-9-]{0,39}/[a-z][a-z0-9-]{0,39}$"
_NAME = r"^[a-z][a-z0-9-]{0,39}$"
_MOMENT = {"maxLength": 40}


def _one_of(kind: type[StrEnum]) -> WithJsonSchema:
    # Written out where it stands: a schema of its own for every list of words would help nobody.
    return WithJsonSchema({"type": "string", "enum": [word.value for word in kind]})


# JSON has no enumerations: the words are read as what they name, and nothing else is.
_LAX = Field(strict=False)
WithinWord = Annotated[Within, _LAX, _one_of(Within)]
ResultWord = Annotated[Result, _LAX, _one_of(Result)]
NecessityWord = Annotated[Necessity, _LAX, _one_of(Necessity)]
RefusalWord = Annotated[Refusal, _LAX, _one_of(Refusal)]
ContentionWord = Annotated[Contention, _LAX, _one_of(Contention)]
EndingWord = Annotated[Ending, _LAX, _one_of(Ending)]
ReleaseWord = Annotated[Release, _LAX, _one_of(Release)]
StageWord = Annotated[Stage, _LAX, _one_of(Stage)]
RoleWord = Annotated[Role, _LAX, _one_of(Role)]

HexId = Annotated[str, Field(pattern=HEX_ID, min_length=32, max_length=32)]
DeskName = Annotated[str, Field(pattern=_DESK, max_length=81, examples=["svb/de-bedoeling"])]
PersonId = Annotated[str, Field(pattern=_NAME, max_length=40, examples=["w1"])]
Name = Annotated[str, Field(pattern=_NAME, max_length=40)]
FieldName = Annotated[str, Field(pattern=r"^[A-Za-z]{1,40}$", max_length=40, examples=["theme"])]
DayText = Annotated[
    str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$", max_length=10, examples=["2026-12-31"])
]
Day = Annotated[date, Field(json_schema_extra={"maxLength": 10})]
Moment = Annotated[datetime, Field(json_schema_extra=_MOMENT)]
