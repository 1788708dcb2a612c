"""Somebody who stole a server's disk: reads the node's own files, without its keys.

The keyring lies outside the data volume, so a stolen volume has the boxes and not their key.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from demo.disk import Disk, stolen
from demo.errors import DemoError
from demo.views import View

_SHOWN = 10
_MATCHING = ("presence", "watch", "match", "match_index", "case_file")


def of_thief(database: Path, *, height: int, secrets: Sequence[str]) -> View:
    """Return what the stolen files of `database` show of the own signal in block `height`.

    Args:
        database: the node's database; its write-ahead log is stolen too.
        height: the block whose row is looked at.
        secrets: what is searched for in every byte of the files.
    """
    with stolen(database) as disk:
        row = _signal(disk, height)
    hits = [disk.raw.count(secret.encode()) for secret in secrets]
    lines = (
        _size(disk),
        f"table signal, height {row['height']}",
        *(f"{name:10} {_blob(row[name])}" for name in row.keys() if name.endswith("_box")),  # noqa: SIM118
        f"request    {_blob(row['request_mac'])}",
        f"bsn in the files: {hits[0]} times",
        f"caseReference: {sum(hits[1:])} times",
        "the keys lie elsewhere",
    )
    return View("Thief, UWV's disk", lines, disk.raw)


def of_match_thief(database: Path, *, secrets: Sequence[bytes]) -> View:
    """Return what the stolen files of SVB's `database` show of its match: rows of boxes.

    Args:
        database: the node's database; its write-ahead log is stolen too.
        secrets: what is searched for in every byte of the files.
    """
    lines = []
    is_boxed = True
    with stolen(database) as disk:
        for table in _MATCHING:
            rows = disk.rows(f'SELECT * FROM "{table}"')  # noqa: S608 -- a name of ours
            shown = _start(rows[0]["box"]) if rows else ""
            lines.append(f"{table:11} {len(rows):3}  {shown}")
            is_boxed &= all(isinstance(value, bytes) for row in rows for value in tuple(row))
    hits = sum(disk.raw.count(secret) for secret in secrets)
    lines += [f"bsn, reference, match id: {hits}", "a match: of whom? with whom?"]
    return View(
        "Thief, SVB's disk",
        (_size(disk), *lines),
        disk.raw,
        is_as_promised=is_boxed and not hits,
    )


def _size(disk: Disk) -> str:
    return f"{disk.files} files, {len(disk.raw) // 1024} KiB"


def _signal(disk: Disk, height: int) -> sqlite3.Row:
    rows = disk.rows("SELECT * FROM signal WHERE height = ?", height)
    if not rows:
        raise DemoError("the stolen database has no such signal")
    return rows[0]


def _start(value: object) -> str:
    return f"{value.hex() if isinstance(value, bytes) else value}"[:_SHOWN] + "…"


def _blob(raw: bytes) -> str:
    return f"{raw.hex()[:_SHOWN]}… {len(raw)} B"
