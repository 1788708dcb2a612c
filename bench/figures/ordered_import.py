"""Bulk import with matching as in `bulk`, ordered by four CometBFT validators; and what they keep.

Bytes a block are what the engine's folder and a node's database grew by, over the blocks that the
import brought: the engine keeps each twice, once as the order's and once in its log of consensus.
"""

from collections.abc import Iterator
from pathlib import Path

from bench.figure import Figure
from bench.figures import bulk
from bench.nodes import Nodes
from bench.workshop import Workshop

_KEEPER = "bzk"
_BLOCKS = "SELECT count(*) FROM block"
_BYTES = "SELECT sum(length(raw)) FROM block"


def measure(shop: Workshop) -> Iterator[Figure]:
    """Yield the import's figures, then bytes a block on the disk of an engine and of a node."""
    nodes = shop.ordered_nodes
    nodes.open_epoch(shop.show)
    before = _kept(nodes)
    yield from bulk.figures(shop, nodes, "import, four engines")
    engine, node, blocks, raw = (now - then for now, then in zip(_kept(nodes), before, strict=True))
    for name, grown in (("an engine's folder", engine), ("a witness's database", node)):
        yield Figure(
            f"bytes a block, {name}", grown / blocks, "B", samples=int(blocks), limit=raw / blocks,
            limit_of="the block itself", ratio=grown / raw,
        )  # fmt: skip


def _kept(nodes: Nodes) -> tuple[float, float, float, float]:
    """Return bytes of the engine's folder and of the database, and blocks and their own bytes."""
    ask = nodes.looks.ask
    pages = ask(_KEEPER, "PRAGMA page_count") - ask(_KEEPER, "PRAGMA freelist_count")
    return (
        float(_bytes_under(nodes.members[_KEEPER].folder / "engine" / "data")),
        pages * ask(_KEEPER, "PRAGMA page_size"),
        ask(_KEEPER, _BLOCKS),
        ask(_KEEPER, _BYTES),
    )


def _bytes_under(folder: Path) -> int:
    sizes = []
    for path in folder.rglob("*"):
        try:
            sizes.append(path.stat().st_size)
        except FileNotFoundError:
            # The engine merges its files while it runs.
            continue
    return sum(sizes)
