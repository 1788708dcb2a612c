"""What a reader of the demonstration sees: numbered scenes, and claims that hold or do not."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

WIDTH = 100
_PANEL_WIDTH = 33
_LONGEST_SHOWN = 300


class Screen:
    """Prints; `failures` holds every claim that did not hold."""

    def __init__(self, console: Console | None = None) -> None:
        """Print to stdout, in colour and with moving bars only where that is a terminal."""
        if console is None:
            width = None if sys.stdout.isatty() else WIDTH
            console = Console(width=width, highlight=False)
        self._console = console
        self._scene = 0
        self.failures: list[str] = []

    def title(self, text: str) -> None:
        """Begin a part that is no scene."""
        self._console.print()
        self._console.print(Rule(Text(text, style="bold"), align="left", style="dim"))

    def scene(self, title: str) -> None:
        """Begin the next scene."""
        self._scene += 1
        self.title(f"{self._scene}  {title}")

    def say(self, text: str = "", *, style: str = "") -> None:
        """Print plain text."""
        self._console.print(Text(text, style=style))

    def paste(self, line: str) -> None:
        """Print a line to copy: however long, without a break of ours in it."""
        self._console.print(Text(f"  {line}", style="bold"), soft_wrap=True)

    def rows(self, rows: Sequence[Sequence[str]], *, dim: int | None = None) -> None:
        """Print rows in columns; column `dim` is of less weight."""
        table = Table.grid(padding=(0, 3, 0, 0))
        for index in range(len(rows[0])):
            table.add_column(style="dim" if index == dim else "", no_wrap=index == 0)
        for row in rows:
            table.add_row(*map(Text, row))
        self._console.print(table)

    def panels(self, panels: Sequence[tuple[str, Sequence[str]]]) -> None:
        """Print boxes with a title and lines, as many beside each other as there is room for."""
        across = max(1, self._console.width // _PANEL_WIDTH)
        table = Table.grid(expand=True)
        for _ in range(min(across, len(panels))):
            table.add_column(ratio=1)
        for start in range(0, len(panels), across):
            row = panels[start : start + across]
            height = 2 + max(len(lines) for _, lines in row)
            table.add_row(*(self._panel(title, lines, height) for title, lines in row))
        self._console.print(table)

    def command(self, line: str, output: str, *, only: Callable[[str], bool] = bool) -> None:
        """Print a command and, of the lines that it printed, those that pass `only`."""
        self._console.print(Text(f"$ {line}", style="bold"), soft_wrap=True)
        lines = [text for text in output.splitlines() if text]
        is_shown = [only(text) for text in lines]
        for index, text in enumerate(lines):
            if is_shown[index]:
                self._console.print(Text(f"  {text}", style="dim"))
            elif index == 0 or is_shown[index - 1]:
                self._console.print(Text("  …", style="dim"))

    def claim(self, text: str, *, holds: bool, expected: str, seen: object) -> None:
        """Print that something holds or, in red and with what was `expected`, that it does not."""
        if holds:
            self._console.print(Text.assemble(("✓ ", "green"), text))
            return
        self.failures.append(text)
        self._console.print(Text(f"✗ {text}", style="bold red"))
        self._console.print(Text(f"    expected  {expected}", style="red"))
        self._console.print(Text(f"    seen      {str(seen)[:_LONGEST_SHOWN]}", style="red"))

    def fault(self, text: str) -> None:
        """Print what a scene could not go on from."""
        self.failures.append(text)
        self._console.print(Text(f"✗ {text}", style="bold red"))

    @contextmanager
    def progress(self, what: str, *, total: int) -> Iterator[Callable[[int], None]]:
        """Yield a function that is told how much of `total` is done, while a bar shows it."""
        bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        with bar:
            task = bar.add_task(what, total=total)
            yield lambda done: bar.update(task, completed=done)

    def _panel(self, title: str, lines: Sequence[str], height: int) -> Panel:
        text = Text("\n".join(lines), overflow="ellipsis", no_wrap=True)
        return Panel(text, title=Text(title, style="bold"), title_align="left", height=height,
                     border_style="dim")  # fmt: skip
