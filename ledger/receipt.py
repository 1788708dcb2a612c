"""Receipts: proof for one block that convinces offline (c2sp.org/tlog-proof).

c2sp.org/tlog-proof@v1
extra <base64 of the block>
index <height>
<base64>                        the audit path, from the leaf's sibling upwards, a line a hash
                                (a blank line)
<checkpoint note>               with cosignatures of a quorum
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from ledger.cosignature import Cosigner, SignedCheckpoint, verify_quorum
from ledger.encoding import Digest, from_base64, to_base64
from ledger.errors import MalformedError, VerificationError
from ledger.tree import leaf_hash, verify_inclusion

_MAGIC = "c2sp.org/tlog-proof@v1"
_MAX_PATH = 63


@dataclass(frozen=True, slots=True)
class Receipt:
    """The `block` at height `index`, its audit path, and the checkpoint that it leads to."""

    block: bytes
    index: int
    proof: tuple[Digest, ...]
    signed: SignedCheckpoint

    def encode(self) -> bytes:
        """Return the receipt's text."""
        path = "".join(f"{to_base64(step)}\n" for step in self.proof)
        head = f"{_MAGIC}\nextra {to_base64(self.block)}\nindex {self.index}\n{path}\n"
        return head.encode() + self.signed.encode()

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """Read a receipt; the exact inverse of `encode`.

        Raises:
            MalformedError: not a receipt.
        """
        head, blank, note = raw.partition(b"\n\n")
        try:
            magic, extra, index, *path = head.decode("ascii").split("\n")
            if magic != _MAGIC or not blank or len(path) > _MAX_PATH or len(index) > 25:
                raise MalformedError("receipt: expected c2sp.org/tlog-proof@v1")
            receipt = cls(
                block=from_base64(extra.removeprefix("extra ")),
                index=int(index.removeprefix("index ")),
                proof=tuple(Digest(from_base64(step, size=32)) for step in path),
                signed=SignedCheckpoint.decode(note),
            )
        except ValueError as cause:
            raise MalformedError("receipt: expected extra, index and hashes") from cause
        # int() also reads "-1", which is written back as it was.
        if receipt.index < 0 or receipt.encode() != raw:
            raise MalformedError("receipt is not canonical")
        return receipt


def verify_receipt(
    receipt: Receipt, *, origin: str, members: Sequence[Cosigner], quorum: int
) -> dict[str, int]:
    """Return the time of each member's cosignature under which the block stands.

    Raises:
        VerificationError: another ledger's, not in the tree, or too few cosignatures.
    """
    checkpoint = receipt.signed.checkpoint
    if checkpoint.origin != origin:
        raise VerificationError("receipt: of another ledger")
    verify_inclusion(
        index=receipt.index,
        size=checkpoint.size,
        leaf=leaf_hash(receipt.block),
        proof=receipt.proof,
        root=checkpoint.root,
    )
    return verify_quorum(receipt.signed, members=members, quorum=quorum)
