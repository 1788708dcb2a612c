"""Parts: which items of an entry's body each receiver gets, and what they must look like.

kind      items                                         receiver of each
signal    alpha, content, jwt                           content: a custodian
locate    80 bytes for each height                      all: every other issuer
answer    one frame for each height named:              the author of that `locate`;
          208 bytes for each height of that `locate`    a custodian in its place: all
erasure   512 bytes: 64 heights, u64be ascending,       one each: every other issuer and
          zero padded                                   custodian, in the document's order
exchange  a frame of 16, 64 or 256 × 4,096 bytes        one each: every other issuer, in the
                                                        document's order; a custodian: all
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ledger.answer import SLOT_BYTES
from ledger.body import Share
from ledger.consortium import Consortium
from ledger.entry import Entry
from ledger.errors import MalformedError, VerificationError
from ledger.exchange.beat import Size, exchange_receivers
from ledger.exchange.item import ITEM_BYTES as EXCHANGE_BYTES
from ledger.heights import MAX_HEIGHTS, Heights
from ledger.locator import ITEM_BYTES
from ledger.rules.signal import CONTENT, verify_signal_share

ERASURE_BYTES = 8 * MAX_HEIGHTS
_LACKING = frozenset({"locate", "erasure"})


class Located(NamedTuple):
    """A `locate` block: its author, and how many heights it names."""

    author: str
    slots: int


LookUp = Callable[[int], Located | None]
"""Returns the `locate` at a height, or None where there is none."""


def erasure_receivers(document: Consortium, *, author: str) -> list[str]:
    """Return who gets an item of an erasure, in order: every other issuer and custodian."""
    return [
        member.name
        for member in document.members
        if member.name != author
        and ("issuer" in member.roles or member.name in document.custodians)
    ]


def verify_part(
    share: Share, entry: Entry, *, receiver: str, locate_at: LookUp, may_lack: bool = False
) -> None:
    """Check that `share` is what `receiver` must get of the body of `entry`, and opens it.

    `may_lack`: items of a `locate` may be erased, where their signals were withdrawn meanwhile; an
    `erasure` or `exchange` may have none for a receiver that joined after it was drafted.

    Raises:
        VerificationError: other items, of another size, or they do not open the commitment.
        MalformedError: the entry's further lines are not of its kind.
    """
    held = [item.index for item in share.items]
    if entry.kind == "signal":
        verify_signal_share(share, entry)
        if held != [CONTENT]:
            raise VerificationError("a custodian holds the content and nothing else")
        return
    sizes = _sizes(entry, share, locate_at)
    if len(share.digests) != len(sizes):
        raise VerificationError(f"{entry.kind}: another number of items than it must have")
    expected = _expected(entry, sizes, held, receiver, locate_at)
    is_lacking = entry.kind in _LACKING and set(held) <= set(expected)
    # Some frames of a beat and not others are nobody's part of it.
    is_lacking |= entry.kind == "exchange" and not held
    if held != expected and not (may_lack and is_lacking):
        raise VerificationError(f"{entry.kind}: not the items that are this member's")
    for item in share.items:
        if len(item.content) != sizes[item.index]:
            raise VerificationError(f"{entry.kind}: item {item.index} has another size")
    share.verify(entry)


def own_indexes(entry: Entry, *, held: list[int], receiver: str, locate_at: LookUp) -> list[int]:
    """Return which of the items `held` of an entry's body are `receiver`'s."""
    if entry.kind == "locate":
        return held
    if entry.kind != "answer":
        return []
    named = Heights.decode(entry.further).named
    return [
        index
        for index in held
        if (located := locate_at(named[index])) is not None and located.author == receiver
    ]


def frame_index(
    share: Share, document: Consortium | None, *, author: str, receiver: str
) -> list[int]:
    """Return which item of an exchange's body is `receiver`'s by the `document` at its block.

    Empty where it is none of them, or where the body was made for others than that names.
    """
    receivers = [] if document is None else exchange_receivers(document, author=author)
    if receiver not in receivers or len(share.digests) != len(receivers):
        return []
    return [receivers.index(receiver)]


def encode_erasure(heights: Sequence[int]) -> bytes:
    """Return the 512 bytes that name `heights` to one receiver; none, where it is not concerned.

    Raises:
        MalformedError: over 64, or height 0, which is no signal.
    """
    if len(heights) > MAX_HEIGHTS or any(not 0 < height < 2**63 for height in heights):
        raise MalformedError(f"erasure: at most {MAX_HEIGHTS} heights of signals")
    stated = b"".join(height.to_bytes(8, "big") for height in sorted(set(heights)))
    return stated.ljust(ERASURE_BYTES, b"\0")


def decode_erasure(raw: bytes) -> tuple[int, ...]:
    """Read the heights in an item; the exact inverse of `encode_erasure`.

    Raises:
        MalformedError: not what `encode_erasure` returns.
    """
    heights = [int.from_bytes(raw[at : at + 8], "big") for at in range(0, len(raw), 8)]
    named = tuple(height for height in heights if height)
    if encode_erasure(named) != raw:
        raise MalformedError("erasure: not heights in order, zero padded")
    return named


def _sizes(entry: Entry, share: Share, locate_at: LookUp) -> list[int]:
    """Return the size that each item of the body must have."""
    if entry.kind == "locate":
        return [ITEM_BYTES] * len(Heights.decode(entry.further).named)
    if entry.kind == "answer":
        located = [locate_at(height) for height in Heights.decode(entry.further).named]
        if None in located:
            raise VerificationError("answer: a height that is no locate here")
        return [one.slots * SLOT_BYTES for one in located if one is not None]
    if entry.kind == "exchange":
        return [Size.decode(entry.further).count * EXCHANGE_BYTES] * len(share.digests)
    if entry.kind == "erasure":
        # How many members there are is for the document at its block to say.
        return [ERASURE_BYTES] * len(share.digests)
    raise VerificationError(f"{entry.kind}: a kind without items for others")


def _expected(
    entry: Entry, sizes: list[int], held: list[int], receiver: str, locate_at: LookUp
) -> list[int]:
    if entry.kind == "locate":
        return list(range(len(sizes)))
    if entry.kind == "erasure":
        return held[:1] or [0]
    if entry.kind == "exchange":
        # Which of them is whose, the document at its block says; one of one's own does not open.
        return list(range(len(sizes))) if len(held) > 1 else held or [0]
    own = own_indexes(entry, held=list(range(len(sizes))), receiver=receiver, locate_at=locate_at)
    # A custodian takes in what is for others who cannot be reached, and all of it: its stored-line
    # lets the whole answer count.
    return own or list(range(len(sizes)))
