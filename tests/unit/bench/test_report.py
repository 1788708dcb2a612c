"""The report: what a reader and a program see of a run."""

import json
from io import StringIO

import pytest
from rich.console import Console

from bench import report
from bench.figure import Aim, Figure
from tests.support.machine import MACHINE

RATE = Figure("audit", 9000.0, "blocks/s", limit=10_000.0, limit_of="bare", ratio=0.9)
TIME = Figure("post", 28.0, "ms", limit=14.0, ratio=2.0, aim=Aim("≤ 30 ms", is_met=True))
MISSED = Figure("proof", 3.0, "ms", aim=Aim("< 2 ms", is_met=False), note="p99 5 ms")


def shown(*figures: Figure) -> str:
    console = Console(file=StringIO(), width=160)
    report.show(console, MACHINE, figures)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def line_of(figure: Figure) -> str:
    return next(line for line in shown(figure).splitlines() if figure.name in line)


def test_a_rate_is_shown_as_a_share_of_its_limit_and_a_time_as_a_multiple() -> None:
    assert "90%" in line_of(RATE)
    assert "2.00 ×" in line_of(TIME)


def test_a_missed_aim_is_shown_as_missed() -> None:
    assert "✓ ≤ 30 ms" in line_of(TIME)
    assert "✗ < 2 ms" in line_of(MISSED)


def test_the_machine_stands_above_the_figures() -> None:
    text = shown(RATE)

    assert text.index("22,727 verifications/s") < text.index("audit")


@pytest.mark.parametrize(
    ("value", "expected"),
    [(123456.7, "123,457"), (99.94, "99.9"), (9.994, "9.99"), (0.0512, "0.05")],
)
def test_numbers_have_as_many_digits_as_they_deserve(value: float, expected: str) -> None:
    assert report.shown(value) == expected


def test_json_holds_the_machine_and_every_figure() -> None:
    content = json.loads(report.as_json(MACHINE, [RATE, MISSED]))

    assert content["machine"]["cores"] == 2
    assert [figure["name"] for figure in content["figures"]] == ["audit", "proof"]
    assert content["figures"][0]["ratio"] == 0.9
    assert content["figures"][1]["aim"] == {"text": "< 2 ms", "is_met": False}
