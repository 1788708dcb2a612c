"""The embedded sequencer: a SQLite file that the nodes of one machine share.

For development, demo and tests. A submission is a row, its position the order; a commit is durable
(WAL, synchronous=FULL). It promises nothing between parties that distrust each other: whoever can
write the file can withhold or reorder what is not yet applied, though never forge an entry.

    submission(position INTEGER PRIMARY KEY, entries BLOB)      entries as `ledger.encoding.enc`
"""

import asyncio
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from ledger.encoding import enc, split_enc
from nodes.errors import ConfigurationError, SequencerError
from nodes.sequencer.port import MAX_SUBMISSION, Apply, Batch

_READ_ENTRIES = 64


class EmbeddedSequencer:
    """A `Sequencer` over the file at `path`."""

    def __init__(self, path: Path, *, poll_seconds: float = 0.005) -> None:
        """Open or create the file; look for others' submissions every `poll_seconds`."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = sqlite3.connect(path, timeout=10.0, isolation_level=None)
            self._file.execute("PRAGMA journal_mode=WAL")
            self._file.execute("PRAGMA synchronous=FULL")
            self._file.execute(
                "CREATE TABLE IF NOT EXISTS submission"
                "(position INTEGER PRIMARY KEY, entries BLOB NOT NULL)"
            )
        except (OSError, sqlite3.Error) as cause:
            raise ConfigurationError(f"{path} cannot be opened as the order: {cause}") from cause
        self._poll_seconds = poll_seconds
        self._is_woken = False
        self._pausing: asyncio.Future[None] | None = None

    async def submit(self, entries: Sequence[bytes]) -> None:
        """Append one submission; see `Sequencer`."""
        if not 1 <= len(entries) <= MAX_SUBMISSION:
            raise SequencerError(f"a submission holds 1 to {MAX_SUBMISSION} entries")
        try:
            self._file.execute("INSERT INTO submission(entries) VALUES (?)", (enc(*entries),))
        except sqlite3.Error as cause:
            raise SequencerError(f"the order refuses: {cause}") from cause
        self._is_woken = True
        if self._pausing is not None:
            _let_go(self._pausing)

    async def run(self, apply: Apply, *, after: int) -> None:
        """Follow the order; see `Sequencer`."""
        if after > self.head():
            raise SequencerError(
                "sequencer-behind: the order holds less than this node has applied; "
                "point `order` at the file that the consortium shares"
            )
        while True:
            self._is_woken = False
            seen = self._version()
            while (batch := self._next(after)) is not None:
                await apply(batch)
                after = batch.position
            while not self._is_woken and self._version() == seen:
                await self._pause()

    def head(self) -> int:
        """Return the newest position; see `Sequencer`."""
        try:
            newest = self._file.execute("SELECT max(position) FROM submission").fetchone()[0]
        except sqlite3.Error as cause:
            raise SequencerError(f"the order cannot be read: {cause}") from cause
        return int(newest or 0)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _next(self, after: int) -> Batch | None:
        """Return as many submissions behind `after` as make up to 64 entries, one at least."""
        rows = self._file.execute(
            "SELECT position, entries FROM submission WHERE position > ? ORDER BY position LIMIT ?",
            (after, _READ_ENTRIES),
        )
        position, entries = after, list[bytes]()
        for at, raw in rows:
            more = split_enc(raw)
            if entries and len(entries) + len(more) > _READ_ENTRIES:
                break
            position, entries = at, entries + more
        return Batch(position, tuple(entries)) if position > after else None

    def _version(self) -> int:
        """Return a number that changes when another connection has committed."""
        return int(self._file.execute("PRAGMA data_version").fetchone()[0])

    async def _pause(self) -> None:
        # By hand: hundreds of times a second a timeout and an event cost a tenth of a core.
        loop = asyncio.get_running_loop()
        self._pausing = loop.create_future()
        timer = loop.call_later(self._poll_seconds, _let_go, self._pausing)
        try:
            await self._pausing
        finally:
            timer.cancel()


def _let_go(pausing: asyncio.Future[None]) -> None:
    if not pausing.done():
        pausing.set_result(None)
