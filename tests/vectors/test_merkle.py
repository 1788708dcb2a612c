"""Merkle proofs of transparency-dev/merkle, the expected failures included, and their tree."""

import json
from base64 import b64decode
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ledger.encoding import Digest
from ledger.errors import VerificationError
from ledger.tree import Frontier, leaf_hash, verify_consistency, verify_inclusion

LEAVES = (
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
)
# The root over the first n leaves: the tree that the published proofs are about.
ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    4: "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    6: "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


@pytest.mark.parametrize(("size", "root"), ROOTS.items())
def test_the_tree_over_the_known_leaves_has_the_published_root(size: int, root: str) -> None:
    hashes = [leaf_hash(bytes.fromhex(leaf)) for leaf in LEAVES[:size]]

    assert Frontier(0, ()).appended(hashes)[0].root().hex() == root


def _cases(path: Path) -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = json.loads(path.read_text())
    assert len(cases) == 98
    assert sum(case["wantErr"] for case in cases) == 92
    return cases


def _digest(text: str | None) -> Digest:
    return Digest(b64decode(text or ""))


def _is_refused(verify: Callable[[], None]) -> bool:
    try:
        verify()
    except VerificationError:
        return True
    return False


def test_inclusion_proofs_are_accepted_and_refused_as_published(
    vectors: Path, subtests: pytest.Subtests
) -> None:
    for case in _cases(vectors / "merkle-inclusion.json"):
        verify = partial(
            verify_inclusion,
            index=case["leafIdx"],
            size=case["treeSize"],
            leaf=_digest(case["leafHash"]),
            proof=[_digest(step) for step in case["proof"] or []],
            root=_digest(case["root"]),
        )
        with subtests.test(case["name"]):
            assert _is_refused(verify) == case["wantErr"], case["desc"]


def test_consistency_proofs_are_accepted_and_refused_as_published(
    vectors: Path, subtests: pytest.Subtests
) -> None:
    for case in _cases(vectors / "merkle-consistency.json"):
        roots = _digest(case["root1"]), _digest(case["root2"])
        verify = partial(
            verify_consistency,
            old=case["size1"],
            old_root=roots[0],
            new=case["size2"],
            new_root=roots[1],
            proof=[_digest(step) for step in case["proof"] or []],
        )
        # One accepted case has the words "don't care" for roots; here a root is 32 bytes.
        is_hash = {len(root) for root in roots} == {32}
        with subtests.test(case["name"]):
            assert _is_refused(verify) == (case["wantErr"] or not is_hash), case["desc"]
