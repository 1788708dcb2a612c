"""The time in which four nodes make a pseudonym key together (COCKTAIL-DKG), until it is open.

From the request at one node until the epoch is open there: every round, every proof, the backups,
the trial of the key and the entry on the chain, ordered by four engines.
"""

import time
from collections.abc import Iterator

from api.client.node import NodeClient
from bench.errors import BenchError
from bench.figure import Figure
from bench.workshop import Workshop
from demo.people import PURPOSE

_LEADER = "szw"
_LOOK_SECONDS = 0.01
_WITHIN_SECONDS = 60.0
_GOING_ON = frozenset({"running", "submitted"})


def measure(shop: Workshop) -> Iterator[Figure]:
    """Yield how long the first epoch of a new consortium takes."""
    leader = shop.ordered_nodes.members[_LEADER]
    shop.show("generating a key", 0)
    begun = time.perf_counter()
    with NodeClient(leader.url, token=leader.tokens["operator"]) as client:
        led = client.generate(PURPOSE)
        while led.state in _GOING_ON and time.perf_counter() - begun < _WITHIN_SECONDS:
            time.sleep(_LOOK_SECONDS)
            led = client.generation()
    took = time.perf_counter() - begun
    if led.state != "open":
        raise BenchError(f"no key was generated: {led.state} {led.fault or ''}")
    yield Figure(
        "key generation by four members", took, "s",
        note=f"holders {', '.join(led.holders)}; until the epoch is open",
    )  # fmt: skip
