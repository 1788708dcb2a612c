import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.client.signal_lines import MAX_LINE_BYTES, SignalLines

BSN = "999900006"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"bsn": "999900006"', "not JSON at column 20"),
        (b'{"bsn": 999900006x}', "not JSON at column 18"),
        (b"999900006", "not a JSON object"),
        (b'["999900006"]', "not a JSON object"),
        (b'{"bsn": "999900006", "bsn": "999900006"}', "twice"),
        (b'{"bsn": "999900006", "theme": {"a": 1, "a": 2}}', "twice"),
        (b'{"bsn": 999900006, "theme": NaN}', "NaN is not JSON"),
        (b'{"bsn": "999900006\xff"}', "not UTF-8"),
        (b'{"bsn": "999900006\\ud800"}', "not UTF-8"),
        (b'{"bsn": "999900006", "theme": "' + b"x" * MAX_LINE_BYTES + b'"}', "longer than"),
        (b'{"999900006": ' + b"[" * 4000 + b"]" * 20 + b"}", "not"),
    ],
)
def test_bad_line_is_refused_by_number_and_never_repeated(line: bytes, reason: str) -> None:
    read = SignalLines.decode(b'{"a": "1"}\n' + line + b'\n{"a": "2"}\n')

    assert read.sound == {1: b'{"a":"1"}', 3: b'{"a":"2"}'}
    assert list(read.refused) == [2]
    assert reason in read.refused[2]
    assert BSN not in read.refused[2]


def test_empty_lines_keep_the_numbers_of_those_that_follow() -> None:
    read = SignalLines.decode(b'\xef\xbb\xbf{"a": "1"}\r\n\r\n  \n{"a": "2"}')

    assert read.sound == {1: b'{"a":"1"}', 4: b'{"a":"2"}'}
    assert read.refused == {}


@given(
    st.dictionaries(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8"))),
    st.booleans(),
)
def test_line_says_the_same_however_it_was_written(fields: dict[str, str], is_ascii: bool) -> None:
    written = json.dumps(fields, ensure_ascii=is_ascii, separators=(" , ", " : ")).encode()

    read = SignalLines.decode(written)

    assert json.loads(read.sound[1]) == fields
    assert SignalLines.decode(read.sound[1]) == read


def test_lines_are_not_shown_in_a_representation() -> None:
    assert BSN not in repr(SignalLines.decode(b'{"bsn": "999900006"}'))
