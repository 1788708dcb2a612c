"""Reading and writing blocks and tree nodes; every function works inside a caller's transaction."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, func, insert, select, tuple_
from sqlalchemy.dialects.sqlite import insert as upsert

from ledger.encoding import Digest
from ledger.entry import DOCUMENT_KINDS
from ledger.state import Appended
from ledger.tree import StoredNode
from nodes.store.tables import (
    BlockRow,
    CheckpointRow,
    CursorRow,
    GovernanceRow,
    RefusalRow,
    TreeNodeRow,
)

_block = BlockRow.__table__  # type: ignore[attr-defined]
_node = TreeNodeRow.__table__  # type: ignore[attr-defined]
_cursor = CursorRow.__table__  # type: ignore[attr-defined]
_checkpoint = CheckpointRow.__table__  # type: ignore[attr-defined]
_refusal = RefusalRow.__table__  # type: ignore[attr-defined]
_governance = GovernanceRow.__table__  # type: ignore[attr-defined]


class TreeNodes:
    """A `ledger.tree.NodeReader` over the database."""

    def __init__(self, connection: Connection) -> None:
        """Read through `connection`."""
        self._connection = connection

    def read(self, nodes: Sequence[tuple[int, int]]) -> list[Digest]:
        """Return the hashes of `nodes`, in their order; see `NodeReader`."""
        found: dict[tuple[int, int], Digest] = {}
        # SQLite caps the variables of one statement.
        for start in range(0, len(nodes), 256):
            rows = self._connection.execute(
                select(_node).where(
                    tuple_(_node.c.level, _node.c.position).in_(nodes[start : start + 256])
                )
            )
            found.update({(level, position): Digest(raw) for level, position, raw in rows})
        return [found[node] for node in nodes]


def add_blocks(
    connection: Connection, appended: Sequence[Appended], nodes: Sequence[StoredNode]
) -> None:
    """Store new blocks and the subtrees that they complete."""
    if not appended:
        return
    connection.execute(
        insert(_block),
        [
            {
                "height": new.height,
                "raw": new.raw,
                "entry_id": new.admission.id,
                "author": new.admission.author,
                "kind": new.admission.kind,
                "day": new.admission.day.isoformat(),
            }
            for new in appended
        ],
    )
    connection.execute(
        insert(_node),
        [{"level": level, "position": at, "hash": digest} for level, at, digest in nodes],
    )
    heights = [{"height": n.height} for n in appended if n.admission.kind in DOCUMENT_KINDS]
    if heights:
        connection.execute(insert(_governance), heights)


def blocks_between(connection: Connection, start: int, end: int) -> list[bytes]:
    """Return the blocks at heights start … end - 1 that are there."""
    query = select(_block.c.raw).where(_block.c.height >= start, _block.c.height < end)
    return list(connection.execute(query.order_by(_block.c.height)).scalars())


def block_at(connection: Connection, height: int) -> bytes | None:
    """Return the block at `height`, or None."""
    query = select(_block.c.raw).where(_block.c.height == height)
    return connection.execute(query).scalar_one_or_none()


def entry_id_at(connection: Connection, height: int, *, author: str, kind: str) -> Digest | None:
    """Return the id of the entry at `height` if it is `author`'s and of `kind`, else None."""
    query = select(_block.c.entry_id).where(
        _block.c.height == height, _block.c.author == author, _block.c.kind == kind
    )
    found = connection.execute(query).scalar_one_or_none()
    return None if found is None else Digest(found)


def governance_blocks(connection: Connection) -> list[bytes]:
    """Return the blocks that carry documents, in order."""
    query = select(_block.c.raw).join(_governance, _governance.c.height == _block.c.height)
    return list(connection.execute(query.order_by(_block.c.height)).scalars())


def headers_since(connection: Connection, day: str) -> list[tuple[bytes, str, str, str]]:
    """Return (entry id, author, kind, day) of the blocks dated `day` or later."""
    query = select(_block.c.entry_id, _block.c.author, _block.c.kind, _block.c.day).where(
        _block.c.day >= day
    )
    return [tuple(row) for row in connection.execute(query)]


def newest_stored_day(connection: Connection) -> str | None:
    """Return the newest date on an entry with a stored-line: the chain's date."""
    query = (
        select(_block.c.day)
        .where(_block.c.kind.not_in(DOCUMENT_KINDS))
        .order_by(_block.c.day.desc())
        .limit(1)
    )
    return connection.execute(query).scalar_one_or_none()


def chain_size(connection: Connection) -> int:
    """Return the number of blocks."""
    highest = connection.execute(select(func.max(_block.c.height))).scalar_one()
    return 0 if highest is None else int(highest) + 1


def cursor(connection: Connection, name: str) -> int:
    """Return the cursor of that name; 0 before it was first moved."""
    query = select(_cursor.c.value).where(_cursor.c.name == name)
    return int(connection.execute(query).scalar_one_or_none() or 0)


def move_cursor(connection: Connection, name: str, value: int) -> None:
    """Set a cursor."""
    statement = upsert(_cursor).values(name=name, value=value)
    connection.execute(
        statement.on_conflict_do_update(index_elements=["name"], set_={"value": value})
    )


def checkpoint(connection: Connection, name: str) -> CheckpointRow | None:
    """Return the `newest` or the `public` checkpoint, or None before there is one."""
    row = connection.execute(select(_checkpoint).where(_checkpoint.c.name == name)).one_or_none()
    return None if row is None else CheckpointRow(**row._asdict())


def put_newer_checkpoint(connection: Connection, row: CheckpointRow) -> None:
    """Replace the checkpoint of that name unless a larger one is there."""
    known = checkpoint(connection, row.name)
    if known is None or known.size < row.size:
        put_checkpoint(connection, row)


def put_checkpoint(connection: Connection, row: CheckpointRow) -> None:
    """Replace the checkpoint of that name."""
    values = {"size": row.size, "note": row.note, "shown_at": row.shown_at}
    statement = upsert(_checkpoint).values(name=row.name, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))


def count_refusals(connection: Connection, reasons: Iterable[str]) -> None:
    """Add one to the count of each of `reasons`."""
    for reason in reasons:
        statement = upsert(_refusal).values(reason=reason, count=1)
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["reason"], set_={"count": _refusal.c.count + 1}
            )
        )


def refusals(connection: Connection) -> dict[str, int]:
    """Return how often each reason was given."""
    rows = connection.execute(select(_refusal.c.reason, _refusal.c.count))
    return {reason: int(count) for reason, count in rows}
