"""One caller at one node, who waits for each receipt and then a moment before the next post."""

import itertools
import time
from collections.abc import Iterator
from functools import partial

from bench.bare import wall_seconds
from bench.nodes import Nodes

_AT_ONCE = 20


def bodies(nodes: Nodes, agency: str) -> Iterator[dict[str, str]]:
    """Yield signals by `agency`, each about somebody new, without end."""
    while True:
        yield from (signal.body() for signal in nodes.crowd.signals(agency, _AT_ONCE))


def receipt_seconds(
    nodes: Nodes, signals: Iterator[dict[str, str]], count: int, *, pause: float
) -> list[float]:
    """Return how long each of `count` posts took, `pause` seconds apart, to its receipt.

    Raises:
        BenchError: a receipt did not come.
    """
    took = []
    for body in itertools.islice(signals, count):
        took.append(wall_seconds(partial(nodes.post, body)))
        time.sleep(pause)
    return took
