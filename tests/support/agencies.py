"""A running cluster that several tests of one file share, and what they ask of it.

    @pytest.fixture(scope="module")
    def agencies(tmp_path_factory):
        with meeting(tmp_path_factory.mktemp("agencies")) as agencies:
            yield agencies

The nodes live on one event loop, which turns only while a test runs something on it.
"""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import func, select
from sqlmodel import SQLModel

from ledger.block import Block
from ledger.bsn import Bsn, synthetic_numbers
from ledger.entry import SignedEntry
from ledger.heights import Heights
from ledger.pseudonym import Pseudonym
from nodes.cases import Standing
from nodes.errors import NodeError
from nodes.signal import Posting
from nodes.store.chain import refusals
from nodes.store.matches import Match
from nodes.store.tables import CustodyRow
from tests.support.cluster import FIELDS, Cluster
from tests.support.consortium import DESKS, ORIGIN, ROLES, found

PURPOSE = "multiproblematiek"
ISSUERS = tuple(DESKS)
_PEER_TIMEOUT_SECONDS = 5.0
_T = TypeVar("_T")


@dataclass(frozen=True)
class Placed:
    """A final signal of the member `name`."""

    name: str
    local_id: str
    height: int


@dataclass
class Agencies:
    """Nodes on an event loop, with an epoch open; every test takes persons of its own."""

    runner: asyncio.Runner
    cluster: Cluster
    people: Iterator[Bsn] = field(default_factory=synthetic_numbers)

    def run(self, story: Coroutine[Any, Any, _T]) -> _T:
        """Let the nodes work until `story` ends."""
        return self.runner.run(story)

    def person(self) -> Bsn:
        """Return somebody about whom nobody posted yet."""
        return next(self.people)

    async def post(self, name: str, bsn: Bsn) -> Placed:
        """Post about a person and return the signal once it is final."""
        local_id = await self.post_only(name, bsn)
        await self.cluster.until_final(name, local_id)
        return self.placed(name, local_id)

    async def post_only(self, name: str, bsn: Bsn, *, key: str | None = None) -> str:
        """Post about a person and return the local id."""
        desk = DESKS.get(name, f"{name}/maatwerk")
        posting = Posting(bsn, desk, PURPOSE, "W-1", FIELDS)
        return await self.cluster.post(name, posting=posting, key=key)

    async def post_surely(self, name: str, bsn: Bsn, *, key: str) -> str:
        """Post about a person, again under the same key until the node answers."""
        while True:
            try:
                return await self.post_only(name, bsn, key=key)
            except NodeError:
                await asyncio.sleep(0.01)

    def placed(self, name: str, local_id: str) -> Placed:
        """Return an own signal of a node that is on the chain."""
        height = self.cluster.signal(name, local_id).height
        assert height is not None, "not on the chain"
        return Placed(name, local_id, height)

    async def post_together(self, *posted: tuple[str, Bsn]) -> list[Placed]:
        """Post in the same instant, and wait for all answers."""
        local_ids = await asyncio.gather(*(self.post_only(name, bsn) for name, bsn in posted))
        await self.cluster.until_answered()
        names = [name for name, _ in posted]
        return [self.placed(*pair) for pair in zip(names, local_ids, strict=True)]

    async def post_answered(self, *posted: tuple[str, Bsn]) -> list[Placed]:
        """Post one after the other, each final before the next, and wait for all answers."""
        placed = [await self.post(name, bsn) for name, bsn in posted]
        await self.cluster.until_answered()
        return placed

    async def withdraw(self, *placed: Placed) -> None:
        """Withdraw signals and wait until everybody has taken up their erasure."""
        for one in placed:
            await self.cluster[one.name].withdrawal.withdraw(one.local_id)
        await self.until_erased(*placed)
        await self.cluster.until_answered()

    async def until_erased(self, *placed: Placed) -> None:
        """Let the nodes work until the erasure of withdrawn signals is final at their author."""
        await self.cluster.until(
            lambda: all(not self.cluster.signal(one.name, one.local_id).purpose for one in placed)
        )

    def matches(self, name: str) -> list[Match]:
        """Return every match of a node."""
        node = self.cluster[name]
        with node.database.read() as connection:
            return node.matches.all(connection)

    def of(self, placed: Placed) -> list[Match]:
        """Return the matches of a signal."""
        node = self.cluster[placed.name]
        with node.database.read() as connection:
            return node.matches.of_own(connection, placed.local_id)

    def met(self, placed: Placed) -> set[tuple[str, int]]:
        """Return with whose signals, as (member, height), a signal matched."""
        return {(match.member, match.height) for match in self.of(placed)}

    def ids(self, placed: Placed) -> set[str]:
        """Return the ids of a signal's matches."""
        return {match.id for match in self.of(placed)}

    def standing(self, placed: Placed) -> Standing:
        """Return what became of a signal, as its agency reads it."""
        node = self.cluster[placed.name]
        return node.cases.standing(self.cluster.signal(placed.name, placed.local_id))

    def pseudonym(self, name: str, bsn: Bsn, *, epoch: int = 1) -> Pseudonym:
        """Return the pseudonym of a person, as a member that posted about it knows it."""
        node = self.cluster[name]
        with node.database.read() as connection:
            known = node.locating._presences.of(
                connection, digits=bsn.digits, purpose=PURPOSE, epoch=epoch
            )
        return known.pseudonym(ORIGIN)

    def refusals(self, name: str) -> Counter[str]:
        """Return how often a node refused or found what, by reason."""
        with self.cluster[name].database.read() as connection:
            return Counter(refusals(connection))

    def rows(self, name: str, table: type[SQLModel]) -> int:
        """Return how many rows a table of a node has."""
        counted = table.__table__  # type: ignore[attr-defined]
        with self.cluster[name].database.read() as connection:
            query = select(func.count()).select_from(counted)
            return int(connection.execute(query).scalar_one())

    def custody(self, name: str) -> list[SignedEntry]:
        """Return the entries on the chain of which a node holds others' items."""
        held = CustodyRow.__table__  # type: ignore[attr-defined]
        with self.cluster[name].database.read() as connection:
            ids = set(connection.execute(select(held.c.entry_id)).scalars())
        signed = [Block.decode(raw).signed for raw in self.cluster.blocks(name)]
        return [entry for entry in signed if entry.id in ids]

    def answers(self) -> Counter[tuple[int, str]]:
        """Return how many `answer` entries each (height of a locate, issuer) has on the chain."""
        found: Counter[tuple[int, str]] = Counter()
        for raw in self.cluster.blocks("bzk"):
            entry = Block.decode(raw).signed.entry
            if entry.kind == "answer":
                found.update((at, entry.author) for at in Heights.decode(entry.further).named)
        return found

    def heights(self, kind: str, *, author: str | None = None) -> list[int]:
        """Return the heights of the blocks of a kind, as BZK has them."""
        blocks = (Block.decode(raw) for raw in self.cluster.blocks("bzk"))
        return [
            block.height
            for block in blocks
            if block.signed.entry.kind == kind and author in (None, block.signed.entry.author)
        ]


def verify_pair(agencies: Agencies, one: Placed, other: Placed) -> None:
    """Check that two signals found each other, both ways, under one id.

    Raises:
        AssertionError: missed, one-sided, or under two ids.
    """
    assert (other.name, other.height) in agencies.met(one), f"{one} misses {other}"
    assert (one.name, one.height) in agencies.met(other), f"{other} misses {one}"
    assert agencies.ids(one) & agencies.ids(other), f"{one} and {other} share no id"


def is_a(message: bytes, operation: str) -> bool:
    """Tell whether a message between nodes asks for that operation."""
    return f"\n{operation}\n".encode() in message[:400]


@contextmanager
def meeting(root: Path) -> Iterator[Agencies]:
    """Yield the four members' nodes, with epoch 1 open; stop them at the end."""
    with asyncio.Runner() as runner:
        # Four nodes on one loop of a loaded machine answer late; one that is down, at once.
        cluster = Cluster(found(root, peer_timeout=_PEER_TIMEOUT_SECONDS), start=ROLES)
        runner.run(cluster.__aenter__())
        try:
            runner.run(cluster.open_epoch())
            yield Agencies(runner, cluster)
        finally:
            runner.run(cluster.__aexit__(None, None, None))
