"""Four nodes in one process, each with a real engine of its own on loopback.

with short_folder() as folder:
    async with EngineCluster(found_with_engines(folder)) as cluster: …
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from demo.process import HOST, free_port
from demo.twin import run_twin
from nodes.engine import open_engine
from nodes.sequencer.cometbft.genesis import make_genesis
from nodes.sequencer.cometbft.identity import EngineIdentity, EngineKey, load_identity, make_card
from nodes.sequencer.cometbft.sequencer import CometSequencer
from nodes.sequencer.port import Sequencer
from nodes.settings import EngineSettings, Settings
from tests.support.cluster import Cluster
from tests.support.consortium import ROLES, Founded, found
from tests.support.engines import engine_command


@dataclass(frozen=True)
class FoundedWithEngines(Founded):
    """A consortium whose members also have engine keys, and a genesis file under `root`."""

    ports: dict[str, int] = field(default_factory=dict)
    command: Path = Path()
    twin_port: int = 0
    """Where the twin of SVB's engine listens, if there is to be one."""

    @property
    def twin(self) -> EngineIdentity:
        """Return the keys of an engine that votes as SVB's does and is another."""
        true = load_identity(self.root / "svb" / "keys")
        return EngineIdentity(true.validator, EngineKey.of(b"twin" * 8))

    @property
    def twin_peer(self) -> str:
        """Return where the twin is found."""
        return f"{self.twin.node.address.hex()}@{HOST}:{self.twin_port}"

    def engine(self, name: str) -> EngineSettings:
        """Return the settings of a member's engine."""
        return EngineSettings(
            home=self.root / name / "engine",
            genesis=self.root / "genesis.json",
            listen=f"{HOST}:{self.ports[name]}",
            command=self.command,
            peers=(self.twin_peer,) if self.twin_port else (),
        )

    def order(self, name: str) -> dict[str, object]:
        """See `Founded`."""
        content = self.engine(name).model_dump(mode="json", exclude_none=True)
        return {"engine": content}

    def settings(self, name: str, *, data: str = "data") -> Settings:
        """Return the settings of a member's node, ordered by its engine."""
        content = super().settings(name, data=data).model_dump()
        return Settings(**(content | {"order": None, "engine": self.engine(name)}))


def found_with_engines(
    root: Path, *, peer_timeout: float = 2.0, has_twin: bool = False
) -> FoundedWithEngines:
    """Make a consortium of four under `root`, with engines that find each other on loopback.

    With `has_twin` they also let in a second engine with SVB's key.
    """
    command = engine_command()
    plain = found(root, peer_timeout=peer_timeout)
    ports = {name: free_port(0) for name in ROLES}
    cards = [
        make_card(plain.keyring(name), root / name / "keys", address=f"{HOST}:{port}")
        for name, port in ports.items()
    ]
    (root / "genesis.json").write_bytes(make_genesis(plain.founding, cards).raw)
    return FoundedWithEngines(root, peer_timeout, ports, command, free_port(0) if has_twin else 0)


@asynccontextmanager
async def twin_of_svb(founded: FoundedWithEngines) -> AsyncIterator[None]:
    """Run a second engine with SVB's key, and an application of its own: SVB lies."""
    running = asyncio.create_task(
        run_twin(
            founded.root / "twin",
            identity=founded.twin,
            common=founded.root,
            listen=f"{HOST}:{founded.twin_port}",
            command=founded.command,
        )
    )
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


class EngineCluster(Cluster):
    """A `Cluster` that its own engines order."""

    def _order(self, settings: Settings) -> tuple[Sequencer, CometSequencer | None]:
        engine = open_engine(settings, self.founded.founding)
        return engine, engine
