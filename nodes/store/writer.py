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
from sqlalchemy.exc import DatabaseError, DataError, IntegrityError, ProgrammingError

from nodes.errors import StorageError
from nodes.store.chain import move_cursor
from nodes.store.database import Database
from nodes.store.statement import driver, savepoint

BATCH = 64
_PROBE_SECONDS = 1.0
_PROBE = "probe"
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
        self._has_ended = False
        self.failure: str | None = None
        """Why the last transaction that had anything to write was lost, or None."""

    async def do(self, work: Callable[[Connection], _T]) -> _T:
        """Run `work` in a transaction and return its result once that is durable.

        Raises:
            StorageError: the transaction was lost, or the node stops; nothing was kept.
            Exception: what `work` raised; its own changes were undone, and no other piece's.
        """
        if self._has_ended:
            raise _stopped()
        piece = _Piece(work, asyncio.get_running_loop().create_future())
        self._queue.put_nowait(piece)
        outcome: _T = await piece.done
        return outcome

    async def sweep(self) -> bool:
        """Empty the write-ahead log; tell whether nothing held it up.

        Raises:
            StorageError: the disk refuses, or the node stops.
        """
        if self._has_ended:
            raise _stopped()
        # On the writer's own thread: a transaction that has begun to read cannot go on to write
        # once the log that it read from was emptied.
        return await asyncio.get_running_loop().run_in_executor(
            self._thread, self._database.truncate_log
        )

    async def run(self) -> None:
        """Write until cancelled."""
        try:
            while True:
                await self._write(await self._gather())
        finally:
            self._has_ended = True
            while not self._queue.empty():
                _resolve(self._queue.get_nowait(), _stopped())
            self._thread.shutdown(wait=True)

    async def _gather(self) -> list[_Piece]:
        """Return what waits; after a failure, something to try in any case."""
        try:
            async with asyncio.timeout(None if self.failure is None else _PROBE_SECONDS):
                batch = [await self._queue.get()]
        except TimeoutError:
            nobody = asyncio.get_running_loop().create_future()
            nobody.cancel()
            return [_Piece(_probe, nobody)]
        while len(batch) < BATCH and not self._queue.empty():
            batch.append(self._queue.get_nowait())
        return batch

    async def _write(self, batch: list[_Piece]) -> None:
        running = asyncio.get_running_loop().run_in_executor(self._thread, self._transact, batch)
        try:
            await asyncio.wait([running])
        except asyncio.CancelledError:
            # A transaction cannot be called back: whoever waits for it must hear how it ended.
            await asyncio.wait([running])
            self._conclude(batch, running)
            raise
        self._conclude(batch, running)

    def _conclude(self, batch: list[_Piece], running: asyncio.Future[bool]) -> None:
        lost = running.exception()
        if lost is None:
            # A transaction that wrote nothing says nothing about the disk.
            if running.result():
                self.failure = None
            for piece in batch:
                _resolve(piece, piece.refusal)
            return
        self._on_rollback()
        refusal = lost if isinstance(lost, StorageError) else StorageError("the writer failed")
        self.failure = str(refusal)
        for piece in batch:
            _resolve(piece, refusal)
        if not isinstance(lost, StorageError):
            raise lost

    def _transact(self, batch: list[_Piece]) -> bool:
        """Run the batch and commit; tell whether there was anything to write."""
        with self._database.begin() as connection:
            changes = driver(connection).total_changes
            for piece in batch:
                _perform(piece, connection)
            return driver(connection).total_changes != changes


def _perform(piece: _Piece, connection: Connection) -> None:
    """Do a piece's work in a savepoint; raise only what loses the whole transaction."""
    try:
        with savepoint(connection):
            piece.outcome = piece.work(connection)
    except (IntegrityError, DataError, ProgrammingError) as refusal:
        piece.refusal = refusal
    except DatabaseError:
        raise
    except Exception as refusal:  # noqa: BLE001 -- it is its caller's, whatever it is
        piece.refusal = refusal


def _probe(connection: Connection) -> None:
    """Write what matters to nobody, to see whether the disk takes it."""
    move_cursor(connection, _PROBE, 0)


def _stopped() -> StorageError:
    return StorageError("the node stops; nothing was kept")


def _resolve(piece: _Piece, refusal: Exception | None) -> None:
    # Its caller may have gone away meanwhile.
    if piece.done.done():
        return
    if refusal is None:
        piece.done.set_result(piece.outcome)
    else:
        piece.done.set_exception(refusal)
