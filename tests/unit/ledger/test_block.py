"""Blocks."""

from dataclasses import replace
from datetime import date
from hashlib import sha256

import pytest

from ledger.block import MAX_BLOCK_BYTES, NO_PREVIOUS, Block, block_hash
from ledger.entry import MAX_ENTRY_BYTES, Entry, SignedEntry
from ledger.errors import MalformedError
from tests.support.signers import ORIGIN, entry_key

ENTRY = Entry(ORIGIN, "uwv", "signal", date(2026, 11, 24), b"\x07" * 32)
SIGNED = SignedEntry.of(ENTRY, (entry_key("uwv").sign(ENTRY.encode()),))
BLOCK = Block(12, NO_PREVIOUS, SIGNED)
RAW = BLOCK.encode()
ZEROS = b"A" * 43 + b"="


def test_a_block_is_three_lines_a_blank_line_and_its_entry() -> None:
    assert b"signaalketen.test/demo/block/v1\n12\n" + ZEROS + b"\n\n" + SIGNED.encode() == RAW


def test_a_block_names_the_hash_of_the_bytes_before_it() -> None:
    assert block_hash(RAW) == sha256(RAW).digest()


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (b"\n12\n", b"\n012\n", "canonical"),
        (b"\n12\n", b"\n+12\n", "canonical"),
        (b"\n12\n", b"\n1_2\n", "canonical"),
        (b"\n12\n", b"\n 12\n", "canonical"),
        (b"\n12\n", b"\n-0\n", "canonical"),
        (b"\n12\n", b"\n-12\n", "below zero"),
        (b"\n12\n", b"\n\n", "expected origin"),
        (b"\n12\n", b"\n1e1\n", "expected origin"),
        (b"\n12\n", b"\n" + b"9" * 5000 + b"\n", "expected origin"),
        (b"\n12\n", "\n１２\n".encode(), "expected origin"),
        (b"/block/v1", b"/block/v2", "canonical"),
        (b"demo/block", b"other/block", "canonical"),
        (b"demo/entry", b"other/entry", "canonical"),
        (ZEROS, ZEROS[:-2] + b"B=", "canonical"),
        (ZEROS, ZEROS[4:], "expected 32 bytes"),
        (ZEROS, b"", "expected origin"),
        (ZEROS + b"\n\n", ZEROS + b"\n", "expected origin"),
        (ZEROS + b"\n\n", ZEROS + b"\nmore\n\n", "expected origin"),
        (ZEROS + b"\n\n", ZEROS + b"\n\n\n", "entry"),
        (RAW, b"", "expected origin"),
    ],
)
def test_what_is_no_block_is_refused(old: bytes, new: bytes, why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        Block.decode(RAW.replace(old, new, 1))


def test_a_block_over_65535_bytes_is_refused_before_it_is_read() -> None:
    with pytest.raises(MalformedError, match="over 65535 bytes"):
        Block.decode(b"\xff" * (MAX_BLOCK_BYTES + 1))


def test_the_largest_entry_fits_into_a_block_at_the_largest_height() -> None:
    room = MAX_ENTRY_BYTES - len(SIGNED.encode())
    largest = SignedEntry.of(replace(ENTRY, further="x" * (room - 1) + "\n"), SIGNED.lines)

    raw = Block(10**19, NO_PREVIOUS, largest).encode()

    assert len(raw) < MAX_BLOCK_BYTES
    assert Block.decode(raw).signed == largest
