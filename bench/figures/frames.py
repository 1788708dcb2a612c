"""Hits and misses side by side: the transaction in which one node probes one item of another's.

Each block takes effect by itself, as when nothing else is going on: the item is read, probed,
answered by a frame and deleted, matches are stored, and all is committed. Half of the blocks are
about people whom the node knows, in random order. Whoever could time these transactions from
outside would learn what the frames themselves hide; so the figure of hits has that of misses as its
limit, and what matters is that they are one.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack

from bench.figure import Figure, quantile
from bench.probing import Taken, prober_in
from bench.workshop import Workshop


def measure(shop: Workshop) -> Iterator[Figure]:
    """Yield the median and the 99th percentile of hits beside those of misses."""
    folder = shop.folder / "frames"
    folder.mkdir()
    hits: list[Taken] = []
    misses: list[Taken] = []
    with ExitStack() as stack:
        shop.show("preparing hits and misses", 0)
        prober = prober_in(folder, hits=shop.scale.frames, stack=stack)
        for done, located in enumerate(prober.locates):
            shop.show("probing hits and misses", done / len(prober.locates))
            (hits if located.is_hit else misses).append(prober.take(located.height))
        prober.verify()
    for part, name, further in (
        (0.5, "p50", f"; a hit takes longer in {_longer(hits, misses):.0%} of pairs"),
        (0.99, "p99", ""),
    ):
        value, limit = (quantile([t.wall for t in taken], part) for taken in (hits, misses))
        cpu = [quantile([t.cpu for t in taken], part) * 1e3 for taken in (hits, misses)]
        yield Figure(
            f"frame of a hit, {name}", value * 1e3, "ms", samples=len(hits), limit=limit * 1e3,
            limit_of="the frame of a miss", ratio=value / limit,
            note=f"CPU {cpu[0]:.2f} and {cpu[1]:.2f} ms{further}",
        )  # fmt: skip


def _longer(hits: Sequence[Taken], misses: Sequence[Taken]) -> float:
    """Return in which part of all pairs the hit took longer: a half would tell nothing."""
    return sum(hit.wall > miss.wall for hit in hits for miss in misses) / len(hits) / len(misses)
