"""From the second signal about a person to the match that both agencies can read.

UWV signalled each person before, and all is quiet. The clock runs from SVB's POST until each side's
caseworker was given the case by `GET /v1/signals/{localId}`. When to ask is seen in the nodes' own
databases, looked into every 2 ms: asking over HTTP all the time would slow down what is measured.

The limit is the skeleton three times over, for signal, `locate` and `answer`, and the bare
multiplications of one evaluation. Both are measured in turn; who is not measured is stopped.
"""

import time
from collections.abc import Callable, Iterator
from functools import partial

from bench.bare import wall_seconds
from bench.crowd import same
from bench.errors import BenchError
from bench.figure import Aim, Figure, quantile
from bench.figures.bulk import post_all
from bench.figures.evaluation import A_BATCH, AN_ELEMENT
from bench.nodes import Nodes, Skeleton, skeleton_in
from bench.process import paused
from bench.workshop import Workshop

_AIM_SECONDS = 0.150
_FIRST, _SECOND = "uwv", "svb"
_LOOK_EVERY_SECONDS = 0.002
_PATIENCE_SECONDS = 30
# A node answers at most once a second: it is idle only when its last answer is longer ago.
_QUIET_SECONDS = 1.1
_ENTRIES = 3
_RECEIPT = "receipt"
_CASES = "SELECT count(*) FROM case_file"
_SIZE = "SELECT max(height) + 1 FROM block"
_EFFECTS = "SELECT max(value) FROM cursor WHERE name = 'effects'"
_OWED = f"SELECT count(*) FROM owed_answer WHERE member = '{_FIRST}'"  # noqa: S608 -- no input
_LIMIT = "3 × skeleton and the bare multiplications of an evaluation"


def measure(shop: Workshop) -> Iterator[Figure]:
    """Yield the median and the 99th percentile of when both can read, and the parts of the way."""
    nodes, count = shop.matching_nodes, shop.scale.matches
    firsts = nodes.crowd.signals(_FIRST, count)
    known = post_all(nodes, firsts)
    seconds = [s.body() for s in same(firsts, nodes.crowd.signals(_SECOND, count))]
    evaluation = (AN_ELEMENT + A_BATCH) * shop.machine.multiplication
    took: list[dict[str, float]] = []
    bare: list[float] = []
    folder = shop.folder / "match-skeleton"
    folder.mkdir()
    with skeleton_in(folder) as skeleton:
        for body, first_id in zip(seconds, known, strict=True):
            shop.show("meeting", len(took) / count)
            with paused(nodes.pids):
                bare.append(wall_seconds(partial(_bare, skeleton, body)) + evaluation)
            with paused(skeleton.pids):
                nodes.looks.settle()
                time.sleep(_QUIET_SECONDS)
                took.append(_meet(nodes, body, first_id))
    yield from _figures(took, bare)


def _bare(skeleton: Skeleton, body: dict[str, str]) -> None:
    for _ in range(_ENTRIES):
        skeleton.post(body)


def _meet(nodes: Nodes, body: dict[str, str], first_id: str) -> dict[str, float]:
    """Post the second signal; return after how many seconds each side could read the case.

    On the way: when the receipt came, when the second had the `locate` and the first's answer on
    its chain, and when the first had taken effect of the `locate`.

    Raises:
        BenchError: one of them cannot after half a minute.
    """
    ask = nodes.looks.ask
    before = {name: ask(name, _CASES) for name in (_FIRST, _SECOND)}
    # Nobody else posts: this is the signal's own height, and the next one its locate's.
    height = ask(_SECOND, _SIZE)
    waits: dict[str, Callable[[], bool]] = {
        "locate": lambda: ask(_SECOND, _SIZE) >= height + 2,
        "its effects": lambda: ask(_FIRST, _EFFECTS) >= height + 2,
        "answer": lambda: "locate" in seen and not ask(_SECOND, _OWED),
        _FIRST: lambda: ask(_FIRST, _CASES) > before[_FIRST],
        _SECOND: lambda: ask(_SECOND, _CASES) > before[_SECOND],
    }
    begun = time.perf_counter()
    local_ids = {_FIRST: first_id, _SECOND: nodes.post(body)}
    seen = {_RECEIPT: time.perf_counter() - begun}
    while len(seen) <= len(waits):
        for what, is_there in waits.items():
            if what not in seen and is_there():
                if what in local_ids:
                    _verify_readable(nodes, what, local_ids[what])
                seen[what] = time.perf_counter() - begun
        if time.perf_counter() - begun > _PATIENCE_SECONDS:
            raise BenchError(f"no match, only {', '.join(seen)}")
        time.sleep(_LOOK_EVERY_SECONDS)
    return {what: seen[what] for what in (_RECEIPT, *waits)}


def _verify_readable(nodes: Nodes, name: str, local_id: str) -> None:
    answer = nodes.members[name].ask(f"/v1/signals/{local_id}", role="caseworker")
    if answer.json()["caseId"] is None:
        raise BenchError(f"{name} has a case of something else")


def _figures(took: list[dict[str, float]], bare: list[float]) -> Iterator[Figure]:
    both = [max(seen[_FIRST], seen[_SECOND]) for seen in took]
    for part, name in ((0.5, "p50"), (0.99, "p99")):
        value, limit = quantile(both, part), quantile(bare, part)
        way = ", ".join(
            f"{what} {quantile([seen[what] for seen in took], part) * 1e3:.0f}" for what in took[0]
        )
        yield Figure(
            f"post → match, {name}", value * 1e3, "ms", samples=len(took), limit=limit * 1e3,
            limit_of=_LIMIT, ratio=value / limit,
            aim=Aim("≤ 150 ms", value <= _AIM_SECONDS) if part == 0.5 else None,
            note=f"after ms: {way}",
        )  # fmt: skip
