r"""Exports: the whole chain in one plain file, in which every byte matters.

    signaalketen/export/v1\n
    u16be length ‖ block        for each block, from height 0
    u16be 0
    checkpoint note             to the end of the file

The note has members' lines only, each of which must verify.
"""

from collections.abc import Callable, Iterable, Iterator

from ledger.block import MAX_BLOCK_BYTES
from ledger.errors import MalformedError
from ledger.note import MAX_NOTE_BYTES

MAGIC = b"signaalketen/export/v1\n"
_LENGTH_BYTES = 2


def encode_export(blocks: Iterable[bytes], checkpoint: Callable[[], bytes]) -> Iterator[bytes]:
    """Yield an export piece by piece; `checkpoint` is asked for once the blocks are out."""
    yield MAGIC
    for block in blocks:
        yield len(block).to_bytes(_LENGTH_BYTES, "big") + block
    yield bytes(_LENGTH_BYTES)
    yield checkpoint()


class ExportReader:
    """Reads an export through `read(n)`, which returns at most n bytes and b"" at the end."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        """Read from `read`; nothing is read yet."""
        self._read = read
        self._count = 0

    def blocks(self) -> Iterator[bytes]:
        """Yield the blocks in order.

        Raises:
            MalformedError: not an export, or it ends too early; the text says after which block.
        """
        if self._exactly(len(MAGIC)) != MAGIC:
            raise MalformedError("export: the first line is not signaalketen/export/v1")
        while size := int.from_bytes(self._exactly(_LENGTH_BYTES), "big"):
            if size > MAX_BLOCK_BYTES:
                raise MalformedError("export: a block is too long")
            yield self._exactly(size)
            self._count += 1

    def checkpoint(self) -> bytes:
        """Return the final checkpoint note, once `blocks` is exhausted.

        Raises:
            MalformedError: there is none, or it is too long.
        """
        raw = b""
        while piece := self._read(MAX_NOTE_BYTES + 1 - len(raw)):
            raw += piece
        if not raw or len(raw) > MAX_NOTE_BYTES:
            raise MalformedError("export: the final checkpoint is missing or too long")
        return raw

    def _exactly(self, size: int) -> bytes:
        raw = b""
        while len(raw) < size:
            piece = self._read(size - len(raw))
            if not piece:
                raise MalformedError(f"export: cut off after {self._count} blocks")
            raw += piece
        return raw
