"""Locate items: where an author places a signal, for those who know the person (MATCHING, "Bytes").

    item    80 bytes    two entries, newest epoch first; an absent epoch is 40 random bytes
    entry   40 bytes    locator (16) ‖ card (8 + 16)
    card                XChaCha20-Poly1305, zero nonce, no associated data, under the card key:
                        u16be desk number ‖ 6 zeros

One card key never encrypts two texts: it is bound to one signal, whose desk does not change.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Self

from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
)
from nacl.exceptions import CryptoError

from ledger.encoding import Digest
from ledger.errors import MalformedError, VerificationError
from ledger.pseudonym import LOCATOR_BYTES, Pseudonym

MAX_EPOCHS = 2
ENTRY_BYTES = 40
ITEM_BYTES = MAX_EPOCHS * ENTRY_BYTES
_NONCE = bytes(24)
_ZEROS = bytes(6)


@dataclass(frozen=True, slots=True)
class Placement:
    """One entry of an item: a `locator` and a sealed `card`; nothing is opened yet."""

    locator: bytes
    card: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse other sizes."""
        if len(self.locator) != LOCATOR_BYTES or len(self.card) != ENTRY_BYTES - LOCATOR_BYTES:
            raise MalformedError("placement: 16 bytes of locator and 24 of card")

    def encode(self) -> bytes:
        """Return the 40 bytes."""
        return self.locator + self.card

    def open_card(self, pseudonym: Pseudonym, *, author: str, signal: Digest) -> int:
        """Return the number of the desk that posted `author`'s signal with that entry id.

        Raises:
            VerificationError: the card is not that signal's: copied, or never true.
        """
        key = pseudonym.card_key(author=author, signal=signal)
        try:
            text = crypto_aead_xchacha20poly1305_ietf_decrypt(self.card, None, _NONCE, key)
        except CryptoError as cause:
            raise VerificationError("card: not this signal's") from cause
        if text[2:] != _ZEROS:
            raise VerificationError("card: the padding is not zero")
        return int.from_bytes(text[:2], "big")


def place(pseudonym: Pseudonym, *, author: str, signal: Digest, slot: int, desk: int) -> Placement:
    """Return the placement of a signal at `slot` (0 to 15), with its desk on the card.

    Raises:
        MalformedError: a desk number that is not 1 to 65,535.
    """
    if not 1 <= desk <= 0xFFFF:
        raise MalformedError("card: a desk number is 1 to 65,535")
    key = pseudonym.card_key(author=author, signal=signal)
    text = desk.to_bytes(2, "big") + _ZEROS
    card = crypto_aead_xchacha20poly1305_ietf_encrypt(text, None, _NONCE, key)
    return Placement(pseudonym.locators(author)[slot], card)


def encode_item(placements: Sequence[Placement], *, random: Callable[[int], bytes]) -> bytes:
    """Return an item's 80 bytes: up to two placements, newest epoch first, then random bytes.

    Raises:
        MalformedError: more than two epochs.
    """
    if len(placements) > MAX_EPOCHS:
        raise MalformedError(f"locate item: at most {MAX_EPOCHS} epochs")
    stated = b"".join(placement.encode() for placement in placements)
    return stated + random(ITEM_BYTES - len(stated))


@dataclass(frozen=True, slots=True)
class LocateItem:
    """A received item: two placements, either of which may be random bytes."""

    placements: tuple[Placement, Placement]

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """Read 80 bytes; every 80 bytes are an item.

        Raises:
            MalformedError: another size.
        """
        if len(raw) != ITEM_BYTES:
            raise MalformedError(f"locate item: expected {ITEM_BYTES} bytes")
        first, second = (
            Placement(raw[at : at + LOCATOR_BYTES], raw[at + LOCATOR_BYTES : at + ENTRY_BYTES])
            for at in (0, ENTRY_BYTES)
        )
        return cls((first, second))
