"""The incremental tree is the tree of RFC 9162, at every size, with every proof."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.encoding import Digest
from ledger.errors import VerificationError
from ledger.tree import (
    EMPTY_ROOT,
    Frontier,
    frontier_at,
    prove_consistency,
    prove_inclusion,
    root_at,
    verify_consistency,
    verify_inclusion,
)
from tests.support.trees import (
    StoredTree,
    leaves,
    reference_consistency,
    reference_path,
    reference_root,
)

SMALL = 40
LARGE = 600
LEAVES = leaves(LARGE)
TREE = StoredTree(LEAVES)
ROOTS = [reference_root(LEAVES[:size]) for size in range(SMALL + 1)]

sizes = st.integers(1, LARGE)


def test_the_root_at_every_small_size_is_the_one_the_rfc_defines() -> None:
    assert [root_at(TREE, size) for size in range(SMALL + 1)] == ROOTS


@given(st.lists(st.integers(0, 70), max_size=8))
def test_however_leaves_are_batched_the_tree_is_the_same(batches: list[int]) -> None:
    frontier, stored = Frontier(0, ()), []
    for count in batches:
        batch = LEAVES[frontier.size : frontier.size + count]
        frontier, completed = frontier.appended(batch)
        stored += completed

    expected, at_once = Frontier(0, ()).appended(LEAVES[: sum(batches)])
    assert (frontier, stored) == (expected, at_once)
    assert frontier.root() == reference_root(LEAVES[: frontier.size])


@given(st.integers(0, LARGE))
def test_every_past_frontier_follows_from_the_stored_subtrees(size: int) -> None:
    assert frontier_at(TREE, size) == Frontier(0, ()).appended(LEAVES[:size])[0]


def test_every_inclusion_proof_at_small_sizes_is_the_rfcs_and_verifies() -> None:
    for size in range(1, SMALL + 1):
        for index in range(size):
            proof = prove_inclusion(TREE, index=index, size=size)

            assert proof == reference_path(index, LEAVES[:size])
            verify_inclusion(
                index=index, size=size, leaf=LEAVES[index], proof=proof, root=ROOTS[size]
            )


def test_every_consistency_proof_at_small_sizes_is_the_rfcs_and_verifies() -> None:
    for new in range(1, SMALL + 1):
        for old in range(1, new + 1):
            proof = prove_consistency(TREE, old=old, new=new)

            assert proof == reference_consistency(old, LEAVES[:new])
            verify_consistency(
                old=old, old_root=ROOTS[old], new=new, new_root=ROOTS[new], proof=proof
            )


@given(size=sizes, data=st.data())
def test_every_inclusion_proof_verifies_at_any_size_and_needs_one_read(
    size: int, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, size - 1))
    before = TREE.reads

    proof = prove_inclusion(TREE, index=index, size=size)

    assert TREE.reads == before + 1
    verify_inclusion(
        index=index, size=size, leaf=LEAVES[index], proof=proof, root=root_at(TREE, size)
    )


@given(new=sizes, data=st.data())
def test_every_consistency_proof_verifies_at_any_size(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(0, new))

    proof = prove_consistency(TREE, old=old, new=new)

    verify_consistency(
        old=old,
        old_root=root_at(TREE, old),
        new=new,
        new_root=root_at(TREE, new),
        proof=proof,
    )


def _altered(data: st.DataObject, proof: list[Digest]) -> list[Digest]:
    """Draw another proof: longer, shorter, reordered or with a bit flipped."""
    at = data.draw(st.integers(0, len(proof)))
    ways = [[*proof[:at], LEAVES[0], *proof[at:]], [*proof, EMPTY_ROOT]]
    if at < len(proof):
        flipped = bytes([proof[at][0] ^ data.draw(st.sampled_from([1, 16, 128]))])
        ways.append([*proof[:at], *proof[at + 1 :]])
        ways.append([*proof[:at], Digest(flipped + proof[at][1:]), *proof[at + 1 :]])
        ways.append([*proof[:at], Digest(proof[at][:31]), *proof[at + 1 :]])
    if len(proof) > 1:
        ways.append(proof[::-1])
    return data.draw(st.sampled_from(ways))


@given(size=sizes, data=st.data())
def test_an_altered_inclusion_proof_fails(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = _altered(data, prove_inclusion(TREE, index=index, size=size))

    with pytest.raises(VerificationError):
        verify_inclusion(
            index=index, size=size, leaf=LEAVES[index], proof=proof, root=root_at(TREE, size)
        )


@given(new=sizes, data=st.data())
def test_an_altered_consistency_proof_fails(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(0, new))
    proof = _altered(data, prove_consistency(TREE, old=old, new=new))

    with pytest.raises(VerificationError):
        verify_consistency(
            old=old,
            old_root=root_at(TREE, old),
            new=new,
            new_root=root_at(TREE, new),
            proof=proof,
        )


@given(size=st.integers(2, LARGE), data=st.data())
def test_a_leaf_is_proven_at_its_own_index_only(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size - 1).filter(lambda i: i != index))
    proof = prove_inclusion(TREE, index=index, size=size)
    root = root_at(TREE, size)

    with pytest.raises(VerificationError):
        verify_inclusion(index=other, size=size, leaf=LEAVES[index], proof=proof, root=root)
    with pytest.raises(VerificationError):
        verify_inclusion(index=index, size=size, leaf=LEAVES[other], proof=proof, root=root)


@given(new=st.integers(2, LARGE), data=st.data())
def test_no_proof_shows_that_a_tree_extends_one_with_another_history(
    new: int, data: st.DataObject
) -> None:
    old = data.draw(st.integers(1, new - 1))
    changed = data.draw(st.integers(0, old - 1))
    forked = [*LEAVES[:changed], EMPTY_ROOT, *LEAVES[changed + 1 : old]]
    old_root = Frontier(0, ()).appended(forked)[0].root()

    with pytest.raises(VerificationError):
        verify_consistency(
            old=old,
            old_root=old_root,
            new=new,
            new_root=root_at(TREE, new),
            proof=prove_consistency(TREE, old=old, new=new),
        )
