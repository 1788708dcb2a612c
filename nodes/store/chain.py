"""Reading and writing blocks and tree nodes; every function works inside a caller's transaction."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date

from sqlalchemy import Connection, func, insert, select
from sqlalchemy.dialects.sqlite import insert as upsert

from ledger.block import Block
from ledger.day import decode_day
from ledger.encoding import Digest
from ledger.entry import DOCUMENT_KINDS
from ledger.heights import Heights
from ledger.parts import Located
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
# Asked for pairs as `(level, position) IN (…)`, SQLite reads the whole table.
_NODES = """
    SELECT level, position, hash FROM json_each(?) AS wanted CROSS JOIN tree_node
    ON level = json_extract(wanted.value, '$[0]')
    AND position = json_extract(wanted.value, '$[1]')
"""


class TreeNodes:
    """A `ledger.tree.NodeReader` over the database."""

    def __init__(self, connection: Connection) -> None:
        """Read through `connection`."""
        self._connection = connection

    def read(self, nodes: Sequence[tuple[int, int]]) -> list[Digest]:
        """Return the hashes of `nodes`, in their order; see `NodeReader`."""
        rows = self._connection.exec_driver_sql(_NODES, (json.dumps(nodes),))
        found = {(level, position): Digest(raw) for level, position, raw in rows}
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


def days_at(connection: Connection, heights: Sequence[int]) -> dict[int, date]:
    """Return the dates of the entries in the blocks at `heights` that are there."""
    query = select(_block.c.height, _block.c.day).where(_block.c.height.in_(heights))
    return {height: decode_day(day) for height, day in connection.execute(query)}


def entry_id_at(connection: Connection, height: int, *, author: str, kind: str) -> Digest | None:
    """Return the id of the entry at `height` if it is `author`'s and of `kind`, else None."""
    query = select(_block.c.entry_id).where(
        _block.c.height == height, _block.c.author == author, _block.c.kind == kind
    )
    found = connection.execute(query).scalar_one_or_none()
    return None if found is None else Digest(found)


def height_of(connection: Connection, entry_id: Digest, *, day: date) -> int | None:
    """Return the height of the entry of that id and date, or None; reads through that day."""
    query = select(_block.c.height).where(
        _block.c.day == day.isoformat(), _block.c.entry_id == entry_id
    )
    return connection.execute(query).scalar_one_or_none()


def locate_at(connection: Connection, height: int) -> Located | None:
    """Return the `locate` in the block at `height`, or None where it is none."""
    raw = block_at(connection, height)
    entry = None if raw is None else Block.decode(raw).signed.entry
    if entry is None or entry.kind != "locate":
        return None
    return Located(entry.author, len(Heights.decode(entry.further).named))


def governance_blocks(connection: Connection) -> list[bytes]:
    """Return the blocks that carry documents, in order."""
    query = select(_block.c.raw).join(_governance, _governance.c.height == _block.c.height)
    return list(connection.execute(query.order_by(_block.c.height)).scalars())


def consortium_heights(connection: Connection) -> list[int]:
    """Return the heights of the blocks that carry consortium documents, in order."""
    query = select(_governance.c.height).join(_block, _governance.c.height == _block.c.height)
    query = query.where(_block.c.kind == "consortium").order_by(_governance.c.height)
    return list(connection.execute(query).scalars())


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
    for reason, count in Counter(reasons).items():
        statement = upsert(_refusal).values(reason=reason, count=count)
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["reason"], set_={"count": _refusal.c.count + count}
            )
        )


def refusals(connection: Connection) -> dict[str, int]:
    """Return how often each reason was given."""
    rows = connection.execute(select(_refusal.c.reason, _refusal.c.count))
    return {reason: int(count) for reason, count in rows}
