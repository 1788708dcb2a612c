"""What a node's database does, counted: statements, and steps of SQLite's machine.

    with counted(node.database) as cost:
        ...
    cost.statements, cost.steps

A row that is read or passed over is a few steps, whatever the machine; how deep an index is, is
none. So a count that does not grow with a table says that the table is not read through.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, event

from nodes.store.database import Database
from nodes.store.statement import driver


@dataclass
class Cost:
    """What was done so far."""

    statements: int = 0
    steps: int = 0

    def step(self) -> int:
        """Count a step, and go on."""
        self.steps += 1
        return 0

    def execute(self, text: str) -> None:
        """Count a statement."""
        del text
        self.statements += 1


@contextmanager
def counted(database: Database) -> Iterator[Cost]:
    """Count what is done in transactions that begin meanwhile."""
    cost = Cost()
    watched: list[sqlite3.Connection] = []

    def watch(connection: Connection) -> None:
        raw = driver(connection)
        raw.set_progress_handler(cost.step, 1)
        raw.set_trace_callback(cost.execute)
        watched.append(raw)

    event.listen(database._engine, "begin", watch)
    try:
        yield cost
    finally:
        event.remove(database._engine, "begin", watch)
        for raw in watched:
            raw.set_progress_handler(None, 1)
            raw.set_trace_callback(None)
