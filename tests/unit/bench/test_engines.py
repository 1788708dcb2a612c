"""Bare engines are measured with all four, and with one gone."""

import asyncio
from io import StringIO

import pytest
from rich.console import Console

from bench import command
from bench.engines import Trivial, bare_times
from bench.figures import catch_up
from tests.support.engines import engine_command, short_folder
from tests.support.machine import MACHINE
from tests.support.tiny import TINY


def test_what_bare_engines_order_is_applied_also_when_one_is_gone() -> None:
    command = engine_command()
    with short_folder() as folder:
        whole, short = asyncio.run(bare_times(folder, command, 2))

    assert (len(whole), len(short)) == (2, 1)
    assert min(whole + short) > 0


def test_a_trivial_machine_foresees_what_it_then_becomes() -> None:
    one, other = Trivial({}), Trivial({})
    foreseen = one.foresee([b"a", b"b"]).root
    assert one.root() == other.root() != foreseen

    one.take([b"a", b"b"])

    assert one.root() == foreseen
    assert one.foresee([]).root == foreseen


def test_a_new_node_takes_all_blocks_that_bare_engines_have(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    program = engine_command()
    monkeypatch.setattr("bench.workshop.find_engine", lambda: program)
    monkeypatch.setattr("bench.machine.measure", lambda folder: MACHINE)
    monkeypatch.setattr(command, "SUBJECTS", {"catch-up": catch_up.measure})

    _, figures, failures = command.measure(Console(file=StringIO()), ["catch-up"], TINY)

    assert failures == []
    assert [figure.name for figure in figures] == ["catching up, 130 blocks"]
    assert figures[0].value > 0
