"""The longest gap that a window touches."""

import pytest

from bench.gaps import longest_gap

MOMENTS = [1.0, 2.0, 5.0, 5.5, 9.0]


@pytest.mark.parametrize(
    ("begin", "end", "expected"),
    [
        (0.0, 10.0, 3.5),
        (2.5, 4.0, 3.0),
        (1.5, 1.6, 1.0),
        # A gap counts whole, however little of it the window touches.
        (1.9, 2.1, 3.0),
        (5.1, 5.2, 0.5),
        (9.5, 10.0, 0.0),
        (0.0, 0.5, 0.0),
    ],
)
def test_the_longest_gap_is_of_those_that_the_window_touches(
    begin: float, end: float, expected: float
) -> None:
    assert longest_gap(reversed(MOMENTS), begin=begin, end=end) == expected


@pytest.mark.parametrize("moments", [[], [3.0]])
def test_fewer_than_two_moments_have_no_gap(moments: list[float]) -> None:
    assert longest_gap(moments, begin=0.0, end=10.0) == 0.0
