"""What the SQLite file does beyond what every sequencer owes."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ledger.encoding import enc
from ledger.errors import MalformedError
from nodes.errors import ConfigurationError, SequencerError
from nodes.sequencer.embedded import EmbeddedSequencer
from nodes.sequencer.port import Batch


def rows(path: Path, *entries: bytes) -> None:
    """Write submissions as another process would that can write the file."""
    with closing(sqlite3.connect(path)) as file:
        for raw in entries:
            file.execute("INSERT INTO submission(entries) VALUES (?)", (raw,))
        file.commit()


def follow(path: Path, *, until: int, after: int = 0) -> list[Batch]:
    """Return the batches up to position `until`."""
    batches: list[Batch] = []

    async def scenario() -> None:
        with closing(EmbeddedSequencer(path)) as sequencer:
            done = asyncio.Event()

            async def take(batch: Batch) -> None:
                batches.append(batch)
                if batch.position >= until:
                    done.set()

            running = asyncio.create_task(sequencer.run(take, after=after))
            waiting = asyncio.create_task(done.wait())
            async with asyncio.timeout(60):
                await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            if running.done():
                running.result()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    asyncio.run(scenario())
    return batches


@pytest.fixture
def path(tmp_path: Path) -> Path:
    EmbeddedSequencer(tmp_path / "order.db").close()
    return tmp_path / "order.db"


def test_every_submission_is_synced(path: Path) -> None:
    with closing(EmbeddedSequencer(path)) as sequencer:
        assert sequencer._file.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert sequencer._file.execute("PRAGMA synchronous").fetchone() == (2,)


def test_small_submissions_come_together_up_to_64_entries(path: Path) -> None:
    rows(path, *(enc(*[b"e"] * 30) for _ in range(5)))

    batches = follow(path, until=5)

    assert [(b.position, len(b.entries)) for b in batches] == [(2, 60), (4, 60), (5, 30)]


def test_a_submission_too_many_for_one_batch_comes_alone_and_whole(path: Path) -> None:
    rows(path, enc(b"first"), enc(*[b"e"] * 100), enc(b"last"))

    batches = follow(path, until=3)

    assert [len(b.entries) for b in batches] == [1, 100, 1]


@pytest.mark.parametrize("count", [1, 2])
def test_a_submission_of_nothing_holds_up_nobody(path: Path, count: int) -> None:
    rows(path, *[b""] * count)

    batches = follow(path, until=count)

    assert [(b.position, b.entries) for b in batches] == [(count, ())]


def test_a_row_that_makes_no_sense_ends_the_run_with_a_reason(path: Path) -> None:
    rows(path, enc(b"good"), b"\xff\xff\xff\xff")

    with pytest.raises(MalformedError, match="runs past the end"):
        follow(path, until=2)


@pytest.mark.parametrize("content", [None, b"no database, but long enough to look" * 50])
def test_a_file_that_cannot_be_the_order_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "order.db"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)

    with pytest.raises(ConfigurationError, match="cannot be opened as the order"):
        EmbeddedSequencer(path)


def test_an_order_that_cannot_be_read_or_written_says_so(path: Path) -> None:
    sequencer = EmbeddedSequencer(path)
    sequencer.close()

    with pytest.raises(SequencerError, match="cannot be read"):
        sequencer.head()
    with pytest.raises(SequencerError, match="refuses"):
        asyncio.run(sequencer.submit([b"e"]))


def test_an_order_shorter_than_what_was_applied_says_what_to_do(path: Path) -> None:
    rows(path, enc(b"e"))

    with pytest.raises(SequencerError, match="point `order` at the file"):
        follow(path, until=2, after=2)
