"""Blinding of a person for the pseudonym: RFC 9497, suite ristretto255-SHA512.

Section numbers are RFC 9497's. Blind (3.3.1) is the same in modes 0 (OPRF) and 1 (VOPRF) but
for the mode in the context string. The `alpha` item of a signal's body is

    enc(purpose, α)         α = blind · HashToGroup(enc("signaalketen/person/v1", nine digits))
"""

import hashlib
from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from ledger.bsn import Bsn
from ledger.encoding import enc, split_enc
from ledger.entry import is_name
from ledger.errors import MalformedError
from ledger.group import UNIFORM_BYTES, Point, Scalar, hash_to_point

_IDENTIFIER = b"ristretto255-SHA512"
_PERSON = "signaalketen/person/v1"
_SHA512_BLOCK = 128


class Mode(IntEnum):
    """The protocol's modes (3)."""

    OPRF = 0
    VOPRF = 1


def context_string(mode: Mode) -> bytes:
    """Return what binds every hash to suite and mode (3.1)."""
    return b"OPRFV1-" + bytes([mode]) + b"-" + _IDENTIFIER


def hash_to_group(message: bytes, *, mode: Mode = Mode.VOPRF) -> Point:
    """Return HashToGroup(message) (4.1).

    Raises:
        MalformedError: the identity, with negligible probability.
    """
    tag = b"HashToGroup-" + context_string(mode)
    return hash_to_point(expand_message_xmd(message, tag=tag, size=UNIFORM_BYTES))


def expand_message_xmd(message: bytes, *, tag: bytes, size: int) -> bytes:
    """Return `size` uniform bytes, at most 64 (RFC 9380, 5.3.1, with SHA-512: one block suffices).

    Raises:
        MalformedError: a tag over 255 bytes, or more than one block of output.
    """
    if len(tag) > 255 or size > hashlib.sha512().digest_size:
        raise MalformedError("expand_message_xmd: tag or output is too long")
    suffix = tag + bytes([len(tag)])
    first = hashlib.sha512(
        bytes(_SHA512_BLOCK) + message + size.to_bytes(2, "big") + b"\x00" + suffix
    ).digest()
    return hashlib.sha512(first + b"\x01" + suffix).digest()[:size]


def blind(message: bytes, *, blinding: Scalar, mode: Mode = Mode.VOPRF) -> Point:
    """Return the blinded element of `message` (3.3.1, 3.3.2)."""
    return hash_to_group(message, mode=mode).times(blinding)


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
