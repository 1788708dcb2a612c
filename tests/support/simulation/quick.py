"""A `Connection` for thousands of worlds: SQLAlchemy compiles a statement once, SQLite executes it.

Most of what a statement costs on a database in memory is SQLAlchemy's own work around it; what the
stores ask of a connection and of its results is little, and stands here.
"""

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

_DIALECT = SQLiteDialect_pysqlite(paramstyle="named")
Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None


class QuickResult:
    """Rows, as the stores read them."""

    def __init__(self, rows: list[Any], rowcount: int) -> None:
        """Hold all rows."""
        self._rows = rows
        self.rowcount = rowcount

    def __iter__(self) -> Iterator[Any]:
        return iter(self._rows)

    def all(self) -> list[Any]:
        """Return every row."""
        return self._rows

    def one(self) -> Any:
        """Return the only row."""
        (row,) = self._rows
        return row

    def one_or_none(self) -> Any:
        """Return the only row, or None."""
        return self.one() if self._rows else None

    def scalar_one(self) -> Any:
        """Return the first column of the only row."""
        return self.one()[0]

    def scalar_one_or_none(self) -> Any:
        """Return the first column of the only row, or None."""
        return self.one()[0] if self._rows else None

    def scalars(self) -> "QuickResult":
        """Return the first column of every row."""
        return QuickResult([row[0] for row in self._rows], self.rowcount)


class QuickDriver:
    """The driver's connection as `nodes.store.statement` uses it."""

    def __init__(self, raw: sqlite3.Connection, on_statement: Callable[[], None]) -> None:
        """Execute on `raw`."""
        self._raw = raw
        self._on_statement = on_statement

    @property
    def driver_connection(self) -> "QuickDriver":
        """Return itself; see SQLAlchemy's `PoolProxiedConnection`."""
        return self

    @property
    def in_transaction(self) -> bool:
        """See `sqlite3.Connection`."""
        return self._raw.in_transaction

    def execute(self, text: str, values: Mapping[str, Any]) -> sqlite3.Cursor:
        """See `sqlite3.Connection`."""
        self._on_statement()
        return self._raw.execute(text, values)

    def executemany(self, text: str, many: Sequence[Mapping[str, Any]]) -> sqlite3.Cursor:
        """See `sqlite3.Connection`."""
        self._on_statement()
        return self._raw.executemany(text, many)


class QuickConnection:
    """One connection; `on_statement` is called before each statement."""

    def __init__(self, raw: sqlite3.Connection, on_statement: Callable[[], None]) -> None:
        """Execute on `raw`."""
        self._raw = raw
        self._on_statement = on_statement
        self.connection = QuickDriver(raw, on_statement)
        self._compiled: dict[Any, Any] = {}
        self._rows: dict[int, Any] = {}

    def execute(self, statement: Any, parameters: Parameters = None) -> QuickResult:
        """See `Connection`."""
        self._on_statement()
        first = parameters if isinstance(parameters, Mapping) or not parameters else parameters[0]
        compiled, extracted, collected, _ = statement._compile_w_cache(
            _DIALECT,
            compiled_cache=self._compiled,
            column_keys=sorted(map(str, first or ())),
            for_executemany=first is not parameters,
        )
        if parameters and first is not parameters:
            many = [self._bound(compiled, row, extracted, collected) for row in parameters]
            cursor = self._raw.executemany(compiled.string, many)
            return QuickResult([], cursor.rowcount)
        bound, text = self._bound(compiled, first, extracted, collected), compiled.string
        if compiled.post_compile_params:
            expanded = compiled._process_parameters_for_postcompile(bound)
            bound, text = {**bound, **expanded.additional_parameters}, expanded.statement
        cursor = self._raw.execute(text, bound)
        if not compiled._result_columns:
            return QuickResult([], cursor.rowcount)
        make = self._row_of(compiled)
        return QuickResult([make(row) for row in cursor], cursor.rowcount)

    def _bound(self, compiled: Any, row: Any, extracted: Any, collected: Any) -> Any:
        bound = compiled.construct_params(
            row, extracted_parameters=extracted, _collected_params=collected
        )
        for column in compiled.insert_prefetch if compiled.isinsert else ():
            bound[column.key] = column.default.arg
        for name, convert in compiled._bind_processors.items():
            if name in bound:
                bound[name] = convert(bound[name])
        return bound

    def _row_of(self, compiled: Any) -> Callable[[Sequence[Any]], Any]:
        known: Callable[[Sequence[Any]], Any] | None = self._rows.get(id(compiled))
        if known is None:
            names = [column.keyname for column in compiled._result_columns]
            make: Any = namedtuple  # noqa: PYI024 -- its fields are known at run time
            known = make("Row", names, rename=True)._make
            # Kept with what it is for: an id may be used again.
            self._rows[id(compiled)] = known
            self._compiled[id(compiled)] = compiled
        return known

    @contextmanager
    def begin_nested(self) -> Iterator[None]:
        """See `Connection`."""
        self._raw.execute("SAVEPOINT nested")
        try:
            yield
        except BaseException:
            self._raw.execute("ROLLBACK TO nested")
            raise
        finally:
            self._raw.execute("RELEASE nested")
