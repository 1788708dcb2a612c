"""What is measured: a value, the machine's own limit in the same run, and how they compare."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from bench.errors import BenchError

RATE = "/s"


@dataclass(frozen=True, slots=True)
class Aim:
    """What the design asks for: `text` for readers, and whether it `is_met` in this run."""

    text: str
    is_met: bool


@dataclass(frozen=True, slots=True)
class Figure:
    """`value` in `unit`, the median of `samples`, beside a `limit` that is the machine's own.

    `ratio` is value by limit: of a rate the share of what the machine can do, of a time how many
    times as long. `limit_of` says what the limit is; without one both are None.
    """

    name: str
    value: float
    unit: str
    samples: int = 1
    limit: float | None = None
    limit_of: str = ""
    ratio: float | None = None
    aim: Aim | None = None
    note: str = ""

    @property
    def is_rate(self) -> bool:
        """Tell whether more is better."""
        return self.unit.endswith(RATE)

    def as_json(self) -> dict[str, Any]:
        """Return what a program reads."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Pairs:
    """Values and limits that were measured in turn, so that both saw the same moments."""

    values: tuple[float, ...]
    limits: tuple[float, ...]

    @property
    def value(self) -> float:
        """Return the median value."""
        return median(self.values)

    @property
    def limit(self) -> float:
        """Return the median limit."""
        return median(self.limits)

    @property
    def ratio(self) -> float:
        """Return the median of value by limit, pair by pair."""
        return median(v / limit for v, limit in zip(self.values, self.limits, strict=True))


def in_turn(value: Callable[[], float], limit: Callable[[], float], *, rounds: int) -> Pairs:
    """Measure `limit` and `value` in turn, `rounds` times, after one round that does not count.

    A machine that slows down half-way slows both: their ratio stays true where neither does.
    """
    measured = [(limit(), value()) for _ in range(rounds + 1)][1:]
    return Pairs(tuple(v for _, v in measured), tuple(limit for limit, _ in measured))


def quantile(samples: Sequence[float], part: float) -> float:
    """Return the smallest sample that `part` of all do not exceed.

    Raises:
        BenchError: there are none.
    """
    if not samples:
        raise BenchError("nothing was measured")
    ordered = sorted(samples)
    return ordered[max(0, -(-len(ordered) * round(part * 1000) // 1000) - 1)]
