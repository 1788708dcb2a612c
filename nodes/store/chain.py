"""Reading and writing blocks and tree nodes; every function works inside a caller's transaction."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, func, insert, select, text
from sqlalchemy.dialects.sqlite import insert as upsert

from ledger.block import Block
from ledger.day import decode_day
from ledger.encoding import Digest
from ledger.entry import DOCUMENT_KINDS
from ledger.heights import Heights
from ledger.parts import Located
from ledger.state import Appended
from ledger.tree import StoredNode
from nodes.store.statement import Statement
from nodes.store.tables import (
    BlockRow,
    CheckpointRow,
    CursorRow,
    GovernanceRow,
    RefusalRow,
    TreeNodeRow,
)

EFFECTS_DAY = "effects-day"
"""The cursor that holds the newest date, as an ordinal, among the blocks that took effect."""
_block = BlockRow.__table__  # type: ignore[attr-defined]
_node = TreeNodeRow.__table__  # type: ignore[attr-defined]
_cursor = CursorRow.__table__  # type: ignore[attr-defined]
_checkpoint = CheckpointRow.__table__  # type: ignore[attr-defined]
_refusal = RefusalRow.__table__  # type: ignore[attr-defined]
_governance = GovernanceRow.__table__  # type: ignore[attr-defined]
_put_cursor, _put_checkpoint, _count = upsert(_cursor), upsert(_checkpoint), upsert(_refusal)

# Asked for pairs as `(level, position) IN (…)`, SQLite reads the whole table.
_NODES = Statement(
    text(
        "SELECT level, position, hash FROM json_each(:wanted) AS wanted CROSS JOIN tree_node "
        "ON level = json_extract(wanted.value, '$[0]') "
        "AND position = json_extract(wanted.value, '$[1]')"
    )
)
_ADD_BLOCK = Statement(insert(_block))
_ADD_NODE = Statement(insert(_node))
_ADD_GOVERNANCE = Statement(insert(_governance))
_BETWEEN = Statement(
    select(_block.c.raw)
    .where(_block.c.height >= bindparam("start"), _block.c.height < bindparam("end"))
    .order_by(_block.c.height)
)
_BLOCK = Statement(select(_block.c.raw).where(_block.c.height == bindparam("height")))
_DAY = Statement(select(_block.c.day).where(_block.c.height == bindparam("height")))
_ENTRY_ID = Statement(
    select(_block.c.entry_id).where(
        _block.c.height == bindparam("height"),
        _block.c.author == bindparam("author"),
        _block.c.kind == bindparam("kind"),
    )
)
_HEIGHT = Statement(
    select(_block.c.height).where(
        _block.c.day == bindparam("day"), _block.c.entry_id == bindparam("entry_id")
    )
)
_CONSORTIUM = Statement(
    select(_governance.c.height)
    .join(_block, _governance.c.height == _block.c.height)
    .where(_block.c.kind == "consortium")
    .order_by(_governance.c.height)
)
_CURSOR = Statement(select(_cursor.c.value).where(_cursor.c.name == bindparam("name")))
_MOVE_CURSOR = Statement(
    _put_cursor.on_conflict_do_update(
        index_elements=["name"], set_={"value": _put_cursor.excluded.value}
    )
)
_CHECKPOINT = Statement(
    select(
        _checkpoint.c.name, _checkpoint.c.size, _checkpoint.c.note, _checkpoint.c.shown_at
    ).where(_checkpoint.c.name == bindparam("name"))
)
_PUT_CHECKPOINT = Statement(
    _put_checkpoint.on_conflict_do_update(
        index_elements=["name"],
        set_={name: _put_checkpoint.excluded[name] for name in ("size", "note", "shown_at")},
    )
)
_COUNT_REFUSAL = Statement(
    _count.on_conflict_do_update(
        index_elements=["reason"], set_={"count": _refusal.c.count + _count.excluded.count}
    )
)


class StoredCheckpoint(NamedTuple):
    """A final checkpoint's `note`, as the `newest` or the `public` one; see `CheckpointRow`."""

    name: str
    size: int
    note: bytes
    shown_at: int


class TreeNodes:
    """A `ledger.tree.NodeReader` over the database."""

    def __init__(self, connection: Connection) -> None:
        """Read through `connection`."""
        self._connection = connection

    def read(self, nodes: Sequence[tuple[int, int]]) -> list[Digest]:
        """Return the hashes of `nodes`, in their order; see `NodeReader`."""
        rows = _NODES.rows(self._connection, wanted=json.dumps(nodes))
        found = {(level, position): Digest(raw) for level, position, raw in rows}
        return [found[node] for node in nodes]


def add_blocks(
    connection: Connection, appended: Sequence[Appended], nodes: Sequence[StoredNode]
) -> None:
    """Store new blocks and the subtrees that they complete."""
    if not appended:
        return
    _ADD_BLOCK.run_all(
        connection,
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
    _ADD_NODE.run_all(
        connection,
        [{"level": level, "position": at, "hash": digest} for level, at, digest in nodes],
    )
    heights = [{"height": n.height} for n in appended if n.admission.kind in DOCUMENT_KINDS]
    _ADD_GOVERNANCE.run_all(connection, heights)


def blocks_between(connection: Connection, start: int, end: int) -> list[bytes]:
    """Return the blocks at heights start … end - 1 that are there."""
    return _BETWEEN.column(connection, start=start, end=end)


def block_at(connection: Connection, height: int) -> bytes | None:
    """Return the block at `height`, or None."""
    raw: bytes | None = _BLOCK.value(connection, height=height)
    return raw


def days_at(connection: Connection, heights: Sequence[int]) -> dict[int, date]:
    """Return the dates of the entries in the blocks at `heights` that are there."""
    found = ((height, _DAY.value(connection, height=height)) for height in heights)
    return {height: decode_day(day) for height, day in found if day is not None}


def entry_id_at(connection: Connection, height: int, *, author: str, kind: str) -> Digest | None:
    """Return the id of the entry at `height` if it is `author`'s and of `kind`, else None."""
    found = _ENTRY_ID.value(connection, height=height, author=author, kind=kind)
    return None if found is None else Digest(found)


def height_of(connection: Connection, entry_id: Digest, *, day: date) -> int | None:
    """Return the height of the entry of that id and date, or None; reads through that day."""
    height: int | None = _HEIGHT.value(connection, day=day.isoformat(), entry_id=entry_id)
    return height


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
    return _CONSORTIUM.column(connection)


def headers_since(connection: Connection, day: str) -> list[tuple[bytes, str, str, str]]:
    """Return (entry id, author, kind, day) of the blocks dated `day` or later."""
    query = select(_block.c.entry_id, _block.c.author, _block.c.kind, _block.c.day).where(
        _block.c.day >= day
    )
    return [tuple(row) for row in connection.execute(query)]


def chain_size(connection: Connection) -> int:
    """Return the number of blocks."""
    highest = connection.execute(select(func.max(_block.c.height))).scalar_one()
    return 0 if highest is None else int(highest) + 1


def cursor(connection: Connection, name: str) -> int:
    """Return the cursor of that name; 0 before it was first moved."""
    return int(_CURSOR.value(connection, name=name) or 0)


def move_cursor(connection: Connection, name: str, value: int) -> None:
    """Set a cursor."""
    _MOVE_CURSOR.run(connection, name=name, value=value)


def checkpoint(connection: Connection, name: str) -> StoredCheckpoint | None:
    """Return the `newest` or the `public` checkpoint, or None before there is one."""
    row = _CHECKPOINT.row(connection, name=name)
    return None if row is None else StoredCheckpoint(*row)


def put_newer_checkpoint(connection: Connection, row: StoredCheckpoint | CheckpointRow) -> None:
    """Replace the checkpoint of that name unless a larger one is there."""
    known = checkpoint(connection, row.name)
    if known is None or known.size < row.size:
        put_checkpoint(connection, row)


def put_checkpoint(connection: Connection, row: StoredCheckpoint | CheckpointRow) -> None:
    """Replace the checkpoint of that name."""
    _PUT_CHECKPOINT.run(
        connection, name=row.name, size=row.size, note=row.note, shown_at=row.shown_at
    )


def count_refusals(connection: Connection, reasons: Iterable[str]) -> None:
    """Add one to the count of each of `reasons`."""
    for reason, count in Counter(reasons).items():
        _COUNT_REFUSAL.run(connection, reason=reason, count=count)


def refusals(connection: Connection) -> dict[str, int]:
    """Return how often each reason was given."""
    rows = connection.execute(select(_refusal.c.reason, _refusal.c.count))
    return {reason: int(count) for reason, count in rows}
