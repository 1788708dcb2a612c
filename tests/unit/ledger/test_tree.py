"""The Merkle tree's refusals; that it is RFC 9162's tree is a property, in tests/properties."""

import pytest

from ledger.encoding import Digest
from ledger.errors import MalformedError, VerificationError
from ledger.tree import (
    EMPTY_ROOT,
    Frontier,
    leaf_hash,
    node_hash,
    prove_consistency,
    prove_inclusion,
    root_at,
    verify_consistency,
    verify_inclusion,
)
from tests.support.trees import StoredTree, leaves

LEAVES = leaves(7)
TREE = StoredTree(LEAVES)
ROOT = root_at(TREE, 7)


def test_a_leaf_cannot_be_taken_for_a_node() -> None:
    assert leaf_hash(LEAVES[0] + LEAVES[1]) != node_hash(LEAVES[0], LEAVES[1])


def test_an_empty_tree_has_a_root() -> None:
    assert Frontier(0, ()).root() == EMPTY_ROOT


def test_appending_completes_children_before_parents() -> None:
    frontier, completed = Frontier(0, ()).appended(LEAVES[:4])

    assert [node[:2] for node in completed] == [
        (0, 0),
        (0, 1),
        (1, 0),
        (0, 2),
        (0, 3),
        (1, 1),
        (2, 0),
    ]
    assert frontier.hashes == (completed[-1][2],)


def test_appending_nothing_changes_nothing() -> None:
    assert TREE.frontier.appended([]) == (TREE.frontier, [])


@pytest.mark.parametrize(
    ("size", "hashes"), [(-1, 1), (0, 1), (1, 0), (1, 2), (4, 2), (7, 2), (7, 4)]
)
def test_a_frontier_has_one_hash_for_each_bit_of_its_size(size: int, hashes: int) -> None:
    with pytest.raises(MalformedError, match="one hash for each bit"):
        Frontier(size, (EMPTY_ROOT,) * hashes)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (7, 7), (-1, 7), (8, 7)])
def test_a_leaf_that_is_not_there_is_neither_proven_nor_believed(index: int, size: int) -> None:
    with pytest.raises(MalformedError, match="no leaf"):
        prove_inclusion(TREE, index=index, size=size)
    with pytest.raises(VerificationError, match="no leaf"):
        verify_inclusion(index=index, size=size, leaf=LEAVES[0], proof=[], root=LEAVES[0])


@pytest.mark.parametrize(("old", "new"), [(4, 3), (-1, 3), (1, 0)])
def test_a_tree_extends_no_larger_one(old: int, new: int) -> None:
    with pytest.raises(MalformedError, match="cannot extend"):
        prove_consistency(TREE, old=old, new=new)
    with pytest.raises(VerificationError, match="cannot extend"):
        verify_consistency(old=old, old_root=ROOT, new=new, new_root=ROOT, proof=[])


def test_every_tree_extends_the_empty_one_and_itself_without_proof() -> None:
    assert prove_consistency(TREE, old=0, new=7) == prove_consistency(TREE, old=7, new=7) == []
    verify_consistency(old=0, old_root=EMPTY_ROOT, new=7, new_root=ROOT, proof=[])
    verify_consistency(old=7, old_root=ROOT, new=7, new_root=ROOT, proof=[])


@pytest.mark.parametrize(
    ("old", "old_root", "proof"),
    [
        pytest.param(0, ROOT, [], id="an empty tree with another root"),
        pytest.param(0, EMPTY_ROOT, [ROOT], id="a proof that the empty tree does not need"),
        pytest.param(7, EMPTY_ROOT, [], id="one size with two roots"),
        pytest.param(7, ROOT, [ROOT], id="a proof that the same tree does not need"),
        pytest.param(3, root_at(TREE, 3), [], id="no proof where one is needed"),
        pytest.param(4, root_at(TREE, 4), [], id="no proof beyond what the verifier knows"),
    ],
)
def test_no_consistency_without_the_exact_proof(
    old: int, old_root: Digest, proof: list[Digest]
) -> None:
    with pytest.raises(VerificationError, match=r"consistency|too short"):
        verify_consistency(old=old, old_root=old_root, new=7, new_root=ROOT, proof=proof)


def test_hashes_of_other_sizes_that_join_into_the_same_bytes_are_refused() -> None:
    left, right = LEAVES[:2]
    joined = left + right
    root = node_hash(left, right)

    verify_inclusion(index=0, size=2, leaf=left, proof=[right], root=root)
    for cut in (31, 33, 0, 64):
        with pytest.raises(VerificationError, match="not 32 bytes"):
            verify_inclusion(
                index=0, size=2, leaf=Digest(joined[:cut]), proof=[Digest(joined[cut:])], root=root
            )


@pytest.mark.parametrize("proof", [[], [LEAVES[1]], [LEAVES[1], ROOT, ROOT, ROOT]])
def test_an_inclusion_proof_has_as_many_hashes_as_the_tree_has_levels(
    proof: list[Digest],
) -> None:
    with pytest.raises(VerificationError, match=r"too short|too long"):
        verify_inclusion(index=0, size=7, leaf=LEAVES[0], proof=proof, root=ROOT)
