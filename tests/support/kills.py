"""A campaign of kills: one member after the other dies and comes back, while all are posted to.

    40 kills = 2 consortia × 20 seeded points; each takes a node, its engine, or both at once

While a member is gone all others must answer signals that were posted after its death, those that
wait for receipts with 201; only then is it started again. An engine that died alone is started
again by its node at once.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from types import MappingProxyType

from bench.gaps import longest_gap
from tests.support.consortium import DESKS, ROLES
from tests.support.processes import Processes
from tests.support.standstill import Kill
from tests.support.storm import Answer, Poster

NODE, ENGINE, BOTH = "node", "engine", "both"
KILLS = 20
"""How many a consortium sees."""
WAITS = MappingProxyType({"uwv": 2.0, "svb": 2.0, "szw": 0.2})
"""How long posts wait for their receipts: SZW's callers are often answered 202."""
_PATIENT = ("uwv", "svb")
_PAUSE_SECONDS = 0.5
Posters = Mapping[str, Poster]


@dataclass(frozen=True, slots=True)
class Campaign:
    """What was answered where, by local id, and the kills."""

    answered: dict[str, str]
    kills: list[Kill]


def campaign(consortium: Processes, random: Random) -> Campaign:
    """Kill twenty times while signals are posted at all that live.

    Raises:
        AssertionError: posting at the others waited for the one that was killed.
    """
    posters = {name: Poster(consortium, name) for name in DESKS}
    with _posting(posters):
        kills = [_kill_one(consortium, posters, random) for _ in range(KILLS)]
    answered = {i: name for name, poster in posters.items() for i in poster.answered}
    return Campaign(answered, kills)


def _kill_one(consortium: Processes, posters: Posters, random: Random) -> Kill:
    """Kill a member, see the others go on, and wait until all post again."""
    name, what = random.choice(list(ROLES)), random.choice((NODE, ENGINE, BOTH))
    others = {other: poster for other, poster in posters.items() if other != name}
    time.sleep(random.random() * _PAUSE_SECONDS)
    begin = time.monotonic()
    _strike(consortium, name, what)
    _until_answered(consortium, others, since=begin)
    if what != ENGINE:
        assert not consortium.is_running(name), "it came back before it was started"
        time.sleep(random.random() * _PAUSE_SECONDS)
        consortium.launch(name)
    consortium.until(lambda: consortium.is_ready(name))
    end = time.monotonic()
    # The next is killed when all are there; and a gap at this one's end has ended.
    _until_answered(consortium, posters, since=end)
    patient = [poster.answers for other, poster in others.items() if other in _PATIENT]
    return Kill(
        what,
        name,
        receipts=max(_gap((a for a in answers if a.is_final), begin, end) for answers in patient),
        answers=max(_gap(poster.answers, begin, end) for poster in others.values()),
    )


def _strike(consortium: Processes, name: str, what: str) -> None:
    if what == NODE:
        consortium.kill(name)
    elif what == ENGINE:
        consortium.kill_engine(name)
    else:
        consortium.kill_both(name)


def _until_answered(consortium: Processes, posters: Posters, *, since: float) -> None:
    """Wait until each poster has an answer, a patient one a receipt, to a post after `since`."""
    consortium.until(
        lambda: all(
            any((a.is_final or name not in _PATIENT) and a.asked > since for a in poster.answers)
            for name, poster in posters.items()
        )
    )


def _gap(answers: Iterable[Answer], begin: float, end: float) -> float:
    return longest_gap([answer.at for answer in answers], begin=begin, end=end)


@contextmanager
def _posting(posters: Posters) -> Iterator[None]:
    for poster in posters.values():
        poster.start()
    try:
        yield
    finally:
        for poster in posters.values():
            poster.is_over.set()
        for poster in posters.values():
            poster.join()
