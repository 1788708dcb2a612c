"""Four bare engines with a trivial application: what order among machines costs by itself.

The application checks nothing and keeps a hash of all it took, so that its root moves with every
block as a node's does. All four live in this process; the engines are tuned as nodes tune theirs.
"""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from demo.process import HOST, free_port
from ledger.encoding import Digest, sha256
from nodes.progress import Milestone
from nodes.sequencer.cometbft.genesis import Genesis, encode_genesis
from nodes.sequencer.cometbft.home import EngineHome
from nodes.sequencer.cometbft.identity import EngineIdentity, EngineKey
from nodes.sequencer.cometbft.machine import Engine, Foreseen
from nodes.sequencer.cometbft.sequencer import CometSequencer
from nodes.sequencer.port import Batch

COUNT = 4
_ENTRY_BYTES = 500
_PATIENCE_SECONDS = 30.0
PAUSE_SECONDS = 0.15
"""Between two posts: long enough for the block without entries that follows a root that moved."""


class Trivial:
    """A `Machine` that takes everything; its root is a hash over all that it took."""

    def __init__(self, engines: Mapping[str, Engine]) -> None:
        """Let these engines decide for ever."""
        self._engines = engines
        self._root = sha256(b"")

    def root(self) -> Digest:
        """See `Machine`."""
        return self._root

    def validators(self) -> frozenset[bytes]:
        """See `Machine`."""
        return frozenset(e.key for e in self._engines.values() if e.key is not None)

    def engines(self) -> Mapping[str, Engine]:
        """See `Machine`."""
        return self._engines

    def foresee(self, entries: Sequence[bytes]) -> Foreseen:
        """See `Machine`."""
        root = sha256(self._root + b"".join(entries)) if entries else self._root
        return Foreseen(root, self.validators(), {})

    def member_of(self, address: bytes) -> str | None:
        """See `Machine`."""
        del address
        return None

    def rehearse(self) -> "Trivial":
        """See `Machine`."""
        return Trivial(self._engines)

    def take(self, entries: Sequence[bytes]) -> None:
        """See `Rehearsing`."""
        self._root = self.foresee(entries).root


class Bare:
    """An engine and its application, running."""

    def __init__(self, sequencer: CometSequencer, machine: Trivial) -> None:
        """Start to follow the order."""
        self._sequencer = sequencer
        self._machine = machine
        self._applied = Milestone(0)
        sequencer.attach(machine)
        self._running = asyncio.create_task(sequencer.run(self._apply, after=0))

    async def synced(self) -> None:
        """Return once it decides with the others."""
        await self._sequencer.synced()

    async def order_one(self) -> float:
        """Submit an entry; return after how many seconds it was applied here."""
        begun = time.perf_counter()
        await self._sequencer.submit([secrets.token_bytes(_ENTRY_BYTES)])
        await self._applied.wait_for(self._sequencer.head())
        return time.perf_counter() - begun

    async def stop(self) -> None:
        """End engine and application."""
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)
        self._sequencer.close()

    async def _apply(self, batch: Batch) -> None:
        self._machine.take(batch.entries)
        self._applied.reach(batch.position)


async def bare_times(folder: Path, command: Path, count: int) -> tuple[list[float], list[float]]:
    """Return seconds from submission to applied: `count` with all, half as many with one dead."""
    async with _engines(folder, command) as engines:
        whole = await _times(engines[0], count)
        await engines[-1].stop()
        return whole, await _times(engines[0], max(1, count // 2))


async def _times(engine: Bare, count: int) -> list[float]:
    took = []
    for _ in range(count + 1):
        took.append(await engine.order_one())
        await asyncio.sleep(PAUSE_SECONDS)
    # The first finds the engines as starting, or as dying, left them.
    return took[1:]


@asynccontextmanager
async def _engines(folder: Path, command: Path) -> AsyncIterator[list[Bare]]:
    identities = {
        f"{at}": EngineIdentity(
            EngineKey.of(secrets.token_bytes(32)), EngineKey.of(secrets.token_bytes(32))
        )
        for at in range(COUNT)
    }
    keys = {name: identity.validator.public for name, identity in identities.items()}
    raw = encode_genesis(chain_id="sk-bench", validators=keys, state={})
    together = Together(
        identities=identities,
        addresses={name: f"{HOST}:{free_port(0)}" for name in identities},
        genesis=Genesis(raw, MappingProxyType({})),
        command=command,
    )
    machines = [Trivial(together.engines) for _ in identities]
    async with running(folder, together, machines) as found:
        yield found


@dataclass(frozen=True, slots=True)
class Together:
    """Engines by name that begin with one genesis file."""

    identities: Mapping[str, EngineIdentity]
    addresses: Mapping[str, str]
    genesis: Genesis
    command: Path

    @property
    def engines(self) -> dict[str, Engine]:
        """Return each engine as the others know it."""
        return {
            name: Engine(
                identity.validator.public, f"{identity.node.address.hex()}@{self.addresses[name]}"
            )
            for name, identity in self.identities.items()
        }

    def open(self, name: str, folder: Path) -> CometSequencer:
        """Write an engine's folder and return the sequencer over it."""
        engines = self.engines
        EngineHome(folder).write(
            identity=self.identities[name],
            genesis=self.genesis,
            listen=self.addresses[name],
            peers=[engine.peer for other, engine in engines.items() if other != name],
            profile="near",
        )
        return CometSequencer(
            folder,
            command=self.command,
            own=engines[name].id,
            genesis=engines,
            patience=_PATIENCE_SECONDS,
        )


@asynccontextmanager
async def running(
    folder: Path, together: Together, machines: Sequence[Trivial]
) -> AsyncIterator[list[Bare]]:
    """Yield all engines, each with one of `machines`, once they decide; in folders of their names.

    The folders have short names: a socket's path has at most a hundred bytes.
    """
    found: list[Bare] = []
    try:
        for name, machine in zip(together.identities, machines, strict=True):
            found.append(Bare(together.open(name, folder / name), machine))
        for bare in found:
            await bare.synced()
        yield found
    finally:
        await asyncio.gather(*(bare.stop() for bare in found))
