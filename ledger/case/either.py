"""What either desk may say, with the same result whoever says it."""

from dataclasses import replace

from ledger.case.pair import Contested, Pair
from ledger.case.request import Asked
from ledger.consortium import Consortium
from ledger.errors import DeniedError
from ledger.exchange.message import Close, Contest, Coordinate, Request, Text
from ledger.matrix import verify_ask

Common = Coordinate | Text | Contest | Close


def either(pair: Pair, content: Common, *, is_own: bool) -> Pair:
    """Return what `pair` is when a desk says `content`.

    Raises:
        DeniedError: a third desk is to take the lead.
    """
    match content:
        case Coordinate(desk):
            pair.verify_one_of_two(desk)
            return replace(pair, coordinator=desk)
        case Contest(about):
            return replace(pair, contested=(*pair.contested, Contested(is_own, about)))
        case Close(reason):
            return replace(pair, closed=reason)
        case Text():
            return pair


def asked_by(
    pair: Pair, request: Request, *, message: bytes, is_own: bool, document: Consortium
) -> Pair:
    """Return what `pair` is when a desk asks for fields in the message with that id.

    Raises:
        DeniedError: not confirmed by both, for another purpose, or outside the matrix.
    """
    pair.verify_confirmed()
    if request.purpose != pair.purpose:
        raise DeniedError("purpose", "ask for the purpose of the case")
    desks = (pair.own_desk, pair.other_desk)
    asking, of = desks if is_own else reversed(desks)
    asked = Asked(message, is_own=is_own, desk=asking, request=request)
    verify_ask(asked.ask(of=of), document)
    return pair.with_asked(asked)
