"""What the other desk may say, and what it comes to.

It is judged as strictly as what is said here: an altered node could send anything.
"""

from dataclasses import replace
from datetime import datetime

from ledger.case.either import asked_by, either
from ledger.case.pair import Pair
from ledger.case.request import Asked, Stage, break_glass_fields
from ledger.case.terms import due_at, verify_last_day
from ledger.consortium import Consortium
from ledger.disclosure import BSN
from ledger.errors import DeniedError
from ledger.exchange.message import Close, Confirm, Grant, Message, Outcome, Refuse, Request
from ledger.exchange.words import Necessity, Release, Within
from ledger.matrix import verify_grant
from ledger.sdjwt import read_disclosure


def hear(pair: Pair, heard: Message, *, message: bytes, at: datetime, document: Consortium) -> Pair:
    """Return what `pair` is when the other desk says `heard`, in the message with that id.

    That its author is the agency of the desk it names was checked when it was opened.

    Raises:
        DeniedError: it may not be said, or comes again.
        MalformedError: a grant whose disclosures cannot be read.
    """
    pair.verify_new(message)
    if heard.match != pair.match:
        raise DeniedError("match", "the message is about another match")
    pair, content = _at_desk(pair, heard.desk, document), heard.content
    if not isinstance(content, Confirm | Close) and pair.other_confirmed is None:
        raise DeniedError("not-confirmed", "the other desk has not confirmed")
    match content:
        case Confirm(within):
            changed = _confirmed(pair, within, at)
        case Outcome(result):
            changed = replace(pair, other_result=result)
        case Request():
            changed = asked_by(pair, content, message=message, is_own=False, document=document)
        case Refuse(request):
            asked = _awaited(pair, request)
            changed = pair.with_asked(replace(asked, stage=Stage.REFUSED))
        case Grant():
            changed = _granted(pair, content, at=at, document=document)
        case _:
            changed = either(pair, content, is_own=False)
    return replace(changed, known=pair.known | {message})


def _at_desk(pair: Pair, name: str, document: Consortium) -> Pair:
    """Return the pair with the desk that speaks now: it may have been handed over there."""
    desk = document.desk(name)
    member = pair.other_desk.partition("/")[0]
    if desk is None or desk.kind != "case" or desk.member != member:
        raise DeniedError("desk", "the message is by no desk of the other agency for cases")
    return replace(pair, other_desk=name)


def _confirmed(pair: Pair, within: Within, at: datetime) -> Pair:
    if pair.other_confirmed is not None:
        raise DeniedError("confirmed", "the other desk confirmed already")
    confirmed = replace(pair, other_confirmed=at)
    # Being asked may make the term shorter than it was, and never longer.
    is_sooner = due_at(at, within) < due_at(pair.asked_at, pair.asked_within)
    if confirmed.is_confirmed or not is_sooner:
        return confirmed
    return replace(
        confirmed, asked_at=at, asked_within=within, is_reminded=False, is_escalated=False
    )


def _granted(pair: Pair, grant: Grant, *, at: datetime, document: Consortium) -> Pair:
    """Take in a grant; that it shows what was posted was checked before, with the block."""
    asked = _awaited(pair, grant.request)
    pair.verify_confirmed()
    verify_last_day(grant.last_day, today=at.date())
    shown = {read_disclosure(text).name for text in grant.disclosure.disclosures} - {BSN}
    verify_grant(shown, ask=asked.ask(of=pair.other_desk), to=asked.desk, document=document)
    if grant.release is Release.BREAK_GLASS and (
        asked.request.necessity is not Necessity.ACUTE
        or not shown <= set(break_glass_fields(asked.request))
    ):
        raise DeniedError("fields", "by breaking glass more than its fields, or in no emergency")
    return pair.with_asked(asked.granted(shown, grant.last_day, grant.release))


def _awaited(pair: Pair, request: bytes) -> Asked:
    asked = pair.asked(request, is_own=True)
    asked.verify_open()
    return asked
