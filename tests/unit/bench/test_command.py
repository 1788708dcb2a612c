"""`python -m bench`: which subjects run, and what becomes of one that cannot be measured."""

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from bench import command
from bench.errors import BenchError
from bench.figure import Figure
from bench.figures import apply, audit, beat, disclosure, evaluation, frames, probe, proof
from bench.workshop import Workshop
from tests.support.machine import MACHINE
from tests.support.tiny import TINY


def broken(shop: Workshop) -> Iterator[Figure]:
    yield Figure("before it broke", 1.0, "ms")
    raise BenchError("no disk")


def sound(shop: Workshop) -> Iterator[Figure]:
    yield Figure("a sound one", float(shop.scale.small), "ms")


@pytest.fixture
def subjects(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.machine.measure", lambda folder: MACHINE)
    monkeypatch.setattr(command, "SUBJECTS", {"broken": broken, "sound": sound})


@pytest.mark.usefixtures("subjects")
def test_a_subject_that_cannot_be_measured_stops_no_other() -> None:
    _, figures, failures = command.measure(Console(file=StringIO()), ["broken", "sound"], TINY)

    assert [figure.name for figure in figures] == ["before it broke", "a sound one"]
    assert failures == ["broken could not be measured: BenchError: no disk"]


def test_what_was_measured_is_still_shown_when_a_reader_stops_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stopped(shop: Workshop) -> Iterator[Figure]:
        yield from sound(shop)
        raise KeyboardInterrupt

    monkeypatch.setattr("bench.machine.measure", lambda folder: MACHINE)
    monkeypatch.setattr(command, "SUBJECTS", {"stopped": stopped, "sound": sound})

    _, figures, failures = command.measure(Console(file=StringIO()), ["stopped", "sound"], TINY)

    assert [figure.name for figure in figures] == ["a sound one"]
    assert failures == ["stopped: stopped before its end"]


@pytest.mark.usefixtures("subjects")
@pytest.mark.parametrize(("only", "code"), [("sound", 0), ("broken", 1), ("another", 2)])
def test_exit_code_says_whether_all_was_measured(only: str, code: int, tmp_path: Path) -> None:
    app = typer.Typer()
    app.command()(command.main)
    file = tmp_path / "run.json"

    result = CliRunner().invoke(app, ["--quick", "--only", only, "--json", str(file)])

    assert result.exit_code == code
    assert file.exists() == (code != 2)


@pytest.mark.usefixtures("subjects")
def test_the_json_file_holds_what_was_asked_for_and_nothing_else(tmp_path: Path) -> None:
    app = typer.Typer()
    app.command()(command.main)
    file = tmp_path / "run.json"

    CliRunner().invoke(app, ["--quick", "--only", "sound", "--json", str(file)])

    assert [f["name"] for f in json.loads(file.read_text())["figures"]] == ["a sound one"]


def test_what_needs_no_running_nodes_measures_what_it_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(apply, "_SINGLE", 8)
    modules = {
        "evaluation": evaluation,
        "beat": beat,
        "proof": proof,
        "probe": probe,
        "frames": frames,
        "disclosure": disclosure,
        "apply": apply,
        "audit": audit,
    }
    monkeypatch.setattr(
        command, "SUBJECTS", {name: module.measure for name, module in modules.items()}
    )

    _, figures, failures = command.measure(Console(file=StringIO()), list(modules), TINY)

    assert failures == []
    assert [figure.name.partition(",")[0] for figure in figures] == [
        *("evaluation by 3 holders",) * 2,
        *("beat", "beat", "bytes a beat of 16 items"),
        *("beat", "beat", "bytes a beat of 64 items"),
        *("beat", "beat", "bytes a beat of 256 items"),
        "bytes a message",
        *("inclusion proof", "consistency proof") * 2,
        *("probe",) * 2,
        *("frame of a hit",) * 2,
        *("grant → verified fields",) * 2,
        *("apply", "apply"),
        *("audit", "audit"),
    ]
    assert all(figure.value > 0 and (figure.limit or figure.unit == "B") for figure in figures)
