"""The hashing of RFC 9497's suite ristretto255-SHA512 (4.1), for both of its modes used here.

contextString = "OPRFV1-" ‖ mode ‖ "-ristretto255-SHA512"
HashToGroup     expand_message_xmd, tag "HashToGroup-" ‖ contextString, 64 bytes, mapped
HashToScalar    expand_message_xmd, tag "HashToScalar-" ‖ contextString, 64 bytes, reduced
"""

import hashlib
from enum import IntEnum

from ledger.errors import MalformedError
from ledger.group import UNIFORM_BYTES, Point, Scalar, hash_to_point

_IDENTIFIER = b"ristretto255-SHA512"
_SHA512_BLOCK = 128


class Mode(IntEnum):
    """The protocol's modes (3)."""

    OPRF = 0
    VOPRF = 1


def tagged(label: bytes, mode: Mode) -> bytes:
    """Return `label` bound to suite and mode: label ‖ contextString (3.1)."""
    return label + b"OPRFV1-" + bytes([mode]) + b"-" + _IDENTIFIER


def sized(raw: bytes) -> bytes:
    """Return I2OSP(len(raw), 2) ‖ raw, as the RFC's transcripts have it."""
    return len(raw).to_bytes(2, "big") + raw


def hash_bytes(message: bytes) -> bytes:
    """Return Hash(message): 64 bytes of SHA-512."""
    return hashlib.sha512(message).digest()


def hash_to_group(message: bytes, *, mode: Mode) -> Point:
    """Return HashToGroup(message).

    Raises:
        MalformedError: the identity, with negligible probability.
    """
    tag = tagged(b"HashToGroup-", mode)
    return hash_to_point(expand_message_xmd(message, tag=tag, size=UNIFORM_BYTES))


def hash_to_scalar(message: bytes, *, mode: Mode) -> Scalar:
    """Return HashToScalar(message).

    Raises:
        MalformedError: zero, with negligible probability.
    """
    tag = tagged(b"HashToScalar-", mode)
    return Scalar.reduce(expand_message_xmd(message, tag=tag, size=UNIFORM_BYTES))


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
