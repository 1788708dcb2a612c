"""Callers that post over HTTP while nodes are killed."""

import threading
import time
from dataclasses import dataclass
from random import Random

from tests.support.cluster import posting_of
from tests.support.consortium import DESKS, ROLES
from tests.support.processes import Processes

KILLS = 10
_PAUSE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Answer:
    """A signal that was first posted at `asked` and answered at `at`, with its receipt or not."""

    local_id: str
    asked: float
    at: float
    is_final: bool


class Poster(threading.Thread):
    """Posts one signal after the other at one node, each until it is answered."""

    def __init__(self, consortium: Processes, name: str) -> None:
        super().__init__(name=name)
        self.answers: list[Answer] = []
        self.is_over = threading.Event()
        self._consortium = consortium

    @property
    def answered(self) -> list[str]:
        return [answer.local_id for answer in self.answers]

    def run(self) -> None:
        while not self.is_over.is_set():
            posting, key = posting_of(self.name), f"{self.name}-{len(self.answers)}"
            asked = time.monotonic()
            while (taken := self._consortium.post(self.name, posting, key=key)) is None:
                if self.is_over.wait(0.02):
                    return
            self.answers.append(Answer(taken.local_id, asked, time.monotonic(), taken.is_final))
            self.is_over.wait(0.05)


def storm(consortium: Processes, random: Random, *, has_engines: bool = False) -> dict[str, str]:
    """Kill nodes ten times while signals are posted; return by local id where each was answered.

    With `has_engines`, what is killed is sometimes the engine alone.
    """
    posters = [Poster(consortium, name) for name in DESKS]
    for poster in posters:
        poster.start()
    try:
        for _ in range(KILLS):
            time.sleep(random.random() * _PAUSE_SECONDS)
            name = random.choice(list(ROLES))
            if has_engines and random.random() < 0.4:
                consortium.kill_engine(name)
                continue
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
    return {local_id: poster.name for poster in posters for local_id in poster.answered}
