"""Nodes die in the middle of matching, at any port call: nothing is missed, twice or one-sided."""

import asyncio
import os
from pathlib import Path
from random import Random

import pytest

from tests.support.agencies import ISSUERS, Agencies, meeting, verify_pair
from tests.support.consortium import ROLES
from tests.support.faults import PLACES

SEEDS = 20 if os.environ.get("SIGNAALKETEN_SOAK") else 1
DEATHS = 18
_HURRY_SECONDS = 60


class Storm:
    """Pairs are posted about one person each, while a reaper comes to one node after the other."""

    def __init__(self, agencies: Agencies, seed: int) -> None:
        self.agencies = agencies
        self.random = Random(seed)
        self.pairs: list[tuple[tuple[str, str], tuple[str, str]]] = []
        self.deaths: list[str] = []
        self.is_over = False

    async def blow(self) -> None:
        poster = asyncio.create_task(self.post())
        try:
            places = list(PLACES) * (DEATHS // len(PLACES))
            self.random.shuffle(places)
            for place in places:
                await self.reap(place)
        finally:
            # Not cancelled: of a pair that is being posted both may be stored by then.
            self.is_over = True
            await poster

    async def post(self) -> None:
        while not self.is_over:
            number, bsn = len(self.pairs), self.agencies.person()
            names = self.random.sample(ISSUERS, 2)
            local_ids = await asyncio.gather(
                *(self.agencies.post_surely(name, bsn, key=f"{number} {name}") for name in names)
            )
            one, other = zip(names, local_ids, strict=True)
            self.pairs.append((one, other))
            await asyncio.sleep(0.05)

    async def reap(self, place: str) -> None:
        cluster = self.agencies.cluster
        # BZK has nothing to say: it submits nothing, and asks nobody as long as others tell it.
        name = self.random.choice(tuple(ROLES) if "commit" in place else ISSUERS)
        cluster.doom(name, place, after=self.random.randrange(12))
        async with asyncio.timeout(_HURRY_SECONDS):
            assert await cluster.died.get() == name
        self.deaths.append(f"{name} {place}")
        await cluster.restart(name)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_deaths_in_the_middle_of_matching_leave_every_pair_found_and_answered_once(
    tmp_path: Path, seed: int
) -> None:
    with meeting(tmp_path) as agencies:
        storm = Storm(agencies, seed)

        agencies.run(storm.blow())
        agencies.run(agencies.cluster.until_answered())

        assert len(storm.deaths) == DEATHS
        assert len(storm.pairs) >= DEATHS
        for one, other in storm.pairs:
            verify_pair(agencies, agencies.placed(*one), agencies.placed(*other))
        for name in ISSUERS:
            on_either_side = sum(name in (one[0], other[0]) for one, other in storm.pairs)
            assert len(agencies.matches(name)) == on_either_side
        assert agencies.answers() == {
            (height, name): 1
            for author in ISSUERS
            for height in agencies.heights("locate", author=author)
            for name in ISSUERS
            if name != author
        }
        assert agencies.cluster.audit("bzk").is_sound
