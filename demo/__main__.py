"""`python -m demo`: a consortium on this machine, and a story told with it."""

import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from demo.consortium import Members, members_in
from demo.engines import find_engine
from demo.errors import DemoError
from demo.screen import Screen
from demo.story import farewell, tell, verdict

HELD = 0
FAILED = 1
COULD_NOT_RUN = 2
_LOOK_EVERY_SECONDS = 0.5


class OrderBy(StrEnum):
    """What makes the order."""

    FILE = "file"
    COMETBFT = "cometbft"


Once = Annotated[bool, typer.Option("--once", help="End by itself after the last scene.")]
Keep = Annotated[
    Path | None,
    typer.Option("--keep", help="Keep all data, consortium.toml and the export in this folder."),
]

Order = Annotated[
    OrderBy,
    typer.Option("--engine", help="A file that the nodes share, or four CometBFT engines."),
]


def main(*, once: Once = False, keep: Keep = None, engine: Order = OrderBy.FILE) -> None:
    """Tell the story of one signal and of several hundred; exit 0 only if every scene held."""
    _speak_any_language()
    screen = Screen()
    try:
        program = find_engine() if engine is OrderBy.COMETBFT else None
        with _interruptible(), _folder(keep) as folder, members_in(folder, program) as members:
            code = _run(members, screen, once=once, is_kept=keep is not None)
    except DemoError as cause:
        screen.fault(str(cause))
        code = COULD_NOT_RUN
    except KeyboardInterrupt:
        screen.say("Stopped.")
        code = FAILED
    raise typer.Exit(code)


def _run(members: Members, screen: Screen, *, once: bool, is_kept: bool) -> int:
    has_held = tell(members, screen)
    verdict(screen)
    if is_kept or not once:
        farewell(members, screen, stays_up=not once)
    if not once:
        _stay(members, screen)
    return HELD if has_held else FAILED


def _stay(members: Members, screen: Screen) -> None:
    """Stay until Ctrl-C, which is the way to end this; say so when a node ends before that."""
    screen.say()
    screen.say("All of it stays up until Ctrl-C.")
    running = list(members.all)
    try:
        while running:
            time.sleep(_LOOK_EVERY_SECONDS)
            for member in [m for m in running if not m.node.is_running]:
                running.remove(member)
                screen.fault(f"{member.name}'s node has ended; see {member.folder / 'node.log'}")
    except KeyboardInterrupt:
        screen.say()
        screen.say("Stopping the nodes.")


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    """Yield the folder for everything: `keep`, or one that is gone afterwards.

    Raises:
        DemoError: `keep` cannot be used.
    """
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="signaalketen-") as folder:
            yield Path(folder)
        return
    try:
        keep.mkdir(parents=True, exist_ok=True, mode=0o700)
        is_empty = not any(keep.iterdir())
    except OSError as cause:
        raise DemoError(f"--keep {keep}: {cause.strerror}") from cause
    if not is_empty:
        raise DemoError(f"--keep {keep}: the folder is not empty; name a new or an empty one")
    yield keep.absolute()


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let SIGTERM and a terminal that closes end the story as Ctrl-C does: with all its nodes."""

    def interrupt(number: int, frame: object) -> None:
        del number, frame
        raise KeyboardInterrupt

    before = {n: signal.signal(n, interrupt) for n in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _speak_any_language() -> None:
    """Let a terminal that lacks a character show another one, rather than end the story."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


if __name__ == "__main__":
    # Tracebacks of the rich kind show the values of variables.
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(main)
    app()
