"""Answer frames: what one issuer tells another about one `locate` (MATCHING, "Bytes").

A frame has one slot of 208 bytes for each height that the `locate` entry names, in their order:

    nonce        24     random, made once
    ciphertext  168     u8 count 1–16, count × (u64be height, ascending ‖ u16be desk number), zeros
    tag          16     associated data enc(answering issuer, locate's entry id, slot's index)

Where nothing matches, a slot is 208 random bytes; without the key the two look the same.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
)
from nacl.exceptions import CryptoError

from ledger.encoding import Digest, enc
from ledger.errors import MalformedError, VerificationError

SLOT_BYTES = 208
MAX_CARDS = 16
_NONCE_BYTES = 24
_TEXT_BYTES = 168
_CARD_BYTES = 10


class MatchCard(NamedTuple):
    """A live signal of the answering issuer: its `height`, and the number of its `desk`."""

    height: int
    desk: int


class SlotContext(NamedTuple):
    """Which slot: of which `answerer`, to the locate entry with that id, at which `position`."""

    answerer: str
    locate: Digest
    position: int

    def bind(self) -> bytes:
        """Return the associated data."""
        return enc(self.answerer, self.locate, self.position)


def noise_slot(random: Callable[[int], bytes]) -> bytes:
    """Return a slot that opens under no key."""
    return random(SLOT_BYTES)


def seal_slot(
    cards: Sequence[MatchCard],
    *,
    key: bytes,
    context: SlotContext,
    random: Callable[[int], bytes],
) -> bytes:
    """Return the slot that tells `cards`; the same bytes must be kept and sent ever after.

    Raises:
        MalformedError: none or over 16 cards, heights not ascending, or a desk without number.
    """
    text = _encode_cards(cards)
    nonce = random(_NONCE_BYTES)
    return nonce + crypto_aead_xchacha20poly1305_ietf_encrypt(text, context.bind(), nonce, key)


def open_slot(raw: bytes, *, key: bytes, context: SlotContext) -> tuple[MatchCard, ...] | None:
    """Return the cards in a slot, or None where it does not open under `key`.

    Whether each height is a live signal of the answerer is for the caller to check.

    Raises:
        MalformedError: not 208 bytes.
        VerificationError: it opens, to what no honest answerer writes: void, and a finding.
    """
    if len(raw) != SLOT_BYTES:
        raise MalformedError(f"answer: a slot has {SLOT_BYTES} bytes")
    try:
        text = crypto_aead_xchacha20poly1305_ietf_decrypt(
            raw[_NONCE_BYTES:], context.bind(), raw[:_NONCE_BYTES], key
        )
    except CryptoError:
        return None
    cards = tuple(
        MatchCard(
            int.from_bytes(text[at : at + 8], "big"), int.from_bytes(text[at + 8 : at + 10], "big")
        )
        for at in range(1, 1 + _CARD_BYTES * min(text[0], MAX_CARDS), _CARD_BYTES)
    )
    try:
        is_canonical = _encode_cards(cards) == text
    except MalformedError as cause:
        raise VerificationError(f"answer: a void slot: {cause}") from cause
    if not is_canonical:
        raise VerificationError("answer: a void slot: padding or count")
    return cards


def split_frame(raw: bytes, *, slots: int) -> list[bytes]:
    """Return the slots of a frame that answers a `locate` of `slots` heights.

    Raises:
        MalformedError: another size.
    """
    if len(raw) != slots * SLOT_BYTES:
        raise MalformedError(f"answer: a frame for {slots} heights has {slots * SLOT_BYTES} bytes")
    return [raw[at : at + SLOT_BYTES] for at in range(0, len(raw), SLOT_BYTES)]


def _encode_cards(cards: Sequence[MatchCard]) -> bytes:
    heights = [card.height for card in cards]
    if not 1 <= len(cards) <= MAX_CARDS or heights != sorted(set(heights)):
        raise MalformedError("1 to 16 cards, in order of height, none twice")
    if any(not 1 <= card.desk <= 0xFFFF or card.height >= 2**63 for card in cards):
        raise MalformedError("a desk number is 1 to 65,535, a height under 2⁶³")
    stated = b"".join(
        card.height.to_bytes(8, "big") + card.desk.to_bytes(2, "big") for card in cards
    )
    return (bytes([len(cards)]) + stated).ljust(_TEXT_BYTES, b"\0")
