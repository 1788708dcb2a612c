"""What this desk may say, by whom, and what it comes to; a grant follows from an approval alone."""

from dataclasses import replace
from datetime import datetime

from ledger.case.either import asked_by, either
from ledger.case.pair import Pair
from ledger.case.people import Actor, Role, verify_four_eyes, verify_may
from ledger.case.request import Stage
from ledger.consortium import Consortium
from ledger.errors import DeniedError
from ledger.exchange.message import Close, Confirm, Content, Grant, Outcome, Refuse, Request, Text
from ledger.exchange.words import Result, Within
from ledger.freetext import verify_free_text


def say(
    pair: Pair, content: Content, *, message: bytes, by: Actor, at: datetime, document: Consortium
) -> Pair:
    """Return what `pair` is when this desk says `content` in the message with that id.

    Raises:
        DeniedError: it may not be said, or not by them.
    """
    pair.verify_new(message)
    role = Role.APPROVER if isinstance(content, Refuse) else Role.CASEWORKER
    verify_may(by, roles=frozenset({role}), desk=pair.own_desk)
    if not isinstance(content, Confirm | Close) and pair.own_confirmed is None:
        raise DeniedError("not-confirmed", "confirm the case first")
    match content:
        case Confirm(within):
            changed = _confirmed(pair, within, at)
        case Outcome(result):
            changed = _concluded(pair, result)
        case Request():
            changed = asked_by(pair, content, message=message, is_own=True, document=document)
        case Refuse(request):
            changed = _refused(pair, request, by)
        case Grant():
            raise DeniedError("four-eyes", "a grant follows from an approval")
        case _:
            if isinstance(content, Text):
                verify_free_text(content.text, today=at.date())
            changed = either(pair, content, is_own=True)
    return replace(changed, known=pair.known | {message})


def _confirmed(pair: Pair, within: Within, at: datetime) -> Pair:
    if pair.own_confirmed is not None:
        raise DeniedError("confirmed", "this desk confirmed already")
    confirmed = replace(pair, own_confirmed=at)
    # Where the other desk has not, its term runs from here, as this desk sees it.
    if not confirmed.is_confirmed:
        confirmed = replace(confirmed, asked_at=at, asked_within=within)
    return confirmed


def _concluded(pair: Pair, result: Result) -> Pair:
    if result is Result.COORDINATED and pair.coordinator is None:
        raise DeniedError("coordinator", "first agree which desk takes the lead")
    if result is not Result.FALSE_MATCH and not pair.is_confirmed:
        raise DeniedError("not-confirmed", "the other desk has not confirmed yet")
    return replace(pair, own_result=result)


def _refused(pair: Pair, request: bytes, by: Actor) -> Pair:
    asked = pair.asked(request, is_own=False)
    asked.verify_open()
    if asked.prepared_by is not None:
        verify_four_eyes(asked.prepared_by, by)
    return pair.with_asked(replace(asked, stage=Stage.REFUSED, decided_by=by))
