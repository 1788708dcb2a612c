"""An engine at the edge of a running consortium: nobody's, or one with another genesis file."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from demo.process import HOST, free_port
from nodes.judge import Rehearsal
from nodes.sequencer.cometbft.genesis import Genesis
from nodes.sequencer.cometbft.home import EngineHome
from nodes.sequencer.cometbft.identity import EngineIdentity
from nodes.sequencer.cometbft.sequencer import CometSequencer
from nodes.sequencer.port import Batch
from tests.support.engine_cluster import FoundedWithEngines


class Outsider:
    """An engine with keys of its own and an application in memory, that dials every founder."""

    def __init__(
        self, founded: FoundedWithEngines, identity: EngineIdentity, genesis: Genesis
    ) -> None:
        """Write its folder; nothing runs yet."""
        home = EngineHome(founded.root / "outsider")
        home.write(
            identity=identity,
            genesis=genesis,
            listen=f"{HOST}:{free_port(0)}",
            peers=[engine.peer for engine in genesis.engines.values()],
            profile="near",
        )
        self._log = home.log
        self._rehearsal = Rehearsal(founded.founding.id, genesis.engines)
        self.engine = CometSequencer(
            home.path,
            command=founded.command,
            own=identity.node.address.hex(),
            genesis=genesis.engines,
        )
        self.engine.attach(self._rehearsal)
        self.batches: list[Batch] = []

    @property
    def log(self) -> str:
        """Return what the engine said so far."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    async def _apply(self, batch: Batch) -> None:
        self.batches.append(batch)
        self._rehearsal.take(batch.entries)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Outsider"]:
        """Run it, and end it."""
        task = asyncio.create_task(self.engine.run(self._apply, after=0))
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
