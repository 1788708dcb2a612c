"""The search for BSNs finds each form in which one could leak; so finding none says something."""

import base64
import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ledger.bsn import Bsn
from tests.support.scan import Scanner

BSN = Bsn("999912343")
NUMBER = int(BSN.digits)
DIGITS = BSN.digits.encode()
OTHERS = [Bsn("999900006"), Bsn("999999990")]
SCANNER = Scanner([*OTHERS, BSN])

PLANTED = {
    "decimal": DIGITS,
    "UTF-16 le": BSN.digits.encode("utf-16-le"),
    "UTF-16 be": BSN.digits.encode("utf-16-be"),
    "hex of the digits": DIGITS.hex().encode(),
    "hex of the number": b"0x%x," % NUMBER,
    "8 bytes, big-endian": NUMBER.to_bytes(8, "big"),
    "8 bytes, little-endian": NUMBER.to_bytes(8, "little"),
    **{
        f"base64 at offset {at}": base64.b64encode(b"\xff" * (6 + at) + DIGITS + b"\xff\xff")
        for at in range(3)
    },
}


@pytest.mark.parametrize("form", PLANTED)
def test_a_number_is_found_in_every_form_amid_other_bytes(form: str, tmp_path: Path) -> None:
    noise = random.Random(1).randbytes(5000)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file").write_bytes(noise + b"\n" + PLANTED[form] + b"\n" + noise)

    hits = SCANNER.folder(tmp_path)

    assert form in [hit.form for hit in hits]


@pytest.mark.parametrize("form", PLANTED)
def test_a_number_at_the_very_end_of_a_file_is_found(form: str) -> None:
    assert form in SCANNER.text(b"x" * 20 + PLANTED[form])


@pytest.mark.parametrize("form", PLANTED)
def test_a_number_after_near_misses_is_found(form: str) -> None:
    near = PLANTED[form][:-1] * 3 + b"\n"

    assert form in SCANNER.text(near + PLANTED[form])


def test_nothing_is_found_in_noise_and_in_numbers_of_nobody_sought() -> None:
    noise = random.Random(2).randbytes(200_000)
    strangers = b" 999912344 3b99744b " + noise.hex().encode()

    assert SCANNER.text(noise + strangers) == []


def test_hex_digits_within_a_longer_digest_are_chance() -> None:
    assert SCANNER.text(b"a" + b"%x" % NUMBER + b"0123") == []


@pytest.mark.parametrize("column", ["n INTEGER", "n REAL", "n"])
def test_a_number_in_a_column_is_found_though_its_bytes_are_four(
    column: str, tmp_path: Path
) -> None:
    path = tmp_path / "node.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"CREATE TABLE t(a TEXT, {column})")
        connection.execute("INSERT INTO t VALUES ('x', ?)", (NUMBER,))

    assert [hit.form for hit in SCANNER.folder(tmp_path)] == ["column integer"]


def test_a_number_in_a_write_ahead_log_only_is_found_as_column_and_as_bytes(
    tmp_path: Path,
) -> None:
    live, kept = tmp_path / "live", tmp_path / "kept"
    live.mkdir()
    with closing(sqlite3.connect(live / "node.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE t(n INTEGER, text TEXT)")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("INSERT INTO t VALUES (?, ?)", (NUMBER, BSN.digits))
        shutil.copytree(live, kept)

    hits = SCANNER.folder(kept)

    assert {(hit.path.name, hit.form) for hit in hits} == {
        ("node.db", "column integer"),
        ("node.db-wal", "decimal"),
    }


def test_a_database_without_numbers_is_clean(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "node.db", isolation_level=None)) as connection:
        connection.execute("CREATE TABLE t(n INTEGER, b BLOB, x)")
        connection.execute("INSERT INTO t VALUES (1, ?, NULL)", (bytes(100),))

    assert SCANNER.folder(tmp_path) == []


def test_a_report_does_not_repeat_the_number(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(DIGITS)

    assert BSN.digits not in repr(SCANNER.folder(tmp_path))
