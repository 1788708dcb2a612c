"""The byte that the last scene changes, and what a thief finds, are what is said of them."""

import io
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from demo.errors import DemoError
from demo.scenes.tamper import middle
from demo.thief import of_match_thief, of_thief
from ledger.export import ExportReader, encode_export

SECRETS = ["999900006", "WP-2026-00001"]


def test_the_changed_byte_stands_in_the_block_that_is_named() -> None:
    raw = b"".join(encode_export([bytes([n]) * (90 + n) for n in range(9)], lambda: b"end"))

    height, at = middle(raw)

    blocks = blocks_of(raw)
    assert len(blocks) == 9
    changed = blocks_of(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :])
    assert [h for h in range(len(blocks)) if blocks[h] != changed[h]] == [height]


def blocks_of(raw: bytes) -> list[bytes]:
    return list(ExportReader(io.BytesIO(raw).read).blocks())


def steal(path: Path, person: bytes) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute(
        "CREATE TABLE signal(height INTEGER, case_box BLOB, person_box BLOB, request_mac BLOB)"
    )
    connection.execute("INSERT INTO signal VALUES (5, x'0102', ?, x'03')", (person,))
    return connection


def test_a_thief_finds_a_number_that_was_not_encrypted_even_in_the_write_ahead_log(
    tmp_path: Path,
) -> None:
    with closing(steal(tmp_path / "node.db", b"xx999900006")):
        view = of_thief(tmp_path / "node.db", height=5, secrets=SECRETS)

    assert "bsn in the files: 1 times" in view.lines
    assert b"999900006" in view.saw


def test_a_thief_finds_no_number_in_a_box(tmp_path: Path) -> None:
    with closing(steal(tmp_path / "node.db", b"\x8f" * 40)):
        view = of_thief(tmp_path / "node.db", height=5, secrets=SECRETS)

    assert "bsn in the files: 0 times" in view.lines
    assert "person_box 8f8f8f8f8f… 40 B" in view.lines


def test_a_thief_of_another_database_finds_no_such_signal(tmp_path: Path) -> None:
    with closing(steal(tmp_path / "node.db", b"")), pytest.raises(DemoError, match="no such"):
        of_thief(tmp_path / "node.db", height=6, secrets=SECRETS)


MATCH_ID = bytes(range(16))


def watch(path: Path, *, box: object = b"\x8f" * 40) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    for table in ("presence", "watch", "match", "match_index", "case_file"):
        connection.execute(f"CREATE TABLE {table}(key BLOB, box)")
    connection.execute("INSERT INTO match VALUES (x'0102', ?)", (box,))
    return connection


def test_a_thief_counts_matches_and_reads_none(tmp_path: Path) -> None:
    with closing(watch(tmp_path / "node.db")):
        view = of_match_thief(tmp_path / "node.db", secrets=[MATCH_ID, b"WP-1"])

    assert "match         1  8f8f8f8f8f…" in view.lines
    assert "watch         0  " in view.lines
    assert view.is_as_promised


@pytest.mark.parametrize("box", [b"xx" + MATCH_ID, b"WP-1", "in plain text", 5])
def test_a_thief_who_reads_anything_of_a_match_is_not_as_promised(
    box: object, tmp_path: Path
) -> None:
    with closing(watch(tmp_path / "node.db", box=box)):
        view = of_match_thief(tmp_path / "node.db", secrets=[MATCH_ID, b"WP-1"])

    assert not view.is_as_promised
