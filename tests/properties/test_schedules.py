"""Matching under thousands of random schedules: at rest a trivial oracle finds nothing wrong.

The real matcher and the real store of three or four issuers; order, peers, holders and clock are
simulated. `make soak` plays fifty times as many.
"""

import os

import pytest

from tests.support.simulation.schedule import play

_AT_ONCE = 50
_SCHEDULES = 100_000 if os.environ.get("SIGNAALKETEN_SOAK") else 2_000


@pytest.mark.parametrize("first", range(0, _SCHEDULES, _AT_ONCE))
def test_whatever_happens_meanwhile_every_pair_meets_and_nothing_else_is_left(first: int) -> None:
    wrong = {seed: found for seed in range(first, first + _AT_ONCE) if (found := play(seed)) != []}

    assert wrong == {}
