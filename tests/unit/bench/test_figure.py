"""Figures: ratios, quantiles, and measuring in turn."""

import pytest

from bench.errors import BenchError
from bench.figure import Figure, Pairs, in_turn, quantile


def test_value_and_limit_are_measured_in_turn_after_a_round_that_does_not_count() -> None:
    order: list[str] = []
    values, limits = iter((99.0, 1.0, 2.0)), iter((99.0, 10.0, 20.0))

    def value() -> float:
        order.append("value")
        return next(values)

    def limit() -> float:
        order.append("limit")
        return next(limits)

    pairs = in_turn(value, limit, rounds=2)

    assert pairs == Pairs((1.0, 2.0), (10.0, 20.0))
    assert order == ["limit", "value"] * 3


def test_the_ratio_is_of_pairs_and_not_of_what_was_measured_at_other_moments() -> None:
    pairs = Pairs(values=(80.0, 45.0, 8.0), limits=(100.0, 50.0, 12.0))

    assert pairs.ratio == pytest.approx(0.8)


@pytest.mark.parametrize(("part", "expected"), [(0.5, 50), (0.99, 99), (1.0, 100), (0.0, 1)])
def test_quantile_is_a_sample_that_so_many_do_not_exceed(part: float, expected: int) -> None:
    samples = [float(n) for n in range(100, 0, -1)]

    assert quantile(samples, part) == expected


def test_quantile_of_nothing_is_refused() -> None:
    with pytest.raises(BenchError):
        quantile([], 0.5)


@pytest.mark.parametrize(("unit", "is_rate"), [("blocks/s", True), ("ms", False), ("MiB", False)])
def test_only_what_is_counted_a_second_is_a_rate(unit: str, is_rate: bool) -> None:
    assert Figure("x", 1.0, unit).is_rate is is_rate
