"""What lies on a node's disk: every cell of a table, and every byte of its database's files."""

from pathlib import Path

from sqlalchemy import text

from nodes.store.database import Database


def on_disk(database: Database) -> bytes:
    """Return the bytes of the database and of its write-ahead log, as a thief would find them."""
    folder = database.path.parent
    return b"".join(path.read_bytes() for path in sorted(folder.glob(f"{database.path.name}*")))


def at_rest(database: Database) -> bytes:
    """Return the bytes of the database once its write-ahead log was emptied into it."""
    assert database.truncate_log()
    return on_disk(database)


def cells(database: Database, table: str) -> list[bytes]:
    """Return every value in a table as bytes, those of one column beside those of another."""
    with database.read() as connection:
        rows = connection.execute(text(f'SELECT * FROM "{table}"')).all()
    return [_raw(value) for row in rows for value in row]


def schema(database: Database, table: str) -> str:
    """Return the statement that made a table."""
    query = text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :name")
    with database.read() as connection:
        return str(connection.execute(query, {"name": table}).scalar_one())


def swap(database: Database, table: str, column: str = "box") -> None:
    """Exchange what two rows of a table hold in a column, as whoever has the file can."""
    with database.begin() as connection:
        rows = connection.execute(text(f"SELECT key, {column} FROM {table}")).all()
        (first, its), (second, other) = rows
        for key, value in ((first, other), (second, its)):
            connection.execute(
                text(f"UPDATE {table} SET {column} = :value WHERE key = :key"),
                {"key": key, "value": value},
            )


def move(database: Database, *, source: str, target: str) -> None:
    """Put the box of a table's one row into the one row of another table."""
    with database.begin() as connection:
        box = connection.execute(text(f"SELECT box FROM {source}")).scalar_one()
        connection.execute(text(f"UPDATE {target} SET box = :box"), {"box": box})


def _raw(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def folder_of(database: Database) -> Path:
    """Return where the database's files lie."""
    return database.path.parent
