"""The members' engines, where the order is made among machines; and one that lies.

Every member's node runs a CometBFT of its own on loopback. The twin is for the scene in which SVB
signs two blocks: an engine with SVB's key as validator, and another of its connections.
"""

import secrets
import shutil
import subprocess
import sys
from pathlib import Path

from demo.command import environment
from demo.errors import DemoError
from demo.leash import Leash
from demo.process import HOST, Way, free_port, straight
from nodes.sequencer.cometbft.identity import EngineKey

GENESIS = "genesis.json"
FOUNDING = "founding.note"
SEED = "connections.seed"
_FIRST_PORTS = range(20_000, 30_000, 8)
"""Engines listen long after their ports were chosen: another consortium on this machine must not
choose the same meanwhile, and below 32768 the system gives none to whoever dials.
"""
_BUILT = Path(__file__).parents[1] / ".engine" / "cometbft"


class Engines:
    """The program `command`, where each member's engine listens, and the twin of `liar`'s.

    `profile` is the tuning with which engines start from now on.
    """

    def __init__(self, command: Path, names: list[str], *, liar: str, way: Way = straight) -> None:
        """Choose ports; start nothing."""
        self.command = command
        self.profile = "near"
        self._way = way
        self.liar = liar
        self._first_port = secrets.choice(_FIRST_PORTS)
        self._ports = {name: free_port(self._first_port + at) for at, name in enumerate(names)}
        self._twin_seed = secrets.token_bytes(32)
        self._twin_port = free_port(0)
        self._twin: subprocess.Popen[bytes] | None = None

    def address(self, name: str) -> str:
        """Return where the others find a member's engine."""
        return f"{HOST}:{self._way(self._ports[name])}"

    def enrol(self, name: str) -> None:
        """Choose a port for the engine of a member that joins later."""
        self._ports[name] = free_port(self._first_port + len(self._ports))

    def settings(self, name: str) -> dict[str, object]:
        """Return the table [engine] of a member's settings."""
        peer = EngineKey.of(self._twin_seed).address.hex()
        return {
            "home": "engine",
            "genesis": f"../{GENESIS}",
            "listen": f"{HOST}:{self._ports[name]}",
            "address": self.address(name),
            "command": str(self.command),
            "profile": self.profile,
            # Else none would talk to it, and no proof would come about.
            "peers": [f"{peer}@{HOST}:{self._twin_port}"],
        }

    def start_twin(self, folder: Path, leash: Leash) -> None:
        """Start the twin, with its own data in `folder`/twin; it ends with `stop_twin`."""
        twin = folder / "twin"
        twin.mkdir(mode=0o700)
        (twin / SEED).touch(mode=0o600)
        (twin / SEED).write_bytes(self._twin_seed)
        with (twin / "twin.log").open("ab") as log:
            self._twin = subprocess.Popen(  # noqa: S603 -- our own program, no shell
                [
                    sys.executable, "-m", "demo.twin", str(twin), str(folder / self.liar / "keys"),
                    str(folder), f"{HOST}:{self._twin_port}", str(self.command),
                ],
                env=environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        leash.hold(self._twin.pid)

    def stop_twin(self) -> None:
        """End the twin, if it was started."""
        if self._twin is not None:
            self._twin.terminate()
            self._twin.wait()


def find_engine() -> Path:
    """Return the engine's program.

    Raises:
        DemoError: it is not here.
    """
    if _BUILT.exists():
        return _BUILT
    found = shutil.which("cometbft")
    if found is None:
        raise DemoError("CometBFT is not here: `make engine` obtains it")
    return Path(found)
