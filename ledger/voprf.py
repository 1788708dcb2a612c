"""The pseudonym of a person: RFC 9497, suite ristretto255-SHA512, mode VOPRF.

Section numbers are RFC 9497's. The author blinds, whoever holds the key evaluates and proves it,
the author finalizes: the holder learns nothing of the person, the author nothing of the key.

    input    enc("signaalketen/person/v1", nine digits)
    α        blind · HashToGroup(input)                             what leaves the agency
    y        64 bytes: Hash over input and k · HashToGroup(input)   what all else follows from

The `alpha` item of a signal's body is enc(purpose, α).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from ledger.bsn import Bsn
from ledger.encoding import enc, split_enc
from ledger.entry import is_name
from ledger.errors import MalformedError
from ledger.group import Point, Scalar
from ledger.suite import Mode, hash_bytes, hash_to_group, sized

OUTPUT_BYTES = 64
_PERSON = "signaalketen/person/v1"


def blind(message: bytes, *, blinding: Scalar, mode: Mode = Mode.VOPRF) -> Point:
    """Return the blinded element of `message` (Blind, 3.3.1)."""
    return hash_to_group(message, mode=mode).times(blinding)


def evaluate(blinded: Sequence[Point], *, key: Scalar) -> list[Point]:
    """Return the evaluated elements (BlindEvaluate, 3.3.1); `ledger.dleq` proves them."""
    return [element.times(key) for element in blinded]


def finalize(message: bytes, *, blinding: Scalar, evaluated: Point) -> bytes:
    """Return the function's output for `message`: 64 bytes (Finalize, 3.3.1, the same in 3.3.2).

    Nothing is verified: combine only evaluations whose proofs hold.
    """
    unblinded = evaluated.times(blinding.inverse())
    return hash_bytes(sized(message) + sized(unblinded.encode()) + b"Finalize")


def person_input(bsn: Bsn) -> bytes:
    """Return what of a person goes into the function: the same for every agency and purpose."""
    return enc(_PERSON, bsn.digits)


@dataclass(frozen=True, slots=True)
class Alpha:
    """The `alpha` item: a `purpose` and the blinded `element` to evaluate for it."""

    purpose: str
    element: Point

    def encode(self) -> bytes:
        """Return the item's content."""
        return enc(self.purpose, self.element.encode())

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """Read the item's content; the exact inverse of `encode`.

        Raises:
            MalformedError: not what `encode` returns.
        """
        fields = split_enc(raw)
        if len(fields) != 2:
            raise MalformedError("alpha: expected a purpose and a point")
        try:
            purpose = fields[0].decode("ascii")
        except UnicodeDecodeError as cause:
            raise MalformedError("alpha: a purpose is a name") from cause
        if not is_name(purpose):
            raise MalformedError("alpha: a purpose is a name")
        return cls(purpose, Point(fields[1]))
