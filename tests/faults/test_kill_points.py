"""Two hundred deaths at points chosen by seed: no signal that was answered is lost or doubled.

A schedule is one consortium that lives through twenty deaths while its members post. Each death is
at a port call: before or after a message to a peer, a submission to the order, a commit. The dead
node's disk stays as it is and its next life begins there. Callers repeat, under the same key, what
was not answered.
"""

import asyncio
import os
from pathlib import Path
from random import Random

import pytest

from nodes.errors import NodeError
from tests.support.accounts import verify_nothing_lost
from tests.support.cluster import Cluster, posting_of
from tests.support.consortium import DESKS, ROLES, found
from tests.support.faults import PLACES

SCHEDULES = 200 if os.environ.get("SIGNAALKETEN_SOAK") else 10
DEATHS = 20
_HURRY_SECONDS = 60
_PAUSE_SECONDS = 0.2


class Storm:
    """One schedule: three posters, and a reaper that comes twenty times."""

    def __init__(self, cluster: Cluster, seed: int) -> None:
        self.cluster = cluster
        self.random = Random(seed)
        self.answered: dict[str, str] = {}
        self.keys: dict[str, str] = {}
        self.deaths: list[str] = []

    async def blow(self) -> None:
        posters = [
            asyncio.create_task(self.post(name, Random(self.random.random()))) for name in DESKS
        ]
        try:
            for place in self.places():
                await self.reap(place)
        finally:
            for poster in posters:
                poster.cancel()
            outcomes = await asyncio.gather(*posters, return_exceptions=True)
        assert all(isinstance(o, asyncio.CancelledError) for o in outcomes), outcomes

    def places(self) -> list[str]:
        places = list(PLACES) * 4
        self.random.shuffle(places)
        return places[:DEATHS]

    async def reap(self, place: str) -> None:
        # BZK posts nothing, so it submits nothing, and asks nobody as long as others tell it.
        names = list(ROLES) if "commit" in place else list(DESKS)
        name = self.random.choice(names)
        self.cluster.doom(name, place, after=self.random.randrange(4))
        async with asyncio.timeout(_HURRY_SECONDS):
            assert await self.cluster.died.get() == name
        self.deaths.append(f"{name} {place}")
        await asyncio.sleep(self.random.random() * 0.05)
        await self.cluster.restart(name)

    async def post(self, name: str, random: Random) -> None:
        number = 0
        while True:
            number += 1
            await self.post_one(name, f"{name} {number}")
            await asyncio.sleep(random.random() * _PAUSE_SECONDS)

    async def post_one(self, name: str, key: str) -> None:
        posting = posting_of(name)
        while True:
            try:
                local_id = await self.cluster.post(name, posting=posting, key=key)
            except NodeError:
                await asyncio.sleep(0.01)
                continue
            assert self.answered.setdefault(local_id, name) == name
            assert self.keys.setdefault(key, local_id) == local_id
            return


@pytest.mark.parametrize("seed", range(SCHEDULES))
def test_twenty_deaths_lose_and_double_nothing(tmp_path: Path, seed: int) -> None:
    async def scenario() -> None:
        async with Cluster(found(tmp_path)) as cluster:
            storm = Storm(cluster, seed)

            await storm.blow()
            await cluster.until_settled()

            assert len(storm.deaths) == DEATHS
            assert len(storm.answered) == len(storm.keys) > 0
            verify_nothing_lost(cluster, storm.answered)

    asyncio.run(scenario())
