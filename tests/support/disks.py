"""A disk that is full for as long as a test says."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from nodes.store.database import Database

_NO_MORE = 1
_ANY_NUMBER = 2**30


class FillableDatabase(Database):
    """A database whose file cannot grow while `is_full`: SQLite itself says so."""

    is_full = False

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """See `Database`."""
        with super().begin() as connection:
            # A limit below the present size is that size; room inside is used up, as on a disk.
            pages = _NO_MORE if self.is_full else _ANY_NUMBER
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
            yield connection
