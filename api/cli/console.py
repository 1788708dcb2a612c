"""How commands speak: plain lines on stdout, one line for an error, a bar when it takes a while."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import typer

if TYPE_CHECKING:
    from rich.progress import Progress

SOUND = 0
FOUND = 1
COULD_NOT_RUN = 2
INTERRUPTED = 130
_BAR_AFTER_SECONDS = 1.0
_BAR_EVERY_SECONDS = 0.1


def say(text: str = "") -> None:
    """Print `text` on stdout."""
    typer.echo(shown(text))


def warn(text: str) -> None:
    """Print `text` on stderr."""
    typer.echo(shown(text), err=True)


def shown(text: str) -> str:
    """Return `text` without what could steer a terminal: it may come from a stranger's node."""
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)


@contextmanager
def plain_errors() -> Iterator[None]:
    """Turn every error into one line and exit code 2; never a traceback, never a variable's value.

    Code 1 says that something was found, so nothing else may end a command with it.
    """
    try:
        yield
    except (typer.Exit, typer.BadParameter, BrokenPipeError):
        raise
    except KeyboardInterrupt as cause:
        warn("Stopped.")
        raise typer.Exit(INTERRUPTED) from cause
    except OSError as cause:
        place = cause.filename if isinstance(cause.filename, str) else "The system"
        warn(f"{place}: {cause.strerror or type(cause).__name__}")
        raise typer.Exit(COULD_NOT_RUN) from cause
    except Exception as cause:
        warn(_in_words(cause))
        raise typer.Exit(COULD_NOT_RUN) from cause


def _in_words(cause: Exception) -> str:
    from api.client.errors import ClientError
    from ledger.errors import LedgerError
    from nodes.errors import NodeError

    if isinstance(cause, ClientError | LedgerError | NodeError):
        return str(cause)
    # Its message may hold what was being worked on: where and of what kind must do.
    trace = cause.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = "" if trace is None else f" at {Path(trace.tb_frame.f_code.co_filename).name}"
    line = "" if trace is None else f":{trace.tb_lineno}"
    return f"Something unforeseen: {type(cause).__name__}{where}{line}. Please report this line."


class Bar:
    """A progress bar on stderr, shown where people look and only once a second has passed."""

    def __init__(
        self, what: str, *, total: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Show nothing yet; `total` is what counts as done."""
        self._what = what
        self._total = total
        self._clock = clock
        self._due = clock() + _BAR_AFTER_SECONDS
        self._progress: Progress | None = None

    def __enter__(self) -> Self:
        """Return the bar; it is wiped at the end."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        cause: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wipe it."""
        if self._progress is not None:
            self._progress.stop()

    def move(self, done: float, note: str = "") -> None:
        """Say that `done` of the total is done."""
        now = self._clock()
        if now < self._due:
            return
        # Drawing costs more than what may have been done meanwhile.
        self._due = now + _BAR_EVERY_SECONDS
        if self._progress is None:
            self._progress = self._show()
        self._progress.update(self._progress.task_ids[0], completed=done, note=note)

    def _show(self) -> "Progress":
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        console = Console(stderr=True)
        progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} % {task.fields[note]}", markup=False),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        progress.add_task(self._what, total=self._total, note="")
        progress.start()
        return progress


def replace_file(path: Path, raw: bytes) -> None:
    """Put `raw` into `path` whole or not at all."""
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(raw)
    part.replace(path)
