"""What people see of cases: on a worklist, in a case's file, of what was granted."""

from dataclasses import dataclass, field
from datetime import date, datetime

from ledger.case.pair import Pair
from ledger.case.people import Actor
from nodes.casework.grants import Proof


@dataclass(frozen=True, slots=True)
class SeenPair:
    """A match with `other_desk` on a worklist; how far it is says `state` (`agenda.state_of`).

    `asked`, `prepared` and `review` are the other desk's requests by id, in hex: to be prepared,
    to be decided, and broken glass to be judged.
    """

    match: str
    other_desk: str
    state: str
    respond_by: datetime | None
    asked: tuple[str, ...]
    prepared: tuple[str, ...]
    review: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SeenCase:
    """A case on the worklist of `desk`; `place` is what a next page begins after.

    `carried_by` is whose it is, `worked_by` on whose list it is today: a deputy's, or the desk's
    common one where None. `due` is when the clock does something next: `what`.
    """

    id: str
    desk: str
    purpose: str
    pairs: tuple[SeenPair, ...]
    carried_by: str | None
    worked_by: str | None
    due: datetime | None
    what: str | None
    place: str


@dataclass(frozen=True, slots=True)
class Contact:
    """How a desk is reached; nobody's name."""

    desk: str
    title: str
    phone: str = ""
    mailbox: str = ""
    hours: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a timeline: `text` in plain words; None in `by`: the other desk, or the clock.

    `kind` is the stable word of what happened. `height` is the block in which the message that told
    of it ended, once it is final; `message` that message's id, in hex.
    """

    at: datetime
    kind: str
    text: str = field(repr=False)
    by: Actor | None
    height: int | None
    message: str | None


@dataclass(frozen=True, slots=True)
class OwnSide:
    """The own signal of a match: its local id, and the agency's own case reference."""

    local_id: str
    case_reference: str = field(repr=False)
    desk: str


@dataclass(frozen=True, slots=True)
class PairFile:
    """A match in a case's file: the `pair` as it is, and everything that happened, in order.

    `member` posted its signal on `day`, in block `height`. The requests of this agency whose ids
    are in `erased` were granted, and their term is over.
    """

    match: str
    pair: Pair
    own: OwnSide
    member: str
    day: date
    height: int
    other: Contact
    timeline: tuple[Line, ...]
    erased: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A case as a desk may see it: its pairs, and no other desk's."""

    id: str
    purpose: str
    desks: tuple[Contact, ...]
    pairs: tuple[PairFile, ...]
    carried_by: dict[str, str | None]
    worked_by: dict[str, str | None]


@dataclass(frozen=True, slots=True)
class Shown:
    """Fields that were granted, to be used up to `last_day`, and what proves them."""

    fields: dict[str, str] = field(repr=False)
    last_day: date
    release: str
    proof: Proof


@dataclass(frozen=True, slots=True)
class Awaiting:
    """A request that waits for a second person; `what` is to be done about it.

    decide   by an approver: somebody prepared it
    acute    by an approver, who may break the glass: nobody prepared it yet
    review   by the privacy officer: the glass was broken
    """

    case_id: str
    desk: str
    match: str
    request: str
    what: str
    place: str
