"""Blocks: one entry each, at its height, linked to the block before.

    <origin>/block/v1
    <height>                decimal
    <previous>              base64 of the SHA-256 of the previous block's bytes; zeros for block 0
                            (a blank line)
    <entry note>

The leaf of the Merkle tree is RFC 6962's SHA-256(0x00 ‖ block bytes).
"""

from dataclasses import dataclass
from typing import Self

from ledger.encoding import Digest, from_base64, sha256, to_base64
from ledger.entry import SignedEntry
from ledger.errors import MalformedError

MAX_BLOCK_BYTES = 65_535
"""What the u16 length of a tlog-tiles entry bundle can say."""
NO_PREVIOUS = Digest(bytes(32))
_MARK = "/block/v1"


@dataclass(frozen=True, slots=True)
class Block:
    """The entry at `height`, after the block whose bytes hash to `previous`."""

    height: int
    previous: Digest
    signed: SignedEntry

    def encode(self) -> bytes:
        """Return the block's bytes."""
        return (
            block_header(
                origin=self.signed.entry.origin, height=self.height, previous=self.previous
            )
            + self.signed.encode()
        )

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """Read a block; the exact inverse of `encode`.

        Raises:
            MalformedError: not a block, or not canonical.
        """
        if len(raw) > MAX_BLOCK_BYTES:
            raise MalformedError(f"block: over {MAX_BLOCK_BYTES} bytes")
        header, blank, note = raw.partition(b"\n\n")
        try:
            _, height, previous = header.decode("ascii").split("\n")
            block = cls(
                int(height),
                Digest(from_base64(previous, size=32)),
                SignedEntry.decode(note),
            )
        except ValueError as cause:
            raise MalformedError("block: expected origin, height and previous hash") from cause
        # int() also reads "-1", which is written back as it was.
        if block.height < 0:
            raise MalformedError("block: a height below zero")
        # SignedEntry.decode compared its own bytes; what is left is the header.
        expected = block_header(
            origin=block.signed.entry.origin, height=block.height, previous=block.previous
        )
        if header + blank != expected:
            raise MalformedError("block: the header is not canonical")
        return block


def block_header(*, origin: str, height: int, previous: Digest) -> bytes:
    """Return the bytes of a block before its entry note."""
    return f"{origin}{_MARK}\n{height}\n{to_base64(previous)}\n\n".encode()


def block_hash(raw: bytes) -> Digest:
    """Return what the next block names as `previous`."""
    return sha256(raw)
