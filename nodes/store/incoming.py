"""What came in exchanges: ids of items, pieces of messages that are not whole, and of whole ones.

heard_item      HMAC of an author's item id, and the day of its entry: it must not come again
incoming        a piece of a message that is not whole yet, boxed
heard           HMAC of a message that was whole, and the day of its last entry

All go by day: an item opens under the date of its entry alone, and no entry so old comes again.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, bindparam, delete, select
from sqlalchemy.dialects.sqlite import insert as upsert

from ledger.encoding import enc, split_enc
from ledger.exchange.item import Piece
from nodes.store.statement import Statement
from nodes.store.tables import HeardItemRow, HeardRow, IncomingRow
from nodes.store.vault import Vault

_item = HeardItemRow.__table__  # type: ignore[attr-defined]
_piece = IncomingRow.__table__  # type: ignore[attr-defined]
_heard = HeardRow.__table__  # type: ignore[attr-defined]
_IS_ITEM = Statement(select(_item.c.key).where(_item.c.key == bindparam("key")))
_ADD_ITEM = Statement(upsert(_item).on_conflict_do_nothing())
_ADD_PIECE = Statement(upsert(_piece).on_conflict_do_nothing())
_PIECES = Statement(
    select(_piece.c.key, _piece.c.box).where(_piece.c.message == bindparam("message"))
)
_DROP_PIECES = Statement(delete(_piece).where(_piece.c.message == bindparam("message")))
_IS_HEARD = Statement(select(_heard.c.key).where(_heard.c.key == bindparam("key")))
_ADD_HEARD = Statement(upsert(_heard).on_conflict_do_nothing())
_FORGET_ITEMS = Statement(delete(_item).where(_item.c.day < bindparam("before")))
_FORGET_PIECES = Statement(delete(_piece).where(_piece.c.day < bindparam("before")))
_FORGET_HEARD = Statement(delete(_heard).where(_heard.c.day < bindparam("before")))


class Incoming:
    """The tables above; every method works inside a caller's transaction. Days are ordinals."""

    def __init__(self, vault: Vault) -> None:
        """Box and unbox with `vault`."""
        self._vault = vault

    def known_items(
        self, connection: Connection, author: str, ids: Sequence[bytes]
    ) -> frozenset[bytes]:
        """Return those of `ids` that came from `author` before."""
        return frozenset(
            one
            for one in ids
            if _IS_ITEM.value(connection, key=self._item_key(author, one)) is not None
        )

    def add_items(
        self, connection: Connection, author: str, ids: Iterable[bytes], *, day: int
    ) -> None:
        """Remember ids of `author`'s items."""
        rows = [{"key": self._item_key(author, one), "day": day} for one in ids]
        _ADD_ITEM.run_all(connection, rows)

    def add_piece(
        self, connection: Connection, author: str, piece: Piece, *, desk: str, day: int
    ) -> list[tuple[str, Piece]]:
        """Store a piece opened for `desk`, unless its place is taken; return all of its message."""
        message = self._message(author, piece.message)
        key = self._vault.mac("incoming piece", author, piece.message, piece.index)
        box = self._vault.lock(enc(desk, piece.encode()), table="incoming", row=key, column="box")
        _ADD_PIECE.run(connection, key=key, message=message, day=day, box=box)
        return [self._read(*row) for row in _PIECES.rows(connection, message=message)]

    def drop_pieces(self, connection: Connection, author: str, message: bytes) -> None:
        """Delete the pieces of a message."""
        _DROP_PIECES.run(connection, message=self._message(author, message))

    def is_heard(self, connection: Connection, author: str, message: bytes) -> bool:
        """Tell whether a message was whole before."""
        key = self._message(author, message)
        return _IS_HEARD.value(connection, key=key) is not None

    def hear(self, connection: Connection, author: str, message: bytes, *, day: int) -> None:
        """Note that a message is whole, and delete its pieces."""
        self.drop_pieces(connection, author, message)
        _ADD_HEARD.run(connection, key=self._message(author, message), day=day)

    def forget(self, connection: Connection, *, items: int, messages: int) -> None:
        """Forget ids of items of days before `items`, and all of messages before `messages`."""
        _FORGET_ITEMS.run(connection, before=items)
        _FORGET_PIECES.run(connection, before=messages)
        _FORGET_HEARD.run(connection, before=messages)

    def _read(self, key: bytes, box: bytes) -> tuple[str, Piece]:
        desk, piece = split_enc(self._vault.unlock(box, table="incoming", row=key, column="box"))
        return desk.decode(), Piece.decode(piece)

    def _item_key(self, author: str, one: bytes) -> bytes:
        return self._vault.mac("incoming item", author, one)

    def _message(self, author: str, message: bytes) -> bytes:
        return self._vault.mac("incoming message", author, message)
