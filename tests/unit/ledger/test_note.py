"""Signed notes."""

import pytest

from ledger.errors import MalformedError
from ledger.note import (
    MAX_NOTE_BYTES,
    MAX_SIGNATURES,
    Note,
    SignatureLine,
    is_key_name,
    split_note,
)

LINE = "— example.com/key AAAAAQEBAQEB\n"
SIGNATURE = SignatureLine("example.com/key", bytes(3) + b"\x01", b"\x01" * 5)


def test_a_note_is_its_text_a_blank_line_and_its_signatures() -> None:
    note = Note("one\ntwo\n", (SIGNATURE, SIGNATURE))

    assert note.encode() == ("one\ntwo\n\n" + LINE + LINE).encode()
    assert Note.decode(note.encode()) == note


def test_a_note_is_split_at_its_last_blank_line() -> None:
    note = Note.decode(("a document\n\nwith a blank line\n\n\n" + LINE).encode())

    assert note.text == "a document\n\nwith a blank line\n\n"
    assert note.signatures == (SIGNATURE,)


def test_signatures_are_added_under_those_that_are_there() -> None:
    other = SignatureLine("other", bytes(4), b"\x02")

    note = Note("text\n", (SIGNATURE,)).with_signatures([other])

    assert note == Note("text\n", (SIGNATURE, other))


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ("", "no signature lines"),
        ("text\n", "no signature lines"),
        ("text\n\n", "no signature lines"),
        ("text\n" + LINE, "no signature lines"),
        ("text\n\n" + LINE[:-1], "no signature lines"),
        ("text\r\n\r\n" + LINE, "control character"),
        ("te\x00xt\n\n" + LINE, "control character"),
        ("te\txt\n\n" + LINE, "control character"),
        ("te\x7fxt\n\n" + LINE, "control character"),
        ("text\n\n\n", "em dash|no signature lines"),
        ("text\n\n" + LINE + "unsigned\n", "em dash"),
        ("text\n\n- example.com/key AAAAAQEBAQEB\n", "em dash"),
        ("text\n\n" + LINE.replace(" AAAA", "  AAAA"), "base64"),
        ("text\n\n— AAAAAQEBAQEB\n", "key name"),
        ("text\n\n—  AAAAAQEBAQEB\n", "key name"),
        ("text\n\n" + LINE.replace("/key", "+key"), "key name"),
        ("text\n\n" + LINE.replace("/key", "\u00a0key"), "key name"),
        ("text\n\n— key AAAAAA==\n", "too short"),
        ("text\n\n— key AAAAAQEBAQEB=\n", "base64"),
        ("text\n\n— key AAAAAQF=\n", "canonical"),
        ("text\n\n" + LINE[:-1] + " \n", "base64"),
    ],
)
def test_what_is_no_signed_note_is_refused(raw: str, why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        Note.decode(raw.encode())


@pytest.mark.parametrize("raw", [b"\xff\n\n", b"\xed\xa0\x80\n\n", b"\xc0\x80\n\n"])
def test_what_is_not_utf8_is_refused(raw: bytes) -> None:
    with pytest.raises(MalformedError, match="UTF-8"):
        Note.decode(raw + LINE.encode())


def test_a_note_over_a_million_bytes_is_refused_before_it_is_read() -> None:
    tail = ("\n\n" + LINE).encode()

    split_note(b"x" * (MAX_NOTE_BYTES - len(tail)) + tail)
    with pytest.raises(MalformedError, match="over 1000000 bytes"):
        split_note(b"x" * (MAX_NOTE_BYTES - len(tail) + 1) + tail)


def test_a_note_holds_two_hundred_signatures_and_no_more() -> None:
    assert len(Note.decode(("t\n\n" + LINE * MAX_SIGNATURES).encode()).signatures) == 200
    with pytest.raises(MalformedError, match="over 200 signatures"):
        Note.decode(("t\n\n" + LINE * (MAX_SIGNATURES + 1)).encode())


@pytest.mark.parametrize("name", ["a", "example.com/log", "PeterNeumann", "één", "a—b"])
def test_a_name_may_name_a_key(name: str) -> None:
    assert is_key_name(name)


@pytest.mark.parametrize(
    "name", ["", " ", "a b", "a+b", "a\nb", "a\u2003b", "a\u00a0b", "a\x00b", "a\x1fb", "a\x7fb"]
)
def test_a_name_that_a_note_could_not_hold_names_no_key(name: str) -> None:
    assert not is_key_name(name)
