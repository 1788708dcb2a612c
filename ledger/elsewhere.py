"""Checkpoints from elsewhere, with which a chain must agree, and who stands behind them.

A checkpoint of another ledger, one of more blocks than the chain has, and one of as many with
another root are findings. Whoever signed the last of these said two things: the names in a finding
are those of members whose line verifies, under a key of any document that stood on the chain.
"""

from collections.abc import Iterator, Sequence

from ledger.consortium import Consortium
from ledger.cosignature import SignedCheckpoint, verify_cosignature
from ledger.encoding import Digest
from ledger.errors import LedgerError
from ledger.key import KeyType, VerifierKey
from ledger.note import SignatureLine

Fault = tuple[str, str]
"""A finding's reason and detail."""


class Elsewhere:
    """Checkpoint notes, held against a chain while it is read."""

    def __init__(self, notes: Sequence[bytes], trusted: Consortium) -> None:
        """Read `notes`; `faults` are of those that cannot be held against anything."""
        self.faults: list[Fault] = []
        self._documents = [trusted]
        self._signed: list[SignedCheckpoint] = []
        for raw in notes:
            try:
                signed = SignedCheckpoint.decode(raw)
            except LedgerError as cause:
                self.faults.append(("malformed", f"another checkpoint: {cause}"))
                continue
            if signed.checkpoint.origin != trusted.origin:
                self.faults.append(("checkpoint", "another checkpoint is of another ledger"))
                continue
            self._signed.append(signed)

    def learn(self, document: Consortium) -> None:
        """Take note of a document that came into force."""
        self._documents.append(document)

    def next_size(self, *, after: int, up_to: int) -> int:
        """Return the next size that a checkpoint speaks of, else `up_to`."""
        sizes = (signed.checkpoint.size for signed in self._signed)
        return min((size for size in sizes if after < size <= up_to), default=up_to)

    def contradictions(self, size: int, root: Digest) -> Iterator[Fault]:
        """Yield what contradicts that the tree of `size` has this `root`."""
        for signed in self._signed:
            if signed.checkpoint.size != size or signed.checkpoint.root == root:
                continue
            found = f"another checkpoint of size {size} has another root"
            if names := self._signers(signed):
                yield "contradiction", f"{found}, with lines by {names}: keep both and publish them"
            else:
                yield "contradiction", f"{found}, but no member's line under it verifies"

    def beyond(self, size: int) -> Iterator[Fault]:
        """Yield what says that the chain has more than `size` blocks."""
        for signed in self._signed:
            if signed.checkpoint.size <= size:
                continue
            found = f"another checkpoint has {signed.checkpoint.size} blocks, more than this chain"
            if names := self._signers(signed):
                yield "truncated", f"{found}, with lines by {names}"
            else:
                yield "truncated", f"{found}, but no member's line under it verifies"

    def _signers(self, signed: SignedCheckpoint) -> str:
        """Return the names of the members whose line verifies."""
        names = {
            member.name
            for document in self._documents
            for member in document.members
            for key in member.keys
            for line in signed.note.signatures
            if _is_by(key, line, signed.note.text)
        }
        return ", ".join(sorted(names))


def _is_by(key: VerifierKey, line: SignatureLine, text: str) -> bool:
    # Most lines are of another key, which their names already tell.
    if (key.name, key.id) != (line.name, line.key_id):
        return False
    try:
        if key.type is KeyType.ED25519:
            key.verify(line, text)
        else:
            verify_cosignature(line, checkpoint_text=text, key=key)
    except LedgerError:
        return False
    return True
