"""A node in a process of its own: started, waited for, killed, stopped."""

import contextlib
import socket
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from demo.command import environment, words
from demo.errors import DemoError
from demo.leash import Leash

HOST = "127.0.0.1"
CONFIG = "node.toml"
LOG = "node.log"
_STOP_WITHIN_SECONDS = 5
Way = Callable[[int], int]
"""From the port at which somebody listens to the one at which the others find it."""


class NodeProcess:
    """Runs `signaalketen node` on the settings in `folder`."""

    def __init__(self, folder: Path, leash: Leash) -> None:
        """Start nothing yet; what is started ends with `leash`."""
        self._folder = folder
        self._leash = leash
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        """Tell whether the process is there."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """Return the process's number, or None while there is none."""
        return self._process.pid if self._process is not None and self.is_running else None

    def launch(self, program: Sequence[str] = ()) -> None:
        """Start it, or a `program` in its place; what that says goes into its log."""
        # Two of them would write into one database.
        self.kill()
        with (self._folder / LOG).open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 -- our own program, no shell
                [*(program or words("node")), "--config", str(self._folder / CONFIG)],
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C is for the story, which then stops its nodes one by one.
                start_new_session=True,
            )
        self._leash.hold(self._process.pid)

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None and self.is_running:
            self._process.kill()
            self._process.wait()
            self._leash.release(self._process.pid)

    def ask_to_stop(self) -> None:
        """Ask it to end; `wait_stopped` waits for that."""
        if self._process is not None and self.is_running:
            self._process.terminate()

    def wait_stopped(self) -> None:
        """Wait for its end, though not for ever."""
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_STOP_WITHIN_SECONDS)

    def last_words(self) -> str:
        """Return the newest line of its log."""
        lines = (self._folder / LOG).read_text(errors="replace").splitlines()
        return lines[-1] if lines else "it said nothing"


def straight(port: int) -> int:
    """Return `port`: nothing stands between the members of one machine."""
    return port


def free_port(wanted: int) -> int:
    """Return `wanted` if nobody listens there, else another port of this machine.

    Raises:
        DemoError: there is none.
    """
    for port in (wanted, 0):
        with socket.socket() as probe:
            # As a server does: a port that a connection has just left is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise DemoError("no port of this machine is free")
