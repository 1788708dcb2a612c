"""The trial: before an epoch opens every share evaluates an element that is nobody's.

    element   SHA-512(enc(label, origin, epoch document)), mapped to the group
    content   proof (64 bytes, `ledger.dleq`) ‖ evaluated element (32 bytes)

Each holder derives the element itself. It is not the image of any input of the function: those are
hashed another way (RFC 9497), so that a trial evaluates no person.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from ledger.dleq import PROOF_BYTES, Proof, prove, verify_proof
from ledger.encoding import enc
from ledger.epoch import EpochDocument
from ledger.errors import VerificationError
from ledger.group import Point, Scalar, hash_to_point
from ledger.threshold import SharedGroup, combine
from ledger.voprf import evaluate

_LABEL = "signaalketen/trial/v1"


def trial_element(origin: str, epoch: EpochDocument) -> Point:
    """Return the element that every share of `epoch` is tried on."""
    return hash_to_point(hashlib.sha512(enc(_LABEL, origin, epoch.encode())).digest())


@dataclass(frozen=True, slots=True)
class Trial:
    """One share's evaluation of the element, and its proof."""

    proof: Proof
    evaluated: Point

    def encode(self) -> bytes:
        """Return the 96 bytes."""
        return self.proof.encode() + self.evaluated.encode()

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """Read 96 bytes.

        Raises:
            MalformedError: another size, or no proof and point.
        """
        return cls(Proof.decode(raw[:PROOF_BYTES]), Point(raw[PROOF_BYTES:]))

    def verify(self, element: Point, *, public: Point) -> None:
        """Check that the share behind `public` evaluated `element`.

        Raises:
            VerificationError: it did not.
        """
        verify_proof(self.proof, public=public, blinded=[element], evaluated=[self.evaluated])


def try_share(share: Scalar, element: Point, *, r: Scalar) -> Trial:
    """Return the trial of `share`; `r` is random and never used again."""
    evaluated = evaluate([element], key=share)
    return Trial(prove(share, blinded=[element], evaluated=evaluated, r=r), evaluated[0])


def verify_trials(groups: Sequence[SharedGroup], trials: Sequence[Mapping[int, Trial]]) -> None:
    """Check that the first and the last holders of each group evaluate alike.

    Follows from every trial's own proof and from shares that belong together; it would show a
    mistake of ours before a key is used.

    Raises:
        VerificationError: they do not.
    """
    outcomes = set()
    for is_last in (False, True):
        chosen = []
        for group, of in zip(groups, trials, strict=True):
            indexes = sorted(of, reverse=is_last)[: group.threshold]
            chosen.append({index: of[index].evaluated for index in indexes})
        outcomes.add(combine(groups, chosen))
    if len(outcomes) != 1:
        raise VerificationError("trial: two sets of holders evaluate differently")
