"""What every adapter of `nodes.clock.Clock` owes."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from nodes.clock import Clock, SystemClock
from tests.support.fakes import FakeClock


@pytest.mark.parametrize("make", [SystemClock, FakeClock])
def test_the_time_is_told_in_utc_and_does_not_go_back_by_itself(make: Callable[[], Clock]) -> None:
    clock = make()

    first, second = clock.now(), clock.now()

    assert first.utcoffset() == timedelta(0)
    assert second >= first


@pytest.mark.parametrize("make", [SystemClock, FakeClock])
def test_today_is_the_day_of_now(make: Callable[[], Clock]) -> None:
    clock = make()

    before, today, after = clock.now(), clock.today(), clock.now()

    assert before.date() <= today <= after.date()


def test_a_fake_clock_tells_what_it_was_turned_to() -> None:
    clock = FakeClock()
    start = clock.now()

    clock.turn(days=1, seconds=-1)

    assert clock.now() - start == timedelta(days=1, seconds=-1)
