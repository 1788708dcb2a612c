"""Whoever runs an engine sees more than the chain: to the nanosecond, who proposed what when.

Real nodes on real engines live through 5,000 signals; see `test_observers` for how an observer
learns, and what would make it red.
"""

import asyncio
from collections.abc import Iterator

import pytest

from tests.attacks.test_observers import chance, met_somebody
from tests.support.engine_cluster import found_with_engines
from tests.support.engines import short_folder
from tests.support.observer import link, tell_matches
from tests.support.observing import Year
from tests.support.ordered import EngineBytes, lived_on_engines

SIGNALS = 5_000


@pytest.fixture(scope="module")
def lived() -> Iterator[tuple[Year, EngineBytes]]:
    with short_folder() as folder:
        founded = found_with_engines(folder, peer_timeout=10.0)
        year, blocks = asyncio.run(lived_on_engines(founded, signals=SIGNALS, seed=5))
        yield year, EngineBytes.of(year, blocks)


def test_engine_bytes_link_no_two_signals_of_one_person(lived: tuple[Year, EngineBytes]) -> None:
    year, engine = lived

    area = link(year, engine.pair)

    assert len(year.signals) == SIGNALS
    assert len(year.erasures) > 100
    assert engine.is_whole
    assert area.is_blind, area.interval


def test_engine_bytes_tell_no_third_issuer_of_a_match(lived: tuple[Year, EngineBytes]) -> None:
    year, engine = lived

    area = tell_matches(year, engine.one)

    assert area.is_blind, area.interval


def test_an_engine_s_reader_would_find_persons_whose_signals_one_engine_proposes(
    lived: tuple[Year, EngineBytes],
) -> None:
    """Let it be so for half of the people."""
    year, engine = lived
    numbers = {height: chance(year, height) for height in year.signals}

    leak = engine.proposed((year.signals[h], n // 2) for h, n in numbers.items() if n % 2 == 0)

    assert link(year, leak.pair).interval[0] > 0.5


def test_an_engine_s_reader_would_find_answers_that_take_longer_with_a_match(
    lived: tuple[Year, EngineBytes],
) -> None:
    year, engine = lived

    leak = engine.slowed(met_somebody(year))

    assert tell_matches(year, leak.one).interval[0] > 0.5
