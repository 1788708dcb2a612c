"""Somebody who stole a server's disk: reads the node's own files, without its keys.

The keyring lies outside the data volume, so a stolen volume has the boxes and not their key.
"""

import shutil
import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from demo.errors import DemoError
from demo.views import View

_SHOWN = 10


def of_thief(database: Path, *, height: int, secrets: Sequence[str]) -> View:
    """Return what the stolen files of `database` show of the own signal in block `height`.

    Args:
        database: the node's database; its write-ahead log is stolen too.
        height: the block whose row is looked at.
        secrets: what is searched for in every byte of the files.
    """
    with tempfile.TemporaryDirectory() as folder:
        stolen = [
            Path(shutil.copy(path, folder)) for path in database.parent.glob(f"{database.name}*")
        ]
        raw = b"".join(path.read_bytes() for path in stolen)
        row = _row(Path(folder) / database.name, height)
    hits = [raw.count(secret.encode()) for secret in secrets]
    lines = (
        f"{len(stolen)} files, {len(raw) // 1024} KiB",
        f"table signal, height {row['height']}",
        *(f"{name:10} {_blob(row[name])}" for name in row.keys() if name.endswith("_box")),  # noqa: SIM118
        f"request    {_blob(row['request_mac'])}",
        f"bsn in the files: {hits[0]} times",
        f"caseReference: {sum(hits[1:])} times",
        "the keys lie elsewhere",
    )
    return View("Thief, UWV's disk", lines, raw)


def _row(database: Path, height: int) -> sqlite3.Row:
    with closing(sqlite3.connect(database)) as connection:
        connection.row_factory = sqlite3.Row
        row = connection.execute("SELECT * FROM signal WHERE height = ?", (height,)).fetchone()
    if not isinstance(row, sqlite3.Row):
        raise DemoError("the stolen database has no such signal")
    return row


def _blob(raw: bytes) -> str:
    return f"{raw.hex()[:_SHOWN]}… {len(raw)} B"
