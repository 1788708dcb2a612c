"""Ten times SIGKILL, of real node processes, while callers post over HTTP.

At the end the same files are opened by four nodes in this process, which must come to one chain
that holds every signal that was answered 201 or 202.
"""

import asyncio
import os
from pathlib import Path
from random import Random

import pytest

from nodes.clock import SystemClock
from tests.support.accounts import verify_nothing_lost
from tests.support.cluster import Cluster
from tests.support.consortium import DESKS, Founded, found
from tests.support.fakes import FakeClock
from tests.support.processes import processes
from tests.support.storm import storm

SEEDS = range(20) if os.environ.get("SIGNAALKETEN_SOAK") else range(1)


async def settle(founded: Founded, answered: dict[str, str]) -> None:
    """Open the files in this process and reckon."""
    async with Cluster(founded, clock=FakeClock(SystemClock().now())) as cluster:
        await cluster.until_settled()
        verify_nothing_lost(cluster, answered)


@pytest.mark.parametrize("seed", SEEDS)
def test_ten_nodes_killed_lose_and_double_nothing(tmp_path: Path, seed: int) -> None:
    founded = found(tmp_path)

    with processes(founded) as consortium:
        answered = storm(consortium, Random(seed))

    assert {answered[local_id] for local_id in answered} == set(DESKS)
    asyncio.run(settle(founded, answered))
