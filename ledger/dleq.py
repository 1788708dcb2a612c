"""Proofs that evaluated elements come from one known key (RFC 9497, 2.2, mode VOPRF).

    proof = c (32 bytes, scalar) ‖ s (32 bytes, scalar)

For key k with public key B = k·G and pairs (C_i, D_i = k·C_i), the proof shows that log_G(B) equals
log_{C_i}(D_i) for all i at once, and nothing else of k. One proof serves a whole batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from ledger.errors import MalformedError, VerificationError
from ledger.group import SCALAR_BYTES, Point, Scalar, generator_times
from ledger.suite import Mode, hash_bytes, hash_to_scalar, sized, tagged

PROOF_BYTES = 2 * SCALAR_BYTES


@dataclass(frozen=True, slots=True)
class Proof:
    """A challenge `c` and a response `s`."""

    c: Scalar
    s: Scalar

    def encode(self) -> bytes:
        """Return the 64 bytes."""
        return self.c.encode() + self.s.encode()

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """Read 64 bytes.

        Raises:
            MalformedError: another size, or a scalar that is zero or not reduced.
        """
        if len(raw) != PROOF_BYTES:
            raise MalformedError(f"proof: expected {PROOF_BYTES} bytes")
        return cls(Scalar(raw[:SCALAR_BYTES]), Scalar(raw[SCALAR_BYTES:]))


def prove(key: Scalar, *, blinded: Sequence[Point], evaluated: Sequence[Point], r: Scalar) -> Proof:
    """Return the proof that `evaluated` is `key` times `blinded` (GenerateProof, 2.2.1).

    `r` must be uniformly random and never used again: with two proofs under one `r` anybody
    computes the key.
    """
    public = generator_times(key)
    m = _composite(blinded, _weights(public, blinded, evaluated))
    c = _challenge(public, m, m.times(key), generator_times(r), m.times(r))
    return Proof(c, r - c * key)


def verify_proof(
    proof: Proof, *, public: Point, blinded: Sequence[Point], evaluated: Sequence[Point]
) -> None:
    """Check that the key behind `public` evaluated `blinded` (VerifyProof, 2.2.2).

    Raises:
        VerificationError: it did not, or the numbers of elements differ.
    """
    if len(blinded) != len(evaluated) or not blinded:
        raise VerificationError("evaluation: another number of elements than was asked")
    try:
        weights = _weights(public, blinded, evaluated)
        m, z = _composite(blinded, weights), _composite(evaluated, weights)
        t2 = generator_times(proof.s) + public.times(proof.c)
        t3 = m.times(proof.s) + z.times(proof.c)
        expected = _challenge(public, m, z, t2, t3)
    except MalformedError as cause:
        # A sum that is the identity: no honest proof leads there.
        raise VerificationError("evaluation: the proof does not hold") from cause
    if expected != proof.c:
        raise VerificationError("evaluation: the proof does not hold")


def _weights(public: Point, blinded: Sequence[Point], evaluated: Sequence[Point]) -> list[Scalar]:
    """Return d_i of ComputeComposites (2.2.1): what mixes a batch so that no error cancels."""
    seed = hash_bytes(sized(public.encode()) + sized(tagged(b"Seed-", Mode.VOPRF)))
    return [
        hash_to_scalar(
            sized(seed)
            + i.to_bytes(2, "big")
            + sized(c.encode())
            + sized(d.encode())
            + b"Composite",
            mode=Mode.VOPRF,
        )
        for i, (c, d) in enumerate(zip(blinded, evaluated, strict=True))
    ]


def _composite(elements: Sequence[Point], weights: Sequence[Scalar]) -> Point:
    total = elements[0].times(weights[0])
    for element, weight in zip(elements[1:], weights[1:], strict=True):
        total += element.times(weight)
    return total


def _challenge(public: Point, *points: Point) -> Scalar:
    transcript = b"".join(sized(point.encode()) for point in (public, *points))
    return hash_to_scalar(transcript + b"Challenge", mode=Mode.VOPRF)
