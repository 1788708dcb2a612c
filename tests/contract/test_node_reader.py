"""What every `ledger.tree.NodeReader` owes: in memory, and in a node's database."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import insert

from ledger.encoding import Digest
from ledger.tree import Frontier, NodeReader, frontier_at, prove_consistency, prove_inclusion
from nodes.store.chain import TreeNodes
from nodes.store.database import Database
from nodes.store.tables import TreeNodeRow
from tests.support.trees import (
    StoredTree,
    leaves,
    reference_consistency,
    reference_path,
    reference_root,
)

SIZE = 700
HASHES = leaves(SIZE)


def _memory(folder: Path) -> Iterator[NodeReader]:
    yield StoredTree(HASHES)


def _database(folder: Path) -> Iterator[NodeReader]:
    _, nodes = Frontier(0, ()).appended(HASHES)
    table = TreeNodeRow.__table__  # type: ignore[attr-defined]
    with closing(Database(folder / "node.db")) as database:
        with database.begin() as connection:
            connection.execute(
                insert(table),
                [{"level": level, "position": at, "hash": digest} for level, at, digest in nodes],
            )
        with database.read() as connection:
            yield TreeNodes(connection)


@pytest.fixture(params=[_memory, _database])
def reader(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[NodeReader]:
    make: Callable[[Path], Iterator[NodeReader]] = request.param
    yield from make(tmp_path)


def test_nodes_come_in_the_order_asked_also_twice(reader: NodeReader) -> None:
    asked = [(0, 9), (3, 2), (0, 9), (0, 0)]

    read = reader.read(asked)

    assert read == [HASHES[9], reference_root(HASHES[16:24]), HASHES[9], HASHES[0]]


def test_nothing_is_read_for_nothing(reader: NodeReader) -> None:
    assert reader.read([]) == []


def test_many_nodes_come_at_once(reader: NodeReader) -> None:
    asked = [(0, at) for at in reversed(range(SIZE))]

    assert reader.read(asked) == HASHES[::-1]


@pytest.mark.parametrize("node", [(0, SIZE), (9, 1), (10, 0), (64, 0)])
def test_a_subtree_that_is_not_complete_is_not_made_up(
    reader: NodeReader, node: tuple[int, int]
) -> None:
    with pytest.raises(LookupError):
        reader.read([(0, 0), node])


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 512, SIZE])
def test_root_and_proofs_of_every_size_follow(reader: NodeReader, size: int) -> None:
    tree: list[Digest] = HASHES[:size]

    assert frontier_at(reader, size).root() == reference_root(tree)
    for index in {0, size // 2, size - 1} & set(range(size)):
        assert prove_inclusion(reader, index=index, size=size) == reference_path(index, tree)
    for old in {1, size // 3, size} & set(range(1, size + 1)):
        assert prove_consistency(reader, old=old, new=size) == reference_consistency(old, tree)
