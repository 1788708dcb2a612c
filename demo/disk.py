"""The files of a node's database, copied by somebody who has the disk and not the keys."""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Disk:
    """A copied database: how many `files`, every byte of them, and a connection to the copy."""

    files: int
    raw: bytes = field(repr=False)
    connection: sqlite3.Connection = field(repr=False)

    def rows(self, query: str, *parameters: object) -> list[sqlite3.Row]:
        """Return the rows that a query finds."""
        return self.connection.execute(query, parameters).fetchall()

    def count(self, table: str) -> int:
        """Return how many rows `table` has."""
        (row,) = self.rows(f'SELECT count(*) FROM "{table}"')  # noqa: S608 -- a name of ours
        return int(row[0])

    def boxes(self, query: str, *parameters: object) -> list[bytes]:
        """Return every value of bytes that a query finds."""
        values: list[Any] = [value for row in self.rows(query, *parameters) for value in row]
        return [value for value in values if isinstance(value, bytes)]


@contextmanager
def stolen(database: Path) -> Iterator[Disk]:
    """Yield a copy of `database`, its write-ahead log included; it is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        copies = [
            Path(shutil.copy(path, folder)) for path in database.parent.glob(f"{database.name}*")
        ]
        raw = b"".join(path.read_bytes() for path in copies)
        with closing(sqlite3.connect(Path(folder) / database.name)) as connection:
            connection.row_factory = sqlite3.Row
            yield Disk(len(copies), raw, connection)
