"""Orphans: own signals on the chain of which nothing is here, as after a database was lost.

A custodian may give back its share of one; the recovery key opens what is in it.
"""

from collections.abc import Iterable

from sqlalchemy import Connection, func, insert, select, update

from ledger.encoding import Digest
from nodes.store.statement import Statement
from nodes.store.tables import OrphanRow
from nodes.store.vault import Vault

_orphan = OrphanRow.__table__  # type: ignore[attr-defined]
_ADD = Statement(insert(_orphan))


class Orphans:
    """The table `orphan`; every method works inside a caller's transaction."""

    def __init__(self, vault: Vault) -> None:
        """Box with `vault`."""
        self._vault = vault

    def add(self, connection: Connection, height: int, entry_id: Digest) -> None:
        """Note an entry that is not known, without a share."""
        _ADD.run(connection, height=height, entry_id=entry_id, share_box=None)

    def heights(self, connection: Connection, count: int) -> list[int]:
        """Return the heights of the first `count` orphans."""
        query = select(_orphan.c.height).order_by(_orphan.c.height).limit(count)
        return list(connection.execute(query).scalars())

    def count(self, connection: Connection) -> tuple[int, int]:
        """Return how many orphans there are, and of how many no custodian gave a share back."""
        total = select(func.count()).select_from(_orphan)
        bare = select(func.count()).where(_orphan.c.share_box.is_(None))
        return (
            int(connection.execute(total).scalar_one()),
            int(connection.execute(bare).scalar_one()),
        )

    def bare(self, connection: Connection, *, after: int, count: int) -> list[tuple[int, Digest]]:
        """Return (height, entry id) of up to `count` orphans above `after` without a share."""
        query = (
            select(_orphan.c.height, _orphan.c.entry_id)
            .where(_orphan.c.share_box.is_(None), _orphan.c.height > after)
            .order_by(_orphan.c.height)
            .limit(count)
        )
        return [(row.height, Digest(row.entry_id)) for row in connection.execute(query)]

    def adopt(self, connection: Connection, shares: Iterable[tuple[Digest, bytes]]) -> None:
        """Keep shares that custodians gave back; the recovery key opens their content."""
        for entry_id, share in shares:
            box = self._vault.lock(share, table="orphan", row=entry_id, column="share_box")
            connection.execute(
                update(_orphan).where(_orphan.c.entry_id == entry_id).values(share_box=box)
            )
