"""What a signal takes: of the chain, and of the disk of its author, its custodian and another.

Disks are measured in whole pages of the database, its indexes and tree nodes included, without the
write-ahead log, which does not grow with the chain.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from bench.figure import Aim, Figure
from bench.figures.bulk import import_all
from bench.workshop import Workshop

_AIM_BYTES = 700
_HOLDERS = {"author": "uwv", "custodian": "bzk", "other": "svb"}


def measure(shop: Workshop) -> Iterator[Figure]:
    """Yield bytes a block, then bytes on disk by what the member is to the signal."""
    shop.show("weighing", 0)
    nodes, count = shop.nodes, shop.scale.imported
    databases = {role: nodes.members[name].database for role, name in _HOLDERS.items()}
    before = {role: _size(database) for role, database in databases.items()}
    import_all(nodes, ("uwv",), count)
    value = _block_bytes(databases["other"])
    yield Figure(
        "bytes a block", value, "B", aim=Aim("≤ 700 B", value <= _AIM_BYTES),
        note="a signal, as it stands on the chain",
    )  # fmt: skip
    for role, database in databases.items():
        yield Figure(
            f"bytes a signal, {role}", (_size(database) - before[role]) / count, "B",
            limit=value, limit_of="the block itself",
            ratio=(_size(database) - before[role]) / count / value, note=f"{count} signals",
        )  # fmt: skip


def _size(database: Path) -> int:
    pages = _ask(database, "PRAGMA page_count") - _ask(database, "PRAGMA freelist_count")
    return int(pages * _ask(database, "PRAGMA page_size"))


def _block_bytes(database: Path) -> float:
    return _ask(database, "SELECT avg(length(raw)) FROM block WHERE kind = 'signal'")


def _ask(database: Path, question: str) -> float:
    with closing(sqlite3.connect(database)) as connection:
        return float(connection.execute(question).fetchone()[0])
