"""What engines keep of the order: in which block each entry stands, since when, and who made it.

    year, blocks = asyncio.run(lived_on_engines(founded, signals=5_000, seed=5))
    engine = EngineBytes.of(year, blocks)
    link(year, engine.pair)

Members alone run engines; strangers never get to see any of this.
"""

import asyncio
from collections import deque
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from itertools import islice
from random import Random
from typing import Any, NamedTuple, Self

import aiohttp

from ledger.bsn import Bsn, synthetic_numbers
from ledger.encoding import Digest, from_base64
from ledger.entry import SignedEntry
from ledger.errors import LedgerError
from nodes.sequencer.cometbft.transaction import decode_transaction
from tests.support.cluster import posting_of
from tests.support.engine_cluster import EngineCluster, FoundedWithEngines
from tests.support.observer import public, witnessed
from tests.support.observing import ISSUERS, Entered, Year

_A_DAY = 500
_AT_ONCE, _BATCHES = 7, 8
_WITHDRAW = 0.08


class Ordered(NamedTuple):
    """Where an entry stands in the engine's blocks, and what else that block says."""

    height: int
    transaction: int
    transactions: int
    place: int
    entries: int
    time: int
    """Nanoseconds since 1970, on which more than two thirds of the engines agreed."""
    round: int
    proposer: str
    voted: tuple[int, ...]
    """By engine: how long after the first of them its vote was signed, in nanoseconds."""


class EngineBytes:
    """Reads pairs of signals, or one, with the eyes of an engine's operator."""

    def __init__(self, year: Year, ordered: dict[Digest, Ordered]) -> None:
        """Read `year` in the order of `ordered`."""
        self._year = year
        self._ordered = ordered
        self._proposers = sorted({at.proposer for at in ordered.values()})
        self._slow: frozenset[int] = frozenset()

    @classmethod
    def of(cls, year: Year, blocks: Sequence[dict[str, Any]]) -> Self:
        """Find the entries of `year` in the engine's blocks, as its RPC gives them."""
        return cls(year, _ordered(blocks))

    @property
    def is_whole(self) -> bool:
        """Tell whether every signal, locate and answer was found in an engine's block."""
        year = self._year
        wanted = [*year.signals.values(), *year.erasures]
        for at in year.located.values():
            wanted += [at.locate, *at.answers.values()]
        return all(entered.signed.id in self._ordered for entered in wanted)

    def proposed(self, entered: Iterable[tuple[Entered, int]]) -> "EngineBytes":
        """Return the same with entries in blocks of an engine that a number chooses: a leak."""
        ordered = dict(self._ordered)
        for one, number in entered:
            proposer = self._proposers[number % len(self._proposers)]
            ordered[one.signed.id] = self._at(one)._replace(proposer=proposer)
        return EngineBytes(self._year, ordered)

    def slowed(self, heights: Collection[int]) -> "EngineBytes":
        """Return the same with answers that took twice as long for signals in `heights`: a leak."""
        slow = EngineBytes(self._year, self._ordered)
        slow._slow = frozenset(heights)
        return slow

    def pair(self, year: Year, one: int, other: int) -> bytes:
        """Read two signals: what is public, and what the engines know besides; see `ReadPair`."""
        first, second = self._at(year.signals[one]), self._at(year.signals[other])
        placed, also = (self._at(year.located[h].locate) for h in (one, other))
        delays, also_delayed = (self._delays(year, height) for height in (one, other))
        found = [
            *self._apart(first, second),
            *self._apart(placed, also),
            *self._apart(second, placed),
            *self._alone(first),
            *self._alone(second),
            *delays,
            *also_delayed,
            *(abs(a - b) for a, b in zip(delays, also_delayed, strict=True)),
        ]
        return bytes([*public(year, one, other), *found])

    def one(self, year: Year, height: int, third: str) -> bytes:
        """Read one signal with the eyes of a third issuer that runs an engine; see `ReadOne`."""
        placed = self._at(year.located[height].locate)
        found = [*self._delays(year, height), *self._alone(placed)]
        for answer in self._answers(year, height):
            found += [*self._alone(answer), *self._apart(placed, answer)]
        return bytes([*witnessed(year, height, third), *found])

    def _at(self, entered: Entered) -> Ordered:
        return self._ordered[entered.signed.id]

    def _answers(self, year: Year, height: int) -> list[Ordered]:
        located = year.located[height]
        found = [self._at(located.answers[name]) for name in sorted(located.answers)]
        if height in self._slow:
            since = self._at(located.locate).time
            found = [at._replace(time=2 * at.time - since) for at in found]
        return found

    def _delays(self, year: Year, height: int) -> list[int]:
        """Return how long a signal took to its `locate`, that to each answer, and these apart."""
        posted, placed = self._at(year.signals[height]), self._at(year.located[height].locate)
        answers = self._answers(year, height)
        return [
            _fine(placed.time - posted.time),
            *(_fine(answer.time - placed.time) for answer in answers),
            *(answer.height - placed.height & 0xFF for answer in answers),
            _fine(answers[-1].time - answers[0].time),
            answers[-1].time > answers[0].time,
        ]

    def _alone(self, at: Ordered) -> list[int]:
        return [
            _fine(at.transaction),
            _fine(at.transactions),
            at.place,
            at.entries,
            at.round,
            self._proposers.index(at.proposer),
            *map(_fine, at.voted),
        ]

    def _apart(self, one: Ordered, other: Ordered) -> list[int]:
        return [
            _fine(abs(other.height - one.height)),
            _fine(abs(other.time - one.time)),
            _fine(abs(other.place - one.place)),
            (other.height, other.transaction) == (one.height, one.transaction),
            other.proposer == one.proposer,
            (other.time - one.time) // 1_000_000 & 0xFF,
        ]


async def lived_on_engines(
    founded: FoundedWithEngines, *, signals: int, seed: int
) -> tuple[Year, list[dict[str, Any]]]:
    """Let real nodes on real engines live a year as `Year.lived`; return it and all blocks."""
    random = Random(seed)
    people = list(islice(synthetic_numbers(), signals // 2))
    posted: dict[str, tuple[str, Bsn]] = {}
    live: list[str] = []
    waiting: deque[list[str]] = deque()
    async with EngineCluster(founded) as cluster:
        await cluster.open_epoch()
        while len(posted) < signals:
            batch = min(random.randrange(1, _AT_ONCE), signals - len(posted))
            drawn = [(random.choice(ISSUERS), random.choice(people)) for _ in range(batch)]
            local_ids = await asyncio.gather(
                *(cluster.post(name, posting=posting_of(name, bsn=bsn)) for name, bsn in drawn)
            )
            posted.update(zip(local_ids, drawn, strict=True))
            waiting.append(local_ids)
            if len(waiting) > _BATCHES:
                done = waiting.popleft()
                for local_id in done:
                    await cluster.until_final(posted[local_id][0], local_id)
                live += done
            if live and random.random() < _WITHDRAW * batch:
                chosen = live.pop(random.randrange(len(live)))
                await cluster[posted[chosen][0]].withdrawal.withdraw(chosen)
            if len(posted) // _A_DAY > (len(posted) - batch) // _A_DAY:
                await cluster.until_answered()
                cluster.clock.turn(days=1)
        await cluster.until_answered()
        chain = cluster.blocks("bzk")
        persons = {}
        for local_id, (name, bsn) in posted.items():
            height = cluster.signal(name, local_id).height
            assert height is not None, "every signal is on the chain"
            persons[height] = bsn
        blocks = await _blocks(cluster)
    return Year.read(chain, persons=persons), blocks


async def _blocks(cluster: EngineCluster) -> list[dict[str, Any]]:
    """Return every block of BZK's engine, with the votes for it, as its RPC gives them."""
    home = cluster.founded.root / "bzk" / "engine"
    connector = aiohttp.UnixConnector(str(home / "run" / "rpc.sock"))
    found = []
    async with aiohttp.ClientSession(connector=connector) as session:

        async def ask(method: str, **params: str) -> dict[str, Any]:
            body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
            async with session.post("http://engine/", json=body) as response:
                answer: dict[str, Any] = await response.json(content_type=None)
                result: dict[str, Any] = answer["result"]
                return result

        status = await ask("status")
        for height in range(1, int(status["sync_info"]["latest_block_height"]) + 1):
            block = (await ask("block", height=str(height)))["block"]
            commit = (await ask("commit", height=str(height)))["signed_header"]["commit"]
            found.append({"block": block, "commit": commit})
    return found


def _ordered(blocks: Sequence[dict[str, Any]]) -> dict[Digest, Ordered]:
    found: dict[Digest, Ordered] = {}
    for answer in blocks:
        header, transactions = answer["block"]["header"], answer["block"]["data"]["txs"]
        votes = [v for v in answer["commit"]["signatures"] if v["signature"]]
        signed = {vote["validator_address"]: _time(vote["timestamp"]) for vote in votes}
        first = min(signed.values(), default=0)
        voted = tuple(signed[address] - first for address in sorted(signed))
        for number, raw in enumerate(transactions):
            entries = decode_transaction(from_base64(raw))
            for place, entry in enumerate(entries):
                try:
                    entry_id = SignedEntry.decode(entry).id
                except LedgerError:
                    continue
                # A repeat is skipped: the first place counts.
                found.setdefault(
                    entry_id,
                    Ordered(
                        height=int(header["height"]),
                        transaction=number,
                        transactions=len(transactions),
                        place=place,
                        entries=len(entries),
                        time=_time(header["time"]),
                        round=int(answer["commit"]["round"]),
                        proposer=header["proposer_address"],
                        voted=(*voted, 0, 0, 0, 0)[:4],
                    ),
                )
    return found


def _time(text: str) -> int:
    seconds, _, fraction = text.removesuffix("Z").partition(".")
    whole = int(datetime.fromisoformat(f"{seconds}+00:00").timestamp())
    return whole * 10**9 + int(fraction.ljust(9, "0"))


def _fine(distance: int) -> int:
    """Return a number on a scale with two steps to each doubling; 64 more where it is negative."""
    size = abs(distance)
    bits = size.bit_length()
    half = size >> (bits - 2) & 1 if bits > 1 else 0
    step = min(2 * bits + half, 127)
    return step if distance >= 0 else 128 + step
