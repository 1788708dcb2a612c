"""Nodes that are away, come back, or come late."""

from pathlib import Path

import pytest

from nodes.readiness import reasons
from tests.support.accounts import verify_nothing_lost
from tests.support.bench import run
from tests.support.cluster import Cluster
from tests.support.consortium import DESKS, ROLES, Founded, found


@pytest.fixture
def founded(tmp_path: Path) -> Founded:
    return found(tmp_path)


def codes(cluster: Cluster, name: str) -> set[str]:
    return {reason.code for reason in reasons(cluster[name])}


@pytest.mark.parametrize("away", list(ROLES))
@pytest.mark.parametrize("is_crash", [False, True])
def test_with_one_away_posting_goes_on_and_it_catches_up(
    founded: Founded, away: str, is_crash: bool
) -> None:
    async def scenario() -> None:
        async with Cluster(founded) as cluster:
            posted = {await cluster.post(name): name for name in DESKS}
            await (cluster.crash(away) if is_crash else cluster.stop(away))

            for name in set(DESKS) - {away}:
                local_id = await cluster.post(name)
                await cluster.until_final(name, local_id)
                posted[local_id] = name
            cluster.start(away)
            await cluster.until_settled()

            verify_nothing_lost(cluster, posted)

    run(scenario())


def test_with_two_away_posts_wait_and_become_final_when_one_is_back(founded: Founded) -> None:
    async def scenario() -> None:
        async with Cluster(founded) as cluster:
            await cluster.stop("bzk", "szw")

            posted = {await cluster.post("uwv"): "uwv", await cluster.post("svb"): "svb"}
            await cluster.until(
                lambda: all(cluster.signal(n, i).height is not None for i, n in posted.items())
            )
            await cluster.until(lambda: "no-quorum" in codes(cluster, "uwv"))
            assert not any(cluster.signal(n, i).is_final for i, n in posted.items())

            cluster.start("bzk")
            for local_id, name in posted.items():
                await cluster.until_final(name, local_id)
            cluster.start("szw")
            await cluster.until_settled()

            verify_nothing_lost(cluster, posted)

    run(scenario())


def test_alone_a_node_takes_posts_that_go_out_when_the_others_are_back(founded: Founded) -> None:
    async def scenario() -> None:
        async with Cluster(founded) as cluster:
            await cluster.stop("bzk", "szw", "svb")

            posted = {await cluster.post("uwv"): "uwv" for _ in range(3)}
            await cluster.until(lambda: "posting-waits" in codes(cluster, "uwv"))
            assert all(cluster.signal("uwv", i).height is None for i in posted)
            await cluster.restart("uwv")

            cluster.start("bzk", "szw", "svb")
            await cluster.until_settled()

            verify_nothing_lost(cluster, posted)

    run(scenario())


def test_signals_that_waited_for_days_go_out_under_the_day_they_go(founded: Founded) -> None:
    async def scenario() -> None:
        async with Cluster(founded) as cluster:
            await cluster.stop("uwv", "bzk", "szw")
            waiting = await cluster.post("svb")
            cluster.clock.turn(days=6)

            cluster.start("uwv", "bzk", "szw")
            fresh = await cluster.post("uwv")
            await cluster.until_settled()

            verify_nothing_lost(cluster, {waiting: "svb", fresh: "uwv"})
            assert cluster.audit("svb").last_day == cluster.clock.today()

    run(scenario())


def test_a_node_that_starts_late_gets_the_whole_chain(founded: Founded) -> None:
    async def scenario() -> None:
        async with Cluster(founded) as cluster:
            await cluster.until_settled()
            await cluster.stop("bzk")
            cluster.lose_disk("bzk")
            posted = {await cluster.post(name): name for name in list(DESKS) * 30}
            for local_id, name in posted.items():
                await cluster.until_final(name, local_id)

            cluster.start("bzk")
            await cluster.until_settled()
            await cluster.until(lambda: codes(cluster, "bzk") == set())

            verify_nothing_lost(cluster, posted)

    run(scenario())


def test_one_that_was_away_for_days_keeps_what_it_signed_for(founded: Founded) -> None:
    async def scenario() -> None:
        async with Cluster(founded) as cluster:
            posted = {await cluster.post(name): name for name in DESKS}
            # BZK signed; the others go on without it until all this is long stale.
            await cluster.crash("bzk")
            for _ in range(3):
                cluster.clock.turn(days=2)
                local_id = await cluster.post("svb")
                await cluster.until_final("svb", local_id)
                posted[local_id] = "svb"

            cluster.start("bzk")
            await cluster.until_settled()

            verify_nothing_lost(cluster, posted)

    run(scenario())
