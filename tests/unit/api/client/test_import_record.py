import stat
from pathlib import Path

import pytest

from api.client.errors import ImportRecordError
from api.client.import_record import ImportRecord

URL = "https://uwv.test"
HEAD = b'{"format":"signaalketen/import/v1","import":"aa","url":"https://uwv.test"}\n'
LINES = {1: b'{"bsn":"999900006"}', 2: b'{"bsn":"999900018"}', 3: b'{"bsn":"999900031"}'}


def record_of(path: Path) -> ImportRecord:
    return ImportRecord(path, url=URL)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A record in which 1 was posted, 2 was refused, and 3 is in flight."""
    path = tmp_path / "signals.progress"
    with record_of(path) as record:
        first = record.begin({1: LINES[1], 2: LINES[2]})
        record.begin({3: LINES[3]})
        record.answer(first, {1: "aa"}, LINES)
    return path


def test_record_is_taken_up_as_it_was_left(path: Path) -> None:
    with record_of(path) as before:
        keys = [before.key(batch) for batch in before.in_flight.values()]

    with record_of(path) as record:
        assert record.posted == {1: "aa"}
        assert [batch.lines for batch in record.in_flight.values()] == [(3,)]
        assert [record.key(batch) for batch in record.in_flight.values()] == keys
        assert record.key(record.begin({2: LINES[2]})) not in keys


def test_record_cut_off_anywhere_never_gives_one_key_to_two_batches(path: Path) -> None:
    whole = path.read_bytes()
    in_flight: list[set[int]] = [set(), set(), {0}, {0, 1}, {1}]

    for size in range(len(whole) + 1):
        path.write_bytes(whole[:size])

        with record_of(path) as record:
            rows = whole[:size].count(b"\n")
            assert set(record.in_flight) == in_flight[rows]
            assert record.posted == ({1: "aa"} if rows == 4 else {})
            new = record.begin({2: b"{}"})
            assert new.number == min(max(rows - 1, 0), 2)
        with record_of(path) as record:
            assert set(record.in_flight) == in_flight[rows] | {new.number}


@pytest.mark.parametrize("dropped", [1, 3])
def test_line_that_was_sent_must_stand_where_it_stood(path: Path, dropped: int) -> None:
    shifted = {1: LINES[1], 2: LINES[2], 3: LINES[3]} | {dropped: LINES[2]}
    gone = {number: line for number, line in LINES.items() if number != dropped}

    with record_of(path) as record:
        record.verify_unmoved(LINES)
        for lines in (shifted, gone):
            with pytest.raises(ImportRecordError, match=f"^lines {dropped} "):
                record.verify_unmoved(lines)


def test_refused_line_may_change_or_go(path: Path) -> None:
    with record_of(path) as record:
        record.verify_unmoved(LINES | {2: b'{"bsn":"999900043"}'})
        record.verify_unmoved({1: LINES[1], 3: LINES[3]})


def test_second_run_is_refused_while_the_first_is_at_work(path: Path) -> None:
    with record_of(path), pytest.raises(ImportRecordError, match="another run"):
        record_of(path)

    record_of(path).__exit__(None, None, None)


def test_rest_of_a_file_goes_to_the_node_that_has_its_beginning(path: Path) -> None:
    with pytest.raises(ImportRecordError, match=f"begun at {URL}"):
        ImportRecord(path, url="https://svb.test")


@pytest.mark.parametrize(
    "content",
    [
        b"something else\n",
        b"[]\n",
        HEAD.replace(b"/v1", b"/v2"),
        HEAD + b'{"batch":1}\n',
        HEAD + b'{"batch":1,"posted":{},"tag":"aaaa"}\n',
    ],
)
def test_other_file_is_not_taken_for_a_record(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "signals.progress"
    path.write_bytes(content)

    with pytest.raises(ImportRecordError, match="not the record"):
        record_of(path)

    assert path.read_bytes() == content


def test_record_tells_nothing_of_a_person_and_is_its_owners_alone(path: Path) -> None:
    raw = path.read_bytes()

    assert not any(line[8:17] in raw for line in LINES.values())
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IRUSR | stat.S_IWUSR
