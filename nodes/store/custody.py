"""Others' items in the database: what this node signed for, boxed, until told otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert

from ledger.encoding import Digest
from ledger.entry import SignedEntry
from nodes.store.statement import Statement
from nodes.store.tables import BlockRow, CustodyRow
from nodes.store.vault import Vault

_block = BlockRow.__table__  # type: ignore[attr-defined]
_custody = CustodyRow.__table__  # type: ignore[attr-defined]
_is_it = _custody.c.entry_id == bindparam("id")
_HOLD = Statement(insert(_custody).on_conflict_do_nothing())
_OF_AUTHOR = Statement(
    select(_custody.c.share_box).where(_is_it, _custody.c.author == bindparam("author"))
)
_AT_HEIGHT = Statement(
    select(_custody.c.entry_id, _custody.c.share_box).where(
        _custody.c.height == bindparam("height")
    )
)
_SHARE = Statement(select(_custody.c.share_box).where(_is_it))
_HEIGHT = Statement(select(_custody.c.height).where(_is_it))
_DROP = Statement(delete(_custody).where(_is_it))
_PLACE = Statement(update(_custody).where(_is_it).values(height=bindparam("at")))


@dataclass(frozen=True, slots=True)
class Held:
    """A share that is to be held for the author of `signed`."""

    signed: SignedEntry
    share: bytes = field(repr=False)


class Custody:
    """The table `custody`; every method works inside a caller's transaction."""

    def __init__(self, vault: Vault) -> None:
        """Box and unbox with `vault`."""
        self._vault = vault

    def hold(self, connection: Connection, shares: Sequence[Held]) -> None:
        """Store `shares`; what is held already stays as it is."""
        rows = [
            {
                "entry_id": held.signed.id,
                "author": held.signed.entry.author,
                "day": held.signed.entry.day.isoformat(),
                "height": None,
                "share_box": self._lock(held),
            }
            for held in shares
        ]
        _HOLD.run_all(connection, rows)

    def give_back(self, connection: Connection, entry_id: bytes, *, author: str) -> bytes | None:
        """Return the share of an entry to its `author`, or None: not held, or not the author's."""
        box = _OF_AUTHOR.value(connection, id=entry_id, author=author)
        return None if box is None else self._unlock(entry_id, box)

    def at_height(self, connection: Connection, height: int) -> bytes | None:
        """Return the share held of the block at `height`, or None."""
        row = _AT_HEIGHT.row(connection, height=height)
        return None if row is None else self._unlock(*row)

    def share(self, connection: Connection, entry_id: bytes) -> bytes | None:
        """Return the share held of an entry, or None."""
        box = _SHARE.value(connection, id=entry_id)
        return None if box is None else self._unlock(entry_id, box)

    def height(self, connection: Connection, entry_id: bytes) -> int | None:
        """Return the height of an entry of which a share is held, or None before it is final."""
        height: int | None = _HEIGHT.value(connection, id=entry_id)
        return height

    def drop(self, connection: Connection, entry_id: bytes) -> None:
        """Delete a share: it was taken up, or its author withdrew it."""
        _DROP.run(connection, id=entry_id)

    def drop_all(self, connection: Connection, entry_ids: Sequence[bytes]) -> None:
        """Delete shares, as far as they are held."""
        _DROP.run_all(connection, [{"id": entry_id} for entry_id in entry_ids])

    def place(self, connection: Connection, placed: Sequence[tuple[int, Digest]]) -> None:
        """Note at which heights entries that are held became final."""
        _PLACE.run_all(connection, [{"id": entry_id, "at": height} for height, entry_id in placed])

    def drop_stale(self, connection: Connection, *, before: str) -> int:
        """Delete what was pushed, never came on the chain and no longer can; return how many."""
        result = connection.execute(
            delete(_custody).where(_custody.c.height.is_(None), _custody.c.day < before)
        )
        return result.rowcount

    def drop_left(self, connection: Connection, *, since: str, before: str) -> None:
        """Delete frames dated `since` … `before` that were left here for others.

        Whoever has not fetched them by then gets them from their author.
        """
        frames = select(_block.c.height).where(
            _block.c.height == _custody.c.height, _block.c.kind.in_(["answer", "exchange"])
        )
        dated = (_custody.c.day >= since) & (_custody.c.day < before)
        connection.execute(delete(_custody).where(dated, frames.exists()))

    def page(self, connection: Connection, *, after: int, count: int) -> list[tuple[int, bytes]]:
        """Return up to `count` shares of blocks above `after`, as (height, share), in order."""
        placed = select(_custody.c.height, _custody.c.entry_id, _custody.c.share_box)
        placed = placed.where(_custody.c.height > after).order_by(_custody.c.height).limit(count)
        return [
            (at, self._unlock(entry_id, box)) for at, entry_id, box in connection.execute(placed)
        ]

    def count(self, connection: Connection) -> int:
        """Return how many shares are held."""
        return int(connection.execute(select(func.count()).select_from(_custody)).scalar_one())

    def _lock(self, held: Held) -> bytes:
        return self._vault.lock(held.share, table="custody", row=held.signed.id, column="share_box")

    def _unlock(self, entry_id: bytes, box: bytes) -> bytes:
        return self._vault.unlock(box, table="custody", row=entry_id, column="share_box")
