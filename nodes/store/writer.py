"""The writer: the one task that changes a node's database.

Whoever has something to write queues it and awaits its result. At every turn the writer takes
whatever waits, up to 64 pieces, runs them in order in one transaction on a thread of its own, and
commits: durable first, then answered. It never waits for a batch to fill.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection

from ledger.errors import LedgerError
from nodes.errors import NodeError, StorageError
from nodes.store.database import Database

BATCH = 64
_T = TypeVar("_T")


@dataclass(slots=True)
class _Piece:
    work: Callable[[Connection], Any]
    done: asyncio.Future[Any]
    outcome: Any = None
    refusal: Exception | None = None


class Writer:
    """Runs pieces of work against `database`, one transaction a batch."""

    def __init__(self, database: Database, *, on_rollback: Callable[[], None]) -> None:
        """Call `on_rollback` after a transaction was lost, so that caches are read again."""
        self._database = database
        self._on_rollback = on_rollback
        self._queue: asyncio.Queue[_Piece] = asyncio.Queue()
        self._thread = ThreadPoolExecutor(1, "writer")
        self.failure: str | None = None

    async def do(self, work: Callable[[Connection], _T]) -> _T:
        """Run `work` in a transaction and return its result once that is durable.

        Raises:
            StorageError: the transaction was lost; nothing was kept.
            NodeError, LedgerError: what `work` raised; its own changes were undone.
        """
        piece = _Piece(work, asyncio.get_running_loop().create_future())
        self._queue.put_nowait(piece)
        outcome: _T = await piece.done
        return outcome

    async def run(self) -> None:
        """Write until cancelled."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                batch = [await self._queue.get()]
                while len(batch) < BATCH and not self._queue.empty():
                    batch.append(self._queue.get_nowait())
                await self._write(loop, batch)
        finally:
            self._thread.shutdown(wait=True)

    async def _write(self, loop: asyncio.AbstractEventLoop, batch: list[_Piece]) -> None:
        try:
            await loop.run_in_executor(self._thread, self._transact, batch)
        except StorageError as cause:
            self._on_rollback()
            self.failure = str(cause)
            for piece in batch:
                _resolve(piece, cause)
            return
        except BaseException:
            self._on_rollback()
            for piece in batch:
                _resolve(piece, StorageError("the writer failed"))
            raise
        self.failure = None
        for piece in batch:
            _resolve(piece, piece.refusal)

    def _transact(self, batch: list[_Piece]) -> None:
        with self._database.begin() as connection:
            for piece in batch:
                try:
                    with connection.begin_nested():
                        piece.outcome = piece.work(connection)
                except StorageError:
                    raise
                except (NodeError, LedgerError) as refusal:
                    piece.refusal = refusal


def _resolve(piece: _Piece, refusal: Exception | None) -> None:
    # Its caller may have gone away meanwhile.
    if piece.done.done():
        return
    if refusal is None:
        piece.done.set_result(piece.outcome)
    else:
        piece.done.set_exception(refusal)
