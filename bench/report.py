"""The report of a run: one table for people, one JSON object for programs.

{"machine": {"cores": 2, "verification": 0.000044, …},                          seconds a piece
 "figures": [{"name", "value", "unit", "samples", "limit", "limit_of", "ratio", "aim", "note"}, …]}
"""

import json
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bench.figure import Figure
from bench.machine import Machine


def as_json(machine: Machine, figures: Sequence[Figure]) -> str:
    """Return the run as a JSON object."""
    content = {"machine": machine.as_json(), "figures": [f.as_json() for f in figures]}
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def show(console: Console, machine: Machine, figures: Sequence[Figure]) -> None:
    """Print the machine and the table."""
    console.print(_facts(machine))
    if figures:
        console.print(_table(figures))


def _facts(machine: Machine) -> Table:
    micro, milli = 1e6, 1e3
    rows = {
        "machine": f"{machine.system}, {machine.cores} cores, Python {machine.python}, "
        f"SQLite {machine.sqlite}, load {machine.load:.1f} before",
        "bare PyNaCl": f"{machine.verifications_a_second:,.0f} verifications/s a core "
        f"({machine.verification * micro:.0f} µs), a signature {machine.signing * micro:.0f} µs",
        "bare disk": f"fsync {machine.fsync * milli:.2f} ms, "
        f"SQLite WAL FULL commit {machine.commit * milli:.2f} ms",
        "bare HTTP": f"a loopback echo {machine.echo * milli:.2f} ms",
        "bare groups": f"ristretto255 multiplication {machine.multiplication * micro:.0f} µs, "
        f"HPKE X-Wing seal {machine.sealing * micro:.0f} µs",
    }
    table = Table.grid(padding=(0, 2, 0, 0))
    for name, text in rows.items():
        table.add_row(Text(name, style="dim"), text)
    return table


def _table(figures: Sequence[Figure]) -> Table:
    table = Table(title="Figures, each beside the machine's own limit in this run", pad_edge=False)
    for name in ("figure", "value", "limit", "ratio", "aim", "n"):
        is_number = name in {"value", "limit", "ratio", "n"}
        table.add_column(name, justify="right" if is_number else "left", no_wrap=True)
    table.add_column("the limit is; notes")
    for figure in figures:
        table.add_row(
            figure.name,
            f"{shown(figure.value)} {figure.unit}",
            "" if figure.limit is None else shown(figure.limit),
            _ratio(figure),
            _aim(figure),
            str(figure.samples),
            Text("; ".join(filter(None, (figure.limit_of, figure.note))), style="dim"),
        )
    return table


def shown(value: float) -> str:
    """Return a number with as many digits as a measurement deserves."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _ratio(figure: Figure) -> str:
    if figure.ratio is None:
        return ""
    return f"{figure.ratio:.0%}" if figure.is_rate else f"{figure.ratio:.2f} ×"


def _aim(figure: Figure) -> Text:
    if figure.aim is None:
        return Text()
    mark, style = ("✓", "green") if figure.aim.is_met else ("✗", "yellow")
    return Text(f"{mark} {figure.aim.text}", style=style)
