"""The log as it is served: checkpoint, tiles (c2sp.org/tlog-tiles) and receipts.

Members' own people see up to the newest final checkpoint; everybody else up to the public one,
which steps on by the clock, so that nobody outside sees at which minute an agency posted.
"""

from sqlalchemy import Connection

from ledger.consortium import Consortium
from ledger.consortium_chain import ConsortiumChain
from ledger.cosignature import SignedCheckpoint
from ledger.errors import MalformedError
from ledger.receipt import Receipt
from ledger.tile import Tile, encode_bundle
from ledger.tree import prove_inclusion
from nodes.errors import NotFoundError
from nodes.publisher import PUBLIC
from nodes.replica import Replica
from nodes.store import chain as store
from nodes.store.contradictions import Contradiction, all_kept
from nodes.store.database import Database
from nodes.witness import NEWEST


class Log:
    """Serves what is final; `is_inside` says whether the reader is of a member."""

    def __init__(self, *, replica: Replica, database: Database) -> None:
        """Read from `database`."""
        self._replica = replica
        self._database = database

    def document(self) -> Consortium:
        """Return the consortium document in force.

        Raises:
            NotFoundError: the founding block is not here yet.
        """
        document = self._replica.document
        if document is None:
            raise NotFoundError("the chain has no founding block here yet")
        return document

    def document_at(self, height: int) -> Consortium:
        """Return the consortium document that was in force at the block `height`.

        Raises:
            NotFoundError: there was none.
        """
        with self._database.read() as connection:
            document = self._replica.document_at(connection, height)
        if document is None:
            raise NotFoundError("no document was in force there")
        return document

    def checkpoint(self, *, is_inside: bool) -> SignedCheckpoint:
        """Return the newest checkpoint for that reader.

        Raises:
            NotFoundError: nothing is final yet.
        """
        with self._database.read() as connection:
            row = store.checkpoint(connection, NEWEST if is_inside else PUBLIC)
        if row is None:
            raise NotFoundError("no block is final yet")
        return SignedCheckpoint.decode(row.note)

    def contradictions(self) -> list[Contradiction]:
        """Return the checkpoints that contradict this node's history, for everybody to judge."""
        with self._database.read() as connection:
            return all_kept(connection)

    def tile(self, path: str, *, is_inside: bool) -> bytes:
        """Return the content of the tile at `path` (`tile/…`).

        Raises:
            NotFoundError: not a tile's path, or it reaches beyond the reader's checkpoint.
        """
        try:
            tile = Tile.decode(path)
        except MalformedError as cause:
            raise NotFoundError(str(cause)) from cause
        size = self.checkpoint(is_inside=is_inside).checkpoint.size
        if not tile.is_within(size):
            raise NotFoundError(f"the log has {size} blocks: this tile is not complete")
        with self._database.read() as connection:
            if tile.level is None:
                return encode_bundle(
                    store.blocks_between(connection, tile.start, tile.start + tile.width)
                )
            return b"".join(store.TreeNodes(connection).read(tile.nodes()))

    def receipt(self, height: int, *, is_inside: bool) -> Receipt:
        """Return the receipt of a final block, under the reader's newest checkpoint.

        Raises:
            NotFoundError: no block of that height is final for that reader.
        """
        signed = self.checkpoint(is_inside=is_inside)
        size = signed.checkpoint.size
        if not 0 <= height < size:
            raise NotFoundError(f"{size} blocks are final: none of that height")
        with self._database.read() as connection:
            return _receipt(connection, height, signed)

    def consortium_chain(self, *, is_inside: bool) -> ConsortiumChain:
        """Return every document up to the reader's newest checkpoint, each with its proof.

        Raises:
            NotFoundError: nothing is final yet.
        """
        signed = self.checkpoint(is_inside=is_inside)
        with self._database.read() as connection:
            heights = [
                height
                for height in store.consortium_heights(connection)
                if height < signed.checkpoint.size
            ]
            receipts = tuple(_receipt(connection, height, signed) for height in heights)
        return ConsortiumChain(signed, receipts)


def _receipt(connection: Connection, height: int, signed: SignedCheckpoint) -> Receipt:
    block = store.block_at(connection, height)
    if block is None:
        raise NotFoundError("that block is not here")
    size = signed.checkpoint.size
    proof = prove_inclusion(store.TreeNodes(connection), index=height, size=size)
    return Receipt(block, height, tuple(proof), signed)
