"""Statements on the driver behave as SQLAlchemy's own would, errors and transactions included."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import bindparam, insert, select, text, update
from sqlalchemy.exc import DatabaseError, IntegrityError

from nodes.errors import StorageError
from nodes.store.chain import cursor, move_cursor
from nodes.store.database import Database
from nodes.store.statement import Statement, savepoint
from nodes.store.tables import CursorRow

_cursor = CursorRow.__table__  # type: ignore[attr-defined]
ADD = Statement(insert(_cursor))
ALL = Statement(select(_cursor.c.name, _cursor.c.value).order_by(_cursor.c.name))
VALUE = Statement(select(_cursor.c.value).where(_cursor.c.name == bindparam("name")))
RESET = Statement(update(_cursor).where(_cursor.c.name == bindparam("of")).values(value=9))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(Database(tmp_path / "node.db")) as database:
        yield database


def test_values_in_the_clause_are_bound_beside_those_that_are_given(database: Database) -> None:
    with database.begin() as connection:
        ADD.run_all(connection, [{"name": "a", "value": 1}, {"name": "b", "value": 2}])

        assert RESET.run(connection, of="a") == 1
        assert RESET.run(connection, of="c") == 0

        assert ALL.rows(connection) == [("a", 9), ("b", 2)]
        assert ALL.column(connection) == ["a", "b"]


def test_what_is_not_there_is_none(database: Database) -> None:
    with database.begin() as connection:
        assert VALUE.row(connection, name="a") is None
        assert VALUE.value(connection, name="a") is None


def test_broken_rule_is_sqlalchemys_error_and_says_nothing_of_the_values(
    database: Database,
) -> None:
    with database.begin() as connection:
        ADD.run(connection, name="secret", value=1)

        for again in (
            lambda: ADD.run(connection, name="secret", value=1),
            lambda: ADD.run_all(connection, [{"name": "secret", "value": 1}]),
        ):
            with pytest.raises(IntegrityError) as refused:
                again()
            assert "secret" not in str(refused.value)


def test_parameter_that_is_missing_is_refused(database: Database) -> None:
    with database.begin() as connection, pytest.raises(DatabaseError):
        ADD.run(connection, name="a")


def test_database_that_refuses_is_a_storage_error(database: Database) -> None:
    with pytest.raises(StorageError, match="no such table"), database.read() as connection:
        Statement(text("SELECT 1 FROM nowhere")).value(connection)


def test_whoever_reads_sees_one_moment(database: Database) -> None:
    with database.read() as reading:
        assert cursor(reading, "a") == 0

        with database.begin() as writing:
            move_cursor(writing, "a", 1)

        assert cursor(reading, "a") == 0
    with database.read() as reading:
        assert cursor(reading, "a") == 1


def test_savepoint_undoes_what_failed_inside_and_nothing_else(database: Database) -> None:
    def innermost() -> None:
        with savepoint(connection):
            move_cursor(connection, "innermost", 1)
            raise ZeroDivisionError

    def inner() -> None:
        with savepoint(connection):
            move_cursor(connection, "inner", 1)
            with pytest.raises(ZeroDivisionError):
                innermost()
            assert ALL.column(connection) == ["before", "inner"]
            raise KeyError

    with database.begin() as connection:
        move_cursor(connection, "before", 1)
        with pytest.raises(KeyError):
            inner()
        move_cursor(connection, "after", 1)

    with database.read() as connection:
        assert ALL.column(connection) == ["after", "before"]
