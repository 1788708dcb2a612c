"""ML-DSA-44 keys (FIPS 204): post-quantum cosigning keys, of type 06.

    seed          32 bytes     the whole private key (FIPS 204, 5.1)
    public key    1,312
    signature     2,420

OpenSSL signs and verifies, through `cryptography`: libsodium has no ML-DSA. FIPS 204 leaves its
verifier no choice, so that two of them do not differ as those of Ed25519 do. Signing is hedged: the
library draws randomness of its own, and two signatures of one message differ.
"""

from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from ledger.errors import MalformedError, VerificationError
from ledger.key import SEED_BYTES, KeyType, VerifierKey

SIGNATURE_BYTES = 2420


def verify_ml_dsa(*, public: bytes, message: bytes, signature: bytes) -> None:
    """Check an ML-DSA-44 signature with an empty context (FIPS 204, algorithm 3).

    Raises:
        VerificationError: it is not a signature of `message` by `public`.
    """
    try:
        MLDSA44PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError) as cause:
        raise VerificationError("signature does not verify") from cause


@dataclass(frozen=True, slots=True)
class PostQuantumKey:
    """An ML-DSA-44 private key under a name; never printed."""

    name: str
    seed: bytes = field(repr=False)
    verifier: VerifierKey = field(init=False)
    _private: MLDSA44PrivateKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Derive the public key from the 32-byte seed."""
        if len(self.seed) != SEED_BYTES:
            raise MalformedError("an ML-DSA-44 seed has 32 bytes")
        private = MLDSA44PrivateKey.from_seed_bytes(self.seed)
        public = private.public_key().public_bytes_raw()
        object.__setattr__(self, "_private", private)
        object.__setattr__(
            self, "verifier", VerifierKey(self.name, KeyType.COSIGNATURE_ML_DSA, public)
        )

    @property
    def type(self) -> KeyType:
        """Return type 06."""
        return KeyType.COSIGNATURE_ML_DSA

    def sign_bytes(self, message: bytes) -> bytes:
        """Return a 2,420-byte ML-DSA-44 signature of `message`."""
        return self._private.sign(message)
