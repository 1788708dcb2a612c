"""The logbook: what a member recorded of its processing of personal data, hour by hour.

A record holds the fields of *Logboek Dataverwerkingen* 1.0 (Logius), as these bytes and no others:

    enc(trace id[16], span id[8], parent span id[8] or nothing, name, start, end,
        processing activity, data subject, type of data subject, processor)

Times are milliseconds since 1970. The last four are the attributes `dpl.core.*`; what is empty is
left out of them. Each hour's records are the leaves of a Merkle tree (RFC 9162, 2.1), and the one
item of a `logbook` entry says of it:

    signaalketen/logbook/v1
    2026-11-24T20Z              the first hour
    2026-11-24T20Z              the last: later where the node was down when an hour ended
    1001                        the number of the first record
    17                          how many
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

Every hour has such an item, also one without records.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self

from ledger.encoding import Digest, enc, from_base64, split_enc, to_base64
from ledger.errors import MalformedError, VerificationError
from ledger.tree import Frontier, leaf_hash

_LABEL = "signaalketen/logbook/v1"
_TRACE_BYTES, _SPAN_BYTES, _INTEGER_BYTES = 16, 8, 8
_HOUR = "%Y-%m-%dT%HZ"
_HOUR_SECONDS = 3600
LEAST_SHOWN = 64
"""Fewer records than this are shown as this many."""
SHOWN_COUNTS = frozenset(LEAST_SHOWN << doubling for doubling in range(25))
"""The numbers that an entry may show: 64 to 2^30."""


@dataclass(frozen=True, slots=True)
class LogRecord:
    """One processing of data about at most one person, who is named in encrypted form only."""

    trace_id: bytes
    span_id: bytes
    parent_span_id: bytes
    name: str
    start: int
    end: int
    activity: str
    subject: str = field(repr=False)
    subject_type: str
    processor: str

    def __post_init__(self) -> None:
        """Refuse ids of other sizes, times before 1970, and a record of nothing."""
        if (len(self.trace_id), len(self.span_id)) != (_TRACE_BYTES, _SPAN_BYTES):
            raise MalformedError("log record: a trace id has 16 bytes and a span id 8")
        if len(self.parent_span_id) not in {0, _SPAN_BYTES}:
            raise MalformedError("log record: a parent span id has 8 bytes, or there is none")
        if not 0 <= self.start <= self.end < 2**63:
            raise MalformedError("log record: it ends before it starts")
        if not (self.name and self.activity and self.subject_type):
            raise MalformedError("log record: name, activity and type of data subject are needed")

    def encode(self) -> bytes:
        """Return the bytes that are a leaf of the hour's tree."""
        return enc(
            self.trace_id,
            self.span_id,
            self.parent_span_id,
            self.name,
            self.start,
            self.end,
            self.activity,
            self.subject,
            self.subject_type,
            self.processor,
        )

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """Read a record; the exact inverse of `encode`.

        Raises:
            MalformedError: not what `encode` returns.
        """
        fields = split_enc(raw)
        if len(fields) != 10 or any(len(time) != _INTEGER_BYTES for time in fields[4:6]):
            raise MalformedError("log record: expected ten fields")
        try:
            name, *texts = (text.decode() for text in (fields[3], *fields[6:]))
        except UnicodeDecodeError as cause:
            raise MalformedError("log record: a text is not UTF-8") from cause
        start, end = (int.from_bytes(time, "big") for time in fields[4:6])
        return cls(fields[0], fields[1], fields[2], name, start, end, *texts)

    def attributes(self) -> dict[str, str]:
        """Return the attributes of the standard by name, without the empty ones."""
        named = {
            "dpl.core.processing_activity_id": self.activity,
            "dpl.core.data_subject_id": self.subject,
            "dpl.core.data_subject_id_type": self.subject_type,
            "dpl.core.foreign_operation.processor": self.processor,
        }
        return {name: value for name, value in named.items() if value}


@dataclass(frozen=True, slots=True)
class LoggedHours:
    """From `first_hour` to `last_hour`, `count` records from number `first` on have this `root`.

    Hours are counted since 1970, in UTC.
    """

    first_hour: int
    last_hour: int
    first: int
    count: int
    root: Digest

    def __post_init__(self) -> None:
        """Refuse hours before 1970 or in the wrong order, and numbers that no record has."""
        if not 0 <= self.first_hour <= self.last_hour < _END or self.first < 1 or self.count < 0:
            raise MalformedError("logged hours: hours in order, and records from number 1 on")

    def __str__(self) -> str:
        """Return the hours as people write them."""
        if self.first_hour == self.last_hour:
            return hour_text(self.first_hour)
        return f"{hour_text(self.first_hour)} to {hour_text(self.last_hour)}"

    @property
    def end(self) -> int:
        """Return the number after that of the last record."""
        return self.first + self.count

    def encode(self) -> bytes:
        """Return the item."""
        return (
            f"{_LABEL}\n{hour_text(self.first_hour)}\n{hour_text(self.last_hour)}\n"
            f"{self.first}\n{self.count}\n{to_base64(self.root)}\n"
        ).encode()

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """Read an item; the exact inverse of `encode`.

        Raises:
            MalformedError: not what `encode` returns.
        """
        try:
            _, first_hour, last_hour, first, count, root, _ = raw.decode().split("\n")
            hours = cls(
                _hour_of(first_hour),
                _hour_of(last_hour),
                int(first),
                int(count),
                Digest(from_base64(root, size=32)),
            )
        except ValueError as cause:
            raise MalformedError("logged hours: expected label, hours, numbers and root") from cause
        # int() and strptime() read other spellings, too.
        if hours.encode() != raw:
            raise MalformedError("logged hours: not canonical")
        return hours

    def verify(self, records: Iterable[tuple[int, bytes]]) -> None:
        """Check that `records`, as (number, bytes) in order of number, are those of these hours.

        Raises:
            VerificationError: one is missing, changed or added.
        """
        found = list(records)
        numbers = [number for number, _ in found]
        expected = list(range(self.first, self.end))
        if missing := sorted(set(expected) - set(numbers)):
            raise VerificationError(f"record {missing[0]} is missing")
        if numbers != expected:
            raise VerificationError(f"{len(numbers)} records where {self.count} were logged")
        if log_root(raw for _, raw in found) != self.root:
            raise VerificationError("a record is not what was logged")


def log_root(records: Iterable[bytes]) -> Digest:
    """Return the root of the tree over records in order."""
    return root_of([leaf_hash(raw) for raw in records])


def root_of(leaves: Sequence[Digest]) -> Digest:
    """Return the root of the tree over `leaves`, the leaf hashes of records."""
    return Frontier(0, ()).appended(leaves)[0].root()


def shown_count(count: int) -> int:
    """Return the number that the entry shows for `count` records: 64, or a power of two above it.

    The exact one would show from hour to hour how often an agency looked at a case.

    Raises:
        MalformedError: over 2^30.
    """
    shown = max(LEAST_SHOWN, 1 << max(0, count - 1).bit_length())
    if shown not in SHOWN_COUNTS:
        raise MalformedError("more records than an hour can have")
    return shown


def hour_of(moment: datetime) -> int:
    """Return the hour of `moment`, counted since 1970 in UTC."""
    return int(moment.timestamp()) // _HOUR_SECONDS


def hour_text(hour: int) -> str:
    """Return an hour, counted since 1970 in UTC, as people and items write it."""
    return datetime.fromtimestamp(hour * _HOUR_SECONDS, tz=UTC).strftime(_HOUR)


def _hour_of(text: str) -> int:
    return hour_of(datetime.strptime(text, _HOUR).replace(tzinfo=UTC))


_END = hour_of(datetime(3000, 1, 1, tzinfo=UTC))
