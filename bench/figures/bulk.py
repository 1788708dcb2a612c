"""Bulk import end to end: batches of a hundred into one node, then into three at once.

The limit is the cryptography that all four nodes together cannot do without for one signal, spread
over all cores: 9 verifications, 3 signatures, 5 multiplications on ristretto255 and one sealing.
The program that posts is this one; its own CPU is counted apart.
"""

import json
import secrets
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

from api.client.importer import BATCHES_IN_FLIGHT
from api.client.node import MAX_BATCH, NodeClient, Refused
from bench.errors import BenchError
from bench.figure import Aim, Figure
from bench.machine import Machine
from bench.nodes import Nodes, signals
from bench.workshop import Workshop
from demo.people import DESKS

_AIM = 250
_LIMIT = "bare cryptography of a signal at all nodes"


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import took: seconds by the clock, and of a core at the nodes and here."""

    count: int
    took: float
    at_nodes: float
    here: float


def measure(shop: Workshop) -> Iterator[Figure]:
    """Yield signals a second and CPU a signal, with one importing agency and with three."""
    for agencies in (("uwv",), tuple(DESKS)):
        shop.show(f"importing at {len(agencies)}", 0)
        done = import_all(shop.nodes, agencies, shop.scale.imported)
        name = f"bulk import, {len(agencies)} node{'s' if len(agencies) > 1 else ''}"
        value = done.count / done.took
        limit = shop.machine.cores / _cryptography(shop.machine)
        yield Figure(
            name, value, "signals/s", limit=limit, limit_of=_LIMIT, ratio=value / limit,
            aim=Aim("≥ 250/s", value >= _AIM), note=f"{done.count} signals",
        )  # fmt: skip
        cpu = done.at_nodes / done.count
        yield Figure(
            f"{name}, CPU a signal", cpu * 1e3, "ms", limit=_cryptography(shop.machine) * 1e3,
            limit_of=_LIMIT, ratio=cpu / _cryptography(shop.machine),
            aim=Aim("≤ 8 ms", (done.at_nodes + done.here) / done.count <= 0.008),
            note=f"and {done.here / done.count * 1e3:.2f} ms in the importing program",
        )  # fmt: skip


def import_all(nodes: Nodes, agencies: Sequence[str], count: int) -> Imported:
    """Post `count` signals, shared out among `agencies`, until all have their receipts.

    Raises:
        BenchError: one was refused, or is not final.
    """
    share = count // len(agencies)
    parts = {
        name: [json.dumps(body).encode() for body in islice(signals(name), share)]
        for name in agencies
    }
    at_nodes, here, begun = nodes.cpu_seconds(), time.process_time(), time.perf_counter()
    with ThreadPoolExecutor(len(agencies)) as pool:
        for future in [pool.submit(_import, nodes, name, part) for name, part in parts.items()]:
            future.result()
    return Imported(
        count=share * len(agencies),
        took=time.perf_counter() - begun,
        at_nodes=nodes.cpu_seconds() - at_nodes,
        here=time.process_time() - here,
    )


def _import(nodes: Nodes, name: str, bodies: Sequence[bytes]) -> None:
    member = nodes.members[name]
    batches = [bodies[at : at + MAX_BATCH] for at in range(0, len(bodies), MAX_BATCH)]
    with (
        NodeClient(member.url, token=member.tokens["caseworker"]) as client,
        ThreadPoolExecutor(BATCHES_IN_FLIGHT) as pool,
    ):
        posts = [pool.submit(client.post_batch, b, key=secrets.token_hex(16)) for b in batches]
        for post in posts:
            for outcome in post.result():
                if isinstance(outcome, Refused):
                    raise BenchError(f"a signal was refused: {outcome.reason}")
                if not outcome.is_final:
                    raise BenchError("a signal is not final within the time that a post waits")


def _cryptography(machine: Machine) -> float:
    """Return the seconds of a core that one signal takes at least, at all nodes together."""
    return (
        9 * machine.verification
        + 3 * machine.signing
        + 5 * machine.multiplication
        + machine.sealing
    )
