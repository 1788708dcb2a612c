"""Any one of four dies under load, its node, its engine or both: the others post on.

40 kills, 20 to a consortium; `make faults` (SIGNAALKETEN_FAULTS=1) makes it 200. How long posting
stood still is told at the end of the run and asserted nowhere: that is a figure of `make bench`.
"""

import asyncio
import os
from collections.abc import Callable, Iterator
from random import Random

import pytest

from nodes.clock import SystemClock
from tests.support.accounts import verify_nothing_lost
from tests.support.consortium import DESKS
from tests.support.engine_cluster import EngineCluster, FoundedWithEngines, found_with_engines
from tests.support.engines import short_folder
from tests.support.fakes import FakeClock
from tests.support.kills import WAITS, campaign
from tests.support.processes import processes
from tests.support.standstill import KILLED

CONSORTIA = range(10 if os.environ.get("SIGNAALKETEN_FAULTS") else 2)


@pytest.fixture
def founded() -> Iterator[FoundedWithEngines]:
    with short_folder() as folder:
        yield found_with_engines(folder, peer_timeout=2.0)


async def settle(founded: FoundedWithEngines, answered: dict[str, str]) -> None:
    """Open the files in this process and reckon."""
    async with EngineCluster(founded, clock=FakeClock(SystemClock().now())) as cluster:
        await cluster.until_settled()
        verify_nothing_lost(cluster, answered)


@pytest.mark.parametrize("seed", CONSORTIA)
def test_whoever_of_four_is_killed_the_others_post_on_and_nothing_is_lost_or_doubled(
    founded: FoundedWithEngines, seed: int, record_property: Callable[[str, object], None]
) -> None:
    with processes(founded, waits=WAITS) as consortium:
        seen = campaign(consortium, Random(seed))

    for kill in seen.kills:
        record_property(KILLED, tuple(kill))
    assert set(seen.answered.values()) == set(DESKS)
    asyncio.run(settle(founded, seen.answered))
