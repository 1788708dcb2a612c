"""Answer slots: what matches is told under a key from y, and everything else is noise."""

import pytest
from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_encrypt

from ledger.answer import (
    MatchCard,
    SlotContext,
    noise_slot,
    open_slot,
    seal_slot,
    split_frame,
)
from ledger.encoding import Digest
from ledger.errors import MalformedError, VerificationError

KEY = b"k" * 32
CONTEXT = SlotContext("svb", Digest(b"l" * 32), 3)
CARDS = [MatchCard(7, 2), MatchCard(2**40, 65_535)]


def counting(size: int) -> bytes:
    return bytes(i % 256 for i in range(size))


def sealed(cards: list[MatchCard] = CARDS) -> bytes:
    return seal_slot(cards, key=KEY, context=CONTEXT, random=counting)


def sealed_text(text: bytes) -> bytes:
    nonce = counting(24)
    box = crypto_aead_xchacha20poly1305_ietf_encrypt(text, CONTEXT.bind(), nonce, KEY)
    return nonce + box


def text_of(*cards: tuple[int, int], count: int | None = None, tail: bytes = b"") -> bytes:
    body = b"".join(h.to_bytes(8, "big") + d.to_bytes(2, "big") for h, d in cards)
    head = bytes([len(cards) if count is None else count])
    return (head + body + tail).ljust(168, b"\0")


def test_slot_tells_its_cards_and_has_the_size_of_noise() -> None:
    assert open_slot(sealed(), key=KEY, context=CONTEXT) == tuple(CARDS)
    assert len(sealed()) == len(noise_slot(counting)) == 208


def test_sixteen_cards_fit() -> None:
    cards = [MatchCard(height, 1) for height in range(1, 17)]

    assert open_slot(sealed(cards), key=KEY, context=CONTEXT) == tuple(cards)


@pytest.mark.parametrize(
    ("key", "context"),
    [
        pytest.param(b"K" * 32, CONTEXT, id="another person or epoch"),
        pytest.param(KEY, CONTEXT._replace(answerer="szw"), id="another answerer"),
        pytest.param(KEY, CONTEXT._replace(locate=Digest(b"m" * 32)), id="another locate"),
        pytest.param(KEY, CONTEXT._replace(position=4), id="another position"),
    ],
)
def test_slot_is_noise_anywhere_else(key: bytes, context: SlotContext) -> None:
    assert open_slot(sealed(), key=key, context=context) is None


def test_noise_opens_under_no_key() -> None:
    assert open_slot(noise_slot(counting), key=KEY, context=CONTEXT) is None


@pytest.mark.parametrize("bit", range(0, 208 * 8, 5))
def test_flipped_bit_makes_noise_of_a_slot(bit: int) -> None:
    raw = bytearray(sealed())
    raw[bit // 8] ^= 1 << bit % 8

    assert open_slot(bytes(raw), key=KEY, context=CONTEXT) is None


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(text_of(), id="no card"),
        pytest.param(text_of((7, 1), count=17), id="a count over 16"),
        pytest.param(text_of((7, 1), count=0), id="a count of 0 before a card"),
        pytest.param(text_of((7, 1), (7, 2)), id="a height twice"),
        pytest.param(text_of((9, 1), (7, 1)), id="heights that fall"),
        pytest.param(text_of((7, 0)), id="a desk without number"),
        pytest.param(text_of((7, 1), tail=b"\x01"), id="padding that is not zero"),
        pytest.param(text_of((2**63, 1)), id="a height beyond all"),
    ],
)
def test_slot_that_opens_to_what_no_honest_issuer_writes_is_void(text: bytes) -> None:
    with pytest.raises(VerificationError, match="void"):
        open_slot(sealed_text(text), key=KEY, context=CONTEXT)


@pytest.mark.parametrize(
    "cards",
    [[], [MatchCard(i, 1) for i in range(1, 18)], [MatchCard(2, 1), MatchCard(1, 1)]],
    ids=["none", "seventeen", "falling"],
)
def test_cards_that_could_not_be_read_are_not_written(cards: list[MatchCard]) -> None:
    with pytest.raises(MalformedError, match="1 to 16"):
        sealed(cards)


def test_frame_splits_into_its_slots_and_no_other_number() -> None:
    assert split_frame(b"a" * 208 + b"b" * 208, slots=2) == [b"a" * 208, b"b" * 208]
    with pytest.raises(MalformedError, match="3 heights"):
        split_frame(bytes(416), slots=3)


def test_slot_of_another_size_is_refused() -> None:
    with pytest.raises(MalformedError, match="208"):
        open_slot(bytes(207), key=KEY, context=CONTEXT)
