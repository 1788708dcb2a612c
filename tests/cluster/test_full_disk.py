"""A disk that fills up: a clear error, nothing lost, and on again once there is room."""

import asyncio
from pathlib import Path

import pytest

from nodes.errors import StorageError
from nodes.readiness import reasons
from tests.support.accounts import verify_nothing_lost
from tests.support.bench import run
from tests.support.cluster import Cluster
from tests.support.consortium import DESKS, Founded, found


@pytest.fixture
def founded(tmp_path: Path) -> Founded:
    return found(tmp_path)


def disk(cluster: Cluster, name: str) -> list[str]:
    return [reason.text for reason in reasons(cluster[name]) if reason.code == "disk"]


async def fill(cluster: Cluster, name: str) -> dict[str, str]:
    """Fill the disk of an issuer's node and post until it refuses; return what it took."""
    cluster.lives[name].database.is_full = True
    taken: dict[str, str] = {}
    why = ""
    for _ in range(1000):
        try:
            taken[await cluster.post(name)] = name
        except StorageError as refusal:
            why = str(refusal)
            break
    assert why == "the database refuses: database or disk is full"
    return taken


def test_the_poster_is_told_and_what_was_taken_is_not_lost(founded: Founded) -> None:
    async def scenario() -> None:
        async with Cluster(founded) as cluster:
            posted = {await cluster.post(name): name for name in DESKS}
            await cluster.until_settled()

            posted |= await fill(cluster, "uwv")
            await cluster.until(lambda: bool(disk(cluster, "uwv")))
            assert disk(cluster, "uwv") == ["the database refuses: database or disk is full"]
            # The others go on, and what they post waits for nobody.
            local_id = await cluster.post("svb")
            await cluster.until_final("svb", local_id)
            posted[local_id] = "svb"

            cluster.lives["uwv"].database.is_full = False
            posted[await cluster.post_when_possible("uwv")] = "uwv"
            await cluster.until_settled()

            verify_nothing_lost(cluster, posted)
            assert cluster["uwv"].follower.halted is None
            await cluster.until(lambda: not disk(cluster, "uwv"))

    run(scenario())


def test_a_custodian_without_room_signs_nothing_and_another_takes_over(founded: Founded) -> None:
    async def scenario() -> None:
        async with Cluster(founded) as cluster:
            cluster.lives["bzk"].database.is_full = True

            posted = {await cluster.post(name): name for name in list(DESKS) * 10}
            for local_id, name in posted.items():
                await cluster.until_final(name, local_id)
            cluster.lives["bzk"].database.is_full = False
            await cluster.until_settled()

            verify_nothing_lost(cluster, posted)

    run(scenario())


def test_a_node_that_dies_on_a_full_disk_comes_back_with_all_it_answered(founded: Founded) -> None:
    async def scenario() -> None:
        async with Cluster(founded) as cluster:
            posted = await fill(cluster, "uwv")

            await cluster.restart("uwv")
            posted[await cluster.post_when_possible("uwv")] = "uwv"
            await cluster.until_settled()

            verify_nothing_lost(cluster, posted)

    run(scenario())


def test_a_disk_without_room_at_the_first_start_says_so_and_then_starts(founded: Founded) -> None:
    async def scenario() -> None:
        async with Cluster(founded) as cluster:
            await cluster.stop("bzk")
            cluster.lose_disk("bzk")
            cluster.start("bzk")
            cluster.lives["bzk"].database.is_full = True
            await cluster.until(lambda: bool(disk(cluster, "bzk")))
            await asyncio.sleep(0.1)

            cluster.lives["bzk"].database.is_full = False
            await cluster.until_settled()

            assert cluster["bzk"].follower.halted is None

    run(scenario())
