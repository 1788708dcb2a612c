"""`python -m bench`: measure, and print each figure beside the machine's own limit in this run.

Nothing fails because it is slow: times are for reading, by people who know what else the machine
was doing. It exits 1 only if something could not be measured.
"""

import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from bench import machine, report
from bench.figure import Figure
from bench.figures import SUBJECTS
from bench.workshop import FULL, QUICK, Scale, Show, Workshop

_WIDTH = 160
Quick = Annotated[bool, typer.Option("--quick", help="A look, in a minute or two.")]
Kinds = Annotated[bool, typer.Option("--kinds", help="Say on what an import spends its CPU, too.")]
Only = Annotated[list[str] | None, typer.Option(help=f"Subjects: {', '.join(SUBJECTS)}.")]
Json = Annotated[Path | None, typer.Option("--json", help="Also write the run to this file.")]


def main(
    *, quick: Quick = False, only: Only = None, kinds: Kinds = False, json: Json = None
) -> None:
    """Measure the figures that the design names, all of them or the subjects in --only."""
    console = Console(width=None if Console().is_terminal else _WIDTH, highlight=False)
    if unknown := set(only or ()) - set(SUBJECTS):
        raise typer.BadParameter(f"{', '.join(sorted(unknown))}; known: {', '.join(SUBJECTS)}")
    wanted = [name for name in SUBJECTS if not only or name in only]
    scale = QUICK if quick else FULL
    facts, figures, failures = measure(console, wanted, scale, is_sampled=kinds)
    report.show(console, facts, figures)
    if json is not None:
        json.write_text(report.as_json(facts, figures))
    for failure in failures:
        console.print(failure, style="red", markup=False)
    raise typer.Exit(bool(failures))


def measure(
    console: Console, wanted: list[str], scale: Scale, *, is_sampled: bool = False
) -> tuple[machine.Machine, list[Figure], list[str]]:
    """Return the machine, the figures, and what could not be measured and why."""
    figures: list[Figure] = []
    failures: list[str] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        show = stack.enter_context(_progress(console))
        show("measuring the machine", 0)
        shop = Workshop(folder, scale, machine.measure(folder), show, is_sampled, stack)
        for name in wanted:
            begun = time.perf_counter()
            try:
                figures.extend(SUBJECTS[name](shop))
            except KeyboardInterrupt:
                failures.append(f"{name}: stopped before its end")
                break
            except Exception as cause:  # noqa: BLE001 -- the other figures are worth having
                failures.append(f"{name} could not be measured: {type(cause).__name__}: {cause}")
            console.print(f"{name}: {time.perf_counter() - begun:.0f} s", style="dim")
    return shop.machine, figures, failures


@contextmanager
def _progress(console: Console) -> Iterator[Show]:
    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with bar:
        task = bar.add_task("", total=1.0)
        yield lambda what, part: bar.update(task, description=what, completed=part)


def run() -> None:
    """Run the command that the arguments name."""
    # So that nodes end and files go also when somebody else ends this.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(main)
    app()
