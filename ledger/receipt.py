"""Receipts: proof for one block that convinces offline (c2sp.org/tlog-proof).

c2sp.org/tlog-proof@v1
extra <base64 of the block>
index <height>
<base64>                        the audit path, from the leaf's sibling upwards, a line a hash
                                (a blank line)
<checkpoint note>               with cosignatures of a quorum

Two documents judge a receipt: the one in force at its checkpoint's size says whose cosignatures
count, and the one in force at its block whose signature under the entry. They differ once keys
changed in between; `ledger.consortium_chain` proves which document was in force where.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

from ledger.block import Block
from ledger.consortium import Consortium
from ledger.cosignature import (
    Cosigner,
    SignedCheckpoint,
    post_quantum_cosigners,
    verify_quorum,
)
from ledger.encoding import Digest, from_base64, to_base64
from ledger.errors import MalformedError, VerificationError
from ledger.state import founding_document, verify_entry
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


@dataclass(frozen=True, slots=True)
class Proven:
    """What a receipt proves: its `block`, and by whose word.

    `times` are of the members that cosigned; those in `post_quantum` did so with a key of type 06.
    """

    block: Block
    times: dict[str, int]
    post_quantum: frozenset[str]


def verify_receipt(
    receipt: Receipt, *, origin: str, members: Sequence[Cosigner], quorum: int
) -> dict[str, int]:
    """Return the time of each member's cosignature under which the block stands.

    Raises:
        VerificationError: another ledger's, not in the tree, or too few cosignatures.
    """
    if receipt.signed.checkpoint.origin != origin:
        raise VerificationError("receipt: of another ledger")
    verify_included(receipt)
    return verify_quorum(receipt.signed, members=members, quorum=quorum)


def verify_included(receipt: Receipt) -> None:
    """Check that the receipt's block is in the tree of its checkpoint, whoever signed that.

    Raises:
        VerificationError: it is not.
    """
    checkpoint = receipt.signed.checkpoint
    verify_inclusion(
        index=receipt.index,
        size=checkpoint.size,
        leaf=leaf_hash(receipt.block),
        proof=receipt.proof,
        root=checkpoint.root,
    )


def read_block(receipt: Receipt) -> Block:
    """Return the receipt's block, which stands where it says that it stands.

    Raises:
        LedgerError: not a block, or one of another height.
    """
    block = Block.decode(receipt.block)
    if block.height != receipt.index:
        raise VerificationError(
            f"receipt: at position {receipt.index} stands a block that says it is {block.height}"
        )
    return block


def verify_by_documents(
    receipt: Receipt,
    *,
    origin: str,
    in_force: Callable[[int], Consortium],
    is_post_quantum: bool = False,
) -> Proven:
    """Check a receipt and the entry in its block; `in_force(n)` is the document after n blocks.

    If it `is_post_quantum`, a quorum of cosignatures of type 06 is needed. The entry is signed with
    Ed25519 all the same: what they prove is that it stood there when they were made.

    Raises:
        LedgerError: it proves nothing; the text says why.
    """
    judge = in_force(receipt.signed.checkpoint.size)
    times = verify_receipt(receipt, origin=origin, members=judge.witnesses, quorum=judge.quorum)
    block = read_block(receipt)
    # The founding block stands under the document that it brings.
    document = in_force(block.height) if block.height else founding_document(block.signed)
    verify_entry(block.signed, document)
    strong = post_quantum_cosigners(receipt.signed, members=judge.witnesses)
    if is_post_quantum and len(strong) < judge.quorum:
        raise VerificationError(
            f"cosigned by {len(strong)} members with post-quantum keys, {judge.quorum} are needed"
        )
    return Proven(block, times, strong)
