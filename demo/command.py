"""The command line as a person would use it: what has a command is done by that command."""

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from demo.errors import DemoError

_TIMEOUT_SECONDS = 120
_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Result:
    """How a command ended, and what it printed."""

    code: int
    output: str


def words(*arguments: str | Path) -> list[str]:
    """Return the words that run `signaalketen` with `arguments` in this environment."""
    return [str(Path(sys.executable).with_name("signaalketen")), *map(str, arguments)]


def environment() -> dict[str, str]:
    """Return the environment without settings of the caller's own, which would reach every node."""
    return {k: v for k, v in os.environ.items() if not k.startswith("SIGNAALKETEN_")}


def begin(
    *arguments: str | Path, folder: Path, settings: Mapping[str, str] = _NOTHING
) -> "subprocess.Popen[str]":
    """Start a command in `folder`; its end is waited for with `finish`.

    `settings` are variables of its environment, such as `SIGNAALKETEN_NODE`.
    """
    return subprocess.Popen(  # noqa: S603 -- our own program, no shell
        words(*arguments),
        cwd=folder,
        env={**environment(), **settings},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    )


def finish(running: "subprocess.Popen[str]", *, given: str = "") -> Result:
    """Wait for a command's end, with `given` on its standard input.

    One that takes for ever, or is not wanted any more, is killed.

    Raises:
        DemoError: it takes longer than two minutes.
    """
    try:
        output, _ = running.communicate(given, timeout=_TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired as cause:
        raise DemoError(f"no end after {_TIMEOUT_SECONDS} s: {running.args!r}") from cause
    finally:
        if running.poll() is None:
            running.kill()
            running.wait()
    return Result(running.returncode, output)


def run(*arguments: str | Path, folder: Path) -> Result:
    """Run a command in `folder` to its end, whatever that is."""
    return finish(begin(*arguments, folder=folder))


def must(*arguments: str | Path, folder: Path) -> str:
    """Run a command that has to succeed and return what it printed.

    Raises:
        DemoError: it did not.
    """
    result = run(*arguments, folder=folder)
    if result.code:
        raise DemoError(f"{shown(*arguments)} ended with {result.code}: {result.output.strip()}")
    return result.output


def shown(*arguments: str | Path) -> str:
    """Return a command as one would type it, for a screen."""
    return shlex.join(["signaalketen", *map(str, arguments)])


def pasted(*arguments: str | Path) -> str:
    """Return a command that can be pasted into a shell where this one was started."""
    program, *rest = words(*arguments)
    if Path(program).is_relative_to(Path.cwd()):
        program = str(Path(program).relative_to(Path.cwd()))
    return shlex.join([program, *rest])
