"""What is owed is the same in memory and on disk: a restart must not make another chain."""

from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import Table, select

from nodes.sequencer.port import Batch
from nodes.store.database import Database
from nodes.store.outstanding import load_outstanding
from nodes.store.tables import OwedAnswerRow, OwedLocateRow
from tests.support.chain import ChainBuilder, make_entry
from tests.support.databases import Follower
from tests.support.epochs import closing, deal, opening
from tests.support.refusing import everything

OWED: list[Table] = [OwedLocateRow.__table__, OwedAnswerRow.__table__]  # type: ignore[attr-defined]
CITIZEN = ["policy", "witness", "holder", "custodian"]
"""The roles of an SZW that issues no more."""


class PowerCutError(Exception):
    """A transaction ended here."""


@pytest.fixture
def follower(database: Database) -> Follower:
    """Return a node with signals of UWV, SVB and UWV at 1 to 3, located in 4 and 5 but for 3."""
    follower = Follower(database)
    for author in ("uwv", "svb", "uwv"):
        follower.chain.post(author)
    follower.chain.apply(named(follower.chain, "uwv", "locate", 1))
    follower.chain.apply(named(follower.chain, "svb", "locate", 2))
    follower.catch_up()
    return follower


def named(chain: ChainBuilder, author: str, kind: str, *heights: int) -> bytes:
    further = "".join(f"{height}\n" for height in heights)
    return make_entry(chain.consortium, author, kind, further)


def rows(database: Database) -> list[tuple[Any, ...]]:
    with database.read() as connection:
        return [tuple(row) for table in OWED for row in connection.execute(select(table))]


def amend_szw(chain: ChainBuilder, roles: list[str]) -> None:
    chain.amend(
        lambda draft: next(m for m in draft["member"] if m["name"] == "szw").update(roles=roles)
    )


def verify_same(follower: Follower) -> None:
    assert everything(follower.state) == everything(follower.chain.state)
    assert everything(follower.restarted()) == everything(follower.chain.state)


def test_node_that_starts_again_knows_what_is_owed(follower: Follower) -> None:
    assert sorted(follower.state.outstanding.signals) == [3]
    assert sorted(follower.state.outstanding.locates) == [4, 5]

    verify_same(follower)


@pytest.mark.parametrize("together", [True, False], ids=["one batch", "a batch each"])
def test_what_is_settled_is_forgotten_on_disk_too(follower: Follower, *, together: bool) -> None:
    entries = [
        named(follower.chain, "uwv", "locate", 3),
        named(follower.chain, "szw", "answer", 4, 5, 6),
        named(follower.chain, "svb", "answer", 4, 6),
        named(follower.chain, "uwv", "answer", 5),
    ]

    for batch in [entries] if together else [[entry] for entry in entries]:
        follower.apply(*batch)

    assert rows(follower.database) == []
    verify_same(follower)


def test_batch_that_raises_and_settles_half_leaves_the_other_half(follower: Follower) -> None:
    follower.apply(
        named(follower.chain, "uwv", "locate", 3), named(follower.chain, "szw", "answer", 6)
    )

    assert follower.state.outstanding.locates[6].waiting == {"svb"}
    verify_same(follower)


def test_batch_that_raises_and_settles_all_leaves_nothing(follower: Follower) -> None:
    before = rows(follower.database)
    chain = follower.chain

    chain.post("szw")
    chain.apply(named(chain, "szw", "locate", 6))
    chain.apply(named(chain, "uwv", "answer", 7))
    chain.apply(named(chain, "svb", "answer", 7))
    follower.catch_up()

    assert rows(follower.database) == before
    verify_same(follower)


def test_issuer_that_left_is_excused_on_disk_too(follower: Follower) -> None:
    amend_szw(follower.chain, CITIZEN)
    follower.catch_up()

    assert {row[1] for row in rows(follower.database) if len(row) == 5} == {"svb", "uwv"}
    verify_same(follower)


@pytest.mark.parametrize("together", [True, False], ids=["one batch", "a batch each"])
def test_issuer_that_left_and_came_back_is_excused_on_disk_too(
    follower: Follower, *, together: bool
) -> None:
    # A node that starts again would await an answer that its peers refuse: another chain.
    for roles in (CITIZEN, ["issuer", *CITIZEN]):
        amend_szw(follower.chain, roles)
        if not together:
            follower.catch_up()
    if together:
        follower.catch_up()

    assert follower.state.outstanding.locates[4].waiting == {"svb"}
    verify_same(follower)


def test_locate_in_the_batch_in_which_an_issuer_left_awaits_the_others(
    follower: Follower,
) -> None:
    follower.chain.apply(named(follower.chain, "uwv", "locate", 3))
    amend_szw(follower.chain, CITIZEN)
    follower.catch_up()

    assert follower.state.outstanding.locates[6].waiting == {"svb"}
    verify_same(follower)


def test_batch_that_was_lost_leaves_nothing(follower: Follower) -> None:
    before = rows(follower.database)
    entry = named(follower.chain, "uwv", "locate", 3)

    with suppress(PowerCutError), follower.database.begin() as connection:
        follower.replica.apply(connection, Batch(99, (entry,)))
        raise PowerCutError
    follower.replica.forget()

    assert rows(follower.database) == before
    verify_same(follower)


def test_epochs_are_read_back_with_the_blocks_at_which_they_were_open(
    follower: Follower,
) -> None:
    consortium = follower.chain.consortium
    for raw in (opening(consortium, deal(consortium, n).document) for n in (1, 2)):
        follower.apply(raw)
        follower.chain.post("uwv")
        follower.catch_up()
    follower.apply(closing(consortium, 1))

    spans = follower.restarted().epochs.spans["multiproblematiek"]

    assert [(span.opened, span.closed) for span in spans] == [(6, 10), (8, None)]
    verify_same(follower)


def test_nothing_is_owed_at_first(database: Database) -> None:
    with database.read() as connection:
        owed = load_outstanding(connection)

    assert (owed.signals, owed.locates) == ({}, {})
