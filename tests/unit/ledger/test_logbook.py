"""Log records and the hours that hold them: what an hour was said to hold is what it must hold."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ledger.encoding import enc
from ledger.errors import MalformedError, VerificationError
from ledger.logbook import LoggedHours, LogRecord, hour_of, log_root, shown_count
from ledger.tree import EMPTY_ROOT, leaf_hash, node_hash

RECORD = LogRecord(
    trace_id=b"t" * 16,
    span_id=b"s" * 8,
    parent_span_id=b"",
    name="signaal plaatsen",
    start=1_795_550_400_000,
    end=1_795_550_400_007,
    activity="https://register.example/#multiproblematiek",
    subject="c3ViamVjdA==",
    subject_type="BSN",
    processor="",
)
RECORDS = [(number, replace(RECORD, start=number).encode()) for number in range(11, 16)]
HOUR = hour_of(datetime(2026, 11, 24, 20, 59, tzinfo=UTC))
HOURS = LoggedHours(HOUR, HOUR, 11, 5, log_root(raw for _, raw in RECORDS))


def test_record_names_the_attributes_of_the_standard_and_leaves_out_what_it_has_not() -> None:
    assert RECORD.attributes() == {
        "dpl.core.processing_activity_id": RECORD.activity,
        "dpl.core.data_subject_id": RECORD.subject,
        "dpl.core.data_subject_id_type": "BSN",
    }


def test_record_repeats_no_data_subject_where_it_is_printed() -> None:
    assert RECORD.subject not in repr(RECORD)


@pytest.mark.parametrize(
    "changed",
    [
        {"trace_id": b"t" * 15},
        {"span_id": b""},
        {"parent_span_id": b"p" * 7},
        {"end": RECORD.start - 1},
        {"start": -1},
        {"name": ""},
        {"activity": ""},
        {"subject_type": ""},
    ],
    ids=str,
)
def test_record_that_says_too_little_cannot_be_made(changed: dict[str, object]) -> None:
    with pytest.raises(MalformedError, match="log record"):
        replace(RECORD, **changed)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "raw", [b"", enc("x"), enc(*[b"x"] * 10), RECORD.encode().replace(b"BSN", b"\xff\xff\xff")]
)
def test_bytes_that_are_no_record_are_refused(raw: bytes) -> None:
    with pytest.raises(MalformedError):
        LogRecord.decode(raw)


def test_root_of_two_records_is_that_of_rfc_9162() -> None:
    (_, first), (_, second), *_ = RECORDS

    assert log_root([first, second]) == node_hash(leaf_hash(first), leaf_hash(second))
    assert log_root([]) == EMPTY_ROOT


def test_hours_stand_as_people_read_them() -> None:
    assert HOURS.encode().decode().splitlines()[:5] == [
        "signaalketen/logbook/v1",
        "2026-11-24T20Z",
        "2026-11-24T20Z",
        "11",
        "5",
    ]
    assert str(HOURS) == "2026-11-24T20Z"
    assert str(replace(HOURS, last_hour=HOUR + 4)) == "2026-11-24T20Z to 2026-11-25T00Z"


def test_records_as_they_were_logged_hold() -> None:
    HOURS.verify(RECORDS)
    LoggedHours(HOUR, HOUR, 1, 0, EMPTY_ROOT).verify([])


@pytest.mark.parametrize("at", range(5))
def test_a_removed_record_is_named(at: int) -> None:
    with pytest.raises(VerificationError, match=f"record {11 + at} is missing"):
        HOURS.verify([*RECORDS[:at], *RECORDS[at + 1 :]])


@pytest.mark.parametrize("at", range(5))
def test_a_changed_record_is_found(at: int) -> None:
    number, raw = RECORDS[at]
    changed = replace(LogRecord.decode(raw), activity="https://register.example/#other").encode()

    with pytest.raises(VerificationError, match="not what was logged"):
        HOURS.verify([*RECORDS[:at], (number, changed), *RECORDS[at + 1 :]])


def test_an_added_record_is_found() -> None:
    with pytest.raises(VerificationError, match="6 records where 5 were logged"):
        HOURS.verify([*RECORDS, (16, RECORD.encode())])


def test_records_in_another_order_are_found() -> None:
    swapped = [(11, RECORDS[1][1]), (12, RECORDS[0][1]), *RECORDS[2:]]

    with pytest.raises(VerificationError, match="not what was logged"):
        HOURS.verify(swapped)


@pytest.mark.parametrize(
    "changed", [{"last_hour": HOUR - 1}, {"first": 0}, {"count": -1}, {"first_hour": -1}], ids=str
)
def test_hours_that_cannot_be_are_refused(changed: dict[str, int]) -> None:
    with pytest.raises(MalformedError, match="logged hours"):
        replace(HOURS, **changed)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("old", "new"),
    [("\n11\n", "\n011\n"), ("\n5\n", "\n+5\n"), ("T20Z", "T2Z"), ("/v1", "/v2"), ("\n5\n", "\n")],
)
def test_other_spellings_of_hours_are_refused(old: str, new: str) -> None:
    with pytest.raises(MalformedError, match="logged hours"):
        LoggedHours.decode(HOURS.encode().replace(old.encode(), new.encode()))


@pytest.mark.parametrize(
    ("count", "shown"), [(0, 64), (1, 64), (64, 64), (65, 128), (128, 128), (1 << 30, 1 << 30)]
)
def test_an_entry_shows_powers_of_two_and_never_fewer_than_64(count: int, shown: int) -> None:
    assert shown_count(count) == shown


def test_more_records_than_an_entry_can_show_are_refused() -> None:
    with pytest.raises(MalformedError, match="more records"):
        shown_count((1 << 30) + 1)
