"""Others' items in the database: what this node signed for, boxed, until told otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert

from ledger.encoding import Digest
from ledger.entry import SignedEntry
from nodes.store.tables import CustodyRow
from nodes.store.vault import Vault

_custody = CustodyRow.__table__  # type: ignore[attr-defined]


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
        if rows:
            connection.execute(insert(_custody).on_conflict_do_nothing(), rows)

    def give_back(self, connection: Connection, entry_id: bytes, *, author: str) -> bytes | None:
        """Return the share of an entry to its `author`, or None: not held, or not the author's."""
        box = connection.execute(
            select(_custody.c.share_box).where(
                _custody.c.entry_id == entry_id, _custody.c.author == author
            )
        ).scalar_one_or_none()
        return None if box is None else self._unlock(entry_id, box)

    def at_height(self, connection: Connection, height: int) -> bytes | None:
        """Return the share held of the block at `height`, or None."""
        row = connection.execute(
            select(_custody.c.entry_id, _custody.c.share_box).where(_custody.c.height == height)
        ).one_or_none()
        return None if row is None else self._unlock(row.entry_id, row.share_box)

    def share(self, connection: Connection, entry_id: bytes) -> bytes | None:
        """Return the share held of an entry, or None."""
        box = connection.execute(
            select(_custody.c.share_box).where(_custody.c.entry_id == entry_id)
        ).scalar_one_or_none()
        return None if box is None else self._unlock(entry_id, box)

    def height(self, connection: Connection, entry_id: bytes) -> int | None:
        """Return the height of an entry of which a share is held, or None before it is final."""
        query = select(_custody.c.height).where(_custody.c.entry_id == entry_id)
        return connection.execute(query).scalar_one_or_none()

    def drop(self, connection: Connection, entry_id: bytes) -> None:
        """Delete a share: it was taken up, or its author withdrew it."""
        connection.execute(delete(_custody).where(_custody.c.entry_id == entry_id))

    def place(self, connection: Connection, placed: Sequence[tuple[int, Digest]]) -> None:
        """Note at which heights entries that are held became final."""
        if placed:
            connection.execute(
                update(_custody)
                .where(_custody.c.entry_id == bindparam("id"))
                .values(height=bindparam("at")),
                [{"id": entry_id, "at": height} for height, entry_id in placed],
            )

    def drop_stale(self, connection: Connection, *, before: str) -> int:
        """Delete what was pushed, never came on the chain and no longer can; return how many."""
        result = connection.execute(
            delete(_custody).where(_custody.c.height.is_(None), _custody.c.day < before)
        )
        return result.rowcount

    def count(self, connection: Connection) -> int:
        """Return how many shares are held."""
        return int(connection.execute(select(func.count()).select_from(_custody)).scalar_one())

    def _lock(self, held: Held) -> bytes:
        return self._vault.lock(held.share, table="custody", row=held.signed.id, column="share_box")

    def _unlock(self, entry_id: bytes, box: bytes) -> bytes:
        return self._vault.unlock(box, table="custody", row=entry_id, column="share_box")
