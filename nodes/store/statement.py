"""Statements: written once with SQLAlchemy, compiled once, executed on the driver's connection.

What SQLAlchemy does around one execution takes ten times as long as SQLite itself, and a post
takes hundreds of them. A statement names its parameters with `bindparam`; an insert takes every
column. Rows come as the driver gives them: tuples in the order selected, booleans as 0 and 1.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from sqlalchemy import ClauseElement, Connection, text
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.exc import DBAPIError

_DIALECT = SQLiteDialect_pysqlite(paramstyle="named")


class Statement:
    """A statement; every method executes it inside a caller's transaction.

    All raise SQLAlchemy's DatabaseError, without what was to be written.
    """

    def __init__(self, clause: ClauseElement) -> None:
        """Execute `clause`, which has no parameter that is a list (`IN`)."""
        self._clause = clause

    def run(self, connection: Connection, **values: object) -> int:
        """Execute, and return how many rows were changed."""
        return int(self._execute(connection, values).rowcount)

    def run_all(self, connection: Connection, many: Sequence[Mapping[str, object]]) -> None:
        """Execute for each of `many`."""
        sql, fixed = self._compiled
        rows = [{**fixed, **values} for values in many] if fixed else many
        try:
            driver(connection).executemany(sql, rows)
        except sqlite3.Error as cause:
            raise _refusal(sql, cause) from cause

    def rows(self, connection: Connection, **values: object) -> list[tuple[Any, ...]]:
        """Return every row."""
        cursor = self._execute(connection, values)
        try:
            return cursor.fetchall()
        except sqlite3.Error as cause:
            raise _refusal(self._compiled[0], cause) from cause

    def row(self, connection: Connection, **values: object) -> tuple[Any, ...] | None:
        """Return the first row, or None."""
        # Cannot fail any more: executing steps to the first row.
        row: tuple[Any, ...] | None = self._execute(connection, values).fetchone()
        return row

    def column(self, connection: Connection, **values: object) -> list[Any]:
        """Return the first column of every row."""
        return [row[0] for row in self.rows(connection, **values)]

    def value(self, connection: Connection, **values: object) -> Any:  # noqa: ANN401 -- its column's
        """Return the first column of the first row, or None where there is none."""
        row = self.row(connection, **values)
        return None if row is None else row[0]

    @cached_property
    def _compiled(self) -> tuple[str, dict[str, object]]:
        """Return the text, and those parameters whose values stand in the clause itself."""
        compiled = self._clause.compile(dialect=_DIALECT)
        fixed = {name: value for name, value in compiled.params.items() if value is not None}
        return str(compiled), fixed

    def _execute(self, connection: Connection, values: Mapping[str, object]) -> sqlite3.Cursor:
        sql, fixed = self._compiled
        try:
            return driver(connection).execute(sql, {**fixed, **values} if fixed else values)
        except sqlite3.Error as cause:
            raise _refusal(sql, cause) from cause


_SAVEPOINT = Statement(text("SAVEPOINT piece"))
_UNDO = Statement(text("ROLLBACK TO piece"))
_RELEASE = Statement(text("RELEASE piece"))


@contextmanager
def savepoint(connection: Connection) -> Iterator[None]:
    """Undo what is done inside, and nothing else of the transaction, if that raises."""
    _SAVEPOINT.run(connection)
    try:
        yield
    except BaseException:
        # On a full disk SQLite may have ended the whole transaction, and this with it.
        if driver(connection).in_transaction:
            _UNDO.run(connection)
            _RELEASE.run(connection)
        raise
    _RELEASE.run(connection)


def driver(connection: Connection) -> sqlite3.Connection:
    """Return the driver's connection beneath SQLAlchemy's."""
    raw: Any = connection.connection.driver_connection
    found: sqlite3.Connection = raw
    return found


def _refusal(sql: str, cause: sqlite3.Error) -> BaseException:
    return DBAPIError.instance(sql, None, cause, sqlite3.Error, hide_parameters=True)
