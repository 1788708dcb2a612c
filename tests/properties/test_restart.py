"""A node that starts again on its database is the node that it was, wherever batches end."""

from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.block import Block
from ledger.consortium_toml import decode_consortium
from ledger.errors import RefusedError
from ledger.heights import Heights
from tests.support.chain import PURPOSE, ChainBuilder, make_entry
from tests.support.databases import Follower, copy_of, migrate
from tests.support.epochs import closing as closing_entry
from tests.support.epochs import deal, opening
from tests.support.parties import ROLES
from tests.support.refusing import everything

Step = Callable[[ChainBuilder], object]
"""Appends something to a chain, or is refused."""

issuers = st.sampled_from(["svb", "szw", "uwv"])
picks = st.lists(st.integers(0, 30), min_size=1, max_size=3)


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return migrate(tmp_path_factory.mktemp("migrated"))


def post(author: str) -> Step:
    return lambda chain: chain.post(author)


def name_heights(kind: str, by: int, at: list[int]) -> Step:
    """Let somebody who owes something name some of what it owes."""

    def step(chain: ChainBuilder) -> None:
        owed = chain.state.outstanding
        if kind == "locate":
            pairs = [(signal.author, height) for height, signal in owed.signals.items()]
        else:
            pairs = [(name, h) for h, known in owed.locates.items() for name in known.waiting]
        if not pairs:
            return
        authors = sorted({author for author, _ in pairs})
        author = authors[by % len(authors)]
        own = sorted(height for name, height in pairs if name == author)
        named = Heights(tuple(sorted({own[pick % len(own)] for pick in at})))
        chain.apply(make_entry(chain.consortium, author, kind, named.encode()))

    return step


def give_roles(member: str, *, issues: bool) -> Step:
    def change(draft: dict[str, Any]) -> None:
        table = next(table for table in draft["member"] if table["name"] == member)
        table["roles"] = [role for role in ROLES[member] if issues or role != "issuer"]

    return lambda chain: chain.amend(change)


def erase(author: str, count: int) -> Step:
    return lambda chain: chain.apply(
        make_entry(chain.consortium, author, "erasure", f"{count}\n", number=len(chain.blocks))
    )


def tighten(quota: int) -> Step:
    return lambda chain: chain.amend(lambda draft: draft["quota"].update(signal=quota))


def turn_epoch(*, opens: bool, replaces: bool) -> Step:
    def step(chain: ChainBuilder) -> None:
        epochs = chain.state.epochs
        if opens:
            known = [d.number for d in epochs.with_key(PURPOSE)]
            document = deal(
                chain.consortium,
                epochs.next_number(PURPOSE),
                replaces=known[0] if known and replaces else None,
            ).document
            chain.apply(opening(chain.consortium, document))
        else:
            oldest = min((d.number for d in epochs.open_now(PURPOSE)), default=1)
            chain.apply(closing_entry(chain.consortium, oldest))

    return step


posts = st.builds(post, issuers)
namings = st.builds(name_heights, st.sampled_from(["locate", "answer"]), st.integers(0, 2), picks)
erasures = st.builds(erase, issuers, st.integers(1, 2))
quotas = st.builds(tighten, st.integers(1, 4))
epochs = st.builds(
    lambda opens, replaces: turn_epoch(opens=opens, replaces=replaces), st.booleans(), st.booleans()
)
roles = st.builds(lambda member, issues: give_roles(member, issues=issues), issuers, st.booleans())
# Documents are slow to read; that they are rare is also how it is.
steps = st.one_of(
    posts, namings, posts, namings, posts, erasures, namings, namings, epochs, roles, quotas
)
histories = st.lists(st.lists(steps, min_size=4, max_size=10), min_size=1, max_size=3)
"""Batches of steps."""


def grow(follower: Follower, batch: list[Step]) -> None:
    for step in batch:
        with suppress(RefusedError):
            step(follower.chain)
    follower.catch_up()


@settings(max_examples=settings().max_examples // 2)
@given(history=histories)
def test_node_that_starts_again_computes_the_same(
    migrated: Path, history: list[list[Step]]
) -> None:
    with TemporaryDirectory() as folder, closing(copy_of(migrated, Path(folder))) as database:
        follower = Follower(database)

        for batch in history:
            grow(follower, batch)
            assert everything(follower.state) == everything(follower.chain.state)
            assert everything(follower.restarted()) == everything(follower.chain.state)
            follower.replica.forget()


@dataclass
class Oracle:
    """What a chain owes, from its blocks by the words of the rules, with no thought for speed."""

    signals: dict[int, str] = field(default_factory=dict)
    waiting: set[tuple[int, str]] = field(default_factory=set)
    issuers: set[str] = field(default_factory=set)

    def read(self, raw: bytes) -> None:
        block = Block.decode(raw)
        entry = block.signed.entry
        if entry.kind == "consortium":
            members = decode_consortium(entry.further).members
            self.issuers = {member.name for member in members if "issuer" in member.roles}
            self.waiting = {(h, name) for h, name in self.waiting if name in self.issuers}
        if entry.kind == "signal":
            self.signals[block.height] = entry.author
        if entry.kind == "locate":
            for height in Heights.decode(entry.further).named:
                assert self.signals.pop(height) == entry.author
            self.waiting |= {(block.height, name) for name in self.issuers - {entry.author}}
        if entry.kind == "answer":
            for height in Heights.decode(entry.further).named:
                self.waiting.remove((height, entry.author))


@given(history=st.lists(steps, max_size=40))
def test_what_is_owed_is_what_the_blocks_say_and_no_more(history: list[Step]) -> None:
    chain, oracle = ChainBuilder(), Oracle()
    for step in history:
        with suppress(RefusedError):
            step(chain)

    for raw in chain.blocks:
        oracle.read(raw)

    owed = chain.state.outstanding
    assert {height: signal.author for height, signal in owed.signals.items()} == oracle.signals
    waiting = {(h, name) for h, known in owed.locates.items() for name in known.waiting}
    assert waiting == oracle.waiting
    assert all(known.waiting for known in owed.locates.values())
