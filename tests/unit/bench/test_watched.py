"""Tables of watched locators that are made for measuring: as large, and as true, as they say."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bench import watched as made
from bench.errors import BenchError
from bench.watched import places, watched


def test_a_table_has_as_many_rows_as_asked_and_only_the_watched_ones_are_hit(
    tmp_path: Path,
) -> None:
    path = tmp_path / "watch.db"

    with watched(path, count=50, hits=3, progress=lambda _: None) as table:
        with table.database.begin() as connection:
            hits = [table.watch.probe(connection, place) for place in table.places]
            misses = [table.watch.probe(connection, place) for place in places(20)]
        with closing(sqlite3.connect(path)) as bare:
            (count,) = bare.execute("SELECT count(*) FROM watch").fetchone()
            boxes = {len(box) for (box,) in bare.execute("SELECT box FROM watch")}

    assert count == 50
    assert None not in hits
    assert set(misses) == {None}
    assert len(boxes) == 1


def test_nothing_of_a_table_is_left_afterwards(tmp_path: Path) -> None:
    with watched(tmp_path / "watch.db", count=5, hits=1, progress=lambda _: None):
        assert list(tmp_path.iterdir())

    assert list(tmp_path.iterdir()) == []


def test_a_table_that_would_fill_the_disk_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(made, "_ROW_BYTES", 2**60)

    with (
        pytest.raises(BenchError, match="no room"),
        watched(tmp_path / "watch.db", count=5, hits=1, progress=lambda _: None),
    ):
        pass
