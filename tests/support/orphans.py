"""What came back of signals that a lost database knew."""

from sqlalchemy import select

from nodes.node import Node
from nodes.store.tables import OrphanRow

_orphan = OrphanRow.__table__  # type: ignore[attr-defined]


def shares_given_back(node: Node) -> dict[bytes, bytes]:
    """Return by entry id the shares of orphans that custodians gave back, opened."""
    with node.database.read() as connection:
        rows = connection.execute(select(_orphan).where(_orphan.c.share_box.is_not(None))).all()
    vault = node.signals._vault
    return {
        row.entry_id: vault.unlock(
            row.share_box, table="orphan", row=row.entry_id, column="share_box"
        )
        for row in rows
    }
