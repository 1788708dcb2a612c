"""What exchanges and cases cost does not grow with what was said before: nothing is read whole."""

import re
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import Connection

from ledger.exchange.message import Text
from nodes.store import casework, incoming, outgoing, parked
from nodes.store.boxes import Boxes
from nodes.store.database import Database
from nodes.store.statement import Statement, driver
from nodes.store.tables import AbsenceRow, PairEventRow, PairRow
from tests.support.beating import Foreign, address, bring, prepared, send
from tests.support.bench import Bench, run
from tests.support.consortium import DESKS, Founded, found
from tests.support.databases import VAULT
from tests.support.desks import meeting
from tests.support.mailbox import Mailbox, mail
from tests.support.steps import Cost, counted

EXCHANGES = 10_000
MORE_STATEMENTS, MORE_STEPS = 6, 150
"""By how much it may cost more the next time: the chain's tree and the case have grown a little."""
BOX, DAY = b"x" * 100, 740_500
_PARAMETER = re.compile(r":(\w+)")


@pytest.fixture
def founded(tmp_path: Path) -> Founded:
    return found(tmp_path)


def of_module(module: ModuleType) -> Iterator[tuple[str, Statement]]:
    """Yield the statements of a store."""
    for name, one in vars(module).items():
        if isinstance(one, Statement):
            yield f"{module.__name__.rpartition('.')[2]}{name}", one


def statements() -> dict[str, str]:
    """Return every statement of exchanges and cases by a name of its own."""
    found = dict(pair for one in (outgoing, incoming, casework, parked) for pair in of_module(one))
    for row in (PairRow, PairEventRow, AbsenceRow):
        boxes = Boxes(row, VAULT)
        for part in ("read", "write", "delete"):
            found[f"{row.__tablename__}_{part}"] = getattr(boxes, f"_{part}")
    return {name: one._compiled[0] for name, one in found.items()}


def plan(connection: Connection, sql: str) -> list[str]:
    """Return how SQLite would execute a statement, in steps."""
    nothing = dict.fromkeys(_PARAMETER.findall(sql))
    rows = driver(connection).execute(f"EXPLAIN QUERY PLAN {sql}", nothing).fetchall()
    return [str(step) for *_, step in rows]


def is_by_index(steps: list[str], sql: str) -> bool:
    """Tell whether a plan reads no table whole, the chain by height alone, and sorts no list."""
    return not any(
        step.startswith("SCAN")
        or (step.startswith("SEARCH block") and "rowid=?" not in step)
        or (" LIMIT " in sql and "TEMP B-TREE" in step)
        for step in steps
    )


STATEMENTS = statements()


@pytest.mark.parametrize("name", STATEMENTS)
def test_every_statement_of_exchanges_and_cases_is_by_index(database: Database, name: str) -> None:
    with database.read() as connection:
        steps = plan(connection, STATEMENTS[name])

    assert is_by_index(steps, STATEMENTS[name]), steps


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT key FROM work WHERE box = :box",
        "SELECT raw FROM block WHERE day < :day",
        "SELECT sequence FROM outgoing WHERE receiver = :to ORDER BY message LIMIT :count",
    ],
)
def test_the_check_would_see_what_is_read_whole(database: Database, sql: str) -> None:
    with database.read() as connection:
        assert not is_by_index(plan(connection, sql), sql)


def said_before(database: Database) -> None:
    """Fill every table with what ten thousand exchanges leave, and as much that still waits."""
    keys = [f"before {number:08}".encode() for number in range(EXCHANGES)]
    insert: dict[str, list[tuple[Any, ...]]] = {
        "sent VALUES (?, 5, ?)": [(key, DAY) for key in keys],
        "heard VALUES (?, ?)": [(key, DAY) for key in keys],
        "heard_item VALUES (?, ?)": [(key + bytes([at]), DAY) for key in keys for at in range(16)],
        "incoming VALUES (?, ?, ?, ?)": [(key, key, DAY, BOX) for key in keys],
        "outgoing VALUES (?, 'nobody', 1, NULL, ?, ?)": [
            (1_000_000 + at, key, BOX) for at, key in enumerate(keys)
        ],
        "pair VALUES (?, ?)": [(key, BOX) for key in keys],
        "pair_event VALUES (?, ?)": [(key, BOX) for key in keys],
        "work VALUES (?, ?, ?, 0, ?)": [(key, key, DAY * 2, BOX) for key in keys],
        "parked VALUES (?, 'nobody', ?, ?)": [(key, DAY * 2, BOX) for key in keys],
        "absence VALUES (?, ?)": [(key, BOX) for key in keys],
    }
    with database.begin() as connection:
        for what, rows in insert.items():
            driver(connection).executemany(f"INSERT INTO {what}", rows)


async def verify_same_cost(
    database: Database, do: Callable[[int], Coroutine[Any, Any, None]]
) -> None:
    """Check that `do` costs as much after ten thousand exchanges as before.

    Raises:
        AssertionError: more statements, or more steps of SQLite.
    """
    await do(1)
    costs: list[Cost] = []
    for number in (2, 3):
        with counted(database) as cost:
            await do(number)
        costs.append(cost)
        if number == 2:
            said_before(database)
    before, after = costs
    assert before.statements > 10
    assert before.steps > before.statements
    assert after.statements <= before.statements + MORE_STATEMENTS
    assert after.steps <= before.steps + MORE_STEPS


def test_a_beat_costs_the_same_whatever_was_sent_before(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            await address(bench)

            async def beat(number: int) -> None:
                await send(bench, b"said", number=number)
                made = await prepared(bench)
                assert made is not None
                await bring(bench, made)
                with bench.node.database.read() as connection:
                    height = bench.node.beat.height_of(connection, number.to_bytes(16, "big"))
                assert height is not None

            await verify_same_cost(bench.node.database, beat)

    run(scenario())


def test_a_frame_costs_the_same_whatever_was_heard_before(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "svb") as bench:
            bench.node.opener.receiver = Mailbox()
            await address(bench)
            uwv = Foreign(bench, "uwv")

            async def hear(number: int) -> None:
                await uwv.say(uwv.frame(*uwv.sent(b"said", number=number)))
                assert len(mail(bench.node)) == number

            await verify_same_cost(bench.node.database, hear)

    run(scenario())


def test_an_act_and_a_worklist_cost_the_same_however_many_cases_there_are(
    founded: Founded,
) -> None:
    async def scenario() -> None:
        async with meeting(founded) as met:
            await met.confirmed()

            async def act(number: int) -> None:
                await met.say(met.uwv, Text(f"Bericht {number}."))
                seen = await met.svb.casework.worklist(met.svb.worker)
                assert [one.desk for one in seen] == [DESKS["svb"]]

            await verify_same_cost(met.svb.node.database, act)

    run(scenario())


def test_the_end_of_a_day_costs_the_same_however_many_there_are(founded: Founded) -> None:
    async def scenario() -> None:
        async with meeting(founded) as met:
            await met.confirmed()

            async def turn(number: int) -> None:
                del number
                await met.days(1)
                await met.svb.node.office.timekeeper.turn()

            await verify_same_cost(met.svb.node.database, turn)

    run(scenario())
