"""Documents in force: each event is played under the one that was, when it happened."""

from bisect import bisect_left

from sqlalchemy import Connection

from ledger.block import Block
from ledger.consortium import Consortium
from ledger.consortium_toml import decode_consortium
from nodes.errors import StorageError
from nodes.replica import Replica
from nodes.store import chain

_KEPT = 16


class Documents:
    """Reads documents, and remembers the last few: to read one takes longer than to play a case."""

    def __init__(self, replica: Replica) -> None:
        """Read from the chain of `replica`."""
        self._replica = replica
        self._known: dict[int, Consortium] = {}

    @property
    def size(self) -> int:
        """Return how many blocks are applied."""
        return self._replica.state.height

    def newest(self) -> Consortium:
        """Return the document in force.

        Raises:
            StorageError: there is no chain yet.
        """
        document = self._replica.state.document
        if document is None:
            raise StorageError("there is no chain here yet")
        return document

    def heights(self, connection: Connection) -> list[int]:
        """Return where documents stand on the chain, in order; what `at` wants to know."""
        return sorted(chain.consortium_heights(connection))

    def at(self, connection: Connection, size: int, *, heights: list[int]) -> Consortium:
        """Return the document in force after `size` blocks.

        Raises:
            StorageError: its block is not here.
        """
        place = bisect_left(heights, size)
        if place == len(heights):
            return self.newest()
        height = heights[max(0, place - 1)]
        if height not in self._known:
            raw = chain.block_at(connection, height)
            if raw is None:
                raise StorageError("the block of a document is missing")
            if len(self._known) >= _KEPT:
                self._known.clear()
            self._known[height] = decode_consortium(Block.decode(raw).signed.entry.further)
        return self._known[height]
