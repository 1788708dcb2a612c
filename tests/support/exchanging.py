"""Desks with keys, and messages of every kind between them."""

from collections.abc import Callable
from datetime import date

from ledger.body import Item, Share
from ledger.disclosure import Disclosure
from ledger.encoding import Digest
from ledger.exchange.message import (
    Close,
    Confirm,
    Content,
    Contest,
    Coordinate,
    Grant,
    Message,
    Outcome,
    Refuse,
    Request,
    Text,
)
from ledger.exchange.words import (
    Contention,
    Ending,
    Necessity,
    Refusal,
    Release,
    Result,
    Within,
)
from ledger.group import Scalar
from ledger.seal import SealContext, SealingKey
from tests.support.parties import DAY, seeded
from tests.support.signers import ORIGIN

DESK_KEYS = {
    name: SealingKey(seeded(32, name, "desk"))
    for name in ("uwv/maatwerkplaats", "svb/de-bedoeling", "svb/aio", "szw/maatwerk")
}
CONTEXT = SealContext(ORIGIN, "exchange", "uwv", DAY.isoformat())
MATCH = seeded(16, "match")
ASKED = seeded(16, "request")
DISCLOSURE = Disclosure(
    Share(
        (Item(2, bytes(32), b"a.b.c"),),
        (Digest(bytes(32)),) * 3,
        Scalar.reduce(b"\x07" * 64),
    ),
    ("WyJh", "WyJi"),
)
CONTENTS: tuple[Content, ...] = (
    Confirm(Within.DAY),
    Outcome(Result.CONTACTED),
    Coordinate("svb/de-bedoeling"),
    Request("multiproblematiek", "wetsvoorstel-36799", Necessity.ACUTE, ("theme", "period")),
    Refuse(ASKED, Refusal.NOT_NEEDED),
    Grant(ASKED, Release.ORDINARY, date(2027, 1, 31), DISCLOSURE),
    Text("Kunnen jullie morgen bellen?"),
    Contest(Contention.OUTCOME),
    Close(Ending.DONE),
)
"""One of every kind."""


def message(content: Content) -> Message:
    """Return what UWV's desk says about the match."""
    return Message(MATCH, "uwv/maatwerkplaats", content)


def drawing(*label: str | int) -> Callable[[int], bytes]:
    """Return a source of bytes that look random and follow from `label`."""
    drawn = iter(range(1_000_000))
    return lambda size: seeded(size, *label, next(drawn))
