"""COCKTAIL-DKG's own Schnorr signatures ("Schnorr Signature Scheme"): 64 bytes.

    signature   R (32, point) ‖ z (32, scalar)
    k = HashToScalar(prefix NONCE ‖ secret ‖ message)     R = k·G
    c = HashToScalar(prefix H7 ‖ R ‖ public ‖ message)    z = k + c·secret

HashToScalar is SHA-512, reduced. Nothing but a key generation is signed with these: they are no
Ed25519.
"""

import hashlib
from dataclasses import dataclass
from typing import Self

from ledger.errors import MalformedError, VerificationError
from ledger.group import POINT_BYTES, SCALAR_BYTES, Point, Scalar, generator_times, sum_points

SIGNATURE_BYTES = POINT_BYTES + SCALAR_BYTES
_NONCE = b"COCKTAIL-DKG-Ristretto255-SHA512-NONCE"
_CHALLENGE = b"COCKTAIL-DKG-Ristretto255-SHA512-H7"


@dataclass(frozen=True, slots=True)
class Signature:
    """A commitment `r` and a response `z`."""

    r: Point
    z: Scalar

    def encode(self) -> bytes:
        """Return the 64 bytes."""
        return self.r.encode() + self.z.encode()

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """Read 64 bytes.

        Raises:
            MalformedError: another size, no canonical point or scalar, the identity or zero.
        """
        if len(raw) != SIGNATURE_BYTES:
            raise MalformedError(f"signature: expected {SIGNATURE_BYTES} bytes")
        # The specification lets z be zero, and no one can find a signature in which it is.
        return cls(Point(raw[:POINT_BYTES]), Scalar(raw[POINT_BYTES:]))

    def verify(self, message: bytes, *, public: Point) -> None:
        """Check that the secret behind `public` signed `message` (Schnorr Verify).

        Raises:
            VerificationError: it did not.
        """
        challenge = _challenge(self.r, public, message)
        try:
            holds = generator_times(self.z) == sum_points([self.r, public.times(challenge)])
        except MalformedError:
            # A sum that is the identity: z is not zero, so it cannot be equal.
            holds = False
        if not holds:
            raise VerificationError("signature does not verify")


def sign(message: bytes, *, secret: Scalar) -> Signature:
    """Return the signature of `message` (Schnorr Sign).

    Raises:
        MalformedError: with negligible probability, the nonce or the response is zero; the whole
            run is then to be begun again.
    """
    nonce = _hash_to_scalar(_NONCE + secret.encode() + message)
    r = generator_times(nonce)
    return Signature(r, nonce + _challenge(r, generator_times(secret), message) * secret)


def _challenge(r: Point, public: Point, message: bytes) -> Scalar:
    return _hash_to_scalar(_CHALLENGE + r.encode() + public.encode() + message)


def _hash_to_scalar(message: bytes) -> Scalar:
    return Scalar.reduce(hashlib.sha512(message).digest())
