"""A node's database in memory, and the moment at which its node dies.

Schema and settings are the real ones, made once a process; `wipe` begins anew on a copy of them.
A node can die before any statement, before a commit and after it: what was under way is rolled
back, and what was committed stays.
"""

import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar, cast

from sqlalchemy import Connection

from nodes.store import database as store
from nodes.store.database import Database
from tests.support.databases import migrate
from tests.support.faults import Died
from tests.support.simulation.quick import QuickConnection

_T = TypeVar("_T")


@lru_cache(maxsize=1)
def schema() -> sqlite3.Connection:
    """Return an empty database with the newest schema."""
    with tempfile.TemporaryDirectory() as folder:
        migrated = sqlite3.connect(migrate(Path(folder)))
        memory = sqlite3.connect(":memory:")
        migrated.backup(memory)
        migrated.close()
    return memory


class MemoryDatabase(Database):
    """One connection, on which whoever reads inside a transaction sees what it wrote."""

    def __init__(self, owner: str) -> None:
        """Open the database of the node `owner`."""
        self.owner = owner
        self.ticks_left: int | None = None
        """After how many more statements and commits the node dies; None: it lives on."""
        self.raw = sqlite3.connect(":memory:", isolation_level=None)
        store._configure(self.raw, None)  # type: ignore[arg-type]
        self._connection = cast(Connection, QuickConnection(self.raw, self._tick))

    def wipe(self, template: sqlite3.Connection) -> None:
        """Begin anew, on a copy of `template`."""
        self.ticks_left = None
        template.backup(self.raw)

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """See `Database`."""
        self.raw.execute("BEGIN")
        try:
            yield self._connection
            self._tick()
        except BaseException:
            self.raw.execute("ROLLBACK")
            raise
        self.raw.execute("COMMIT")
        self._tick()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """See `Database`."""
        yield self._connection

    def holds(self, table: str, condition: str = "TRUE") -> bool:
        """Tell whether the table has such a row."""
        query = f"SELECT EXISTS (SELECT 1 FROM {table} WHERE {condition})"
        return bool(self.raw.execute(query).fetchone()[0])

    def column(self, query: str) -> list[Any]:
        """Return the first column of what `query` finds."""
        return [row[0] for row in self.raw.execute(query)]

    def close(self) -> None:
        """Close the connection."""
        self.raw.close()

    def _tick(self) -> None:
        if self.ticks_left is None:
            return
        self.ticks_left -= 1
        if self.ticks_left < 0:
            self.ticks_left = None
            raise Died(self.owner)


class MemoryWriter:
    """A `Writer` that does each piece of work at once, in a transaction of its own."""

    def __init__(self, database: Database) -> None:
        """Write to `database`."""
        self._database = database

    async def do(self, work: Callable[[Connection], _T]) -> _T:
        """See `Writer`."""
        return self.write(work)

    def write(self, work: Callable[[Connection], _T]) -> _T:
        """Do it without waiting."""
        with self._database.begin() as connection:
            return work(connection)
