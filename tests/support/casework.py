"""Two desks with one match between them, and the people who work there."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from ledger.case.acts import Act, Approve, Event, Hear, Prepare, Say
from ledger.case.pair import Pair
from ledger.case.people import Actor, Role
from ledger.case.rules import Setting, play
from ledger.errors import DeniedError
from ledger.exchange.message import Confirm, Content, Message, Request
from ledger.exchange.words import Necessity, Within
from tests.support.parties import Change, make_consortium, seeded

START = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
"""A Tuesday."""
UWV, SVB = "uwv/maatwerkplaats", "svb/de-bedoeling"
PURPOSE, BASIS = "multiproblematiek", "wetsvoorstel-36799"
MATCH = seeded(16, "match")
WORKER = Actor("w1", Role.CASEWORKER, UWV)
APPROVER = Actor("a1", Role.APPROVER, UWV)
OFFICER = Actor("f1", Role.PRIVACY_OFFICER, "uwv/fg")
LEAD = Actor("l1", Role.LEAD, UWV)
SETTING = Setting(make_consortium().document)
ASK = Request(PURPOSE, BASIS, Necessity.AGREE_HELP, ("theme", "period"))
ACUTE = Request(PURPOSE, BASIS, Necessity.ACUTE, ("theme", "period", "helpQuestion"))
LAST_DAY = (START + timedelta(days=30)).date()


def setting(change: Change) -> Setting:
    """Return what is in force under a changed document."""
    return Setting(make_consortium().draft(change).document)


def identity(label: object) -> bytes:
    """Return a message id."""
    return seeded(16, str(label))


def new_pair() -> Pair:
    """Return the match as UWV's desk sees it, when it was just found."""
    return Pair.open(match=MATCH, purpose=PURPOSE, own_desk=UWV, other_desk=SVB, at=START)


def say(
    pair: Pair, content: Content, *, by: Actor = WORKER, hours: float = 1, named: object = ""
) -> Pair:
    """Return the pair after UWV's desk said something."""
    return act(pair, Say(identity(named or f"said {content!r}"), content), by=by, hours=hours)


def hear(
    pair: Pair, content: Content, *, desk: str = SVB, hours: float = 1, named: object = ""
) -> Pair:
    """Return the pair after SVB's desk said something."""
    heard = Hear(identity(named or f"heard {content!r}"), Message(MATCH, desk, content))
    return act(pair, heard, by=None, hours=hours)


def act(
    pair: Pair,
    what: Act,
    *,
    by: Actor | None = WORKER,
    hours: float = 1,
    under: Setting = SETTING,
) -> Pair:
    """Return the pair after an act, so many hours after the start."""
    return play(pair, Event(START + timedelta(hours=hours), what, by), under)


def confirmed() -> Pair:
    """Return the pair after both desks confirmed."""
    return hear(say(new_pair(), Confirm(Within.DAY)), Confirm(Within.DAY))


def asked(request: Request = ASK) -> Pair:
    """Return the pair after SVB asked for fields, in the message "ask"."""
    return hear(confirmed(), request, named="ask")


def prepared(fields: tuple[str, ...] = ("theme",), *, by: Actor = WORKER) -> Pair:
    """Return the pair after somebody prepared an answer to "ask"."""
    return act(asked(), Prepare(identity("ask"), fields, LAST_DAY), by=by)


def granted() -> Pair:
    """Return the pair after a second person granted what was prepared."""
    return act(prepared(), Approve(identity("ask")), by=APPROVER)


def denied(attempt: Callable[[], object]) -> str:
    """Return the word for which an attempt is denied."""
    try:
        attempt()
    except DeniedError as reason:
        return reason.reason
    return "allowed"
