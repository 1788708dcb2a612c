"""Entries, and the notes that carry them."""

from dataclasses import replace
from datetime import date

import pytest

from ledger.encoding import sha256
from ledger.entry import MAX_ENTRY_BYTES, Entry, SignedEntry, is_name
from ledger.errors import MalformedError
from ledger.note import SignatureLine
from tests.support.signers import ORIGIN, entry_key

ENTRY = Entry(ORIGIN, "uwv", "signal", date(2026, 11, 24), b"\x07" * 32)
TEXT = (
    "signaalketen.test/demo/entry/v1\nuwv\nsignal\n2026-11-24\n"
    "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n"
)
SIGNED = SignedEntry.of(ENTRY, (entry_key("uwv").sign(TEXT),))


def test_an_entry_is_five_lines_and_what_its_kind_adds() -> None:
    assert ENTRY.encode() == TEXT
    assert replace(ENTRY, further="12\n13\n").encode() == TEXT + "12\n13\n"
    assert replace(ENTRY, commitment=None).encode().endswith("\n2026-11-24\n-\n")


def test_an_entry_with_further_lines_is_read_back_whole() -> None:
    document = replace(ENTRY, commitment=None, further="a = 1\n\nb = 2\n\n\n— looks signed\n")

    assert Entry.decode(document.encode()) == document


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "five lines"),
        (TEXT[:-1], "five lines"),
        (TEXT.replace("/entry/v1", "/entry/v2"), "entry/v1"),
        (TEXT.replace("/entry/v1", "/block/v1"), "entry/v1"),
        (TEXT + "further", "newline"),
        (TEXT.replace("uwv", "UWV"), "names"),
        (TEXT.replace("uwv", ""), "names"),
        (TEXT.replace("uwv", "u" * 41), "names"),
        (TEXT.replace("\nsignal\n", "\n9signal\n"), "names"),
        (TEXT.replace("\nsignal\n", "\nsign al\n"), "names"),
        (TEXT.replace("2026-11-24", "2026-11-31"), "day"),
        (TEXT.replace("2026-11-24", "20261124"), "day"),
        (TEXT.replace("2026-11-24", "3026-11-24"), "day"),
        (TEXT.replace("Bwc=", "Bwd="), "canonical"),
        (TEXT.replace("Bwc=", "Bw=="), "expected 32 bytes"),
        (TEXT.replace("Bwc=", "BwcH"), "expected 32 bytes"),
        (TEXT.replace("BwcH", "--c", 1), "base64"),
        (TEXT.replace("BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=", ""), "expected 32 bytes"),
    ],
)
def test_what_is_no_entry_is_refused(text: str, why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        Entry.decode(text)


def test_what_an_entry_says_identifies_it_and_not_who_signed_it() -> None:
    other = SignedEntry.of(ENTRY, (SignatureLine("junk", bytes(4), b"\x01"),))

    assert SIGNED.id == other.id == sha256(TEXT.encode())
    assert SIGNED.id != SignedEntry.of(replace(ENTRY, author="svb"), SIGNED.lines).id


def test_a_signed_entry_needs_a_signature_line() -> None:
    with pytest.raises(MalformedError, match="no signature lines"):
        SignedEntry.decode((TEXT + "\n").encode())


def test_an_entry_whose_last_lines_look_like_signatures_is_not_taken_for_another() -> None:
    # The entry that the first blank line would cut off here was never signed.
    nested = replace(ENTRY, further="\n" + SIGNED.lines[0].encode())
    carried = SignedEntry.of(nested, SIGNED.lines)

    read = SignedEntry.decode(carried.encode())

    assert (read.entry, read.lines) == (nested, SIGNED.lines)
    assert read.id != SIGNED.id


def test_an_entry_note_over_60000_bytes_is_refused_before_it_is_read() -> None:
    room = MAX_ENTRY_BYTES - len(SIGNED.encode())

    fits = SignedEntry.of(replace(ENTRY, further="x" * (room - 1) + "\n"), SIGNED.lines)
    SignedEntry.decode(fits.encode())
    with pytest.raises(MalformedError, match="over 60000 bytes"):
        SignedEntry.decode(b"\xff" * (MAX_ENTRY_BYTES + 1))


def test_stored_lines_stand_sorted_after_the_authors() -> None:
    lines = {name: entry_key(name).sign(TEXT) for name in ("bzk", "svb", "szw")}

    stored = SIGNED.with_lines((lines["szw"], lines["bzk"])).with_lines((lines["svb"],))

    assert stored.lines == (SIGNED.lines[0], lines["bzk"], lines["svb"], lines["szw"])
    assert stored.id == SIGNED.id


@pytest.mark.parametrize("text", ["a", "uwv", "a-b", "a9", "a" * 40])
def test_small_letters_digits_and_hyphens_are_a_name(text: str) -> None:
    assert is_name(text)


@pytest.mark.parametrize("text", ["", "-", "-a", "9", "A", "aB", "a b", "a_b", "é", "a²", "a" * 41])
def test_anything_else_is_no_name(text: str) -> None:
    assert not is_name(text)
