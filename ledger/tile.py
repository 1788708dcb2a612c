"""Tiles: the one bulk read path of the log (c2sp.org/tlog-tiles).

    tile/<L>/<N>[.p/<W>]        up to 256 hashes at level 8·L: 32 bytes each
    tile/entries/<N>[.p/<W>]    up to 256 blocks: u16be length ‖ block
    <N> in groups of three digits, all but the last prefixed x: 1234067 is x001/x234/067

A tile of fewer than 256 is partial and says its width W.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from ledger.errors import MalformedError

WIDTH = 256
HEIGHT = 8
_MAX_LEVEL = 63
_PATH = re.compile(
    r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Tile:
    """Which tile: `level` None for entries, else 0 and up; its `index`; its `width`, 1 to 256."""

    level: int | None
    index: int
    width: int

    def path(self) -> str:
        """Return the path under the log's URL."""
        groups = [f"{self.index % 1000:03}"]
        rest = self.index // 1000
        while rest:
            groups.append(f"x{rest % 1000:03}")
            rest //= 1000
        level = "entries" if self.level is None else str(self.level)
        partial = "" if self.width == WIDTH else f".p/{self.width}"
        return f"tile/{level}/{'/'.join(reversed(groups))}{partial}"

    @classmethod
    def decode(cls, path: str) -> Self:
        """Read a path; the exact inverse of `path`.

        Raises:
            MalformedError: not the path of a tile, or another spelling of one.
        """
        match = _PATH.fullmatch(path)
        if match is None:
            raise MalformedError("tile: not a path of c2sp.org/tlog-tiles")
        level = None if match[1] == "entries" else int(match[1])
        index = int(match[2].replace("x", "").replace("/", ""))
        tile = cls(level, index, int(match[3] or WIDTH))
        if tile.path() != path or (level or 0) > _MAX_LEVEL or tile.width > WIDTH:
            raise MalformedError("tile: not the canonical path")
        return tile

    def is_within(self, size: int) -> bool:
        """Tell whether a log of `size` has all that this tile holds."""
        below = size >> (HEIGHT * (self.level or 0))
        return self.start + self.width <= below

    @property
    def start(self) -> int:
        """Return the position, at the tile's own level, of the first thing that it holds."""
        return self.index * WIDTH

    def nodes(self) -> list[tuple[int, int]]:
        """Return (level, index) in the tree of each hash in the tile; not for entries."""
        return [(HEIGHT * (self.level or 0), self.start + i) for i in range(self.width)]


def entry_tiles(size: int, *, start: int = 0) -> Iterator[Tile]:
    """Yield the tiles that hold the blocks start … size - 1, whole tiles where there are."""
    for index in range(start // WIDTH, -(-size // WIDTH)):
        yield Tile(None, index, min(WIDTH, size - index * WIDTH))


def encode_bundle(blocks: Sequence[bytes]) -> bytes:
    """Return the content of an entries tile."""
    return b"".join(len(block).to_bytes(2, "big") + block for block in blocks)


def decode_bundle(raw: bytes) -> list[bytes]:
    """Return the blocks in an entries tile.

    Raises:
        MalformedError: cut off, or over 256 blocks.
    """
    blocks = []
    at = 0
    while at < len(raw):
        end = at + 2 + int.from_bytes(raw[at : at + 2], "big")
        if end > len(raw) or at + 2 > len(raw):
            raise MalformedError("entries tile: cut off")
        blocks.append(raw[at + 2 : end])
        at = end
    if len(blocks) > WIDTH:
        raise MalformedError(f"entries tile: over {WIDTH} blocks")
    return blocks
