"""Posts among members that are apart."""

from io import StringIO

import pytest
from rich.console import Console

from bench import command
from bench.figures import wide
from tests.support.engines import engine_command
from tests.support.machine import MACHINE
from tests.support.tiny import TINY

ONE_WAY_MS = 20


def test_members_that_are_apart_are_measured_by_either_profile_and_with_one_dead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    program = engine_command()
    monkeypatch.setattr("bench.workshop.find_engine", lambda: program)
    monkeypatch.setattr("bench.machine.measure", lambda folder: MACHINE)
    monkeypatch.setattr(command, "SUBJECTS", {"wide": wide.measure})

    _, figures, failures = command.measure(Console(file=StringIO()), ["wide"], TINY)

    assert failures == []
    how = [figure.name.split(", ")[2:] for figure in figures]
    assert how == [
        [profile, members, part]
        for profile in ("near", "wide")
        for members in ("four engines", "one of four dead")
        for part in ("p50", "p99")
    ]
    # What relays take is measured beside other work, which can only seem to make it less by little.
    assert all(figure.limit and figure.limit > 7 * ONE_WAY_MS for figure in figures)
    assert all(figure.value > 7 * ONE_WAY_MS for figure in figures)
