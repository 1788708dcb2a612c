"""Posts where every two of four members are 20 ms apart, nodes and engines alike, each way.

Relays on this machine keep them apart (`bench.distance`). The limit is the time on the way alone:
`_WAYS` one-way delays, as long as relays take in this run. A custodian is asked and answers (2);
the entry goes to the engine whose turn it is (1), which proposes, and all vote twice (3); witnesses
are asked and answer (2). Where the author's own engine proposes it is one less. With one of four
dead the others need as many; what comes on top is the wait for a proposal that does not come.

Once with the tuning for agencies a few milliseconds apart, once with the one for tens of them.
"""

import asyncio
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from statistics import median

import httpx

from bench.bare import wall_seconds
from bench.distance import apart
from bench.errors import BenchError
from bench.figure import Figure, quantile
from bench.nodes import Nodes, nodes_in
from bench.posting import bodies, receipt_seconds
from bench.workshop import Workshop
from nodes.sequencer.cometbft.home import EngineHome
from nodes.sequencer.cometbft.rpc import EngineRpc

_APART_SECONDS = 0.020
_WAYS = 8
_AUTHOR, _DEAD = "uwv", "svb"
_WARM = 1
_PAUSE_SECONDS = 0.2
"""Between two posts: the block without entries that follows takes longer at a distance."""
_LOOK_SECONDS, _WITHIN_SECONDS = 0.1, 60.0
_PROFILES = ("near", "wide")
_ROUNDS = 10
_LIMIT = f"{_WAYS} one-way delays of this run"


def measure(shop: Workshop) -> Iterator[Figure]:
    """Yield post → receipt with all and with one dead, by either profile."""
    # Whoever ran before would share the machine.
    shop.running.close()
    folder = shop.folder / "wide"
    folder.mkdir()
    shop.show("founding a consortium of members that are apart", 0)
    with (
        apart(_APART_SECONDS) as distance,
        nodes_in(folder, shop.show, engine=shop.engine, way=distance.to) as nodes,
    ):
        limit = _WAYS * _one_way(nodes)
        for profile in _PROFILES:
            if profile != nodes.members.must_have_engines().profile:
                _retune(nodes, profile)
            asyncio.run(_meet([member.folder / "engine" for member in nodes.members.all]))
            for how, took in _times(nodes, profile, shop):
                yield from _figures(f"{profile}, {how}", took, limit)


def _one_way(nodes: Nodes) -> float:
    """Return the seconds that a relay takes each way: half of what it adds to a question."""
    author = nodes.members[_AUTHOR]
    with httpx.Client(timeout=30, trust_env=False) as client:

        def seconds(url: str) -> float:
            return wall_seconds(lambda: client.get(f"{url}/healthz").raise_for_status())

        pairs = [(seconds(author.peer_url), seconds(author.url)) for _ in range(_ROUNDS)]
    return median(far - near for far, near in pairs) / 2


def _retune(nodes: Nodes, profile: str) -> None:
    """Start all nodes and engines anew, tuned by `profile`."""
    members = nodes.members
    members.must_have_engines().profile = profile
    for member in members.all:
        member.node.ask_to_stop()
    for member in members.all:
        member.node.wait_stopped()
    members.start(lambda _: None)


async def _meet(engines: list[Path]) -> None:
    """Wait until every engine talks to all others: till then some words go a longer way."""
    try:
        async with asyncio.timeout(_WITHIN_SECONDS):
            for path in engines:
                rpc = EngineRpc(EngineHome(path).rpc)
                try:
                    # What another process comes to know sets no event here.
                    while len(await rpc.peers(timeout=_WITHIN_SECONDS)) < len(engines) - 1:  # noqa: ASYNC110
                        await asyncio.sleep(_LOOK_SECONDS)
                finally:
                    await rpc.close()
    except TimeoutError as cause:
        raise BenchError("two engines do not find each other") from cause


def _times(nodes: Nodes, profile: str, shop: Workshop) -> Iterator[tuple[str, list[float]]]:
    times = partial(receipt_seconds, nodes, bodies(nodes, _AUTHOR), pause=_PAUSE_SECONDS)
    count = shop.scale.distant
    shop.show(f"posting at a distance, {profile}", 0)
    times(_WARM)
    yield "four engines", times(count)
    dead = nodes.members[_DEAD]
    dead.node.kill()
    shop.show(f"posting at a distance, {profile}, one of four dead", 0.5)
    times(1)
    yield "one of four dead", times(count)


def _figures(how: str, took: list[float], limit: float) -> Iterator[Figure]:
    for part, name in ((0.5, "p50"), (0.99, "p99")):
        value = quantile(took, part)
        yield Figure(
            f"post → receipt, 20 ms apart, {how}, {name}", value * 1e3, "ms", samples=len(took),
            limit=limit * 1e3, limit_of=_LIMIT, ratio=value / limit,
        )  # fmt: skip
