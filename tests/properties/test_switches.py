"""Each of MATCHING's rules is needed: a schedule shows what goes wrong without it."""

import pytest

from tests.support.simulation.rules import SWITCHES
from tests.support.simulation.schedule import play

_TRIED = 600
# Rule 11 is about samples, which nobody takes yet.
_RULES = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12}


@pytest.mark.parametrize("name", SWITCHES)
def test_without_a_rule_of_matching_something_goes_wrong_that_the_oracle_names(name: str) -> None:
    switch = SWITCHES[name]

    with switch.off():
        is_noticed = any(
            switch.noticed in finding
            for seed in range(_TRIED)
            for finding in play(seed, mood=switch.mood)
        )

    assert is_noticed, f"rule {switch.rule}: {_TRIED} schedules went well without it"


def test_every_rule_of_matching_has_a_switch() -> None:
    assert {switch.rule for switch in SWITCHES.values()} == _RULES
