"""The timeline of a match: what happened, each in a line that a caseworker reads."""

from collections.abc import Callable, Iterable

from ledger.case.acts import (
    Act,
    Approve,
    BreakGlass,
    Escalate,
    HandOver,
    Hear,
    Prepare,
    Refused,
    Remind,
    Review,
    Say,
)
from ledger.exchange.message import (
    Close,
    Confirm,
    Content,
    Contest,
    Coordinate,
    Grant,
    Outcome,
    Refuse,
    Request,
    Text,
)
from nodes.casework.seen import Line
from nodes.store.casework import StoredEvent

REASONS = {
    "forged": "it is not what the other agency committed to when it posted its signal",
    "fields": "it holds fields that were not asked, or may not be shown to this desk",
    "recipient": "it is for another desk than the one that asked",
    "term": "its last day is over, or too far ahead",
    "unknown-request": "this desk asked no such thing",
    "answered": "the request was answered already",
    "closed": "the case is closed",
    "not-confirmed": "both desks confirm first",
    "false-match": "a desk found that there are two persons",
    "purpose": "it is for another purpose than the case",
    "basis": "its legal basis is not in force",
    "desk": "it is by, or about, a desk that has no part in this",
    "repeated": "it was there already",
    "confirmed": "the other desk had confirmed already",
    "malformed": "it cannot be read",
}


def lines(
    events: Iterable[StoredEvent], height_of: Callable[[bytes], int | None]
) -> tuple[Line, ...]:
    """Return the timeline; `height_of` gives the block of a message that this desk sent."""
    return tuple(_line(stored, height_of) for stored in events)


def _line(stored: StoredEvent, height_of: Callable[[bytes], int | None]) -> Line:
    event, act = stored.event, stored.event.act
    kind, text = _told(act)
    message = stored.sent
    height = stored.height
    if isinstance(act, Hear | Refused):
        message = act.id
    elif message is not None:
        height = height_of(message)
    return Line(
        at=event.at,
        kind=kind,
        text=text,
        by=event.by,
        height=height,
        message=None if message is None else message.hex(),
    )


def _told(act: Act) -> tuple[str, str]:  # noqa: PLR0911 -- one each
    match act:
        case Say(_, content):
            return content.TYPE, f"sent: {_said(content)}"
        case Hear(_, heard):
            return f"heard-{heard.content.TYPE}", f"{heard.desk}: {_said(heard.content)}"
        case Refused(_, kind, reason):
            return "refused", f"refused: a {kind} of the other desk: {REASONS.get(reason, reason)}"
        case Prepare(_, fields, last_day):
            return "prepare", f"prepared: {', '.join(fields)}, up to {last_day.isoformat()}"
        case Approve():
            return "approve", "approved and sent"
        case BreakGlass(_, last_day):
            return "break-glass", f"broken glass: granted by one person up to {last_day}"
        case Review(_, is_justified):
            return "review", f"reviewed: {'justified' if is_justified else 'not justified'}"
        case _:
            return _of_desk(act)


def _of_desk(act: Act) -> tuple[str, str]:
    match act:
        case HandOver(desk):
            return "hand-over", f"handed over to {desk}"
        case Remind():
            return "remind", "reminded: a response is due"
        case Escalate():
            return "escalate", "the lead was told that no response came in time"
        case _:
            return "other", "other"


def _said(content: Content) -> str:  # noqa: PLR0911 -- one each
    match content:
        case Confirm(within):
            return f"takes up the match, asks for a response within {within}"
        case Outcome(result):
            return f"outcome: {result}"
        case Coordinate(desk):
            return f"{desk} takes the lead"
        case Request(_, basis, necessity, wanted):
            return f"asks for {', '.join(wanted)} ({necessity}, {basis})"
        case Refuse(_, reason):
            return f"refuses the request: {reason}"
        case Grant(_, release, last_day, _):
            return f"grants the request ({release}), up to {last_day.isoformat()}"
        case Text(text):
            return text
        case Contest(about):
            return f"contests: {about}"
        case Close(reason):
            return f"closes: {reason}"
