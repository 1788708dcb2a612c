"""Keys with names and types, as signed notes use them (c2sp.org/signed-note, tlog-cosignature).

    key id   SHA-256(name ‖ 0x0A ‖ type ‖ public key)[:4]
    vkey     name+hex8(key id)+base64(type ‖ public key)

    type 01  Ed25519 over the note's text
    type 04  Ed25519 cosignature over a checkpoint, with a time
    type 06  ML-DSA-44 cosignature over a checkpoint

libsodium verifies every signature that decides anything: of the verifiers in use it is the
strictest, and two different ones among the nodes would be a fork.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Self

from nacl.bindings import (
    crypto_sign,
    crypto_sign_BYTES,
    crypto_sign_open,
    crypto_sign_PUBLICKEYBYTES,
    crypto_sign_seed_keypair,
)
from nacl.exceptions import CryptoError

from ledger.encoding import from_base64, sha256, to_base64
from ledger.errors import MalformedError, VerificationError
from ledger.note import SignatureLine, is_key_name

SEED_BYTES = 32


class KeyType(IntEnum):
    """The signature algorithm and what it signs."""

    ED25519 = 0x01
    COSIGNATURE = 0x04
    COSIGNATURE_ML_DSA = 0x06


_PUBLIC_BYTES = {
    KeyType.ED25519: 32,
    KeyType.COSIGNATURE: 32,
    KeyType.COSIGNATURE_ML_DSA: 1312,
}


def verify_ed25519(*, public: bytes, message: bytes, signature: bytes) -> None:
    """Check an Ed25519 signature (RFC 8032, 5.1.7) with libsodium.

    Raises:
        VerificationError: it is not a signature of `message` by `public`.
    """
    # libsodium reads 32 bytes of whatever key it is given.
    if len(public) != crypto_sign_PUBLICKEYBYTES or len(signature) != crypto_sign_BYTES:
        raise VerificationError("an Ed25519 key has 32 bytes, a signature 64")
    try:
        crypto_sign_open(signature + message, public)
    except CryptoError as cause:
        raise VerificationError("signature does not verify") from cause


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key under a `name`, which is part of its identity."""

    name: str
    type: KeyType
    public: bytes
    id: bytes = field(init=False)

    def __post_init__(self) -> None:
        """Refuse a bad name or size; derive the key id."""
        if not is_key_name(self.name):
            raise MalformedError("key: a name is not empty and has no spaces or plus signs")
        if len(self.public) != _PUBLIC_BYTES[self.type]:
            raise MalformedError(f"key {self.name}: a public key of the wrong size")
        identity = self.name.encode() + b"\n" + bytes([self.type]) + self.public
        object.__setattr__(self, "id", sha256(identity)[:4])

    def encode(self) -> str:
        """Return the vkey."""
        return f"{self.name}+{self.id.hex()}+{to_base64(bytes([self.type]) + self.public)}"

    @classmethod
    def decode(cls, text: str) -> Self:
        """Read a vkey; the exact inverse of `encode`.

        Raises:
            MalformedError: not a vkey, or one whose key id is not its own.
        """
        parts = text.split("+", 2)
        if len(parts) != 3:
            raise MalformedError("vkey: expected name+key id+key")
        raw = from_base64(parts[2])
        try:
            key = cls(parts[0], KeyType(raw[0]), raw[1:])
        except (ValueError, IndexError) as cause:
            raise MalformedError("vkey: a key type that is not known") from cause
        if key.encode() != text:
            raise MalformedError("vkey: the key id is not this key's")
        return key

    def verify(self, line: SignatureLine, text: str) -> None:
        """Check that this key (type 01) made `line` over a note's `text`.

        Raises:
            VerificationError: another key's line, or a signature of something else.
        """
        if self.type is not KeyType.ED25519 or (line.name, line.key_id) != (self.name, self.id):
            raise VerificationError(f"not a signature by {self.name}")
        verify_ed25519(public=self.public, message=text.encode(), signature=line.signature)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An Ed25519 private key under a name, of type 01 or 04; never printed."""

    name: str
    type: KeyType
    seed: bytes = field(repr=False)
    verifier: VerifierKey = field(init=False)
    _secret: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Derive the public key from the 32-byte seed."""
        if len(self.seed) != SEED_BYTES or self.type is KeyType.COSIGNATURE_ML_DSA:
            raise MalformedError("an Ed25519 seed has 32 bytes")
        public, secret = crypto_sign_seed_keypair(self.seed)
        object.__setattr__(self, "_secret", secret)
        object.__setattr__(self, "verifier", VerifierKey(self.name, self.type, public))

    def sign_bytes(self, message: bytes) -> bytes:
        """Return the 64-byte Ed25519 signature of `message`."""
        return crypto_sign(message, self._secret)[:crypto_sign_BYTES]

    def sign(self, text: str) -> SignatureLine:
        """Return the line that signs a note's `text` with this key of type 01."""
        if self.type is not KeyType.ED25519:
            raise MalformedError("a cosigning key signs checkpoints only")
        return SignatureLine(self.name, self.verifier.id, self.sign_bytes(text.encode()))
