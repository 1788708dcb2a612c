"""Other processes, as /proc tells of them: how much memory and how much of a core they took."""

import contextlib
import os
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.errors import BenchError

_PROC = Path("/proc")
_MEBI = 1024


@dataclass(frozen=True, slots=True)
class Memory:
    """What a process has in memory now, and had at most, in MiB."""

    now: float
    peak: float


def memory(pid: int) -> Memory | None:
    """Return a process's resident memory; None once it has ended."""
    with contextlib.suppress(OSError):
        lines = (_PROC / str(pid) / "status").read_text().splitlines()
        fields = dict(line.split(":", 1) for line in lines)
        if "VmRSS" in fields:
            return Memory(*(int(fields[n].split()[0]) / _MEBI for n in ("VmRSS", "VmHWM")))
    return None


def cpu_seconds(pids: Iterable[int]) -> float:
    """Return how much of a core the processes took so far, together."""
    tick = os.sysconf("SC_CLK_TCK")
    # The name in parentheses may hold spaces; user and system time are 12th and 13th after it.
    fields = [
        (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[11:13] for pid in pids
    ]
    return sum(int(user) + int(system) for user, system in fields) / tick


def children(word: str) -> list[int]:
    """Return this process's children whose command line has `word` in it.

    Raises:
        BenchError: this system has no /proc to look in.
    """
    found = []
    for pid in children_of(os.getpid()):
        with contextlib.suppress(OSError):
            if word in (_PROC / str(pid) / "cmdline").read_text().split("\0"):
                found.append(pid)
    return found


def children_of(parent: int) -> list[int]:
    """Return the processes that `parent` started and that run.

    Raises:
        BenchError: this system has no /proc to look in.
    """
    if not _PROC.is_dir():
        raise BenchError("this needs /proc: run it on Linux")
    found = []
    for path in _PROC.glob("[0-9]*"):
        with contextlib.suppress(OSError):
            # pid (name) state parent …; a name may hold spaces and brackets.
            state, its_parent = (path / "stat").read_text().rpartition(")")[2].split()[:2]
            if int(its_parent) == parent and state != "Z":
                found.append(int(path.name))
    return found


@contextmanager
def paused(pids: Iterable[int]) -> Iterator[None]:
    """Stop processes for as long as somebody else is measured."""
    held = list(pids)
    for pid in held:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in held:
            os.kill(pid, signal.SIGCONT)
