"""A node's own table of watched locators with as many rows as asked, on a real file.

Nearly all rows are made in bulk, in the order of their keys, as random as a node's and of the same
size, but they open to nothing: only a miss looks at them. Those that are to be hit are watched as
a node watches them.
"""

import secrets
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from bench.errors import BenchError
from nodes.store.database import Database
from nodes.store.vault import Vault
from nodes.store.watch import Place, Watch

AUTHOR = "svb"
_LOCATOR_BYTES = 16
_KEY_SPACE = 2**64
_KEY_REST_BYTES = 8
_PRESENCE_BYTES = 32
_BOX_BYTES = 24 + _PRESENCE_BYTES + 16
_ROW_BYTES = 110
_ROOM = 3
_PART = 20_000
_SEED = 9497


@dataclass(frozen=True)
class Watched:
    """A table of `count` rows, and places in it that are watched."""

    count: int
    database: Database
    watch: Watch
    places: Sequence[Place]


def places(count: int) -> list[Place]:
    """Return places that look like a locate item's; nobody watches them."""
    return [(AUTHOR, secrets.token_bytes(_LOCATOR_BYTES)) for _ in range(count)]


@contextmanager
def watched(
    path: Path, *, count: int, hits: int, progress: Callable[[int], None]
) -> Iterator[Watched]:
    """Yield a table of `count` rows, `hits` of them watched by a node; its file goes afterwards.

    Raises:
        BenchError: the disk has no room for three times as much.
    """
    if shutil.disk_usage(path.parent).free < _ROOM * count * _ROW_BYTES:
        raise BenchError(f"no room for {count:,} watched locators on this disk")
    try:
        # It makes the tables.
        Database(path).close()
        _fill(path, count - hits, progress)
        database = Database(path)
        try:
            watch = Watch(Vault(box_key=bytes(32), mac_key=bytes(32)), index_key=bytes(32))
            real = places(hits)
            with database.begin() as connection:
                for place in real:
                    presence = secrets.token_bytes(_PRESENCE_BYTES)
                    watch.add(connection, [place], presence=presence)
            yield Watched(count, database, watch, real)
        finally:
            database.close()
    finally:
        for file in path.parent.glob(f"{path.name}*"):
            file.unlink()


def _fill(path: Path, count: int, progress: Callable[[int], None]) -> None:
    rows = _rows(count)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        # What is lost with the machine is made again: neither a log nor a sync is needed.
        connection.execute("PRAGMA journal_mode=OFF")
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("BEGIN")
        for done in range(0, count, _PART):
            progress(done)
            part = (next(rows) for _ in range(min(_PART, count - done)))
            connection.executemany("INSERT INTO watch VALUES (?, ?)", part)
        connection.execute("COMMIT")


def _rows(count: int) -> Iterator[tuple[bytes, bytes]]:
    random = Random(_SEED)  # noqa: S311 -- they stand for HMACs and ciphertext, and hide nothing
    apart = _KEY_SPACE // max(count, 1)
    for index in range(count):
        first = index * apart + random.randrange(apart)
        key = first.to_bytes(_KEY_REST_BYTES, "big") + random.randbytes(_KEY_REST_BYTES)
        yield key, random.randbytes(_BOX_BYTES)
