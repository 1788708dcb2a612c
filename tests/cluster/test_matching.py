"""Two agencies that signalled one person learn of each other; nobody else learns anything."""

import asyncio
from pathlib import Path

from ledger.bsn import Bsn, synthetic_numbers
from tests.support.cluster import Cluster, posting_of
from tests.support.consortium import found

PERSON, OTHER = [bsn for bsn, _ in zip(synthetic_numbers(), range(2), strict=False)]


def run(story: object) -> None:
    asyncio.run(story)  # type: ignore[arg-type]


def matches(cluster: Cluster, name: str) -> set[tuple[str, int, int]]:
    """Return (member, own height, its height) of every match of a node."""
    node = cluster[name]
    with node.database.read() as connection:
        return {(m.member, m.own_height, m.height) for m in node.matches.all(connection)}


async def post_final(cluster: Cluster, name: str, bsn: Bsn) -> int:
    local_id = await cluster.post(name, posting=posting_of(name, bsn=bsn))
    await cluster.until_final(name, local_id)
    height = cluster.signal(name, local_id).height
    assert height is not None
    return height


def test_two_agencies_that_posted_about_one_person_find_each_other(tmp_path: Path) -> None:
    async def story() -> None:
        async with Cluster(found(tmp_path)) as cluster:
            await cluster.open_epoch()
            first = await post_final(cluster, "uwv", PERSON)
            second = await post_final(cluster, "svb", PERSON)
            third = await post_final(cluster, "szw", OTHER)

            await cluster.until(lambda: bool(matches(cluster, "uwv") and matches(cluster, "svb")))
            await cluster.until_answered()

            assert matches(cluster, "uwv") == {("svb", first, second)}
            assert matches(cluster, "svb") == {("uwv", second, first)}
            assert matches(cluster, "szw") == set()
            assert third

    run(story())
