"""Events as they are stored: one text for each, from which it is played again.

enc(type, time, actor, field …)
time        ISO 8601 in UTC, to the microsecond
actor       nothing, or enc(person, role, desk) and, where it takes one's place, that person

say         message id, what is said (`encode_content`)     hear        message id, the message
refused     message id, type, reason                        prepare     request, last day, field …
approve     request                                         break-glass request, last day
review      request, 1 where justified, else 0              hand-over   desk
remind, escalate    nothing
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from ledger.case.acts import (
    Act,
    Approve,
    BreakGlass,
    Escalate,
    Event,
    HandOver,
    Hear,
    Prepare,
    Refused,
    Remind,
    Review,
    Say,
)
from ledger.case.people import Actor, Role
from ledger.day import decode_day
from ledger.encoding import enc, split_enc
from ledger.errors import MalformedError
from ledger.exchange.message import Message, decode_content, encode_content

_Fields = Sequence[bytes]


def encode_event(event: Event) -> bytes:
    """Return the bytes that are stored."""
    kind, fields = _said(event.act)
    at = event.at.astimezone(UTC).isoformat(timespec="microseconds")
    return enc(kind, at, _encode_actor(event.by), *fields)


def decode_event(raw: bytes) -> Event:
    """Read an event; the exact inverse of `encode_event`.

    Raises:
        MalformedError: not what `encode_event` returns; the text repeats nothing of it.
    """
    try:
        kind, at, actor, *fields = split_enc(raw)
        event = Event(
            datetime.fromisoformat(at.decode()), _ACTS[kind](fields), _decode_actor(actor)
        )
        is_canonical = encode_event(event) == raw
    # What is wrong may be quoted in the cause, and it was said about somebody.
    except (ValueError, KeyError, LookupError):
        raise MalformedError("event: not one of a case") from None
    if not is_canonical:
        raise MalformedError("event: not canonical")
    return event


def _said(act: Act) -> tuple[str, tuple[str | bytes, ...]]:  # noqa: C901, PLR0911 -- one each
    match act:
        case Say(message, content):
            return "say", (message, encode_content(content))
        case Hear(message, heard):
            return "hear", (message, heard.encode())
        case Refused(message, kind, reason):
            return "refused", (message, kind, reason)
        case Prepare(request, fields, last_day):
            return "prepare", (request, last_day.isoformat(), *fields)
        case Approve(request):
            return "approve", (request,)
        case BreakGlass(request, last_day):
            return "break-glass", (request, last_day.isoformat())
        case Review(request, is_justified):
            return "review", (request, "1" if is_justified else "0")
        case HandOver(desk):
            return "hand-over", (desk,)
        case Remind():
            return "remind", ()
        case Escalate():
            return "escalate", ()


def _say(fields: _Fields) -> Act:
    message, content = fields
    return Say(message, decode_content(content))


def _hear(fields: _Fields) -> Act:
    message, heard = fields
    return Hear(message, Message.decode(heard))


def _refused(fields: _Fields) -> Act:
    message, kind, reason = fields
    return Refused(message, kind.decode(), reason.decode())


def _prepare(fields: _Fields) -> Act:
    request, last_day, *names = fields
    return Prepare(request, tuple(name.decode() for name in names), decode_day(last_day.decode()))


def _approve(fields: _Fields) -> Act:
    (request,) = fields
    return Approve(request)


def _break_glass(fields: _Fields) -> Act:
    request, last_day = fields
    return BreakGlass(request, decode_day(last_day.decode()))


def _review(fields: _Fields) -> Act:
    request, is_justified = fields
    return Review(request, is_justified == b"1")


def _hand_over(fields: _Fields) -> Act:
    (desk,) = fields
    return HandOver(desk.decode())


def _remind(fields: _Fields) -> Act:
    () = fields
    return Remind()


def _escalate(fields: _Fields) -> Act:
    () = fields
    return Escalate()


_ACTS: dict[bytes, Callable[[_Fields], Act]] = {
    b"say": _say,
    b"hear": _hear,
    b"refused": _refused,
    b"prepare": _prepare,
    b"approve": _approve,
    b"break-glass": _break_glass,
    b"review": _review,
    b"hand-over": _hand_over,
    b"remind": _remind,
    b"escalate": _escalate,
}


def _encode_actor(actor: Actor | None) -> bytes:
    if actor is None:
        return b""
    of = () if actor.deputy_of is None else (actor.deputy_of,)
    return enc(actor.id, actor.role, actor.desk, *of)


def _decode_actor(raw: bytes) -> Actor | None:
    if not raw:
        return None
    person, role, desk, *of = (field.decode() for field in split_enc(raw))
    if len(of) > 1:
        raise MalformedError("event: an actor takes one person's place")
    return Actor(person, Role(role), desk, *of)
