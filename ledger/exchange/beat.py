"""A beat: what one issuer sends all others at one moment of its rhythm, whatever there is to say.

    frame       count × 4,096 bytes: the items for one receiver; count is 16, 64 or 256
    body        one frame for each other issuer, in the document's order
    further     "<count>" or "<count> urgent"

So what shows is that there was a beat, and of which size: the same for every receiver, with much to
say and with nothing. What does not fit waits for the next beat.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

from ledger.consortium import Consortium
from ledger.errors import MalformedError
from ledger.exchange.item import ITEM_BYTES, Opened, Piece, nobody, open_item, seal_item
from ledger.seal import SealContext, SealingKey, SealingPublicKey

KIND = "exchange"
COUNTS = (16, 64, 256)
_URGENT = " urgent"


class Sent(NamedTuple):
    """A `piece` on its way to one or two `desks` of one receiver."""

    piece: Piece
    desks: tuple[SealingPublicKey, ...]


@dataclass(frozen=True, slots=True)
class Size:
    """How many items each receiver gets, and whether it was sent beside the rhythm."""

    count: int
    is_urgent: bool = False

    def encode(self) -> str:
        """Return the further lines of the entry."""
        return f"{self.count}{_URGENT if self.is_urgent else ''}\n"

    @classmethod
    def decode(cls, further: str) -> Self:
        """Read the further lines; the exact inverse of `encode`.

        Raises:
            MalformedError: not 16, 64 or 256, or anything beside it but `urgent`.
        """
        sizes = [cls(count, is_urgent) for count in COUNTS for is_urgent in (False, True)]
        found = next((size for size in sizes if size.encode() == further), None)
        if found is None:
            raise MalformedError("exchange: expected 16, 64 or 256, and perhaps urgent")
        return found


def exchange_receivers(document: Consortium, *, author: str) -> list[str]:
    """Return who gets a frame of a beat, in order: every other issuer."""
    return [member.name for member in document.issuers if member.name != author]


def seal_frame(
    sent: Sequence[Sent],
    *,
    desks: Sequence[SealingPublicKey],
    count: int,
    context: SealContext,
    random: Callable[[int], bytes],
) -> bytes:
    """Return the frame for one receiver: the first `count` of `sent`, and dummies for the rest.

    `desks` are the receiver's keys to which dummies are sealed, one after the other.

    Raises:
        MalformedError: a count that no beat has, or a receiver without a desk.
    """
    if count not in COUNTS or not desks:
        raise MalformedError("exchange: a beat has 16, 64 or 256 items, for desks with a key")
    going: list[tuple[Piece | None, Sequence[SealingPublicKey]]] = [*sent[:count]]
    going += [(None, [desks[at % len(desks)]]) for at in range(len(going), count)]
    filler = nobody(random)
    return b"".join(
        seal_item(piece, desks=to, filler=filler, context=context, random=random)
        for piece, to in going
    )


def open_frame(
    frame: bytes,
    *,
    count: int,
    keys: Sequence[SealingKey],
    context: SealContext,
    known: frozenset[bytes] = frozenset(),
) -> list[Opened]:
    """Return what became of each item of a frame for the desks with `keys`.

    `known` are the ids of its author's earlier items; one that stands in the frame twice is
    refused.

    Raises:
        MalformedError: another size.
    """
    if len(frame) != count * ITEM_BYTES:
        raise MalformedError(f"exchange: a frame of {count} items has {count * ITEM_BYTES} bytes")
    opened: list[Opened] = []
    met = set(known)
    for at in range(0, len(frame), ITEM_BYTES):
        one = open_item(frame[at : at + ITEM_BYTES], keys=keys, context=context, known=met)
        met.add(one.id)
        opened.append(one)
    return opened


def draft_frames(
    waiting: Mapping[str, Sequence[Sent]],
    *,
    desks: Mapping[str, Sequence[SealingPublicKey]],
    document: Consortium,
    count: int,
    context: SealContext,
    random: Callable[[int], bytes],
) -> list[bytes]:
    """Return the frames of a beat by `context.author`, in the order of `exchange_receivers`.

    Of what is `waiting` for a receiver the first `count` go with it.

    Raises:
        MalformedError: a receiver without a desk's key, or something for who is no receiver.
    """
    receivers = exchange_receivers(document, author=context.author)
    if set(waiting) - set(receivers):
        raise MalformedError("exchange: something waits for who is no other issuer")
    return [
        seal_frame(
            waiting.get(name, ()),
            desks=desks.get(name, ()),
            count=count,
            context=context,
            random=random,
        )
        for name in receivers
    ]
