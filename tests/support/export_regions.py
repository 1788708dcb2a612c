"""Where the parts of an export stand, by name: one byte of each kind that there is."""

from ledger.export import MAGIC


def regions(raw: bytes) -> dict[str, int]:
    """Return the position of a byte in each part of the export `raw`, of a signal's block too."""
    starts = _block_starts(raw)
    *blocks, end = starts
    signal = next(at for at in reversed(blocks) if raw[at:].split(b"\n", 7)[6] == b"signal")
    checkpoint = end + 2
    return {
        "magic": 0,
        "newline of the magic": len(MAGIC) - 1,
        "high byte of a length": blocks[1] - 2,
        "low byte of a length": blocks[1] - 1,
        "founding document": raw.index(b'title = "UWV"', blocks[0]) + 9,
        **_of_block(raw, signal),
        "end mark": end,
        "origin of the checkpoint": checkpoint,
        "size of the checkpoint": _line(raw, checkpoint, 1),
        "root of the checkpoint": _line(raw, checkpoint, 2) + 5,
        "blank line of the checkpoint": _line(raw, checkpoint, 3),
        "name of the first line": _line(raw, checkpoint, 4) + 5,
        "first line": _line(raw, checkpoint, 5) - 20,
        "last line": len(raw) - 20,
        "last newline": len(raw) - 1,
    }


def _of_block(raw: bytes, at: int) -> dict[str, int]:
    names = ("origin", "height", "previous", "blank", "mark", "author", "kind", "day", "commitment")
    short = {"height", "blank"}
    found = {
        f"{name} of a block": _line(raw, at, number) + (0 if name in short else 3)
        for number, name in enumerate(names)
    }
    # Under the commitment: the blank line that ends the text, the author's line, a stored-line.
    found["author's line of a block"] = _line(raw, at, 11) - 30
    found["stored-line of a block"] = _line(raw, at, 11) + 60
    return found


def _line(raw: bytes, at: int, number: int) -> int:
    """Return where the line of that number begins, counted from 0 at `at`."""
    for _ in range(number):
        at = raw.index(b"\n", at) + 1
    return at


def _block_starts(raw: bytes) -> list[int]:
    """Return where each block begins, and at last where the end mark stands."""
    starts, at = [], len(MAGIC)
    while size := int.from_bytes(raw[at : at + 2], "big"):
        starts.append(at + 2)
        at += 2 + size
    return [*starts, at]
