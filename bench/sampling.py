"""Nodes that note what they spend their CPU on, and asking them for it (`bench.sampled`)."""

import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench import sampled
from bench.errors import BenchError
from demo.consortium import Members
from demo.leash import Leash
from demo.process import NodeProcess

_FILE = "kinds.json"
_ANSWER_WITHIN_SECONDS = 10


class SampledProcess(NodeProcess):
    """Runs a node under `bench.sampled`."""

    def launch(self, program: Sequence[str] = ()) -> None:
        """Start it, or a `program` in its place, as its base does."""
        sampled_node = [sys.executable, "-m", sampled.__name__, str(self._folder / _FILE), "node"]
        super().launch(program or sampled_node)


def sample(members: Members, leash: Leash) -> None:
    """Let the nodes of `members`, none of which was started yet, be sampled ones."""
    for member in members.all:
        member.node = SampledProcess(member.folder, leash)


def kinds(folder: Path, pid: int) -> dict[str, float]:
    """Return the seconds of a core that a sampled node spent so far, by kind of work and by part.

    Raises:
        BenchError: it does not say.
    """
    file = folder / _FILE
    file.unlink(missing_ok=True)
    os.kill(pid, signal.SIGUSR1)
    until = time.monotonic() + _ANSWER_WITHIN_SECONDS
    while not file.exists():
        if time.monotonic() > until:
            raise BenchError("a node does not say what it spent its time on")
        time.sleep(0.01)
    spent: dict[str, float] = json.loads(file.read_text())
    return spent
