"""A distinguisher: it learns how two kinds of byte strings differ, and tells how well it tells.

It is naive Bayes over the value of each byte at its position, over their mean, and over how often
neighbours are equal: what is not random in any single place, or on the whole, it finds.
"""

from collections.abc import Sequence
from itertools import groupby, pairwise
from math import log, sqrt
from typing import NamedTuple

_VALUES = 256
_WIDTH = 3.29
"""Half the width of an interval of 99.9 %, in standard errors."""


class Area(NamedTuple):
    """The area under an ROC curve: 1/2 where nothing is told apart, 1 where everything is."""

    value: float
    error: float
    """The standard error of the value where nothing is told apart."""

    @property
    def interval(self) -> tuple[float, float]:
        """Return between which values the area lies, in 999 of 1,000 cases."""
        return self.value - _WIDTH * self.error, self.value + _WIDTH * self.error

    @property
    def is_blind(self) -> bool:
        """Tell whether the interval contains 1/2: nothing was shown to be told apart."""
        low, high = self.interval
        return low <= 0.5 <= high


def advantage(ones: Sequence[bytes], others: Sequence[bytes]) -> float:
    """Return by how many standard errors strings that were not learned from are told apart.

    The statistic is the area under the ROC curve; without any difference it is 1/2 on average, and
    this returns more than 4 once in 16,000 times.
    """
    area = tell_apart(ones, others)
    return abs(area.value - 0.5) / area.error


def tell_apart(ones: Sequence[bytes], others: Sequence[bytes]) -> Area:
    """Learn from the first half of each kind of string, and tell the second halves apart."""
    middle, other_middle = len(ones) // 2, len(others) // 2
    weights = _learned(ones[:middle], others[:other_middle])
    high = [_score(one, weights) for one in ones[middle:]]
    low = [_score(other, weights) for other in others[other_middle:]]
    error = sqrt((len(high) + len(low) + 1) / (12 * len(high) * len(low)))
    return Area(_area(high, low), error)


def _learned(ones: Sequence[bytes], others: Sequence[bytes]) -> list[list[float]]:
    counts = [
        [_counted(strings, at) for at in range(len(_features(ones[0])))]
        for strings in (ones, others)
    ]
    return [
        [log(one / other) for one, other in zip(*pair, strict=True)]
        for pair in zip(*counts, strict=True)
    ]


def _counted(strings: Sequence[bytes], at: int) -> list[float]:
    # From one, so that what was not seen is unlikely and no more.
    counts = [1] * _VALUES
    for string in strings:
        counts[_features(string)[at] if at >= len(string) else string[at]] += 1
    return [count / (len(strings) + _VALUES) for count in counts]


def _features(string: bytes) -> bytes:
    mean = sum(string) // len(string)
    equal = sum(a == b for a, b in pairwise(string))
    return string + bytes([mean, min(equal, _VALUES - 1)])


def _score(string: bytes, weights: list[list[float]]) -> float:
    return sum(weight[value] for weight, value in zip(weights, _features(string), strict=True))


def _area(high: list[float], low: list[float]) -> float:
    """Return the chance that one of `high` is above one of `low` (Mann and Whitney)."""
    scores = sorted([(score, True) for score in high] + [(score, False) for score in low])
    ranks, before = 0.0, 0
    # Equal scores share their ranks: their order says nothing.
    for _, group in groupby(scores, key=lambda pair: pair[0]):
        kinds = [is_high for _, is_high in group]
        ranks += sum(kinds) * (before + (len(kinds) + 1) / 2)
        before += len(kinds)
    return (ranks - len(high) * (len(high) + 1) / 2) / (len(high) * len(low))
