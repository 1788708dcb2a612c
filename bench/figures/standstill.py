"""Killing one of four under load: how long callers at the others wait for the next receipt.

Members die in turn, of each the node, the engine, or both at once, while a caller posts at every
issuer. What counts is the longest gap between two receipts at one of the others, from the death
until the dead one is back. The limit is the bare engine's slowest with one dead, from `order`.
"""

import itertools
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

from bench.calling import Caller, calling
from bench.errors import BenchError
from bench.figure import Aim, Figure, quantile
from bench.gaps import longest_gap
from bench.nodes import Nodes
from bench.workshop import Workshop

_AIM_SECONDS, _LIMIT_SECONDS = 1.0, 2.0
_ISSUERS = ("uwv", "svb", "szw")
_WAYS = ("node", "engine", "both")
_DEAD_SECONDS = 2.0
_WITHIN_SECONDS = 60.0


def measure(shop: Workshop) -> Iterator[Figure]:
    """Yield the median and the longest standstill over all kills."""
    nodes, count = shop.ordered_nodes, shop.scale.kills
    names = [member.name for member in nodes.members.all]
    # Four members and three ways have no common divisor: every pair comes.
    turns = itertools.islice(
        zip(itertools.cycle(names), itertools.cycle(_WAYS), strict=False), count
    )
    gaps: list[tuple[float, str]] = []
    with calling([nodes.members[name] for name in _ISSUERS]) as callers:
        for done, (name, way) in enumerate(turns):
            shop.show("killing one of four", done / count)
            gaps.append((_standstill(nodes, callers, name, way), f"{way} of {name}"))
    seconds = [gap for gap, _ in gaps]
    for value, name, aim in (
        (quantile(seconds, 0.5), "p50", Aim("≤ 1 s", quantile(seconds, 0.5) <= _AIM_SECONDS)),
        (max(seconds), "at most", Aim("≤ 2 s", max(seconds) <= _LIMIT_SECONDS)),
    ):
        yield Figure(
            f"standstill at the others on a kill, {name}", value, "s", samples=count, aim=aim,
            note=f"the longest: {max(gaps)[1]}" if name == "at most" else "",
        )  # fmt: skip


def _standstill(nodes: Nodes, callers: Mapping[str, Caller], name: str, way: str) -> float:
    """Kill a member in a way; return the longest gap at one of the others until it is back."""
    member, engine = nodes.members[name], nodes.engines[name]
    others = [caller for other, caller in callers.items() if other != name]
    begin = time.perf_counter()
    if way != "node":
        with suppress(ProcessLookupError):
            os.kill(engine, signal.SIGKILL)
    if way != "engine":
        member.node.kill()
    time.sleep(_DEAD_SECONDS)
    if way != "engine":
        member.launch()
    # An engine that died alone is started again at once; its node says when it has caught up.
    _until(lambda: all(caller.has_receipt_since(begin) for caller in others))
    member.wait_ready()
    end = time.perf_counter()
    # What the next kill finds must be whole, and every gap of this one have its end.
    _until(lambda: all(caller.has_receipt_since(end) for caller in callers.values()))
    return max(longest_gap(caller.moments, begin=begin, end=end) for caller in others)


def _until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + _WITHIN_SECONDS
    while not holds():
        if time.monotonic() > until:
            raise BenchError("posting stands still at a node that was not killed")
        time.sleep(0.02)
