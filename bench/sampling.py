"""Nodes that note what they spend their CPU on, and asking them for it (`bench.sampled`)."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from bench import sampled
from bench.errors import BenchError
from demo.command import environment
from demo.consortium import Members
from demo.leash import Leash
from demo.process import CONFIG, LOG, NodeProcess

_FILE = "kinds.json"
_ANSWER_WITHIN_SECONDS = 10


class SampledProcess(NodeProcess):
    """Runs a node under `bench.sampled`."""

    def launch(self) -> None:
        """Start it as its base does, by another command."""
        self.kill()
        words = ["-m", sampled.__name__, self._folder / _FILE, "node", "--config"]
        with (self._folder / LOG).open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 -- our own program, no shell
                [sys.executable, *map(str, words), str(self._folder / CONFIG)],
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._leash.hold(self._process.pid)


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
