"""Exchange items: sealed pieces of messages, all alike from outside, and dummies among them.

    item    4,096 bytes: a sealed text of version 2 (`ledger.seal`) with two recipients, of which
            the second is nobody where one is enough
    piece   u8 1 ‖ message id (16, random) ‖ u8 index ‖ u8 number of pieces ‖ up to 1,634 bytes
    dummy   nothing, sealed to a desk like any other

Only whoever opens an item tells a piece from a dummy, and which of its desks it was for. The id of
an item is that of its sealing: one that comes again is refused.
"""

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Self

from ledger.errors import LedgerError, MalformedError, VerificationError
from ledger.seal import (
    SEED_BYTES,
    SealContext,
    SealingKey,
    SealingPublicKey,
    message_id_of,
    open_sealed,
    seal,
)

ITEM_BYTES = 4096
SLOTS = 2
MESSAGE_ID_BYTES = 16
MAX_PIECES = 16
_PIECE = 1
_HEAD_BYTES = 1 + MESSAGE_ID_BYTES + 2
_SEALED_BYTES = 2 + 16 + SLOTS * (8 + 1136 + 32) + 32 + 24 + 16
CHUNK_BYTES = ITEM_BYTES - _SEALED_BYTES - 1 - _HEAD_BYTES
MAX_MESSAGE_BYTES = MAX_PIECES * CHUNK_BYTES


@dataclass(frozen=True, slots=True)
class Piece:
    """Piece `index` of `count` of the message with that 16-byte id: `message`."""

    message: bytes
    index: int
    count: int
    chunk: bytes = field(repr=False)

    def encode(self) -> bytes:
        """Return the text that is sealed."""
        return bytes([_PIECE]) + self.message + bytes([self.index, self.count]) + self.chunk

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """Read a piece; the exact inverse of `encode`.

        Raises:
            MalformedError: not a piece of a message of up to 16.
        """
        if len(raw) <= _HEAD_BYTES or raw[0] != _PIECE:
            raise MalformedError("exchange: expected a piece of a message")
        index, count = raw[_HEAD_BYTES - 2 : _HEAD_BYTES]
        piece = cls(raw[1 : 1 + MESSAGE_ID_BYTES], index, count, raw[_HEAD_BYTES:])
        # Every piece but the last is full, so that a message has one way to be cut.
        is_full = len(piece.chunk) == CHUNK_BYTES
        if not index < count <= MAX_PIECES or not (is_full or index == count - 1):
            raise MalformedError("exchange: a piece out of its place")
        return piece


class Opened(NamedTuple):
    """What became of an item: its `id`, the `piece` where it is no dummy, and why it is refused."""

    id: bytes
    piece: Piece | None = None
    refused: str | None = None


def split_message(raw: bytes, *, message: bytes) -> list[Piece]:
    """Return the pieces of a message of 1 to 26,144 bytes, under its random id.

    Raises:
        MalformedError: longer, or nothing.
    """
    if not 1 <= len(raw) <= MAX_MESSAGE_BYTES:
        raise MalformedError(f"exchange: a message has 1 to {MAX_MESSAGE_BYTES} bytes")
    chunks = [raw[at : at + CHUNK_BYTES] for at in range(0, len(raw), CHUNK_BYTES)]
    return [Piece(message, index, len(chunks), chunk) for index, chunk in enumerate(chunks)]


def join_pieces(pieces: Sequence[Piece]) -> bytes | None:
    """Return the message of which these are pieces, in any order, or None while some are lacking.

    Raises:
        VerificationError: of more than one message, or one place filled twice.
    """
    places = {piece.index: piece.chunk for piece in pieces}
    if len({(piece.message, piece.count) for piece in pieces}) > 1 or len(places) != len(pieces):
        raise VerificationError("exchange: pieces of two messages, or one twice")
    if not pieces or len(pieces) < pieces[0].count:
        return None
    return b"".join(places[index] for index in sorted(places))


def nobody(random: Callable[[int], bytes]) -> SealingPublicKey:
    """Return a key that nobody has: what fills the place of a second desk, in many items."""
    return SealingKey(random(SEED_BYTES)).public


def seal_item(
    piece: Piece | None,
    *,
    desks: Sequence[SealingPublicKey],
    filler: SealingPublicKey,
    context: SealContext,
    random: Callable[[int], bytes],
) -> bytes:
    """Return an item with `piece`, or a dummy, for one or two `desks` of one receiver.

    `filler` is nobody's key.

    Raises:
        MalformedError: another number of desks.
    """
    if not 1 <= len(desks) <= SLOTS:
        raise MalformedError(f"exchange: an item is for 1 to {SLOTS} desks")
    return seal(
        b"" if piece is None else piece.encode(),
        recipients=[*desks, filler][:SLOTS],
        context=context,
        random=random,
        size=ITEM_BYTES,
    )


def open_item(
    raw: bytes, *, keys: Sequence[SealingKey], context: SealContext, known: Container[bytes]
) -> Opened:
    """Return what is in an item for the desks with `keys`; refuse it rather than raise.

    `known` are the ids of its author's items so far. That one item is spoilt must not keep
    others from being read, so a refusal is a result, to be counted against the author.
    """
    item_id = message_id_of(raw)
    if len(raw) != ITEM_BYTES or raw[1] != SLOTS:
        return Opened(item_id, refused="size")
    if item_id in known:
        return Opened(item_id, refused="repeated")
    try:
        text = _open(raw, keys=keys, context=context)
        return Opened(item_id, Piece.decode(text) if text else None)
    except MalformedError:
        return Opened(item_id, refused="malformed")
    except VerificationError:
        return Opened(item_id, refused="not-opened")


def _open(raw: bytes, *, keys: Sequence[SealingKey], context: SealContext) -> bytes:
    failure: LedgerError = VerificationError("exchange: for no desk here")
    for key in keys:
        try:
            return open_sealed(raw, key=key, context=context)
        except VerificationError as cause:
            failure = cause
    raise failure
