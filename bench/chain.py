"""A synthetic chain with real signatures, of any length, spread over many dates.

    0        the founding entry          1 … 4    the members' cards
    then, by UWV, SVB and SZW in turn, rounds of 67 blocks, two signatures each:
             64 signals of one author    1 `locate` of all 64    2 answers to it

So nothing stays owed for long: what a node and an audit keep in memory is what they would keep of
a chain that members wrote. Every 250 blocks are of one date, however long the chain is.
"""

import hashlib
import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property, lru_cache
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from api.cli.parallel import usable_cores
from bench.founding import NAMES, Founded, found
from demo.consortium import ORIGIN
from ledger.block import NO_PREVIOUS, Block, block_hash, block_header
from ledger.checkpoint import Checkpoint
from ledger.cosignature import SignedCheckpoint, cosign
from ledger.entry import Entry, SignedEntry
from ledger.export import ExportReader, encode_export
from ledger.group import hash_to_point
from ledger.note import Note, SignatureLine
from ledger.tree import Frontier, leaf_hash
from nodes.keyring import Keyring, load_keyring

BLOCKS_A_DAY = 250
FIRST = 1 + len(NAMES)
"""The height of the first signal."""
_ISSUERS = ("uwv", "svb", "szw")
_CUSTODIAN = "bzk"
_SIGNALS = 64
_ROUND = _SIGNALS + 1 + 2
_PART = 2048


@dataclass(frozen=True)
class Chain:
    """A chain of `size` blocks: the file `export`, cosigned by all at the time `cosigned`."""

    founded: Founded
    export: Path
    document: Path
    size: int
    cosigned: int

    def blocks(self, count: int | None = None) -> Iterator[bytes]:
        """Yield the first `count` blocks, or all."""
        with self.export.open("rb") as file:
            yield from islice(ExportReader(file.read).blocks(), count)

    def entries(self, start: int, end: int) -> list[bytes]:
        """Return the entry notes of blocks start … end - 1."""
        return [raw.partition(b"\n\n")[2] for raw in islice(self.blocks(end), start, None)]

    @cached_property
    def bytes_a_signal(self) -> float:
        """Return the mean size of the blocks that hold a signal, among the first few hundred."""
        sizes = [
            len(raw)
            for raw in self.blocks(min(self.size, 10 * _ROUND))
            if Block.decode(raw).signed.entry.kind == "signal"
        ]
        return sum(sizes) / len(sizes)

    def final(self, checkpoint: Checkpoint) -> SignedCheckpoint:
        """Return `checkpoint` with a cosignature of every member."""
        text = checkpoint.encode()
        rings = self.founded.keyrings.values()
        lines = [cosign(text, key=ring.cosigning, time=self.cosigned) for ring in rings]
        return SignedCheckpoint(checkpoint, Note(text, tuple(sorted(lines, key=_encoded))))


def build(
    folder: Path, *, size: int, today: date, now: int, url: str, progress: Callable[[int], None]
) -> Chain:
    """Make a chain of `size` blocks whose last ones are of yesterday, on every core."""
    first = today - timedelta(days=1 + size // BLOCKS_A_DAY)
    founded = found(folder / "members", url=url, day=first)
    document = folder / "consortium.toml"
    document.write_text(founded.document.raw)
    chain = Chain(founded, folder / "export.signaalketen", document, size, now)
    with chain.export.open("wb") as file:
        _write(chain, file, first, progress)
    return chain


def entries_between(root: Path, first: date, start: int, end: int) -> list[bytes]:
    """Return the entry notes of blocks start … end - 1, from the first signal on."""
    rings = _keyrings(root)
    return [_entry(rings, first, height) for height in range(start, end)]


def _write(chain: Chain, file: BinaryIO, first: date, progress: Callable[[int], None]) -> None:
    frontier = Frontier(0, ())

    def blocks() -> Iterator[bytes]:
        nonlocal frontier
        previous = NO_PREVIOUS
        for height, entry in enumerate(islice(_entries(chain, first), chain.size)):
            raw = block_header(origin=ORIGIN, height=height, previous=previous) + entry
            previous = block_hash(raw)
            frontier, _ = frontier.appended([leaf_hash(raw)])
            progress(height)
            yield raw

    def final() -> bytes:
        return chain.final(Checkpoint(ORIGIN, frontier.size, frontier.root())).encode()

    file.writelines(encode_export(blocks(), final))


def _entries(chain: Chain, first: date) -> Iterator[bytes]:
    founded = chain.founded
    yield founded.founding.encode()
    for name in NAMES:
        yield founded.card(name, first)
    starts = range(FIRST, chain.size, _PART)
    parts = [(founded.root, first, at, min(at + _PART, chain.size)) for at in starts]
    if len(parts) == 1:
        yield from entries_between(*parts[0])
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(usable_cores(), mp_context=context) as pool:
        for made in pool.map(entries_between, *zip(*parts, strict=True)):
            yield from made


def _entry(rings: dict[str, Keyring], first: date, height: int) -> bytes:
    """Return the entry of the block at `height`; it follows from the height alone."""
    turn, place = divmod(height - FIRST, _ROUND)
    begun = height - place
    author, *others = (_ISSUERS[(turn + i) % len(_ISSUERS)] for i in range(len(_ISSUERS)))
    kind, further = "signal", ""
    if place == _SIGNALS:
        kind = "locate"
        further = "".join(f"{at}\n" for at in range(begun, height))
    elif place > _SIGNALS:
        author = others[place - _SIGNALS - 1]
        kind, further = "answer", f"{begun + _SIGNALS}\n"
    day = first + timedelta(days=height // BLOCKS_A_DAY)
    point = hash_to_point(hashlib.sha512(f"{height}".encode()).digest())
    text = (entry := Entry(ORIGIN, author, kind, day, point.encode(), further)).encode()
    lines = tuple(rings[name].entry.sign(text) for name in (author, _CUSTODIAN))
    return SignedEntry.of(entry, lines).encode()


@lru_cache(maxsize=1)
def _keyrings(root: Path) -> dict[str, Keyring]:
    return {name: load_keyring(root / name) for name in NAMES}


def _encoded(line: SignatureLine) -> str:
    return line.encode()
