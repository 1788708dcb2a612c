"""Exchange items: what they carry, for whom they open, and what is refused."""

from dataclasses import replace
from itertools import permutations

import pytest
from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_encrypt as encrypt

from ledger.encoding import enc, sha256
from ledger.errors import MalformedError, VerificationError
from ledger.exchange.item import (
    CHUNK_BYTES,
    ITEM_BYTES,
    MAX_MESSAGE_BYTES,
    Opened,
    Piece,
    join_pieces,
    nobody,
    open_item,
    seal_item,
    split_message,
)
from ledger.seal import SealingKey, message_id_of
from tests.support.exchanging import CONTENTS, CONTEXT, DESK_KEYS, drawing, message

UWV, SVB, AIO, SZW = DESK_KEYS.values()
ID = b"m" * 16
NOBODY = nobody(drawing("nobody"))
PIECE = split_message(message(CONTENTS[0]).encode(), message=ID)[0]


def sealed(piece: Piece | None = PIECE, *desks: SealingKey, label: str = "item") -> bytes:
    keys = [key.public for key in desks or (SVB,)]
    return seal_item(piece, desks=keys, filler=NOBODY, context=CONTEXT, random=drawing(label))


def opened(raw: bytes, *keys: SealingKey, known: frozenset[bytes] = frozenset()) -> Opened:
    return open_item(raw, keys=keys or (SVB,), context=CONTEXT, known=known)


ITEM = sealed()


@pytest.mark.parametrize("size", [1, 2, CHUNK_BYTES, CHUNK_BYTES + 1, MAX_MESSAGE_BYTES])
def test_message_of_any_length_comes_together_from_its_pieces(size: int) -> None:
    raw = bytes(at % 251 for at in range(size))

    pieces = [Piece.decode(piece.encode()) for piece in split_message(raw, message=ID)]

    assert len(pieces) == -(-size // CHUNK_BYTES)
    assert join_pieces(list(reversed(pieces))) == raw
    assert join_pieces(pieces[:-1]) is None


@pytest.mark.parametrize("raw", [b"", bytes(MAX_MESSAGE_BYTES + 1)])
def test_message_of_no_or_too_many_bytes_is_not_cut(raw: bytes) -> None:
    with pytest.raises(MalformedError, match="bytes"):
        split_message(raw, message=ID)


def test_pieces_of_two_messages_or_one_twice_do_not_come_together() -> None:
    first = split_message(bytes(5000), message=ID)
    other = split_message(bytes(5000), message=b"n" * 16)

    for pieces in ([first[0], other[1]], [*first, first[0]], [*first, Piece(ID, 0, 2, b"x")]):
        with pytest.raises(VerificationError, match="two messages, or one twice"):
            join_pieces(pieces)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x01" + ID + b"\x00\x01",
        b"\x02" + ID + b"\x00\x01x",
        b"\x01" + ID + b"\x01\x01x",
        b"\x01" + ID + b"\x00\x00x",
        b"\x01" + ID + b"\x00\x11" + bytes(CHUNK_BYTES),
        b"\x01" + ID + b"\x00\x02x",
    ],
    ids=["nothing", "empty", "another kind", "beyond the end", "of none", "of 17", "not full"],
)
def test_what_is_no_piece_is_refused(raw: bytes) -> None:
    with pytest.raises(MalformedError):
        Piece.decode(raw)


def test_every_desk_that_an_item_is_for_opens_it_and_no_other() -> None:
    item = sealed(PIECE, SVB, AIO)

    for key in (SVB, AIO):
        assert opened(item, key).piece == PIECE
    assert opened(item, SZW, UWV, AIO).piece == PIECE
    assert opened(item, SZW, UWV).refused == "not-opened"


def test_items_for_one_and_two_desks_and_dummies_are_of_one_size_and_shape() -> None:
    items = [
        sealed(PIECE),
        sealed(PIECE, SVB, AIO),
        sealed(None),
        sealed(Piece(ID, 0, 1, bytes(CHUNK_BYTES))),
    ]

    assert {len(item) for item in items} == {ITEM_BYTES}
    assert {item[:2] for item in items} == {b"\x02\x02"}
    assert all(desk.public.id not in item for item in items for desk in DESK_KEYS.values())


@pytest.mark.parametrize("desks", [(), (SVB, AIO, SZW)])
def test_item_for_no_desk_or_three_is_not_made(desks: tuple[SealingKey, ...]) -> None:
    with pytest.raises(MalformedError, match="1 to 2 desks"):
        seal_item(
            None, desks=[d.public for d in desks], filler=NOBODY, context=CONTEXT, random=bytes
        )


def test_piece_that_is_too_long_is_not_cut_short() -> None:
    with pytest.raises(MalformedError, match="no room"):
        sealed(Piece(ID, 0, 1, bytes(CHUNK_BYTES + 1)))


def test_dummy_opens_to_nothing() -> None:
    found = opened(sealed(None))

    assert (found.piece, found.refused) == (None, None)


def test_item_that_comes_again_is_refused() -> None:
    assert opened(ITEM, known=frozenset({message_id_of(ITEM)})).refused == "repeated"


@pytest.mark.parametrize("field", ["origin", "kind", "author", "date"])
def test_item_of_another_entry_is_refused(field: str) -> None:
    other = replace(CONTEXT, **{field: "2026-12-02"})

    assert open_item(ITEM, keys=[SVB], context=other, known=()).refused == "not-opened"


@pytest.mark.parametrize(
    "raw",
    [b"", ITEM[:-1], ITEM + b"\0", ITEM[:1] + b"\x01" + ITEM[2:], ITEM[:1] + b"\x03" + ITEM[2:]],
)
def test_item_of_another_size_or_number_of_desks_is_refused(raw: bytes) -> None:
    assert opened(raw).refused == "size"


@pytest.mark.parametrize("at", [*range(2, 18), 30, 1200, 2370, 2375, 2400, 2430, 3000, 4095])
def test_item_with_a_flipped_bit_is_refused(at: int) -> None:
    spoilt = ITEM[:at] + bytes([ITEM[at] ^ 1]) + ITEM[at + 1 :]

    assert opened(spoilt).refused == "not-opened"


def by_hand(text: bytes, *, committed: bytes, used: bytes) -> bytes:
    """Return an item whose sender does not keep the rules."""
    keys = [SVB.public, AIO.public]
    header = b"\x02\x02" + bytes(16)
    for key in keys:
        header += bytes(8) + key.wrap(used, CONTEXT.bind(bytes(16), key.id))
    header += sha256(enc("signaalketen/seal-key/v1", committed))
    padded = (text + b"\x80").ljust(ITEM_BYTES - len(header) - 24 - 16, b"\0")
    return header + bytes(24) + encrypt(padded, header, bytes(24), used)


def test_item_with_a_key_that_it_does_not_commit_to_is_refused() -> None:
    key, other = b"\x01" * 32, b"\x02" * 32
    assert opened(by_hand(PIECE.encode(), committed=key, used=key)).piece == PIECE

    assert opened(by_hand(PIECE.encode(), committed=other, used=key)).refused == "not-opened"


def test_item_that_opens_to_no_piece_is_refused() -> None:
    key = b"\x01" * 32

    assert opened(by_hand(b"something else", committed=key, used=key)).refused == "malformed"


def test_no_two_items_have_anything_in_common() -> None:
    items = [sealed(None, label="a"), sealed(None, label="b"), sealed(label="c")]

    for one, other in permutations(items, 2):
        equal = sum(a == b for a, b in zip(one[2:], other[2:], strict=True))
        assert equal < 60
