"""What one signal costs does not grow with the chain: nothing on its way reads a whole table."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from nodes.readiness import reasons
from nodes.store.database import Database
from nodes.store.statement import driver
from tests.support.bench import Bench, benches, run
from tests.support.consortium import ROLES, Founded, found

GROWING = {
    "block",
    "tree_node",
    "signal",
    "disclosure",
    "custody",
    "orphan",
    "owed_locate",
    "owed_answer",
}
Statement = tuple[str, Any]


@pytest.fixture
def founded(tmp_path: Path) -> Founded:
    return found(tmp_path)


@contextmanager
def recorded(*databases: Database) -> Iterator[dict[str, Any]]:
    """Yield the statements that are executed meanwhile, their values in their places."""
    statements: dict[str, Any] = {}
    traced: list[sqlite3.Connection] = []

    def trace(connection: Connection) -> None:
        # SQLite itself tells: not all that is executed goes through SQLAlchemy.
        raw = driver(connection)
        raw.set_trace_callback(lambda text: statements.setdefault(text, ()))
        traced.append(raw)

    for database in databases:
        event.listen(database._engine, "begin", trace)
    try:
        yield statements
    finally:
        for database in databases:
            event.remove(database._engine, "begin", trace)
        for raw in traced:
            raw.set_trace_callback(None)


def scans(database: Database, statements: dict[str, Any]) -> list[tuple[str, str]]:
    """Return (plan, statement) where a growing table is read from end to end."""
    found = []
    with database.read() as connection:
        for text, values in statements.items():
            if text.split(" ", 1)[0] not in {"SELECT", "UPDATE", "DELETE", "INSERT"}:
                continue
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values)
            found += [
                (step, text)
                for *_, step in plan
                if step.startswith("SCAN") and step.split(" ")[1] in GROWING
            ]
    return found


async def live(bench: Bench) -> None:
    bench.deliver()
    bench.start(bench.node.witness.run())
    bench.start(bench.node.effects.run())


def test_from_post_to_receipt_no_table_is_read_whole(founded: Founded) -> None:
    async def scenario() -> None:
        async with benches(founded, *ROLES) as members:
            uwv, *_ = members
            with recorded(*(m.node.database for m in members)) as statements:
                for member in members:
                    await live(member)
                local_id = await uwv.post()
                await uwv.node.outbox.wait_final(local_id, timeout=60)
                await uwv.node.publisher.publish(1)
                assert uwv.node.counter.signal(local_id).receipt is not None

            assert len(statements) > 20
            assert scans(uwv.node.database, statements) == []

    run(scenario())


def test_a_readiness_check_reads_no_table_of_boxes_whole(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            await bench.apply(*(bench.signal() for _ in range(3)))

            with recorded(bench.node.database) as statements:
                assert reasons(bench.node)

            # Counting walks an index of heights or ids, and listing stops after the first ones.
            found = scans(bench.node.database, statements)
            assert all("INDEX" in step or "LIMIT" in text for step, text in found)

    run(scenario())


def test_the_check_would_see_a_table_that_is_read_whole(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            text = "SELECT raw FROM block WHERE kind = ?"

            assert scans(bench.node.database, {text: ("signal",)}) == [("SCAN block", text)]

    run(scenario())
