"""How a share travels: encrypted from one participant to one other (Round 1, 5; "H6").

    S_e = e·P_r = d_r·E     S_d = d_s·P_r = d_r·P_s        both sides compute the same two points
    SHA-512("COCKTAIL-DKG-Ristretto255-SHA512-H6" ‖ S_e ‖ S_d ‖ E ‖ P_s ‖ P_r
            ‖ u64le length ‖ context)
        key = bytes 0 … 31      nonce = bytes 32 … 55
    ciphertext = XChaCha20-Poly1305(share (32) ‖ payload), no associated data

The nonce may be derived because a key encrypts one text only.
"""

import hashlib
from dataclasses import dataclass, field

from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
)
from nacl.exceptions import CryptoError

from ledger.dkg.session import Session
from ledger.errors import VerificationError
from ledger.group import Point

_PREFIX = b"COCKTAIL-DKG-Ristretto255-SHA512-H6"


@dataclass(frozen=True, slots=True)
class Exchanged:
    """The two points that sender and recipient have in common, S_e and S_d; never printed."""

    ephemeral: Point = field(repr=False)
    static: Point = field(repr=False)


@dataclass(frozen=True, slots=True)
class Route:
    """From whom to whom in a run: participants `sender` and `recipient`, under the sender's E."""

    session: Session
    sender: int
    recipient: int
    ephemeral: Point

    def encrypt(self, plain: bytes, exchanged: Exchanged) -> bytes:
        """Return the ciphertext of a share and its payload."""
        key, nonce = self._key(exchanged)
        return crypto_aead_xchacha20poly1305_ietf_encrypt(plain, None, nonce, key)

    def decrypt(self, ciphertext: bytes, exchanged: Exchanged) -> bytes:
        """Return the share and its payload.

        Raises:
            VerificationError: not encrypted by that sender for that recipient in that run.
        """
        key, nonce = self._key(exchanged)
        try:
            return crypto_aead_xchacha20poly1305_ietf_decrypt(ciphertext, None, nonce, key)
        except (CryptoError, ValueError) as cause:
            raise VerificationError("the ciphertext does not open") from cause

    def _key(self, exchanged: Exchanged) -> tuple[bytes, bytes]:
        context = self.session.context
        derived = hashlib.sha512(
            _PREFIX
            + exchanged.ephemeral.encode()
            + exchanged.static.encode()
            + self.ephemeral.encode()
            + self.session.key_of(self.sender).encode()
            + self.session.key_of(self.recipient).encode()
            + len(context).to_bytes(8, "little")
            + context
        ).digest()
        return derived[:32], derived[32:56]
