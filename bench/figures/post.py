"""From a post to its receipt, with the whole consortium on this machine and nothing else to do.

The limit is the skeleton: the same hops, signatures and commits, and no logic. Both are posted to
in turn, twenty at a time; who is not measured is stopped meanwhile. Of the CPU that a post takes
what the processes take anyway, looking at the order, is subtracted. No epoch is open yet: what
matching takes after the receipt is a figure of its own.
"""

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from bench.bare import wall_seconds
from bench.figure import Aim, Figure, quantile
from bench.nodes import Nodes, skeleton_in
from bench.process import cpu_seconds, paused
from bench.workshop import Workshop
from demo.people import CaseSignal

_AIM_SECONDS = 0.030
_SERIES = 20
_WARM = 5
# Long enough for what follows a receipt: telling the others, and their own commits.
_PAUSE_SECONDS = 0.03
_IDLE_SECONDS = 1.0
_LIMIT = "skeleton: same hops, signatures, commits"


@dataclass
class Posting:
    """Four processes that are posted to, and what their posts took so far."""

    post: Callable[[dict[str, str]], object]
    pids: tuple[int, ...]
    idle: float = 0.0
    cpu: float = 0.0
    took: list[float] = field(default_factory=list)

    def settle(self, bodies: Iterator[dict[str, str]]) -> None:
        """Post a few times, then see how much of a core is used by nobody's posting."""
        for body in itertools.islice(bodies, _WARM):
            self.post(body)
        time.sleep(_PAUSE_SECONDS)
        before, begun = cpu_seconds(self.pids), time.perf_counter()
        time.sleep(_IDLE_SECONDS)
        self.idle = (cpu_seconds(self.pids) - before) / (time.perf_counter() - begun)

    def go(self, bodies: Iterator[dict[str, str]]) -> None:
        """Post one series."""
        before, begun = cpu_seconds(self.pids), time.perf_counter()
        for body in itertools.islice(bodies, _SERIES):
            self.took.append(wall_seconds(partial(self.post, body)))
            time.sleep(_PAUSE_SECONDS)
        idle = self.idle * (time.perf_counter() - begun)
        self.cpu += cpu_seconds(self.pids) - before - idle


def measure(shop: Workshop) -> Iterator[Figure]:
    """Yield the median, the 99th percentile, and what a post takes of all cores."""
    folder = shop.folder / "skeleton"
    folder.mkdir()
    bodies = (signal.body() for signal in _signals(shop.nodes))
    nodes = Posting(shop.nodes.post, shop.nodes.pids)
    with skeleton_in(folder) as skeleton:
        bare = Posting(skeleton.post, skeleton.pids)
        for one, other in ((bare, nodes), (nodes, bare)):
            with paused(other.pids):
                one.settle(bodies)
        while len(nodes.took) < shop.scale.posts:
            shop.show("posting", len(nodes.took) / shop.scale.posts)
            for one, other in ((bare, nodes), (nodes, bare)):
                with paused(other.pids):
                    one.go(bodies)
    yield from _figures(nodes, bare)


def _signals(nodes: Nodes) -> Iterator[CaseSignal]:
    while True:
        yield from nodes.crowd.signals("uwv", _SERIES)


def _figures(nodes: Posting, bare: Posting) -> Iterator[Figure]:
    count = len(nodes.took)
    for part, name in ((0.5, "p50"), (0.99, "p99")):
        value, limit = quantile(nodes.took, part), quantile(bare.took, part)
        aim = Aim("≤ 30 ms", value <= _AIM_SECONDS) if part == 0.5 else None
        yield Figure(
            f"post → receipt, {name}", value * 1e3, "ms", samples=count, limit=limit * 1e3,
            limit_of=_LIMIT, ratio=value / limit, aim=aim,
        )  # fmt: skip
    yield Figure(
        "post, CPU of all four nodes", nodes.cpu / count * 1e3, "ms", samples=count,
        limit=bare.cpu / count * 1e3, limit_of=_LIMIT, ratio=nodes.cpu / bare.cpu,
        note=f"and {nodes.idle:.0%} of a core when idle",
    )  # fmt: skip
