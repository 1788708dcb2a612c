"""Probing an item among more and more watched locators, in a node's own table on a real file.

All sizes are probed in turn, as many times a round as for a `locate` of many signals, at places all
over the table; the file is in the system's memory as far as that goes. The limit is reading a row
by its key with bare SQLite from the same file. The aim is that a thousand times as many people
cost hardly more than a few.
"""

import secrets
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from functools import partial

from bench.figure import Aim, Figure, quantile
from bench.watched import Watched, places, watched
from bench.workshop import Workshop
from nodes.store.watch import Place

_AIM = 1.5
_KEY_BYTES = 16
_BARE = "SELECT box FROM watch WHERE key = ?"


@dataclass
class Probed:
    """A table, and what its probes took so far: misses, hits, and bare reads."""

    table: Watched
    misses: list[float] = field(default_factory=list)
    hits: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)

    def go(self, count: int) -> None:
        """Probe `count` times each."""
        self.misses += _times(self.table, places(count))
        self.hits += _times(self.table, self.table.places)
        self.bare += _bare(self.table, count)


def measure(shop: Workshop) -> Iterator[Figure]:
    """Yield what a miss costs at each size."""
    folder = shop.folder / "watch"
    folder.mkdir()
    scale = shop.scale
    with ExitStack() as stack:
        probed = [
            Probed(
                stack.enter_context(
                    watched(
                        folder / f"{count}.db",
                        count=count,
                        hits=scale.probes,
                        progress=partial(_show, shop, count),
                    )
                )
            )
            for count in scale.watched
        ]
        for turn in range(scale.rounds):
            shop.show("probing", turn / scale.rounds)
            for one in probed:
                one.go(scale.probes)
    few = quantile(probed[0].misses, 0.5)
    for one in probed:
        yield _figure(one, few=few)


def _show(shop: Workshop, count: int, done: int) -> None:
    shop.show(f"watching {count:,} locators", done / count)


def _figure(probed: Probed, *, few: float) -> Figure:
    value, limit = quantile(probed.misses, 0.5), quantile(probed.bare, 0.5)
    return Figure(
        f"probe, {probed.table.count:,} watched", value * 1e6, "µs", samples=len(probed.misses),
        limit=limit * 1e6, limit_of="a bare read by key", ratio=value / limit,
        aim=Aim("flat: ≤ 1.5 × the fewest", value <= _AIM * few),
        note=f"{value / few:.2f} × the fewest; p99 {quantile(probed.misses, 0.99) * 1e6:.0f} µs; "
        f"a hit {quantile(probed.hits, 0.5) * 1e6:.0f}",
    )  # fmt: skip


def _times(table: Watched, probes: Sequence[Place]) -> list[float]:
    took = []
    with table.database.begin() as connection:
        for place in probes:
            begun = time.perf_counter()
            table.watch.probe(connection, place)
            took.append(time.perf_counter() - begun)
    return took


def _bare(table: Watched, count: int) -> list[float]:
    took = []
    with closing(sqlite3.connect(table.database.path, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        for key in [secrets.token_bytes(_KEY_BYTES) for _ in range(count)]:
            begun = time.perf_counter()
            connection.execute(_BARE, (key,)).fetchone()
            took.append(time.perf_counter() - begun)
    return took
