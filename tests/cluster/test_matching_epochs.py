"""Two epochs overlap, signals match across the seam, and with a closed one all that it made goes.

The tests follow one consortium through time, in the order of this file.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from ledger.bsn import Bsn
from nodes.errors import InputError
from nodes.shares import FOLDER
from nodes.store.tables import WatchRow
from tests.support.agencies import ISSUERS, PURPOSE, Agencies, Placed, meeting, verify_pair
from tests.support.consortium import ROLES
from tests.support.dealing import deal

MOST = 16
WATCHED = 2 * 16
"""A person is watched for under the locators of two other issuers in one epoch."""


@dataclass(frozen=True)
class Before:
    """People about whom UWV posted when epoch 1 alone was open, and its signals."""

    people: list[Bsn]
    placed: list[Placed]


@pytest.fixture(scope="module")
def agencies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agencies]:
    with meeting(tmp_path_factory.mktemp("agencies")) as agencies:
        yield agencies


@pytest.fixture(scope="module")
def before(agencies: Agencies) -> Before:
    """Post about three people while epoch 1 alone is open, and open epoch 2."""

    async def story() -> Before:
        people = [agencies.person() for _ in range(3)]
        placed = await agencies.post_answered(*(("uwv", bsn) for bsn in people))
        await agencies.cluster.open_epoch(2)
        return Before(people, placed)

    return agencies.run(story())


def share_files(agencies: Agencies, epoch: int) -> dict[str, int]:
    """Return how many share files of an epoch each member has."""
    root = agencies.cluster.founded.root
    return {
        name: len(list((root / name / "keys" / FOLDER).glob(f"{PURPOSE}.{epoch}.*")))
        for name in ROLES
    }


def presences(agencies: Agencies, name: str) -> list[tuple[int, bool]]:
    """Return of each presence at a node its epoch, and whether it is watched for that person."""
    node = agencies.cluster[name]
    with node.database.read() as connection:
        known = [presence for _, presence in node.locating._presences.all(connection)]
    return [(presence.epoch, bool(presence.y and presence.live())) for presence in known]


def test_sixteen_signals_about_one_person_are_all_matched_and_a_seventeenth_is_refused(
    agencies: Agencies,
) -> None:
    async def story() -> None:
        person = agencies.person()
        local_ids = await asyncio.gather(*(agencies.post_only("uwv", person) for _ in range(MOST)))
        with pytest.raises(InputError, match="16 signals about this person"):
            await agencies.post_only("uwv", person)

        theirs = await agencies.post("svb", person)
        await agencies.cluster.until_answered()
        ours = [agencies.placed("uwv", local_id) for local_id in local_ids]
        assert agencies.met(theirs) == {("uwv", placed.height) for placed in ours}
        for placed in ours:
            verify_pair(agencies, placed, theirs)

        await agencies.withdraw(*ours[:2])
        with pytest.raises(InputError, match="16 signals about this person"):
            await agencies.post_only("uwv", person)
        assert len(agencies.met(theirs)) == MOST - 2

    agencies.run(story())


def test_a_signal_from_before_the_second_epoch_matches_those_from_after_its_opening(
    agencies: Agencies, before: Before
) -> None:
    theirs, third = agencies.run(
        agencies.post_answered(("svb", before.people[0]), ("szw", before.people[0]))
    )

    verify_pair(agencies, before.placed[0], theirs)
    verify_pair(agencies, before.placed[0], third)
    # This pair shares both epochs: each finds it under both, and once all the same.
    verify_pair(agencies, theirs, third)
    assert len(agencies.ids(theirs)) == len(agencies.ids(third)) == 2


def test_a_third_open_epoch_is_refused(agencies: Agencies, before: Before) -> None:
    async def story() -> None:
        document = agencies.cluster.founded.document
        epoch, shares = deal(document, purpose=PURPOSE, number=3)
        refused = agencies.refusals("bzk")["epoch"]

        await agencies.cluster.submit_epoch(epoch, list(shares))
        await agencies.cluster.until(lambda: agencies.refusals("bzk")["epoch"] > refused)

        epochs = agencies.cluster["bzk"].replica.state.epochs
        assert [known.number for known in epochs.open_now(PURPOSE)] == [2, 1]

    agencies.run(story())


def test_with_a_closed_epoch_all_that_followed_from_its_key_goes(
    agencies: Agencies, before: Before
) -> None:
    async def story() -> None:
        one_each = {"uwv": 1, "svb": 1, "szw": 1, "bzk": 1}
        assert share_files(agencies, 1) == share_files(agencies, 2) == one_each

        await agencies.cluster.close_epoch(1)
        await agencies.cluster.until_answered()

        await agencies.cluster.until(lambda: not any(share_files(agencies, 1).values()))
        assert share_files(agencies, 2) == one_each
        for name in ISSUERS:
            assert {number for number, _ in presences(agencies, name)} <= {2}
            watched = sum(is_watched for _, is_watched in presences(agencies, name))
            assert agencies.rows(name, WatchRow) == watched * WATCHED
        assert presences(agencies, "svb") != []

        theirs, ours, late = await agencies.post_answered(
            ("svb", before.people[1]), ("uwv", before.people[0]), ("szw", before.people[2])
        )
        assert agencies.met(theirs) == agencies.met(late) == set()
        assert {name for name, _ in agencies.met(ours)} == {"svb", "szw"}

    agencies.run(story())


def test_shares_of_a_closed_epoch_that_a_crash_left_are_destroyed_at_the_next_start(
    agencies: Agencies, before: Before
) -> None:
    async def story() -> None:
        epochs = agencies.cluster["szw"].replica.state.epochs
        if len(epochs.open_now(PURPOSE)) == 2:
            await agencies.cluster.close_epoch(1)
        await agencies.cluster.until_settled()
        await agencies.cluster.stop("szw")
        folder = agencies.cluster.founded.root / "szw" / "keys" / FOLDER
        (folder / f"{PURPOSE}.1.agencies.1.share").write_bytes(bytes(32))

        agencies.cluster.start("szw")
        await agencies.cluster.until(lambda: share_files(agencies, 1)["szw"] == 0)

        assert share_files(agencies, 2)["szw"] == 1

    agencies.run(story())
