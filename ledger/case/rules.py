"""What may happen to a pair: `play` takes an event and returns what it comes to, or denies it.

The same events give the same state at any time, so a node stores them and plays them again; the
timeline on the page is that list. Time is what the events say, and never runs backwards: a clock
that was set back makes no term longer and turns no order around.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import UTC, date
from typing import TypeVar

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
from ledger.case.hearing import hear
from ledger.case.pair import Pair
from ledger.case.people import Actor, Role, verify_four_eyes, verify_may
from ledger.case.request import Asked, Stage, break_glass_fields
from ledger.case.saying import say
from ledger.case.terms import review_due, verify_last_day
from ledger.consortium import Consortium
from ledger.errors import DeniedError
from ledger.exchange.words import Necessity, Release
from ledger.matrix import verify_grant

_Kind = TypeVar("_Kind")


@dataclass(frozen=True, slots=True)
class Setting:
    """What is in force when something happens: the `document`, and which days are `holidays`."""

    document: Consortium
    holidays: Collection[date] = field(default=())


def play(pair: Pair, event: Event, setting: Setting) -> Pair:
    """Return what `pair` is after `event`.

    Raises:
        DeniedError: the event may not be; the text says why, and what to do.
        MalformedError: what is said holds what no message may.
    """
    at = max(event.at.astimezone(UTC), pair.last)
    # What was refused changes nothing; that it came belongs to the timeline all the same.
    if pair.closed is not None and not isinstance(event.act, Review | Refused):
        raise DeniedError("closed", "the case is closed; a new signal opens another")
    changed = _ACTS[type(event.act)](pair, replace(event, at=at), setting)
    return replace(changed, last=at)


def replay(pair: Pair, events: Collection[Event], setting: Setting) -> Pair:
    """Return what `pair` is after `events`, in order.

    Raises:
        DeniedError: one of them may not be.
    """
    for event in events:
        pair = play(pair, event, setting)
    return pair


def _say(pair: Pair, event: Event, setting: Setting) -> Pair:
    act = _expect(event, Say)
    actor = _actor(event)
    return say(pair, act.content, message=act.id, by=actor, at=event.at, document=setting.document)


def _hear(pair: Pair, event: Event, setting: Setting) -> Pair:
    if event.by is not None:
        raise DeniedError("role", "what the other desk says is by nobody here")
    act = _expect(event, Hear)
    return hear(pair, act.message, message=act.id, at=event.at, document=setting.document)


def _refused(pair: Pair, event: Event, setting: Setting) -> Pair:
    del setting
    if event.by is not None:
        raise DeniedError("role", "what the other desk says is by nobody here")
    return pair


def _prepare(pair: Pair, event: Event, setting: Setting) -> Pair:
    act, actor = _expect(event, Prepare), _actor(event)
    verify_may(actor, roles=frozenset({Role.CASEWORKER}), desk=pair.own_desk)
    asked = _open_request(pair, act.request)
    verify_last_day(act.last_day, today=event.at.date())
    _verify_grant(pair, asked, act.fields, setting)
    return pair.with_asked(
        replace(
            asked,
            stage=Stage.PREPARED,
            fields=act.fields,
            last_day=act.last_day,
            prepared_by=actor,
        )
    )


def _approve(pair: Pair, event: Event, setting: Setting) -> Pair:
    act, actor = _expect(event, Approve), _actor(event)
    verify_may(actor, roles=frozenset({Role.APPROVER}), desk=pair.own_desk)
    asked = _open_request(pair, act.request)
    if asked.prepared_by is None or asked.last_day is None:
        raise DeniedError("not-prepared", "somebody else prepares it first")
    verify_four_eyes(asked.prepared_by, actor)
    # What was prepared before may not be so any more.
    verify_last_day(asked.last_day, today=event.at.date())
    _verify_grant(pair, asked, asked.fields, setting)
    granted = asked.granted(asked.fields, asked.last_day, Release.ORDINARY)
    return pair.with_asked(replace(granted, decided_by=actor))


def _break_glass(pair: Pair, event: Event, setting: Setting) -> Pair:
    act, actor = _expect(event, BreakGlass), _actor(event)
    verify_may(actor, roles=frozenset({Role.APPROVER}), desk=pair.own_desk)
    asked = _open_request(pair, act.request)
    if asked.request.necessity is not Necessity.ACUTE:
        raise DeniedError("not-acute", "one person alone decides in an emergency only")
    fields = break_glass_fields(asked.request)
    verify_last_day(act.last_day, today=event.at.date())
    _verify_grant(pair, asked, fields, setting)
    return pair.with_asked(
        replace(
            asked.granted(fields, act.last_day, Release.BREAK_GLASS),
            decided_by=actor,
            review_by=review_due(event.at, holidays=setting.holidays),
        )
    )


def _review(pair: Pair, event: Event, setting: Setting) -> Pair:
    del setting
    act, actor = _expect(event, Review), _actor(event)
    verify_may(actor, roles=frozenset({Role.PRIVACY_OFFICER}), desk=pair.own_desk)
    asked = pair.asked(act.request, is_own=False)
    if asked.review_by is None or asked.decided_by is None or asked.is_justified is not None:
        raise DeniedError("reviewed", "there is nothing here to review")
    verify_four_eyes(asked.decided_by, actor)
    return pair.with_asked(replace(asked, is_justified=act.is_justified))


def _hand_over(pair: Pair, event: Event, setting: Setting) -> Pair:
    act, actor = _expect(event, HandOver), _actor(event)
    roles = frozenset({Role.CASEWORKER, Role.LEAD})
    verify_may(actor, roles=roles, desk=pair.own_desk)
    to = setting.document.desk(act.desk)
    own = pair.own_desk.partition("/")[0]
    if to is None or to.member != own or to.kind != "case" or to.name == pair.own_desk:
        raise DeniedError("desk", "hand it over to another desk for cases of this agency")
    return replace(pair, own_desk=act.desk)


def _remind(pair: Pair, event: Event, setting: Setting) -> Pair:
    del setting
    _verify_due(pair, event, "reminder")
    return replace(pair, is_reminded=True)


def _escalate(pair: Pair, event: Event, setting: Setting) -> Pair:
    del setting
    _verify_due(pair, event, "escalation")
    return replace(pair, is_escalated=True)


_ACTS: dict[type[Act], Callable[[Pair, Event, Setting], Pair]] = {
    Say: _say,
    Hear: _hear,
    Refused: _refused,
    Prepare: _prepare,
    Approve: _approve,
    BreakGlass: _break_glass,
    Review: _review,
    HandOver: _hand_over,
    Remind: _remind,
    Escalate: _escalate,
}


def _expect(event: Event, kind: type[_Kind]) -> _Kind:
    """Return the event's act, which the table above gave to whoever reads this kind."""
    if not isinstance(event.act, kind):
        raise DeniedError("malformed", "another act than expected")
    return event.act


def _actor(event: Event) -> Actor:
    if event.by is None:
        raise DeniedError("role", "somebody must do this")
    return event.by


def _open_request(pair: Pair, request: bytes) -> Asked:
    """Return the other desk's request, which awaits an answer and may be granted at all."""
    asked = pair.asked(request, is_own=False)
    asked.verify_open()
    pair.verify_confirmed()
    return asked


def _verify_grant(pair: Pair, asked: Asked, fields: tuple[str, ...], setting: Setting) -> None:
    if len(set(fields)) != len(fields):
        raise DeniedError("fields", "each field once")
    # Where it was handed over since, the desk that has it now asks for itself.
    verify_grant(
        fields, ask=asked.ask(of=pair.own_desk), to=pair.other_desk, document=setting.document
    )


def _verify_due(pair: Pair, event: Event, what: str) -> None:
    if event.by is not None:
        raise DeniedError("role", "this is the clock's to do")
    if all(due.what != what for due in pair.due(event.at)):
        raise DeniedError("term", f"no {what} is due")
