import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError, OperationalError

from nodes.errors import InputError, StorageError
from nodes.store.chain import cursor, move_cursor
from nodes.store.database import Database
from nodes.store.writer import BATCH, Writer
from tests.support.disks import FillableDatabase


class FailingCommit(FillableDatabase):
    """A database whose commits fail as long as it says so."""

    fails = False
    transactions = 0

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        self.transactions += 1
        with super().begin() as connection:
            yield connection
            if self.fails:
                raise OperationalError("COMMIT", None, OSError("disk I/O error"))


class Bench:
    """A writer at work on a database of its own."""

    def __init__(self, database: FailingCommit) -> None:
        self.database = database
        self.rollbacks = 0
        self.writer = Writer(database, on_rollback=self._roll_back)

    def _roll_back(self) -> None:
        self.rollbacks += 1

    def value(self, name: str) -> int:
        with self.database.read() as connection:
            return cursor(connection, name)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with closing(FailingCommit(tmp_path / "node.db")) as database:
        yield Bench(database)


def run(bench: Bench, scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def whole() -> None:
        running = asyncio.create_task(bench.writer.run())
        try:
            async with asyncio.timeout(60):
                await scenario()
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    asyncio.run(whole())


def put(name: str, value: int) -> Callable[[Connection], int]:
    def work(connection: Connection) -> int:
        move_cursor(connection, name, value)
        return value

    return work


def refuse(connection: Connection) -> None:
    move_cursor(connection, "refused", 1)
    raise InputError("no")


def break_a_rule(connection: Connection) -> None:
    for _ in range(2):
        connection.exec_driver_sql("INSERT INTO cursor VALUES ('twice', 1)")


def stumble(connection: Connection) -> None:
    move_cursor(connection, "stumbled", 1)
    raise ZeroDivisionError


def bulk(connection: Connection) -> None:
    connection.exec_driver_sql(
        "INSERT INTO checkpoint VALUES ('bulk', 1, zeroblob(1000000), 1) "
        "ON CONFLICT DO UPDATE SET note = excluded.note"
    )


def test_what_is_answered_is_on_disk(bench: Bench) -> None:
    async def scenario() -> None:
        assert await bench.writer.do(put("a", 7)) == 7
        assert bench.value("a") == 7

    run(bench, scenario)


def test_pieces_that_wait_share_a_transaction_in_their_order(bench: Bench) -> None:
    async def scenario() -> None:
        before = bench.database.transactions

        await asyncio.gather(*(bench.writer.do(put("a", i)) for i in range(BATCH)))

        assert bench.value("a") == BATCH - 1
        assert bench.database.transactions - before == 1

    run(bench, scenario)


@pytest.mark.parametrize(
    ("work", "error", "name"),
    [
        (refuse, InputError, "refused"),
        (break_a_rule, IntegrityError, "twice"),
        (stumble, ZeroDivisionError, "stumbled"),
    ],
)
def test_one_piece_that_fails_undoes_only_itself(
    bench: Bench, work: Callable[[Connection], None], error: type[Exception], name: str
) -> None:
    async def scenario() -> None:
        outcomes = await asyncio.gather(
            bench.writer.do(put("before", 1)),
            bench.writer.do(work),
            bench.writer.do(put("after", 2)),
            return_exceptions=True,
        )

        assert outcomes[0] == 1
        assert isinstance(outcomes[1], error)
        assert outcomes[2] == 2
        assert [bench.value(n) for n in ("before", name, "after")] == [1, 0, 2]
        assert bench.writer.failure is None

    run(bench, scenario)


def test_after_a_piece_that_nobody_foresaw_the_writer_goes_on(bench: Bench) -> None:
    async def scenario() -> None:
        with pytest.raises(ZeroDivisionError):
            await bench.writer.do(stumble)

        assert await bench.writer.do(put("a", 1)) == 1

    run(bench, scenario)


def test_a_commit_that_fails_keeps_nothing_and_tells_all(bench: Bench) -> None:
    async def scenario() -> None:
        bench.database.fails = True

        outcomes = await asyncio.gather(
            *(bench.writer.do(put(f"{i}", 1)) for i in range(3)), return_exceptions=True
        )

        assert all(isinstance(outcome, StorageError) for outcome in outcomes)
        assert [bench.value(f"{i}") for i in range(3)] == [0, 0, 0]
        assert bench.rollbacks == 1
        assert bench.writer.failure == "the database refuses: disk I/O error"

    run(bench, scenario)


def test_a_full_disk_keeps_nothing_of_the_whole_batch(bench: Bench) -> None:
    async def scenario() -> None:
        bench.database.is_full = True

        outcomes = await asyncio.gather(
            bench.writer.do(put("small", 1)), bench.writer.do(bulk), return_exceptions=True
        )

        assert [str(outcome) for outcome in outcomes] == [
            "the database refuses: database or disk is full"
        ] * 2
        assert bench.value("small") == 0
        assert bench.rollbacks == 1

    run(bench, scenario)


def test_once_there_is_room_again_all_works_and_nothing_is_wrong(bench: Bench) -> None:
    async def scenario() -> None:
        bench.database.is_full = True
        with pytest.raises(StorageError):
            await bench.writer.do(bulk)

        bench.database.is_full = False
        await bench.writer.do(bulk)

        assert bench.writer.failure is None

    run(bench, scenario)


def test_a_transaction_that_writes_nothing_does_not_hide_a_full_disk(bench: Bench) -> None:
    async def scenario() -> None:
        bench.database.is_full = True
        with pytest.raises(StorageError):
            await bench.writer.do(bulk)

        await bench.writer.do(lambda connection: cursor(connection, "a"))

        assert bench.writer.failure is not None

    run(bench, scenario)


def test_without_anything_to_do_the_writer_finds_out_that_there_is_room(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nodes.store.writer._PROBE_SECONDS", 0.01)

    async def scenario() -> None:
        bench.database.fails = True
        with pytest.raises(StorageError):
            await bench.writer.do(put("a", 1))
        await asyncio.sleep(0.05)
        assert bench.writer.failure is not None

        bench.database.fails = False
        while bench.writer.failure is not None:  # noqa: ASYNC110 -- nobody tells
            await asyncio.sleep(0.01)

    run(bench, scenario)


class Gate:
    """A piece of work that waits in the writer's thread until it is let go."""

    def __init__(self) -> None:
        self.entered, self._open = threading.Event(), threading.Event()

    def __call__(self, connection: Connection) -> int:
        move_cursor(connection, "gate", 1)
        self.entered.set()
        self._open.wait(60)
        return 1

    def open(self) -> None:
        self._open.set()


def test_a_transaction_under_way_is_finished_and_its_outcome_told(bench: Bench) -> None:
    async def scenario() -> None:
        gate = Gate()
        running = asyncio.create_task(bench.writer.run())
        writing = asyncio.create_task(bench.writer.do(gate))
        await asyncio.to_thread(gate.entered.wait, 60)

        running.cancel()
        await asyncio.sleep(0.01)
        assert not writing.done()
        gate.open()

        assert await writing == 1
        assert bench.value("gate") == 1
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(scenario())


def test_what_waits_when_the_writer_ends_is_refused_and_not_left_hanging(bench: Bench) -> None:
    async def scenario() -> None:
        gate = Gate()
        running = asyncio.create_task(bench.writer.run())
        writing = asyncio.create_task(bench.writer.do(gate))
        await asyncio.to_thread(gate.entered.wait, 60)
        waiting = asyncio.create_task(bench.writer.do(put("late", 1)))
        await asyncio.sleep(0)

        running.cancel()
        gate.open()
        await writing

        for refused in (waiting, asyncio.create_task(bench.writer.do(put("later", 1)))):
            with pytest.raises(StorageError, match="the node stops; nothing was kept"):
                await refused
        assert bench.value("late") == bench.value("later") == 0

    async def within() -> None:
        async with asyncio.timeout(60):
            await scenario()

    asyncio.run(within())


def test_a_caller_that_goes_away_does_not_take_its_piece_along(bench: Bench) -> None:
    async def scenario() -> None:
        gate = Gate()
        writing = asyncio.create_task(bench.writer.do(gate))
        await asyncio.to_thread(gate.entered.wait, 60)

        writing.cancel()
        gate.open()
        await bench.writer.do(put("next", 1))

        assert bench.value("gate") == 1

    run(bench, scenario)


def test_a_reader_sees_nothing_before_the_commit(tmp_path: Path) -> None:
    with closing(Database(tmp_path / "node.db")) as database:
        with database.begin() as connection:
            move_cursor(connection, "a", 1)
            with database.read() as other:
                assert cursor(other, "a") == 0
        with database.read() as other:
            assert cursor(other, "a") == 1
