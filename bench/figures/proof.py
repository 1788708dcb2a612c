"""How long a proof takes, out of a node's own table of tree nodes.

The limit is reading that many of the same rows by their key with bare SQLite, one after the other.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from random import Random

from sqlalchemy import insert

from bench.bare import wall_seconds
from bench.figure import Aim, Figure, quantile
from bench.workshop import Workshop
from ledger.encoding import sha256
from ledger.tree import Frontier, prove_consistency, prove_inclusion
from nodes.store.chain import TreeNodes
from nodes.store.database import Database
from nodes.store.tables import TreeNodeRow

_AIM_SECONDS = 0.002
_PATIENCE_SECONDS = 5
_PART = 20_000
_SEED = 6962
_node = TreeNodeRow.__table__  # type: ignore[attr-defined]


def measure(shop: Workshop) -> Iterator[Figure]:
    """Yield inclusion and consistency at each size of tree."""
    path = shop.folder / "proof.db"
    database = Database(path)
    try:
        frontier = Frontier(0, ())
        for size in shop.scale.trees:
            frontier = _grow(shop, database, frontier, size)
            random = Random(_SEED)  # noqa: S311 -- the same places every time
            places = [random.randrange(1, size) for _ in range(shop.scale.proofs)]
            yield _figure("inclusion", database, path, size, places, _inclusion)
            yield _figure("consistency", database, path, size, places, _consistency)
    finally:
        database.close()


def _grow(shop: Workshop, database: Database, frontier: Frontier, size: int) -> Frontier:
    """Store the tree nodes of as many leaves as are missing, as a node would have stored them."""
    while frontier.size < size:
        shop.show(f"growing a tree of {size}", frontier.size / size)
        end = min(frontier.size + _PART, size)
        leaves = [sha256(str(index).encode()) for index in range(frontier.size, end)]
        frontier, nodes = frontier.appended(leaves)
        with database.begin() as connection:
            connection.execute(
                insert(_node),
                [{"level": level, "position": at, "hash": digest} for level, at, digest in nodes],
            )
    return frontier


def _inclusion(reader: TreeNodes, place: int, size: int) -> int:
    return len(prove_inclusion(reader, index=place, size=size))


def _consistency(reader: TreeNodes, place: int, size: int) -> int:
    return len(prove_consistency(reader, old=place, new=size))


def _figure(
    kind: str,
    database: Database,
    path: Path,
    size: int,
    places: Sequence[int],
    prove: Callable[[TreeNodes, int, int], int],
) -> Figure:
    took: list[float] = []
    hashes = 0
    until = time.monotonic() + _PATIENCE_SECONDS
    for place in places:
        if took and time.monotonic() > until:
            break
        begun = time.perf_counter()
        with database.read() as connection:
            hashes += prove(TreeNodes(connection), place, size)
        took.append(time.perf_counter() - begun)
    rows = hashes // len(took)
    limit = _bare(path, rows=rows, size=size, samples=len(places))
    value = quantile(took, 0.5)
    return Figure(
        f"{kind} proof, {size:,} blocks", value * 1e3, "ms", samples=len(took), limit=limit * 1e3,
        limit_of=f"{rows} bare reads by key", ratio=value / limit,
        aim=Aim("< 2 ms", value < _AIM_SECONDS), note=f"p99 {quantile(took, 0.99) * 1e3:.2f} ms",
    )  # fmt: skip


def _bare(path: Path, *, rows: int, size: int, samples: int) -> float:
    """Return the median of reading `rows` hashes from all over the lowest level."""
    random = Random(_SEED)  # noqa: S311 -- the same places every time
    query = "SELECT hash FROM tree_node WHERE level = 0 AND position = ?"
    with closing(sqlite3.connect(path)) as connection:

        def read() -> None:
            for _ in range(rows):
                connection.execute(query, (random.randrange(size),)).fetchone()

        return quantile([wall_seconds(read) for _ in range(samples)], 0.5)
