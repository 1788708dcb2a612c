"""Posts ordered by four CometBFT validators, a node beside each: to the receipt, and what is kept.

The limit is the bare engine: four of them with an application that checks nothing, from submission
to applied, in the same run. Then the same with one of the four dead: every fourth block waits until
it is known that its proposer does not come.
"""

import asyncio
from collections.abc import Iterator, Sequence
from functools import partial

from bench.engines import PAUSE_SECONDS, bare_times
from bench.errors import BenchError
from bench.figure import Aim, Figure, quantile
from bench.nodes import Nodes
from bench.posting import bodies, receipt_seconds
from bench.process import memory
from bench.workshop import Workshop

_AIM_SECONDS, _AIM_DEAD_SECONDS = 0.070, 0.600
_AUTHOR, _DEAD = "uwv", "svb"
_WARM = 5
_LIMIT = "bare engine: submission → applied"


def measure(shop: Workshop) -> Iterator[Figure]:
    """Yield post → receipt with all and with one dead, and what nodes and engines keep."""
    folder = shop.folder / "bare"
    folder.mkdir()
    count = shop.scale.ordered
    shop.show("ordering with bare engines", 0)
    bare, bare_dead = asyncio.run(bare_times(folder, shop.engine, count))
    nodes = shop.ordered_nodes
    times = partial(receipt_seconds, nodes, bodies(nodes, _AUTHOR), pause=PAUSE_SECONDS)
    shop.show("posting with four engines", 0.4)
    times(_WARM)
    whole = times(count)
    dead = nodes.members[_DEAD]
    dead.node.kill()
    try:
        shop.show("posting with one of four dead", 0.7)
        times(1)
        short = times(max(1, count // 2))
    finally:
        dead.launch()
        dead.wait_ready()
    yield from _figures("four engines", whole, bare, Aim("≤ 70 ms", _is_met(whole, _AIM_SECONDS)))
    yield from _figures(
        "one of four dead", short, bare_dead, Aim("≤ 600 ms", _is_met(short, _AIM_DEAD_SECONDS))
    )
    yield from _memory(nodes)


def _is_met(took: Sequence[float], seconds: float) -> bool:
    return quantile(took, 0.5) <= seconds


def _figures(how: str, took: Sequence[float], bare: Sequence[float], aim: Aim) -> Iterator[Figure]:
    for part, name in ((0.5, "p50"), (0.99, "p99")):
        value, limit = quantile(took, part), quantile(bare, part)
        yield Figure(
            f"post → receipt, {how}, {name}", value * 1e3, "ms", samples=len(took),
            limit=limit * 1e3, limit_of=_LIMIT, ratio=value / limit,
            aim=aim if part == 0.5 else None,
        )  # fmt: skip


def _memory(nodes: Nodes) -> Iterator[Figure]:
    for who, pids in (("a node with its order", nodes.processes), ("an engine", nodes.engines)):
        found = {name: memory(pid) for name, pid in pids.items()}
        sizes = {name: kept.now for name, kept in found.items() if kept is not None}
        if len(sizes) < len(found):
            raise BenchError("a node ended")
        yield Figure(
            f"memory of {who}", max(sizes.values()), "MiB", samples=len(sizes),
            note=", ".join(f"{name} {size:.0f}" for name, size in sizes.items()),
        )  # fmt: skip
