"""Acts: everything that can happen to one match of a case, as it is stored and played again.

    own, by somebody    Say, Prepare, Approve, BreakGlass, Review, HandOver
    the other desk's    Hear, and Refused where it may not be
    the clock's         Remind, Escalate

Who acted and when stands in `Event`; what is said is a message (`ledger.exchange.message`).
"""

from dataclasses import dataclass, field
from datetime import date, datetime

from ledger.case.people import Actor
from ledger.exchange.message import Content, Message


@dataclass(frozen=True, slots=True)
class Say:
    """This desk sends `content` as the message with that random 16-byte `id`; never a grant."""

    id: bytes
    content: Content = field(repr=False)


@dataclass(frozen=True, slots=True)
class Hear:
    """A message of the other desk's, opened and read."""

    id: bytes
    message: Message = field(repr=False)


@dataclass(frozen=True, slots=True)
class Refused:
    """A message of the other desk's, of that `kind`, was not taken in for that `reason`."""

    id: bytes
    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class Prepare:
    """What the other desk's request `request` could be granted: these fields, to that day."""

    request: bytes
    fields: tuple[str, ...]
    last_day: date


@dataclass(frozen=True, slots=True)
class Approve:
    """What was prepared for `request` is granted."""

    request: bytes


@dataclass(frozen=True, slots=True)
class BreakGlass:
    """The fixed fields are granted at once, by one person, for an acute `request`."""

    request: bytes
    last_day: date


@dataclass(frozen=True, slots=True)
class Review:
    """The privacy officer's judgement of a broken glass."""

    request: bytes
    is_justified: bool


@dataclass(frozen=True, slots=True)
class HandOver:
    """The match goes to another `desk` of this agency."""

    desk: str


@dataclass(frozen=True, slots=True)
class Remind:
    """The desk was reminded that a response is due."""


@dataclass(frozen=True, slots=True)
class Escalate:
    """The desk's lead was told that no response came in time."""


Act = Say | Hear | Refused | Prepare | Approve | BreakGlass | Review | HandOver | Remind | Escalate


@dataclass(frozen=True, slots=True)
class Event:
    """An `act` at a time, `by` somebody of this agency; None: the other desk's or the clock's."""

    at: datetime
    act: Act
    by: Actor | None = None
