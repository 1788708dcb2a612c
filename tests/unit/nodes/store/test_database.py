import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from sqlmodel import SQLModel

from nodes.errors import ConfigurationError, InputError, StorageError
from nodes.store import tables
from nodes.store.chain import cursor, move_cursor
from nodes.store.database import SCHEMA, Database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(Database(tmp_path / "data" / "node.db")) as database:
        yield database


def test_every_commit_is_synced_and_what_is_deleted_is_overwritten(database: Database) -> None:
    with database.read() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "secure_delete", "foreign_keys")
        }

    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 2,
        "secure_delete": 1,
        "foreign_keys": 1,
    }


def test_the_migrations_make_the_tables_that_the_code_knows(database: Database) -> None:
    assert tables.BlockRow.metadata is SQLModel.metadata
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})

        assert compare_metadata(context, SQLModel.metadata) == []
        version = connection.exec_driver_sql("SELECT version_num FROM alembic_version")
        assert version.scalar_one() == SCHEMA


def test_a_database_is_found_again_as_it_was(tmp_path: Path) -> None:
    with closing(Database(tmp_path / "node.db")) as database, database.begin() as connection:
        move_cursor(connection, "a", 7)

    with closing(Database(tmp_path / "node.db")) as database, database.read() as connection:
        assert cursor(connection, "a") == 7


def test_the_folder_of_a_new_database_is_its_owners_alone(database: Database) -> None:
    assert database.path.parent.stat().st_mode & 0o777 == 0o700


def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "node.db"
    Database(path).close()
    with closing(sqlite3.connect(path)) as other:
        other.execute("UPDATE alembic_version SET version_num = '9999'")
        other.commit()

    with pytest.raises(ConfigurationError, match="another version of this software"):
        Database(path)


@pytest.mark.parametrize("content", [b"not a database at all, but long enough" * 100])
def test_a_file_that_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "node.db").write_bytes(content)

    with pytest.raises(ConfigurationError, match="cannot be opened as a database"):
        Database(tmp_path / "node.db")

    assert (tmp_path / "node.db").read_bytes() == content


def test_a_place_where_nothing_can_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(ConfigurationError, match="cannot be opened as a database"):
        Database(tmp_path / "file" / "node.db")


def test_what_raises_undoes_all_of_its_transaction(database: Database) -> None:
    def refuse() -> None:
        with database.begin() as connection:
            move_cursor(connection, "a", 1)
            raise InputError("no")

    with pytest.raises(InputError):
        refuse()

    with database.read() as connection:
        assert cursor(connection, "a") == 0


@pytest.mark.parametrize("way", ["begin", "read"])
def test_a_disk_that_refuses_is_a_storage_error_either_way(database: Database, way: str) -> None:
    refusal = OperationalError("SELECT 1", None, OSError("disk I/O error"))

    with pytest.raises(StorageError, match="disk I/O error"), getattr(database, way)():
        raise refusal


def test_an_error_does_not_repeat_what_was_to_be_written(database: Database) -> None:
    def write_twice() -> None:
        with database.begin() as connection:
            for _ in range(2):
                connection.exec_driver_sql("INSERT INTO cursor VALUES (?, ?)", ("secret", 1))

    with pytest.raises(StorageError) as refusal:
        write_twice()

    assert "secret" not in str(refusal.value)
    assert "secret" not in str(refusal.value.__cause__)


def test_the_log_is_emptied_once_no_reader_is_in_its_way(database: Database) -> None:
    # A busy file is waited for, and this reader does not go away meanwhile.
    event.listen(database._engine, "checkout", lambda raw, *_: raw.execute("PRAGMA busy_timeout=0"))
    with database.begin() as connection:
        move_cursor(connection, "a", 1)
    with database.read() as connection:
        cursor(connection, "a")
        assert not database.truncate_log()

    assert database.truncate_log()
    assert database.path.with_name("node.db-wal").stat().st_size == 0
