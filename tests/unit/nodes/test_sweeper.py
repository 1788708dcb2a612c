"""What was deleted is not left in the write-ahead log, and sweeping it harms no transaction."""

import asyncio
import sqlite3
import threading
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection

from nodes.store.chain import cursor, move_cursor
from nodes.store.database import Database
from nodes.store.writer import Writer
from nodes.sweeper import Sweeper

SECRET = b"a secret that was in a row"


def with_writer(path: Path, story: Callable[[Database, Writer], Awaitable[None]]) -> None:
    async def run() -> None:
        database = Database(path)
        writer = Writer(database, on_rollback=lambda: None)
        task = asyncio.create_task(writer.run())
        try:
            await story(database, writer)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            database.close()

    asyncio.run(run())


def keep(connection: Connection) -> None:
    connection.exec_driver_sql("INSERT INTO orphan VALUES (1, x'01', ?)", (SECRET,))


def delete(connection: Connection) -> None:
    connection.exec_driver_sql("DELETE FROM orphan")


def files_of(database: Database) -> bytes:
    paths = database.path.parent.glob(f"{database.path.name}*")
    return b"".join(path.read_bytes() for path in paths)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110 -- a file on a disk tells nobody
            await asyncio.sleep(0.01)


def test_what_was_deleted_stands_in_no_file_once_it_was_swept(tmp_path: Path) -> None:
    async def story(database: Database, writer: Writer) -> None:
        sweeper = Sweeper(writer, beat_seconds=0.01)
        await writer.do(keep)
        await writer.do(delete)
        before = files_of(database)

        running = asyncio.create_task(sweeper.run())
        await until(lambda: SECRET not in files_of(database))
        running.cancel()

        assert SECRET in before

    with_writer(tmp_path / "node.db", story)


def test_sweeping_waits_for_a_reader_and_is_done_once_it_has_read(tmp_path: Path) -> None:
    async def story(database: Database, writer: Writer) -> None:
        sweeper = Sweeper(writer, beat_seconds=0.01)
        await writer.do(keep)
        with database.read() as connection:
            cursor(connection, "a")
            await writer.do(delete)
            running = asyncio.create_task(sweeper.run())
            await asyncio.sleep(0.3)
            while_read = files_of(database)

        await until(lambda: SECRET not in files_of(database))
        running.cancel()

        assert SECRET in while_read

    with_writer(tmp_path / "node.db", story)


def test_no_transaction_that_has_read_is_lost_to_a_sweep_before_it_writes(tmp_path: Path) -> None:
    async def story(database: Database, writer: Writer) -> None:
        has_read, may_write = threading.Event(), threading.Event()

        def work(connection: Connection) -> None:
            value = cursor(connection, "a")
            has_read.set()
            may_write.wait(1)
            move_cursor(connection, "a", value + 1)

        await writer.do(keep)
        # Whoever reads a database whose log is all in the file does not hold up its emptying.
        with closing(sqlite3.connect(database.path)) as other:
            other.execute("PRAGMA wal_checkpoint(PASSIVE)")
        writing = asyncio.create_task(writer.do(work))
        await until(has_read.is_set)
        sweeping = asyncio.create_task(writer.sweep())
        await asyncio.wait([sweeping], timeout=0.3)
        may_write.set()

        await writing

        assert await sweeping

    with_writer(tmp_path / "node.db", story)
