"""Moments come at one distance, told beforehand by the member's name alone."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from nodes.rhythm import Rhythm

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)


def moments(rhythm: Rhythm, count: int) -> list[float]:
    now, found = NOON, []
    for _ in range(count):
        now += timedelta(seconds=rhythm.until_next(now))
        found.append(now.timestamp())
    return found


@pytest.mark.parametrize("period", [0.5, 2.0, 600.0, 86_400.0])
def test_moments_are_a_period_apart(period: float) -> None:
    found = moments(Rhythm.of("uwv", origin="o", seconds=period), 50)

    gaps = [later - earlier for earlier, later in pairwise(found)]
    assert gaps == pytest.approx([period] * 49, abs=1e-3)


def test_the_number_goes_up_by_one_at_each_moment() -> None:
    rhythm = Rhythm.of("uwv", origin="o", seconds=600)
    first = NOON + timedelta(seconds=rhythm.until_next(NOON))

    assert rhythm.number(first + timedelta(seconds=1)) == rhythm.number(NOON) + 1
    assert rhythm.number(first - timedelta(seconds=1)) == rhythm.number(NOON)


def test_members_differ_in_phase_and_a_restart_does_not() -> None:
    of = {name: Rhythm.of(name, origin="o", seconds=600) for name in ("uwv", "svb", "szw")}

    assert len({rhythm.phase for rhythm in of.values()}) == 3
    assert all(timedelta() <= rhythm.phase < rhythm.period for rhythm in of.values())
    assert Rhythm.of("uwv", origin="o", seconds=600) == of["uwv"]
    assert Rhythm.of("uwv", origin="p", seconds=600) != of["uwv"]
