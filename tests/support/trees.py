"""The Merkle tree as RFC 9162 defines it, by recursion over all leaves: slow, and plainly right."""

from collections.abc import Sequence
from hashlib import sha256

from ledger.encoding import Digest
from ledger.tree import Frontier


def leaves(count: int) -> list[Digest]:
    """Return the hashes of `count` different leaves."""
    return [Digest(sha256(b"\x00" + i.to_bytes(4, "big")).digest()) for i in range(count)]


def reference_root(hashes: Sequence[Digest]) -> Digest:
    """Return MTH (RFC 9162, 2.1.1) over leaf hashes."""
    if not hashes:
        return Digest(sha256(b"").digest())
    if len(hashes) == 1:
        return hashes[0]
    k = _split(len(hashes))
    left, right = reference_root(hashes[:k]), reference_root(hashes[k:])
    return Digest(sha256(b"\x01" + left + right).digest())


def reference_path(index: int, hashes: Sequence[Digest]) -> list[Digest]:
    """Return PATH (RFC 9162, 2.1.3.1) of leaf `index`."""
    if len(hashes) == 1:
        return []
    k = _split(len(hashes))
    if index < k:
        return [*reference_path(index, hashes[:k]), reference_root(hashes[k:])]
    return [*reference_path(index - k, hashes[k:]), reference_root(hashes[:k])]


def reference_consistency(old: int, hashes: Sequence[Digest]) -> list[Digest]:
    """Return PROOF (RFC 9162, 2.1.4.1) that the tree over `hashes` extends its first `old`."""
    return _subproof(old, hashes, is_whole=True)


def _subproof(old: int, hashes: Sequence[Digest], *, is_whole: bool) -> list[Digest]:
    if old == len(hashes):
        return [] if is_whole else [reference_root(hashes)]
    k = _split(len(hashes))
    if old <= k:
        return [*_subproof(old, hashes[:k], is_whole=is_whole), reference_root(hashes[k:])]
    return [*_subproof(old - k, hashes[k:], is_whole=False), reference_root(hashes[:k])]


def _split(size: int) -> int:
    k = 1
    while 2 * k < size:
        k *= 2
    return k


class StoredTree:
    """A NodeReader over all perfect subtrees of a tree; counts how often it was asked."""

    def __init__(self, hashes: Sequence[Digest]) -> None:
        """Grow a tree of the leaf hashes `hashes`."""
        self.frontier, completed = Frontier(0, ()).appended(hashes)
        self._nodes = {(level, index): digest for level, index, digest in completed}
        self.reads = 0

    def read(self, nodes: Sequence[tuple[int, int]]) -> list[Digest]:
        """Return the subtrees' roots; see `NodeReader`."""
        self.reads += 1
        return [self._nodes[node] for node in nodes]
