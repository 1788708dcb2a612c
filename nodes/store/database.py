"""The node's database: one SQLite file in WAL mode, every commit durable before it returns.

`synchronous=FULL` syncs the log at each commit; `secure_delete` overwrites what is deleted. All
writing goes through `Writer`; readers take their own connection and see the last commit.
"""

import sqlite3
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import ConnectionPoolEntry

from nodes.errors import ConfigurationError, StorageError
from nodes.store.statement import Statement

SCHEMA = "0006"
"""The newest migration; a database that has it needs no look at the others."""
_MIGRATIONS = Path(__file__).with_name("migrations")
_LOCK_SECONDS = 10
_PATIENCE_MS = 100
_BEGIN = Statement(text("BEGIN"))


class Database:
    """Opens `path` and brings its schema up to date."""

    def __init__(self, path: Path) -> None:
        """Create or migrate the file.

        Raises:
            ConfigurationError: it cannot be opened, or is of a newer version of this software.
        """
        self.path = path
        self._engine = create_engine(
            f"sqlite:///{path}",
            connect_args={"check_same_thread": False, "timeout": float(_LOCK_SECONDS)},
            # An error must not carry what was to be written.
            hide_parameters=True,
        )
        self._idle: deque[Connection] = deque()
        event.listen(self._engine, "connect", _configure)
        event.listen(self._engine, "begin", _begin)
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._migrate()
        except (OSError, DatabaseError) as cause:
            self.close()
            raise ConfigurationError(f"{path} cannot be opened as a database: {cause}") from cause
        except ConfigurationError:
            self.close()
            raise

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Yield a connection inside one transaction, committed at the end.

        Raises:
            StorageError: the disk is full or refuses; nothing was kept.
        """
        try:
            with self._taken() as connection, connection.begin():
                yield connection
        except DatabaseError as cause:
            raise StorageError(f"the database refuses: {cause.orig}") from cause

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Yield a connection that sees one moment's commits.

        Raises:
            StorageError: the file cannot be read.
        """
        try:
            with self._taken() as connection, connection.begin() as transaction:
                yield connection
                transaction.rollback()
        except DatabaseError as cause:
            raise StorageError(f"the database refuses: {cause.orig}") from cause

    @contextmanager
    def _taken(self) -> Iterator[Connection]:
        """Yield a connection that is kept open for the next, unless something goes wrong.

        To take one from the pool and give it back costs more than most of what is done with it.
        """
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._engine.connect()
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)

    def truncate_log(self) -> bool:
        """Move the write-ahead log into the file and empty it; tell whether nothing held it up.

        Raises:
            StorageError: the disk is full or refuses.
        """
        try:
            with self._engine.connect() as connection:
                plain = connection.execution_options(isolation_level="AUTOCOMMIT")
                # It waits for whoever reads, and whoever writes for it.
                plain.execute(text(f"PRAGMA busy_timeout={_PATIENCE_MS}"))
                try:
                    busy = plain.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).scalar_one()
                finally:
                    plain.execute(text(f"PRAGMA busy_timeout={1000 * _LOCK_SECONDS}"))
        except DatabaseError as cause:
            raise StorageError(f"the database refuses: {cause.orig}") from cause
        return not busy

    def close(self) -> None:
        """Close every connection."""
        while self._idle:
            self._idle.pop().close()
        self._engine.dispose()

    def _migrate(self) -> None:
        with self._engine.connect() as connection:
            names = connection.execute(text("SELECT name FROM sqlite_master")).scalars().all()
            if "alembic_version" in names:
                version = connection.execute(text("SELECT version_num FROM alembic_version"))
                if version.scalar() == SCHEMA:
                    return
        # Alembic is slow to import and needed once in a database's life.
        from alembic import command  # noqa: PLC0415
        from alembic.config import Config  # noqa: PLC0415
        from alembic.util import CommandError  # noqa: PLC0415

        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
        try:
            with self._engine.begin() as connection:
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
        except CommandError as cause:
            raise ConfigurationError(
                f"{self.path} was written by another version of this software: {cause}"
            ) from cause


def _configure(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
    del record
    # Transactions are begun below, by us: the driver would begin them too late for savepoints.
    if isinstance(connection, sqlite3.Connection):
        connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    _BEGIN.run(connection)
