"""One run of COCKTAIL-DKG, as all its participants must agree on it before they begin.

Follows c2sp.org/cocktail-dkg version 0.2, ciphersuite `COCKTAIL(Ristretto255, SHA-512)`; this
package cites its sections. A participant's number is its place among the public keys.

    context     SHA-512("COCKTAIL-DKG-CONTEXT" ‖ u64be length ‖ session id ‖ u64be length ‖ suite
                ‖ u32le n ‖ P_1 ‖ … ‖ P_n)                                           (Setup)
    transcript  u64le length ‖ suite ‖ u64le length ‖ context ‖ u32le n ‖ u32le t ‖ all P ‖ all C
                ‖ all proofs ‖ all E ‖ u64le length ‖ extension                      (Round 3)
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from ledger.dkg.contribution import Contribution
from ledger.errors import MalformedError
from ledger.group import Point

SUITE = b"COCKTAIL(Ristretto255, SHA-512)"
MAX_PARTICIPANTS = 255
_CONTEXT = b"COCKTAIL-DKG-CONTEXT"


@dataclass(frozen=True, slots=True)
class Session:
    """A run among the owners of the public keys `participants`, any `threshold` of whom suffice.

    `id` must never be used again. All must have the same `extension`: what else they agree on.
    """

    id: bytes
    threshold: int
    participants: tuple[Point, ...]
    extension: bytes = b""

    def __post_init__(self) -> None:
        """Refuse what Setup refuses: a threshold that cannot be met, a key that occurs twice."""
        if not 1 <= self.threshold <= self.size <= MAX_PARTICIPANTS:
            raise MalformedError("key generation: a threshold is 1 to the number of participants")
        if len(set(self.participants)) != self.size:
            raise MalformedError("key generation: two participants have one key")

    @property
    def size(self) -> int:
        """Return n, the number of participants."""
        return len(self.participants)

    @property
    def context(self) -> bytes:
        """Return the 64 bytes that bind everything in the run to it."""
        return hashlib.sha512(
            _CONTEXT
            + len(self.id).to_bytes(8, "big")
            + self.id
            + len(SUITE).to_bytes(8, "big")
            + SUITE
            + self.size.to_bytes(4, "little")
            + _joined(self.participants)
        ).digest()

    def key_of(self, participant: int) -> Point:
        """Return the public key of a participant, 1 … n."""
        return self.participants[participant - 1]

    def transcript(self, contributions: Sequence[Contribution]) -> bytes:
        """Return what all participants sign at the end, of contributions in their order."""
        context = self.context
        return b"".join(
            (
                len(SUITE).to_bytes(8, "little"),
                SUITE,
                len(context).to_bytes(8, "little"),
                context,
                self.size.to_bytes(4, "little"),
                self.threshold.to_bytes(4, "little"),
                _joined(self.participants),
                *(_joined(one.commitments) for one in contributions),
                *(one.proof.encode() for one in contributions),
                *(one.ephemeral.encode() for one in contributions),
                len(self.extension).to_bytes(8, "little"),
                self.extension,
            )
        )


def _joined(points: Sequence[Point]) -> bytes:
    return b"".join(point.encode() for point in points)
