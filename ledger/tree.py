"""The Merkle tree over all blocks (RFC 9162, 2.1), grown at its right edge.

    leaf    SHA-256(0x00 ‖ block)
    node    SHA-256(0x01 ‖ left ‖ right)
    empty   SHA-256("")

A *perfect* subtree, over 2^level leaves, never changes once complete. It is named (level, index):
it covers the leaves index·2^level … (index + 1)·2^level - 1. The roots of the perfect subtrees of
a tree, one for each bit of its size, are its *frontier*, all that appending needs:

    size 7 = 4 + 2 + 1      frontier (2, 0) (1, 2) (0, 6)

Root and proofs of every size that the tree ever had follow from the stored perfect subtrees.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol, Self

from ledger.encoding import Digest
from ledger.errors import MalformedError, VerificationError

EMPTY_ROOT = Digest(sha256(b"").digest())
_DIGEST_BYTES = 32

StoredNode = tuple[int, int, Digest]
"""A completed perfect subtree: level, index, root."""


def leaf_hash(leaf: bytes) -> Digest:
    """Return the hash of the leaf that holds these bytes."""
    return Digest(sha256(b"\x00" + leaf).digest())


def node_hash(left: Digest, right: Digest) -> Digest:
    """Return the hash of the node over `left` and `right`."""
    return Digest(sha256(b"\x01" + left + right).digest())


@dataclass(frozen=True, slots=True)
class Frontier:
    """A tree of `size` leaves by the roots of its perfect subtrees, left to right."""

    size: int
    hashes: tuple[Digest, ...]

    def __post_init__(self) -> None:
        """Refuse a number of hashes that is not the number of bits in `size`."""
        if self.size < 0 or len(self.hashes) != self.size.bit_count():
            raise MalformedError("frontier: one hash for each bit of the size is needed")

    def appended(self, leaves: Sequence[Digest]) -> tuple[Self, list[StoredNode]]:
        """Return the tree with `leaves` (leaf hashes) appended, and the subtrees they complete.

        The subtrees come children first, leaves included: two for each leaf, on average.
        """
        hashes = list(self.hashes)
        completed: list[StoredNode] = []
        for position, leaf in enumerate(leaves, start=self.size):
            level, index, digest = 0, position, leaf
            completed.append((0, index, digest))
            while index & 1:
                level, index = level + 1, index >> 1
                digest = node_hash(hashes.pop(), digest)
                completed.append((level, index, digest))
            hashes.append(digest)
        return type(self)(self.size + len(leaves), tuple(hashes)), completed

    def root(self) -> Digest:
        """Return the root hash."""
        return _fold(self.hashes) if self.hashes else EMPTY_ROOT


class NodeReader(Protocol):
    """The stored perfect subtrees."""

    def read(self, nodes: Sequence[tuple[int, int]]) -> list[Digest]:
        """Return the roots of the perfect subtrees (level, index), in the order asked.

        Raises:
            LookupError: one of them is not stored.
        """


def frontier_at(reader: NodeReader, size: int) -> Frontier:
    """Return the frontier of the first `size` leaves."""
    return Frontier(size, tuple(reader.read(_perfect(0, size))))


def root_at(reader: NodeReader, size: int) -> Digest:
    """Return the root of the tree over the first `size` leaves."""
    return frontier_at(reader, size).root()


def prove_inclusion(reader: NodeReader, *, index: int, size: int) -> list[Digest]:
    """Return the proof that leaf `index` is in the tree of `size` (RFC 9162, 2.1.3.1).

    Its hashes go from the leaf's sibling up to the root's child. One call of `read`.

    Raises:
        MalformedError: there is no such leaf.
    """
    if not 0 <= index < size:
        raise MalformedError(f"no leaf {index} in a tree of {size}")
    siblings = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            siblings.append((middle, end))
            end = middle
        else:
            siblings.append((start, middle))
            start = middle
    return _roots(reader, reversed(siblings))


def prove_consistency(reader: NodeReader, *, old: int, new: int) -> list[Digest]:
    """Return the proof that the tree of size `new` extends that of size `old` (2.1.4.1).

    Empty where `old` is 0 or `new`. One call of `read`.

    Raises:
        MalformedError: `old` is more than `new`.
    """
    if not 0 <= old <= new:
        raise MalformedError(f"a tree of {new} cannot extend one of {old}")
    if old == 0:
        return []
    subtrees = []
    start, end = 0, new
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            subtrees.append((middle, end))
            end = middle
        else:
            subtrees.append((start, middle))
            start = middle
    if start:
        subtrees.append((start, end))
    return _roots(reader, reversed(subtrees))


def verify_inclusion(
    *, index: int, size: int, leaf: Digest, proof: Sequence[Digest], root: Digest
) -> None:
    """Check that the leaf hash `leaf` is at `index` under `root` (RFC 9162, 2.1.3.2).

    Raises:
        VerificationError: it is not, or the proof is longer or shorter than it must be.
    """
    if not 0 <= index < size:
        raise VerificationError(f"inclusion: no leaf {index} in a tree of {size}")
    _verify_sizes(leaf, root, *proof)
    _, computed = _climb(at=index, last=size - 1, start=leaf, proof=proof)
    if computed != root:
        raise VerificationError("inclusion: the proof leads to another root")


def verify_consistency(
    *, old: int, old_root: Digest, new: int, new_root: Digest, proof: Sequence[Digest]
) -> None:
    """Check that `new_root` is of a tree that extends the one of `old_root` (2.1.4.2).

    Every tree extends the empty one, by an empty proof.

    Raises:
        VerificationError: it does not, or the proof is longer or shorter than it must be.
    """
    if not 0 <= old <= new:
        raise VerificationError(f"consistency: a tree of {new} cannot extend one of {old}")
    _verify_sizes(old_root, new_root, *proof)
    if old in {0, new}:
        if proof or old_root != (new_root if old == new else EMPTY_ROOT):
            raise VerificationError("consistency: one size, two roots, or a proof too long")
        return
    path = list(proof)
    # The old tree is one perfect subtree: the proof leaves out what the verifier knows.
    if old.bit_count() == 1:
        path.insert(0, old_root)
    if not path:
        raise VerificationError("consistency: the proof is too short")
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    if _climb(at=at, last=last, start=path[0], proof=path[1:]) != (old_root, new_root):
        raise VerificationError("consistency: the proof leads to other roots")


def _climb(*, at: int, last: int, start: Digest, proof: Sequence[Digest]) -> tuple[Digest, Digest]:
    """Climb from node `at` of a level that ends with node `last`; return two roots.

    The first is over what is left of the path, the path included; the second over everything.
    """
    first = second = start
    for sibling in proof:
        if last == 0:
            raise VerificationError("the proof is too long")
        if at & 1 or at == last:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            # The right edge has no sibling where the levels above it are incomplete.
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            second = node_hash(second, sibling)
        at, last = at >> 1, last >> 1
    if last != 0:
        raise VerificationError("the proof is too short")
    return first, second


def _verify_sizes(*hashes: Digest) -> None:
    # Two neighbours of other sizes could join into the same 64 bytes.
    if any(len(digest) != _DIGEST_BYTES for digest in hashes):
        raise VerificationError("a hash is not 32 bytes")


def _split(size: int) -> int:
    """Return the largest power of two below `size`, which is at least 2."""
    return 1 << ((size - 1).bit_length() - 1)


def _perfect(start: int, end: int) -> list[tuple[int, int]]:
    """Return the perfect subtrees of the subtree over leaves start … end - 1, left to right."""
    nodes = []
    for level in reversed(range((end - start).bit_length())):
        if (end - start) >> level & 1:
            nodes.append((level, start >> level))
            start += 1 << level
    return nodes


def _roots(reader: NodeReader, subtrees: Iterable[tuple[int, int]]) -> list[Digest]:
    """Return the root of each subtree (start, end), with one read for all."""
    wanted = [_perfect(start, end) for start, end in subtrees]
    found = iter(reader.read([node for nodes in wanted for node in nodes]))
    return [_fold([next(found) for _ in nodes]) for nodes in wanted]


def _fold(hashes: Sequence[Digest]) -> Digest:
    """Return the root over perfect subtrees, at least one, given left to right."""
    root = hashes[-1]
    for left in reversed(hashes[:-1]):
        root = node_hash(left, root)
    return root
