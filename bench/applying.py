"""Entries through a node's replica and writer into a real database, without the rest of a node."""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.errors import BenchError
from ledger.checkpoint import Checkpoint
from ledger.entry import SignedEntry
from nodes.replica import Replica
from nodes.sequencer.port import Batch
from nodes.store.database import Database
from nodes.store.writer import Writer


@dataclass
class Applying:
    """A replica that takes in entries on a writer of its own; `position` counts the batches."""

    runner: asyncio.Runner
    database: Database
    replica: Replica
    writer: Writer
    position: int = 0
    tip: Checkpoint | None = None

    def apply(self, *batches: Sequence[bytes]) -> None:
        """Apply batches of entry notes, each durable before the next.

        Raises:
            BenchError: an entry was refused.
        """
        self.runner.run(self._apply(batches))

    async def _apply(self, batches: Sequence[Sequence[bytes]]) -> None:
        for entries in batches:
            self.position += 1
            batch = Batch(self.position, tuple(entries))
            applied = await self.writer.do(partial(self.replica.apply, batch=batch))
            if applied.refused:
                raise BenchError(f"an entry was refused: {applied.refused[0][1]}")
            self.tip = applied.tip


def open_replica(path: Path, founding: SignedEntry, stack: ExitStack) -> Applying:
    """Return a replica over a new database at `path`; `stack` ends it."""
    database = Database(path)
    stack.callback(database.close)
    replica = Replica(database, founding)
    writer = Writer(database, on_rollback=replica.forget)
    runner = stack.enter_context(asyncio.Runner())
    # It goes on whenever the runner runs something, and ends with the runner.
    running = runner.get_loop().create_task(writer.run())
    stack.callback(running.cancel)
    return Applying(runner, database, replica, writer)


def batches_of(entries: Sequence[bytes], size: int) -> list[Sequence[bytes]]:
    """Return `entries` cut into batches."""
    return [entries[at : at + size] for at in range(0, len(entries), size)]
