"""Ten times SIGKILL, of real node processes, while callers post over HTTP.

At the end the same files are opened by four nodes in this process, which must come to one chain
that holds every signal that was answered 201 or 202.
"""

import asyncio
import os
import threading
import time
from pathlib import Path
from random import Random

import pytest

from nodes.clock import SystemClock
from tests.support.accounts import verify_nothing_lost
from tests.support.cluster import Cluster, posting_of
from tests.support.consortium import DESKS, ROLES, Founded, found
from tests.support.fakes import FakeClock
from tests.support.processes import Processes, processes

KILLS = 10
SEEDS = range(20) if os.environ.get("SIGNAALKETEN_SOAK") else range(1)
_PAUSE_SECONDS = 0.5


class Poster(threading.Thread):
    """Posts one signal after the other at one node, each until it is answered."""

    def __init__(self, consortium: Processes, name: str) -> None:
        super().__init__(name=name)
        self.answered: dict[str, str] = {}
        self.is_over = threading.Event()
        self._consortium = consortium

    def run(self) -> None:
        while not self.is_over.is_set():
            posting, key = posting_of(self.name), f"{self.name}-{len(self.answered)}"
            while (local_id := self._consortium.post(self.name, posting, key=key)) is None:
                if self.is_over.wait(0.02):
                    return
            self.answered[local_id] = self.name
            self.is_over.wait(0.05)


def storm(consortium: Processes, random: Random) -> dict[str, str]:
    """Kill nodes ten times while signals are posted; return by local id where each was answered."""
    posters = [Poster(consortium, name) for name in DESKS]
    for poster in posters:
        poster.start()
    try:
        for _ in range(KILLS):
            time.sleep(random.random() * _PAUSE_SECONDS)
            name = random.choice(list(ROLES))
            consortium.kill(name)
            time.sleep(random.random() * _PAUSE_SECONDS)
            consortium.launch(name)
            if random.random() < 0.7:
                consortium.until(lambda name=name: consortium.is_ready(name))  # type: ignore[misc]
        consortium.until(lambda: all(consortium.is_ready(name) for name in ROLES))
    finally:
        for poster in posters:
            poster.is_over.set()
        for poster in posters:
            poster.join()
    return {local_id: name for poster in posters for local_id, name in poster.answered.items()}


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
