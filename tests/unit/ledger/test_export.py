"""Exports."""

from collections.abc import Iterator
from io import BytesIO

import pytest

from ledger.errors import MalformedError
from ledger.export import MAGIC, ExportReader, encode_export
from ledger.note import MAX_NOTE_BYTES

BLOCKS = [b"first", b"second"]
EXPORT = MAGIC + b"\x00\x05first" + b"\x00\x06second" + b"\x00\x00" + b"checkpoint\n"


def _read(raw: bytes) -> tuple[list[bytes], bytes]:
    reader = ExportReader(BytesIO(raw).read)
    return list(reader.blocks()), reader.checkpoint()


def test_an_export_is_its_blocks_behind_lengths_a_zero_and_the_checkpoint() -> None:
    assert b"".join(encode_export(BLOCKS, lambda: b"checkpoint\n")) == EXPORT
    assert _read(EXPORT) == (BLOCKS, b"checkpoint\n")


def test_the_checkpoint_is_asked_for_once_the_blocks_are_out() -> None:
    told: list[str] = []

    def blocks() -> Iterator[bytes]:
        for block in BLOCKS:
            told.append(block.decode())
            yield block

    def checkpoint() -> bytes:
        told.append("checkpoint")
        return b"checkpoint\n"

    assert b"".join(encode_export(blocks(), checkpoint)) == EXPORT
    assert told == ["first", "second", "checkpoint"]


def test_the_largest_block_fits() -> None:
    largest = bytes(65_535)

    assert _read(b"".join(encode_export([largest], lambda: b"c"))) == ([largest], b"c")


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        pytest.param(b"", "cut off after 0 blocks", id="nothing"),
        pytest.param(EXPORT[:10], "cut off after 0 blocks", id="cut in the first line"),
        pytest.param(b"x" + EXPORT[1:], "first line", id="another first line"),
        pytest.param(EXPORT.replace(b"/v1", b"/v2"), "first line", id="another version"),
        pytest.param(MAGIC, "cut off after 0 blocks", id="no blocks and no end"),
        pytest.param(EXPORT[: len(MAGIC) + 4], "cut off after 0 blocks", id="cut in a block"),
        pytest.param(EXPORT[: len(MAGIC) + 8], "cut off after 1 blocks", id="cut in a length"),
        pytest.param(EXPORT[: len(MAGIC) + 15], "cut off after 2 blocks", id="cut at the end"),
        pytest.param(EXPORT[: -len(b"checkpoint\n")], "checkpoint is missing", id="no checkpoint"),
    ],
)
def test_what_is_no_whole_export_is_refused(raw: bytes, why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        _read(raw)


def test_a_checkpoint_that_no_note_could_be_is_refused() -> None:
    with pytest.raises(MalformedError, match="too long"):
        _read(MAGIC + b"\x00\x00" + b"x" * (MAX_NOTE_BYTES + 1))
