"""Where a chain is read from: an export in a file, or the tiles of a log at an URL.

Of a log the final checkpoint is brought into the form of an export: the lines of the members of the
document in force there, one a key, sorted; others' lines prove nothing to whoever reads only that.
"""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import BinaryIO, Protocol

from api.client.errors import AnsweredError, ClientError
from api.client.node import NodeClient
from ledger.block import MAX_BLOCK_BYTES, Block
from ledger.consortium import Consortium
from ledger.consortium_toml import decode_consortium
from ledger.cosignature import SignedCheckpoint, verify_exact_lines
from ledger.errors import LedgerError, MalformedError
from ledger.export import ExportReader
from ledger.note import Note, SignatureLine
from ledger.tile import WIDTH, Tile, decode_bundle, entry_tiles

_MAX_BUNDLE_BYTES = WIDTH * (2 + MAX_BLOCK_BYTES)
_TILES_AHEAD = 4
_GONE = frozenset({404, 410})


class Source(Protocol):
    """A whole chain, read once from its first block to its final checkpoint."""

    def blocks(self) -> Iterator[bytes]:
        """Yield the blocks in order.

        Raises:
            MalformedError: what is read is not what its kind of source must be.
        """

    def final(self) -> bytes:
        """Return the final checkpoint note, once `blocks` is exhausted."""

    def contradictions(self) -> list[bytes]:
        """Return checkpoint notes that the source itself says contradict it."""

    def part_read(self) -> float:
        """Return how much of it was read, from 0 to 1."""


class FileSource:
    """An export in an open file of `size` bytes."""

    def __init__(self, file: BinaryIO, *, size: int) -> None:
        """Read nothing yet."""
        self._file = file
        self._size = size
        self._reader = ExportReader(file.read)

    def blocks(self) -> Iterator[bytes]:
        """Yield the blocks; see `Source`."""
        return self._reader.blocks()

    def contradictions(self) -> list[bytes]:
        """Return none: an export holds one history; see `Source`."""
        return []

    def final(self) -> bytes:
        """Return the final checkpoint, every byte of it as it stands; see `Source`."""
        return self._reader.checkpoint()

    def part_read(self) -> float:
        """Return how much was read; see `Source`."""
        return self._file.tell() / max(self._size, 1)


class LogSource:
    """The log of a node, as of its newest checkpoint now."""

    def __init__(self, client: NodeClient) -> None:
        """Ask for the checkpoint.

        Raises:
            ClientError: no answer, or something else than a checkpoint.
        """
        self._client = client
        try:
            self._signed = SignedCheckpoint.decode(client.checkpoint())
        except MalformedError as cause:
            raise ClientError(f"{client.url}/checkpoint is not a checkpoint: {cause}") from cause
        self.size = self._signed.checkpoint.size
        self.document: Consortium | None = None
        """The document in force after the blocks read so far."""
        self._count = 0

    def blocks(self) -> Iterator[bytes]:
        """Yield the blocks, fetching a few tiles ahead; see `Source`."""
        tiles = entry_tiles(self.size)
        pool = ThreadPoolExecutor(_TILES_AHEAD)
        try:
            fetched: deque[Future[list[bytes]]] = deque(
                pool.submit(self._fetch, tile) for tile in islice(tiles, _TILES_AHEAD)
            )
            while fetched:
                bundle = fetched.popleft().result()
                fetched.extend(pool.submit(self._fetch, tile) for tile in islice(tiles, 1))
                for raw in bundle:
                    self.document = document_in(raw) or self.document
                    self._count += 1
                    yield raw
        finally:
            pool.shutdown(cancel_futures=True)

    def contradictions(self) -> list[bytes]:
        """Return what the node keeps; see `Source`."""
        return self._client.contradictions()

    def final(self) -> bytes:
        """Return the checkpoint with members' lines only; see `Source`."""
        if self.document is None:
            return self._signed.encode()
        return with_members_lines(self._signed, self.document).encode()

    def proven_final(self) -> bytes:
        """Return what `final` does, once a quorum of cosignatures on it verifies.

        Raises:
            ClientError: it is not proven final; the text says why.
        """
        raw = self.final()
        if self.document is None:
            raise ClientError(f"{self._client.url} serves a chain without a founding document")
        try:
            verify_exact_lines(
                SignedCheckpoint.decode(raw),
                members=self.document.witnesses,
                log_keys=self.document.log_keys,
                quorum=self.document.quorum,
            )
        except LedgerError as cause:
            raise ClientError(
                f"{self._client.url} serves a checkpoint that is not proven final: {cause}"
            ) from cause
        return raw

    def part_read(self) -> float:
        """Return how much was read; see `Source`."""
        return self._count / max(self.size, 1)

    def _fetch(self, tile: Tile) -> list[bytes]:
        try:
            bundle = decode_bundle(
                self._client.read(f"/{tile.path()}", limit=_MAX_BUNDLE_BYTES),
            )
        except AnsweredError as cause:
            if cause.status not in _GONE:
                raise
            raise MalformedError(
                f"the log does not serve {tile.path()}, which its checkpoint covers"
            ) from cause
        if len(bundle) != tile.width:
            raise MalformedError(f"{tile.path()} holds {len(bundle)} blocks")
        return bundle


def document_in(raw: bytes) -> Consortium | None:
    """Return the document that a `consortium` block carries; None for all other bytes."""
    # The block's header is three lines and a blank one; kind is the entry's third. Reading every
    # block whole would cost more than fetching it.
    if raw.split(b"\n", 7)[6:7] != [b"consortium"]:
        return None
    try:
        return decode_consortium(Block.decode(raw).signed.entry.further)
    except LedgerError:
        return None


def with_members_lines(signed: SignedCheckpoint, document: Consortium) -> SignedCheckpoint:
    """Return `signed` with the lines that an export may hold, in their order."""
    keys = {
        (key.name, key.id) for member in document.witnesses for key in member.cosigning_keys
    } | {(key.name, key.id) for key in document.log_keys}
    lines: dict[tuple[str, bytes], SignatureLine] = {}
    for line in signed.note.signatures:
        if (line.name, line.key_id) in keys:
            lines.setdefault((line.name, line.key_id), line)
    ordered = tuple(sorted(lines.values(), key=SignatureLine.encode))
    return SignedCheckpoint(signed.checkpoint, Note(signed.note.text, ordered))
