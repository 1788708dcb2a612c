"""Real CometBFT engines on this machine, and machines of a test's own for them to drive.

The engine is the program that `make engine` obtains, or the one that SIGNAALKETEN_ENGINE_COMMAND
names. Without it the tests that need it say so and skip; in CI they fail.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import pytest

from demo.process import free_port
from ledger.encoding import Digest, sha256
from nodes.sequencer.cometbft.genesis import Genesis, encode_genesis
from nodes.sequencer.cometbft.home import EngineHome
from nodes.sequencer.cometbft.identity import EngineIdentity, EngineKey
from nodes.sequencer.cometbft.machine import Engine, Foreseen
from nodes.sequencer.cometbft.sequencer import CometSequencer

_BUILT = Path(__file__).parents[2] / ".engine" / "cometbft"


def engine_command() -> Path:
    """Return the engine's program, or skip the test that asks; in CI fail it."""
    named = os.environ.get("SIGNAALKETEN_ENGINE_COMMAND")
    command = Path(named) if named else _BUILT
    if command.exists():
        return command
    reason = "the engine is not here; `make engine` obtains it"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def short_folder() -> Iterator[Path]:
    """Yield a folder whose path is short enough for the sockets in it."""
    folder = Path(tempfile.mkdtemp(prefix="sk-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class OpenMachine:
    """A `Machine` that takes everything, and whose root never moves."""

    def __init__(self, engines: Mapping[str, Engine]) -> None:
        """Let these engines decide, or connect, for ever."""
        self._engines = engines

    def root(self) -> Digest:
        """See `Machine`."""
        return sha256(b"")

    def validators(self) -> frozenset[bytes]:
        """See `Machine`."""
        return frozenset(e.key for e in self._engines.values() if e.key is not None)

    def engines(self) -> Mapping[str, Engine]:
        """See `Machine`."""
        return self._engines

    def foresee(self, entries: Sequence[bytes]) -> Foreseen:
        """See `Machine`."""
        return Foreseen(self.root(), self.validators(), {})

    def member_of(self, address: bytes) -> str | None:
        """See `Machine`."""
        return None

    def rehearse(self) -> "OpenMachine":
        """See `Machine`."""
        return self

    def take(self, entries: Sequence[bytes]) -> None:
        """See `Rehearsing`."""


class EngineOrder:
    """An order that the first engine decides alone and the second follows."""

    def __init__(self, folder: Path, command: Path) -> None:
        """Write the folders of two engines under `folder`."""
        self._folder, self._command = folder, command
        self._identities = [
            EngineIdentity(EngineKey.of(bytes([mark]) * 32), EngineKey.of(bytes([mark + 8]) * 32))
            for mark in (1, 2)
        ]
        keys = {"first": self._identities[0].validator.public}
        raw = encode_genesis(chain_id="sk-test", validators=keys, state={})
        self._genesis = Genesis(raw, MappingProxyType({}))
        self._ports = [free_port(0) for _ in self._identities]
        self._free = [0, 1]

    def open(self) -> CometSequencer:
        """Return the sequencer of the first engine that nobody has open."""
        return _Opened(self, min(self._free))

    def write(self, at: int) -> Path:
        """Write the folder of an engine and return it."""
        home = self._folder / f"engine-{at}"
        EngineHome(home).write(
            identity=self._identities[at],
            genesis=self._genesis,
            listen=f"127.0.0.1:{self._ports[at]}",
            peers=[self._peer(other) for other in (0, 1) if other != at],
            profile="near",
        )
        self._free.remove(at)
        return home

    def release(self, at: int) -> None:
        """Let an engine be opened again."""
        self._free.append(at)

    def _peer(self, at: int) -> str:
        return f"{self._identities[at].node.address.hex()}@127.0.0.1:{self._ports[at]}"

    def own(self, at: int) -> str:
        """Return the id of an engine's connections."""
        return self._identities[at].node.address.hex()

    @property
    def command(self) -> Path:
        """Return the engine's program."""
        return self._command

    def machine(self) -> OpenMachine:
        """Return a machine for one of the engines."""
        first = self._identities[0].validator.public
        return OpenMachine(
            {"first": Engine(first, self._peer(0)), "second": Engine(None, self._peer(1))}
        )


class _Opened(CometSequencer):
    def __init__(self, order: EngineOrder, at: int) -> None:
        super().__init__(
            order.write(at),
            command=order.command,
            own=order.own(at),
            genesis={},
            patience=10.0,
        )
        self._shared, self._at = order, at
        self.attach(order.machine())

    def close(self) -> None:
        super().close()
        self._shared.release(self._at)
