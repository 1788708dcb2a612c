"""How long kills stopped posting elsewhere: carried from a test to the end of the run, in words."""

from collections.abc import Iterable
from statistics import median
from typing import NamedTuple

KILLED = "killed"
"""The property of a test's report under which each kill stands."""


class Kill(NamedTuple):
    """What was killed of whom, and how long that stopped posting at the others, in seconds.

    `receipts` is the longest between two answers 201 at one of those whose callers wait for them,
    `answers` the longest between two answers of either kind at anybody.
    """

    what: str
    name: str
    receipts: float
    answers: float


def told(properties: Iterable[tuple[str, object]]) -> list[str]:
    """Return what the kills among the properties of all tests come to, a line a kind of answer."""
    kills = [Kill(*value) for name, value in properties if name == KILLED]  # type: ignore[misc]
    if not kills:
        return []
    lines = [f"{len(kills)} kills: the longest between two answers at the others"]
    for kind, seconds in (
        ("201", [kill.receipts for kill in kills]),
        ("201 or 202", [kill.answers for kill in kills]),
    ):
        lines.append(f"  {kind}: p50 {median(seconds):.2f} s, at most {max(seconds):.2f} s")
    slowest = max(kills, key=lambda kill: kill.receipts)
    lines.append(f"  the worst was {slowest.what} of {slowest.name}")
    return lines
