"""A search for BSNs in everything that lies in a folder, in every form in which one could leak.

decimal          999900006                      and in UTF-16, either byte order
hex              of the digits (39 39 …), and of the number where it stands alone
base64           of the digits, at each of the three offsets
8 bytes          the number, either byte order
column integer   the value of a column of any table, also in a write-ahead log

Four packed bytes are not looked for: in megabytes of ciphertext they turn up by chance.
"""

import base64
import math
import re
import shutil
import sqlite3
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from ledger.bsn import Bsn

_SQLITE = b"SQLite format 3\0"
# A digest or an id holds any eight hex digits sooner or later; a number in hex stands alone.
_LONE_HEX = re.compile(rb"(?<![0-9A-Fa-f])0{0,8}([0-9A-Fa-f]{8})(?![0-9A-Fa-f])")


class Hit(NamedTuple):
    """A BSN in the file at `path`; `form` says how, and no more, since a report is read too."""

    path: Path
    form: str


def forms(bsn: Bsn) -> Iterator[tuple[str, bytes]]:
    """Yield each form of `bsn` that is found by its bytes, with its name."""
    digits, number = bsn.digits.encode(), int(bsn.digits)
    yield "decimal", digits
    for order in ("le", "be"):
        yield f"UTF-16 {order}", bsn.digits.encode(f"utf-16-{order}")
    yield "hex of the digits", digits.hex().encode()
    for offset in range(3):
        yield f"base64 at offset {offset}", _base64_within(digits, offset)
    yield "8 bytes, big-endian", number.to_bytes(8, "big")
    yield "8 bytes, little-endian", number.to_bytes(8, "little")


def _base64_within(digits: bytes, offset: int) -> bytes:
    """Return the characters that `digits` give wherever they stand in a text of that offset."""
    encoded = base64.b64encode(bytes(offset) + digits + bytes(-(offset + len(digits)) % 3))
    # A character of six bits belongs to them only if all six do.
    return encoded[math.ceil(offset * 8 / 6) : (offset + len(digits)) * 8 // 6]


class Scanner:
    """Looks for any of `bsns`."""

    def __init__(self, bsns: Iterable[Bsn]) -> None:
        """Sort the needles by form: all of one have the same length, and nearly the same start."""
        self._needles: dict[str, set[bytes]] = defaultdict(set)
        self._numbers: set[int] = set()
        for bsn in bsns:
            self._numbers.add(int(bsn.digits))
            for form, needle in forms(bsn):
                self._needles[form].add(needle)
        self._lone_hex = {b"%08x" % number for number in self._numbers}

    def folder(self, folder: Path) -> list[Hit]:
        """Return every hit in the files under `folder`."""
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        return [hit for path in files for hit in self.file(path)]

    def file(self, path: Path) -> list[Hit]:
        """Return every hit in the file at `path`, one for each form."""
        raw = path.read_bytes()
        found = [Hit(path, form) for form in self.text(raw)]
        if raw.startswith(_SQLITE) and self._is_in_columns(path):
            found.append(Hit(path, "column integer"))
        return found

    def text(self, raw: bytes) -> list[str]:
        """Return the forms in which any BSN stands in `raw`."""
        found = [form for form, needles in self._needles.items() if _holds(raw, needles)]
        if any(match[1].lower() in self._lone_hex for match in _LONE_HEX.finditer(raw)):
            found.append("hex of the number")
        return found

    def _is_in_columns(self, path: Path) -> bool:
        # On copies: to read a write-ahead log, SQLite writes beside it.
        with tempfile.TemporaryDirectory() as folder:
            for part in path.parent.glob(f"{path.name}*"):
                shutil.copy(part, folder)
            with closing(sqlite3.connect(Path(folder) / path.name)) as connection:
                tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
                return any(self._is_in_table(connection, name) for (name,) in tables.fetchall())

    def _is_in_table(self, connection: sqlite3.Connection, table: str) -> bool:
        for row in connection.execute(f'SELECT * FROM "{table}"'):
            for value in row:
                if isinstance(value, int | float) and value in self._numbers:
                    return True
        return False


def _holds(raw: bytes, needles: set[bytes]) -> bool:
    """Tell whether any of `needles`, all of one length, stands in `raw`.

    What they share at one end is searched for; only where that is found are they compared.
    """
    length = len(next(iter(needles)))
    start, end = _shared(needles), _shared({needle[::-1] for needle in needles})[::-1]
    shared, before = (start, 0) if len(start) >= len(end) else (end, length - len(end))
    at = raw.find(shared, before)
    while at >= 0:
        if raw[at - before : at - before + length] in needles:
            return True
        at = raw.find(shared, at + 1)
    return False


def _shared(needles: set[bytes]) -> bytes:
    """Return the start that all have in common: what the first and the last of them have."""
    first, last = min(needles), max(needles)
    length = next((i for i, (a, b) in enumerate(zip(first, last, strict=True)) if a != b), None)
    return first[:length]
