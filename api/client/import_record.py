"""The record of an import: what was sent under which key, so that a run can be taken up again.

Beside the file that is posted, in `<file>.progress`, JSON lines that are only ever added:

    {"format": "signaalketen/import/v1", "import": <32 hex>, "url": "https://…"}
    {"batch": 0, "lines": [1, 2, 4], "tag": "9f3a"}                     about to be sent
    {"batch": 0, "posted": {"1": <local id>, "4": …}, "tag": "07c1"}    answered; line 2 was refused

A batch is written down durably before it is sent, so its key `<import>-<batch>` is never lost, and
a batch without an answer is sent again under that key: the node then posts nothing twice. A line
of an answered batch that is not among its posted ones is free to be sent again.

A tag tells whether these lines are still the same: the first two bytes of a hash over them. That
is enough to notice that lines moved, and too little to confirm a guess at a person on one.
"""

import fcntl
import json
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from api.client.errors import ImportRecordError
from ledger.encoding import enc, sha256

FORMAT = "signaalketen/import/v1"
_TAG_BYTES = 2


@dataclass(frozen=True, slots=True)
class Batch:
    """The `lines` that go under one key, by number."""

    number: int
    lines: tuple[int, ...]
    tag: str


class ImportRecord:
    """What became of a file's lines so far; one run at a time has it open."""

    def __init__(self, path: Path, *, url: str) -> None:
        """Open or begin the record in `path` of an import to the node at `url`.

        Raises:
            ImportRecordError: another run has it open, it is of another node, or no record.
            OSError: it cannot be read or written.
        """
        self.path = path
        self.in_flight: dict[int, Batch] = {}
        self.posted: dict[int, str] = {}
        self._answered: list[Batch] = []
        self._next = 0
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self._file = os.fdopen(handle, "r+b")
        try:
            self._lock()
            self._load(url)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        """Return the record; it closes at the end."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        cause: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let another run have it."""
        self._file.close()

    def key(self, batch: Batch) -> str:
        """Return the Idempotency-Key of a batch."""
        return f"{self._import}-{batch.number}"

    def begin(self, lines: Mapping[int, bytes]) -> Batch:
        """Write down durably that `lines` are about to be sent as one batch."""
        numbers = tuple(lines)
        batch = Batch(self._next, numbers, self._tag(list(lines.values())))
        self._append({"batch": batch.number, "lines": numbers, "tag": batch.tag})
        self._take_begun(batch)
        return batch

    def answer(self, batch: Batch, posted: Mapping[int, str], lines: Mapping[int, bytes]) -> None:
        """Write down the answer to a batch: the local id of each line that was posted."""
        tag = self._tag([lines[number] for number in posted])
        self._append({"batch": batch.number, "posted": posted, "tag": tag})
        self._take_answered(batch.number, dict(posted), tag)

    def verify_unmoved(self, lines: Mapping[int, bytes]) -> None:
        """Check that every line which was or may be posted still stands where it stood.

        Raises:
            ImportRecordError: one does not; sending on could post a signal twice.
        """
        for batch in self._answered:
            if not self._is_same(batch, lines):
                raise ImportRecordError(
                    f"lines {_span(batch)} are posted, and another text stands there now. Keep "
                    "posted lines where they are; correct refused lines in place, or empty them, "
                    "and add new ones at the end"
                )
        for batch in self.in_flight.values():
            if not self._is_same(batch, lines):
                raise ImportRecordError(
                    f"lines {_span(batch)} were being sent when the last run stopped, and have "
                    "changed since. Put them back as they were and run again; change them after"
                )

    def _is_same(self, batch: Batch, lines: Mapping[int, bytes]) -> bool:
        if not all(number in lines for number in batch.lines):
            return False
        return self._tag([lines[number] for number in batch.lines]) == batch.tag

    def _tag(self, lines: Sequence[bytes]) -> str:
        return sha256(enc(self._import, *lines))[:_TAG_BYTES].hex()

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as cause:
            raise ImportRecordError(
                f"another run is posting this file ({self.path} is in use): let it end"
            ) from cause

    def _load(self, url: str) -> None:
        raw = self._file.read()
        # What a crash cut off was not acted upon yet: it is as if never written.
        whole = raw[: raw.rfind(b"\n") + 1]
        self._file.truncate(len(whole))
        first, *rest = whole.split(b"\n")[:-1] or [b""]
        if not first:
            self._import = secrets.token_hex(16)
            self._append({"format": FORMAT, "import": self._import, "url": url})
            return
        try:
            head = json.loads(first)
            if head["format"] != FORMAT:
                raise self._no_record()
            self._import, begun_at = str(head["import"]), str(head["url"])
            for line in rest:
                self._take(json.loads(line))
        except (ValueError, KeyError, TypeError, AttributeError) as cause:
            raise self._no_record() from cause
        if begun_at != url:
            raise ImportRecordError(
                f"this file was begun at {begun_at}: post the rest there too, since only that "
                "node knows what it has already"
            )

    def _take(self, row: dict[str, Any]) -> None:
        number, tag = int(row["batch"]), str(row["tag"])
        if "lines" in row:
            self._take_begun(Batch(number, tuple(map(int, row["lines"])), tag))
        else:
            posted = {int(line): str(local_id) for line, local_id in row["posted"].items()}
            self._take_answered(number, posted, tag)

    def _take_begun(self, batch: Batch) -> None:
        self.in_flight[batch.number] = batch
        self._next = batch.number + 1

    def _take_answered(self, number: int, posted: dict[int, str], tag: str) -> None:
        del self.in_flight[number]
        self.posted |= posted
        if posted:
            self._answered.append(Batch(number, tuple(posted), tag))

    def _append(self, row: Mapping[str, object]) -> None:
        self._file.write(json.dumps(row, separators=(",", ":")).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def _no_record(self) -> ImportRecordError:
        return ImportRecordError(f"{self.path} is not the record of an import: move it away")


def _span(batch: Batch) -> str:
    first, last = min(batch.lines), max(batch.lines)
    return str(first) if first == last else f"{first} to {last}"
