"""An engine that decides alone and speaks the real one's frames; and a node's side that can die.

The engine does with its blocks what CometBFT does: a block is stored, then finalized, the answer is
stored, then committed. When it meets the application again it replays what that has not taken in,
and holds it to the answers that it gave before.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from google.protobuf.timestamp_pb2 import Timestamp

from ledger.entry import SignedEntry
from nodes.judge import Judge
from nodes.replica import Replica
from nodes.sequencer.cometbft import abci_pb2 as abci
from nodes.sequencer.cometbft.application import Application
from nodes.sequencer.cometbft.frames import frame, read_frame
from nodes.sequencer.cometbft.machine import Engine
from nodes.sequencer.cometbft.misbehaviour import Evidence
from nodes.sequencer.cometbft.server import AbciServer
from nodes.sequencer.port import Batch
from tests.support.faults import Fate, MortalDatabase

ENGINE_PLACES = ("before finalize", "after finalize", "after commit is answered")
"""Where the fake engine lets a test end the node, besides the database's own places."""


class AppSide:
    """The application of a node over the database at `folder`, served at a socket there."""

    def __init__(
        self, folder: Path, founding: SignedEntry, genesis: dict[str, Engine], fate: Fate
    ) -> None:
        self._database = MortalDatabase(folder / "node.db", fate)
        self.replica = Replica(self._database, founding)
        self.evidence = Evidence(folder / "misbehaviour.jsonl")
        self.decided: list[tuple[int, tuple[bytes, ...]]] = []
        self.refused: list[tuple[bytes, str]] = []
        with self._database.read() as connection:
            position = self.replica.position(connection)
        self.application = Application(
            machine=Judge(self.replica, genesis),
            apply=self._apply,
            position=position,
            evidence=self.evidence,
            others={"ab" * 20},
            on_decided=lambda height, entries: self.decided.append((height, entries)),
            on_refused=lambda entry, reason: self.refused.append((entry, reason)),
        )
        self.path = folder / "abci.sock"
        self.server = AbciServer(self.application, self.path)

    async def _apply(self, batch: Batch) -> None:
        with self._database.begin() as connection:
            applied = self.replica.apply(connection, batch)
        self.replica.tip = applied.tip

    async def close(self) -> None:
        """Let go of everything, as the end of its process would."""
        await self.server.close()
        self.application.close()
        self._database.close()


class FakeEngine:
    """Keeps `blocks` and the answers to them; `fate` may end the node between its requests."""

    def __init__(self, validators: Sequence[bytes], fate: Fate) -> None:
        self.blocks: list[list[bytes]] = []
        self.answers: dict[int, abci.FinalizeBlockAnswer] = {}
        self.misbehaviour: dict[int, list[abci.Misbehavior]] = {}
        self._validators = validators
        self._fate = fate
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter

    async def meet(self, path: Path) -> None:
        """Connect to an application, and replay what it has not taken in."""
        self._reader, self._writer = await asyncio.open_unix_connection(path)
        told = (await self.ask(info=abci.Empty())).info
        height = told.last_block_height
        if height == 0:
            updates = [
                abci.ValidatorUpdate(pub_key=abci.PublicKey(ed25519=key), power=10)
                for key in self._validators
            ]
            await self.ask(init_chain=abci.InitChain(validators=updates, initial_height=1))
        else:
            assert told.last_block_app_hash == self.answers[height].app_hash
        for missing in range(height + 1, len(self.blocks) + 1):
            await self._execute(missing)

    async def decide(self, *transactions: bytes) -> abci.FinalizeBlockAnswer:
        """Make a block of transactions and let the application take it in."""
        self.blocks.append(list(transactions))
        return await self._execute(len(self.blocks))

    async def ask(self, **request: object) -> abci.Response:
        """Return the application's response."""
        self._writer.write(frame(abci.Request(**request).SerializeToString()))  # type: ignore[arg-type]
        raw = await read_frame(self._reader)
        if raw is None:
            raise ConnectionError("the application is gone")
        return abci.Response.FromString(raw)

    def leave(self) -> None:
        """Close the connection."""
        self._writer.close()

    async def _execute(self, height: int) -> abci.FinalizeBlockAnswer:
        self._fate.reach("before finalize")
        request = abci.FinalizeBlock(
            txs=self.blocks[height - 1],
            misbehavior=self.misbehaviour.get(height, []),
            height=height,
            time=Timestamp(seconds=1_700_000_000 + height),
        )
        answer = (await self.ask(finalize_block=request)).finalize_block
        assert self.answers.setdefault(height, answer) == answer
        self._fate.reach("after finalize")
        await self.ask(commit=abci.Empty())
        self._fate.reach("after commit is answered")
        return answer
