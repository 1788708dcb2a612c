"""Ends the nodes after a story that was itself ended too hard to do so (SIGKILL, out of memory).

A process of its own reads lines from the story, `+<process id>` for a node that started and
`-<process id>` for one that ended. When the pipe breaks, it tells those that are left to end.
"""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterable


class Leash:
    """Holds processes for as long as this one lives."""

    def __init__(self) -> None:
        """Start the process that outlives this one."""
        self._process = subprocess.Popen(  # noqa: S603 -- this very file
            [sys.executable, "-I", __file__],
            stdin=subprocess.PIPE,
            start_new_session=True,
            text=True,
        )

    def hold(self, pid: int) -> None:
        """End that process with this one."""
        self._tell(f"+{pid}")

    def release(self, pid: int) -> None:
        """Forget that process, which has ended."""
        self._tell(f"-{pid}")

    def close(self) -> None:
        """Let go of all: they have been seen to."""
        self._process.kill()
        self._process.communicate()

    def _tell(self, line: str) -> None:
        if self._process.stdin is not None:
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()


def left(lines: Iterable[str]) -> set[int]:
    """Return the processes that started and did not end, once `lines` have ended."""
    held: set[int] = set()
    for line in lines:
        change = held.add if line.startswith("+") else held.discard
        change(int(line[1:]))
    return held


if __name__ == "__main__":
    for process_id in left(sys.stdin):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process_id, signal.SIGTERM)
