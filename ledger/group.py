"""The prime-order group ristretto255 (RFC 9496): points and scalars that cannot hold a bad value.

libsodium masks the top bit of scalars, takes them unreduced, and calls the identity a valid point;
the types here do not. Secret scalars are only ever computed with libsodium's own functions, which
take the same time for every value, never as Python integers.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

import rbcl

from ledger.errors import MalformedError

POINT_BYTES = 32
SCALAR_BYTES = 32
UNIFORM_BYTES = 64
_IDENTITY = bytes(POINT_BYTES)
_ZERO = bytes(SCALAR_BYTES)
ORDER = 2**252 + 27742317777372353535851937790883648493


@dataclass(frozen=True, slots=True)
class Scalar:
    """An integer 1 … L-1 as 32 bytes, little endian; never printed."""

    raw: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse zero, and what is not reduced modulo the group's order L."""
        if len(self.raw) != SCALAR_BYTES or self.raw == _ZERO:
            raise MalformedError("scalar: expected 32 bytes, not zero")
        # Comparing tells only whether the value is legal at all, not what it is.
        if int.from_bytes(self.raw, "little") >= ORDER:
            raise MalformedError("scalar: not reduced")

    def encode(self) -> bytes:
        """Return the 32 bytes."""
        return self.raw

    @classmethod
    def reduce(cls, uniform: bytes) -> Self:
        """Return 64 uniform bytes modulo L.

        Raises:
            MalformedError: not 64 bytes, or they reduce to zero.
        """
        if len(uniform) != UNIFORM_BYTES:
            raise MalformedError("scalar: expected 64 uniform bytes")
        return cls(rbcl.crypto_core_ristretto255_scalar_reduce(uniform))

    def __add__(self, other: "Scalar") -> "Scalar":
        """Return the sum modulo L."""
        return Scalar(rbcl.crypto_core_ristretto255_scalar_add(self.raw, other.raw))

    def __sub__(self, other: "Scalar") -> "Scalar":
        """Return the difference modulo L."""
        return Scalar(rbcl.crypto_core_ristretto255_scalar_sub(self.raw, other.raw))

    def __mul__(self, other: "Scalar") -> "Scalar":
        """Return the product modulo L."""
        return Scalar(rbcl.crypto_core_ristretto255_scalar_mul(self.raw, other.raw))

    def inverse(self) -> "Scalar":
        """Return the inverse modulo L."""
        return Scalar(rbcl.crypto_core_ristretto255_scalar_invert(self.raw))


@dataclass(frozen=True, slots=True)
class Point:
    """An element of the group other than the identity, as its one encoding of 32 bytes."""

    raw: bytes

    def __post_init__(self) -> None:
        """Refuse the identity and every other spelling."""
        verify_point(self.raw)

    def encode(self) -> bytes:
        """Return the 32 bytes."""
        return self.raw

    def __add__(self, other: "Point") -> "Point":
        """Return the sum.

        Raises:
            MalformedError: the sum is the identity.
        """
        return Point(rbcl.crypto_core_ristretto255_add(self.raw, other.raw))

    def times(self, scalar: Scalar) -> "Point":
        """Return this point `scalar` times."""
        return Point(rbcl.crypto_scalarmult_ristretto255(scalar.raw, self.raw))


def verify_point(raw: bytes) -> None:
    """Check that `raw` is the encoding of a point other than the identity.

    Raises:
        MalformedError: it is not.
    """
    if (
        len(raw) != POINT_BYTES
        or raw[31] >= 0x80
        or raw == _IDENTITY
        or not rbcl.crypto_core_ristretto255_is_valid_point(raw)
    ):
        raise MalformedError("point: not a canonical ristretto255 point, or the identity")


def hash_to_point(uniform: bytes) -> Point:
    """Return the point that 64 uniform bytes map to (RFC 9496, 4.3.4).

    Raises:
        MalformedError: not 64 bytes, or the identity.
    """
    if len(uniform) != UNIFORM_BYTES:
        raise MalformedError("point: expected 64 uniform bytes")
    return Point(rbcl.crypto_core_ristretto255_from_hash(uniform))


def generator_times(scalar: Scalar) -> Point:
    """Return the group's generator `scalar` times, faster than `times`."""
    return Point(rbcl.crypto_scalarmult_ristretto255_base(scalar.raw))


def sum_points(points: Sequence[Point]) -> Point:
    """Return the sum of `points`; what they add up to on the way may be the identity.

    Two who conspire can choose points that cancel: only the whole sum decides.

    Raises:
        MalformedError: the whole sum is the identity, or there is no point.
    """
    total = _IDENTITY
    for point in points:
        total = rbcl.crypto_core_ristretto255_add(total, point.raw)
    return Point(total)


def sum_scalars(scalars: Sequence[Scalar]) -> Scalar:
    """Return the sum of `scalars` modulo L; what they add up to on the way may be zero.

    Raises:
        MalformedError: the whole sum is zero, or there is no scalar.
    """
    total = _ZERO
    for scalar in scalars:
        total = rbcl.crypto_core_ristretto255_scalar_add(total, scalar.raw)
    return Scalar(total)
