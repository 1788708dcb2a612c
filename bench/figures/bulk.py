"""Bulk import end to end: batches of a hundred into one node, then into three at once.

It ends when every signal is final, located, answered by every other issuer, and every match in a
case, at every node. The limit is the cryptography that all four nodes together cannot do without
for one signal, spread over all cores: 9 verifications, 3 signatures, one sealing, and 27
multiplications on ristretto255: 5 to blind, commit and open, 6 for three holders to open it, 16 to
evaluate. The program that posts is this one; its own CPU is counted apart.
"""

import json
import secrets
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from api.client.importer import BATCHES_IN_FLIGHT
from api.client.node import MAX_BATCH, NodeClient, Refused
from bench.errors import BenchError
from bench.figure import Aim, Figure
from bench.kinds import IN
from bench.machine import Machine
from bench.nodes import Nodes
from bench.workshop import Workshop
from demo.people import CaseSignal

_AIM = 250
_AIM_CPU = 0.008
_WORTH_SAYING = 0.01
_LIMIT = "bare cryptography of a signal at all nodes"


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import took: seconds until all had receipts, until nothing was to come, of a core."""

    count: int
    receipts: float
    took: float
    at_nodes: dict[str, float]
    here: float
    kinds: dict[str, float]

    @property
    def cpu(self) -> float:
        """Return the seconds of a core that all nodes took for one signal."""
        return sum(self.at_nodes.values()) / self.count


def measure(shop: Workshop) -> Iterator[Figure]:
    """Yield signals a second and CPU a signal, with one importing agency and with three."""
    yield from figures(shop, shop.matching_nodes, "bulk import")


def figures(shop: Workshop, nodes: Nodes, what: str) -> Iterator[Figure]:
    """Yield the same of an import into `nodes`; an epoch is open, and nothing is to come."""
    count = shop.scale.imported
    for name, signals in (
        (f"{what}, 1 node", nodes.crowd.signals("uwv", count)),
        (f"{what}, 3 nodes", nodes.crowd.cases(count)),
    ):
        shop.show(name, 0)
        done = import_all(nodes, signals)
        value, cryptography = done.count / done.took, _cryptography(shop.machine)
        limit = shop.machine.cores / cryptography
        yield Figure(
            name, value, "signals/s", limit=limit, limit_of=_LIMIT, ratio=value / limit,
            aim=Aim("≥ 250/s", value >= _AIM),
            note=f"{done.count} signals, all answered after {done.took:.1f} s; "
            f"their receipts after {done.receipts:.1f}",
        )  # fmt: skip
        shares = ", ".join(f"{n} {s / done.count * 1e3:.1f}" for n, s in done.at_nodes.items())
        yield Figure(
            f"{name}, CPU a signal", done.cpu * 1e3, "ms", limit=cryptography * 1e3,
            limit_of=_LIMIT, ratio=done.cpu / cryptography,
            aim=Aim("≤ 8 ms", done.cpu + done.here / done.count <= _AIM_CPU),
            note=f"{shares}, and {done.here / done.count * 1e3:.2f} in the importing program",
        )  # fmt: skip
        yield from _kinds(done)


def _kinds(done: Imported) -> Iterator[Figure]:
    """Yield what the CPU went into, as sampled: the kinds of work, then the parts of nodes."""
    ordered = sorted(done.kinds.items(), key=lambda kind: (kind[0].startswith(IN), -kind[1]))
    for kind, seconds in ordered:
        a_signal = seconds / done.count
        if a_signal >= _WORTH_SAYING * done.cpu:
            yield Figure(f"… {kind}", a_signal * 1e3, "ms", note=f"{a_signal / done.cpu:.0%} of it")


def import_all(nodes: Nodes, signals: Sequence[CaseSignal]) -> Imported:
    """Post `signals` and wait until nothing of them is to come.

    Raises:
        BenchError: one was refused, is not final, or not answered after minutes.
    """
    kinds_before = nodes.kinds()
    before, here, begun = nodes.cpu_seconds(), time.process_time(), time.perf_counter()
    post_all(nodes, signals)
    receipts, here = time.perf_counter() - begun, time.process_time() - here
    nodes.looks.settle()
    took = time.perf_counter() - begun
    at_nodes = {name: now - before[name] for name, now in nodes.cpu_seconds().items()}
    kinds = {kind: now - kinds_before.get(kind, 0.0) for kind, now in nodes.kinds().items()}
    return Imported(len(signals), receipts, took, at_nodes, here, kinds)


def post_all(nodes: Nodes, signals: Sequence[CaseSignal]) -> list[str]:
    """Post `signals`, all agencies at once, and return their local ids once all are final.

    Raises:
        BenchError: one was refused, or is not final.
    """
    places: dict[str, list[int]] = {}
    for place, signal in enumerate(signals):
        places.setdefault(signal.agency, []).append(place)
    found: dict[int, str] = {}
    with ThreadPoolExecutor(len(places)) as pool:
        posting = {
            name: pool.submit(_import, nodes, name, [signals[at] for at in own])
            for name, own in places.items()
        }
        for name, own in places.items():
            found |= zip(own, posting[name].result(), strict=True)
    return [found[place] for place in range(len(signals))]


def _import(nodes: Nodes, name: str, signals: Sequence[CaseSignal]) -> list[str]:
    member = nodes.members[name]
    bodies = [json.dumps(signal.body()).encode() for signal in signals]
    batches = [bodies[at : at + MAX_BATCH] for at in range(0, len(bodies), MAX_BATCH)]
    local_ids = []
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
                local_ids.append(outcome.local_id)
    return local_ids


def _cryptography(machine: Machine) -> float:
    """Return the seconds of a core that one signal takes at least, at all nodes together."""
    return (
        9 * machine.verification
        + 3 * machine.signing
        + 27 * machine.multiplication
        + machine.sealing
    )
