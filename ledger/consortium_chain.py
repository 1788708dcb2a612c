"""The chain of consortium documents: which was in force where, proven from any one of them.

signaalketen/consortium-chain/v1
extra <base64 of the block>     the founding block, then each that brings a later version
index <height>
<base64>                        its audit path, as in a receipt
…
                                (a blank line)
<checkpoint note>               one for all, cosigned by a quorum of the last document

Whoever trusts one version, byte for byte, need trust no other: the versions before it follow from
the hashes that each names of the one before, those after it from the signatures that the members
before had to give. Where each stands follows from the audit paths; that none is left out at the
end, from a quorum of the last document's members that cosigned a tree of that size.

What it does not show: that keys which a later version dropped were not stolen since. Whoever has a
quorum of old keys can make a chain that ends with them; so take it from a recent checkpoint.
"""

from dataclasses import dataclass
from typing import Self

from ledger.consortium import Consortium
from ledger.cosignature import SignedCheckpoint, verify_quorum
from ledger.encoding import Digest, from_base64, to_base64
from ledger.errors import MalformedError, VerificationError
from ledger.receipt import Receipt, read_block, verify_included
from ledger.state import State, admission_of, founding_document, verify_entry

MAX_CHAIN_BYTES = 64 * 1024 * 1024
_MAGIC = "signaalketen/consortium-chain/v1"
_KIND = "consortium"


@dataclass(frozen=True, slots=True)
class ConsortiumChain:
    """Receipts of all blocks that brought a document, under one checkpoint."""

    signed: SignedCheckpoint
    receipts: tuple[Receipt, ...]

    def __post_init__(self) -> None:
        """Refuse receipts under another checkpoint, or none."""
        if not self.receipts or any(r.signed != self.signed for r in self.receipts):
            raise MalformedError("consortium chain: receipts under one checkpoint are needed")

    def encode(self) -> bytes:
        """Return the chain's text."""
        parts = [_MAGIC]
        for receipt in self.receipts:
            parts += [f"extra {to_base64(receipt.block)}", f"index {receipt.index}"]
            parts += [to_base64(step) for step in receipt.proof]
        return ("\n".join(parts) + "\n\n").encode() + self.signed.encode()

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """Read a chain; the exact inverse of `encode`.

        Raises:
            MalformedError: not a chain of documents.
        """
        head, blank, note = raw.partition(b"\n\n")
        if len(raw) > MAX_CHAIN_BYTES or not blank:
            raise MalformedError(f"consortium chain: expected {_MAGIC}")
        signed = SignedCheckpoint.decode(note)
        try:
            magic, *lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError as cause:
            raise MalformedError(f"consortium chain: expected {_MAGIC}") from cause
        starts = [at for at, line in enumerate(lines) if line.startswith("extra ")]
        ends = [*starts[1:], len(lines)]
        chain = cls(
            signed,
            tuple(_receipt(lines[a:b], signed) for a, b in zip(starts, ends, strict=False)),
        )
        # Also what stands before the first "extra", and spellings that int() lets through.
        if magic != _MAGIC or chain.encode() != raw:
            raise MalformedError("consortium chain is not canonical")
        return chain


@dataclass(frozen=True, slots=True)
class Versions:
    """Every document of a chain of `size` blocks: `documents[i]` came in block `heights[i]`."""

    heights: tuple[int, ...]
    documents: tuple[Consortium, ...]
    size: int

    def in_force(self, size: int) -> Consortium:
        """Return the document in force after the first `size` blocks.

        Raises:
            VerificationError: there is none yet, or that is beyond what is proven here.
        """
        if not 1 <= size <= self.size:
            raise VerificationError(
                f"consortium chain: it reaches {self.size} blocks, not {size}; get a newer one"
            )
        place = max(i for i, height in enumerate(self.heights) if height < size)
        return self.documents[place]


def verify_consortium_chain(chain: ConsortiumChain, *, trusted: Consortium) -> Versions:
    """Check a chain of documents against one of them, which is trusted.

    Raises:
        LedgerError: another ledger's, a step that the members did not agree on, a block that is not
            in the tree, no quorum at the end, or the trusted document is none of them.
    """
    checkpoint = chain.signed.checkpoint
    if checkpoint.origin != trusted.origin:
        raise VerificationError("consortium chain: of another ledger")
    state = State()
    heights: list[int] = []
    documents: list[Consortium] = []
    for receipt in chain.receipts:
        if (heights == []) != (receipt.index == 0) or receipt.index < state.height:
            raise VerificationError("consortium chain: blocks start at 0 and go upwards")
        documents.append(_step(receipt, state))
        heights.append(receipt.index)
        state.height = receipt.index + 1
    last = documents[-1]
    verify_quorum(chain.signed, members=last.witnesses, quorum=last.quorum)
    if all(document.raw != trusted.raw for document in documents):
        raise VerificationError(
            f"consortium chain: version {trusted.version} that is trusted is not on it"
        )
    return Versions(tuple(heights), tuple(documents), checkpoint.size)


def _step(receipt: Receipt, state: State) -> Consortium:
    """Let the state take in the document of a block, and return it."""
    verify_included(receipt)
    signed = read_block(receipt).signed
    if signed.entry.kind != _KIND:
        raise VerificationError(f"consortium chain: block {receipt.index} brings no document")
    verify_entry(signed, state.document or founding_document(signed))
    state.rule(_KIND).admit(admission_of(signed), signed, state)
    if state.document is None:
        raise VerificationError("consortium chain: no document came into force")
    return state.document


def _receipt(lines: list[str], signed: SignedCheckpoint) -> Receipt:
    try:
        extra, index, *path = lines
        if len(index) > 25 or len(path) > 63:
            raise MalformedError("consortium chain: a number or a path is too long")
        return Receipt(
            block=from_base64(extra.removeprefix("extra ")),
            index=int(index.removeprefix("index ")),
            proof=tuple(Digest(from_base64(step, size=32)) for step in path),
            signed=signed,
        )
    except ValueError as cause:
        raise MalformedError("consortium chain: expected extra, index and hashes") from cause
