"""The audit of a member's own logbook against what it committed to on the ledger, hour by hour.

A record that is missing, changed or added, an hour whose entry does not say what is kept of it, and
one that has no entry two hours after it ended, are findings that name the hour. Nothing is changed.
"""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection

from ledger.audit import Finding
from ledger.body import Share
from ledger.consortium import Consortium
from ledger.errors import LedgerError, VerificationError
from ledger.logbook import LoggedHours, LogRecord, hour_of, hour_text
from nodes.logkeeper import KIND
from nodes.store.logbook import KeptHours, Logs, hours_in

_LATE_HOURS = 2
_HOUR_MILLISECONDS = 3_600_000
_NO_END = 2**62


class LogAudit:
    """Holds the log of `member` against the chain."""

    def __init__(self, *, member: str, logs: Logs) -> None:
        """Check nothing yet."""
        self._member = member
        self._logs = logs

    def check(
        self, connection: Connection, *, size: int, document: Consortium, now: datetime
    ) -> Iterator[Finding]:
        """Yield what does not hold of the log, by the first `size` blocks.

        Records older than the retention of `document` may be gone.
        """
        days = document.retention.get(KIND)
        gone_before = 0 if days is None else hour_of(now) - 24 * days
        stated = self._logs.on_chain(connection, author=self._member, size=size)
        before: LoggedHours | None = None
        end = 1
        for kept in self._logs.all_hours(connection):
            height = stated.pop(kept.signed.id, None)
            if height is None and kept.height is not None:
                # Above what is audited; or the chain is another, which is a finding elsewhere.
                height = kept.height
            try:
                hours = _read(kept, before)
            except LedgerError as cause:
                yield _finding(height, f"what is kept of an hour: {cause}")
                before = None
                continue
            before, end = hours, max(end, hours.end)
            if height is None and hour_of(now) - hours.last_hour > _LATE_HOURS:
                yield _finding(None, f"the entry of {hours} is not on the chain")
            yield from self._check_hours(connection, hours, height, gone_before=gone_before)
        for height in sorted(stated.values()):
            yield _finding(height, "nothing is kept of the hour of this entry")
        yield from self._check_open(connection, start=end, now=now)

    def _check_hours(
        self, connection: Connection, hours: LoggedHours, height: int | None, *, gone_before: int
    ) -> Iterator[Finding]:
        found = list(self._logs.boxes(connection, start=hours.first, end=hours.end))
        # The newest of all is kept: its number must not be given again.
        if hours.last_hour < gone_before and len(found) <= 1:
            return
        try:
            hours.verify(found)
        except VerificationError as cause:
            yield _finding(height, f"{hours}: {cause}")

    def _check_open(
        self, connection: Connection, *, start: int, now: datetime
    ) -> Iterator[Finding]:
        """Yield what is wrong with the records of which no entry tells yet, from `start` on."""
        expected, late = start, None
        for number, raw in self._logs.boxes(connection, start=start, end=_NO_END):
            if number != expected:
                yield _finding(None, f"record {expected} is missing")
            expected = number + 1
            try:
                hour = LogRecord.decode(raw).end // _HOUR_MILLISECONDS
            except LedgerError:
                yield _finding(None, f"record {number} does not open")
                continue
            if late is None and hour_of(now) - hour > _LATE_HOURS:
                late = hour
        if late is not None:
            yield _finding(None, f"{hour_text(late)} has records, and no entry tells of them")


def _read(kept: KeptHours, before: LoggedHours | None) -> LoggedHours:
    """Return what a kept entry says, if that opens it and follows what the one `before` says."""
    hours = hours_in(kept)
    Share.decode(kept.share).verify(kept.signed.entry)
    if before is None:
        return hours
    if (before.end, before.last_hour + 1) != (hours.first, hours.first_hour):
        raise VerificationError(f"between {before} and {hours} hours or records have no entry")
    return hours


def _finding(height: int | None, detail: str) -> Finding:
    return Finding(height, KIND, detail)
