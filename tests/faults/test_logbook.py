"""Nodes die around a post or an hour's end: no processing without its record, nor the reverse."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from nodes.errors import NodeError
from nodes.logbook import Act
from tests.support.cluster import Cluster, posting_of
from tests.support.consortium import found
from tests.support.faults import PLACES
from tests.support.logbook import entries_on_chain, hours_of, logged, logs_of, records_of

HOUR_SECONDS = 3600
COMMITS = [place for place in PLACES if "commit" in place]


def people_posted(cluster: Cluster, name: str) -> Counter[str]:
    """Return about whom a node has signals, as often as it has."""
    node = cluster[name]
    with node.database.read() as connection:
        own = node.signals.page(connection, before=None, count=1000)
        return Counter(node.signals.posting(connection, o.local_id).bsn.digits for o in own)


def people_logged(cluster: Cluster, name: str) -> Counter[str]:
    """Return about whom a node recorded that it posted."""
    return Counter(one.digits for one in logged(cluster[name]) if one.name == Act.POST)


@pytest.mark.parametrize("place", COMMITS)
def test_a_death_around_the_commit_of_a_post_leaves_both_or_neither(
    tmp_path: Path, place: str
) -> None:
    async def scenario() -> None:
        async with Cluster(found(tmp_path)) as cluster:
            for round_ in range(4):
                posting = posting_of("uwv")
                cluster.doom("uwv", place, after=round_)
                try:
                    await cluster.post("uwv", posting=posting, key=f"{round_}")
                    # Whatever else it commits next is its end.
                    await asyncio.wait_for(cluster.died.get(), timeout=30)
                except NodeError:
                    await asyncio.wait_for(cluster.died.get(), timeout=30)
                await cluster.restart("uwv")

                assert people_logged(cluster, "uwv") == people_posted(cluster, "uwv")
            await cluster.until_settled()
            held = Counter(one.name for one in logged(cluster["bzk"]))
            assert held[Act.HOLD] >= sum(people_posted(cluster, "uwv").values())

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "place", ["before commit", "after commit", "before submit", "after submit"]
)
def test_a_death_at_the_end_of_an_hour_leaves_one_entry_of_it(tmp_path: Path, place: str) -> None:
    async def scenario() -> None:
        async with Cluster(found(tmp_path)) as cluster:
            local_id = await cluster.post("uwv")
            await cluster.until_final("uwv", local_id)
            await cluster.until_settled()
            with cluster["uwv"].database.read() as connection:
                begun = len(list(logs_of(cluster["uwv"]).all_hours(connection)))

            cluster.doom("uwv", place, after=0)
            cluster.clock.turn(seconds=HOUR_SECONDS)
            await asyncio.wait_for(cluster.died.get(), timeout=30)
            await cluster.restart("uwv")
            await cluster.until(
                lambda: sum(s.entry.author == "uwv" for s in entries_on_chain(cluster["uwv"])) > 0
            )
            await cluster.until_settled()

            own = [s for s in entries_on_chain(cluster["bzk"]) if s.entry.author == "uwv"]
            assert (begun, len(own), len(hours_of(cluster["uwv"]))) == (0, 1, 1)
            assert hours_of(cluster["uwv"])[0].count == len(records_of(cluster["uwv"])) > 0

    asyncio.run(scenario())
