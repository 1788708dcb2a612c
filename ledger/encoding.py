"""Bytes that several formats share: digests, base64, length-prefixed fields.

`enc(a, b, …)` is `u32be length ‖ bytes` for each field; an integer is 8 bytes, big endian,
a string is UTF-8. No two different lists of fields have the same encoding.
"""

import hashlib
from binascii import a2b_base64, b2a_base64
from typing import NewType

from ledger.errors import MalformedError

Digest = NewType("Digest", bytes)
"""32 bytes of SHA-256."""


def sha256(message: bytes) -> Digest:
    """Return the SHA-256 of `message`."""
    return Digest(hashlib.sha256(message).digest())


def enc(*fields: bytes | str | int) -> bytes:
    """Return `fields` length-prefixed and joined, so that they cannot run together."""
    parts = []
    for field in fields:
        if isinstance(field, int):
            raw = field.to_bytes(8, "big")
        elif isinstance(field, str):
            raw = field.encode()
        else:
            raw = field
        parts.append(len(raw).to_bytes(4, "big") + raw)
    return b"".join(parts)


def to_base64(raw: bytes) -> str:
    """Return standard base64 with padding (RFC 4648, 4)."""
    return b2a_base64(raw, newline=False).decode("ascii")


def from_base64(text: str, *, size: int | None = None) -> bytes:
    """Read canonical base64: the exact inverse of `to_base64`.

    Raises:
        MalformedError: stray characters, missing padding, loose bits, or not `size` bytes.
    """
    try:
        raw = a2b_base64(text, strict_mode=True)
    except ValueError as cause:
        raise MalformedError("base64: a character or padding is wrong") from cause
    # The decoder ignores the loose bits of the last character; encoding again does not.
    if to_base64(raw) != text:
        raise MalformedError("base64 is not canonical")
    if size is not None and len(raw) != size:
        raise MalformedError(f"expected {size} bytes of base64, got {len(raw)}")
    return raw


def split_enc(raw: bytes) -> list[bytes]:
    """Return the fields that `enc` joined.

    Raises:
        MalformedError: a length that runs past the end.
    """
    fields = []
    at = 0
    while at < len(raw):
        size = int.from_bytes(raw[at : at + 4], "big")
        if at + 4 + size > len(raw):
            raise MalformedError("fields: a length runs past the end")
        fields.append(raw[at + 4 : at + 4 + size])
        at += 4 + size
    return fields
