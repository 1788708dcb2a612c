"""Checkpoints that contradict this node's history, with what this node signs for the same size.

    size, root    of the other history
    other         its checkpoint, with members' lines
    own           this node's checkpoint of that size, cosigned

The first few prove all there is to prove: who lies could make any number of them.
"""

from typing import NamedTuple

from sqlalchemy import Connection, bindparam, func, select
from sqlalchemy.dialects.sqlite import insert

from nodes.store.statement import Statement
from nodes.store.tables import ContradictionRow

MAX_KEPT = 16

_contradictions = ContradictionRow.__table__  # type: ignore[attr-defined]
_PUT = Statement(insert(_contradictions).on_conflict_do_nothing())
_COUNT = Statement(select(func.count()).select_from(_contradictions))
_KNOWN = Statement(
    select(_contradictions.c.size).where(
        _contradictions.c.size == bindparam("size"), _contradictions.c.root == bindparam("root")
    )
)
_ALL = Statement(
    select(_contradictions.c.own, _contradictions.c.other).order_by(
        _contradictions.c.size, _contradictions.c.root
    )
)


class Contradiction(NamedTuple):
    """Two checkpoint notes of one size and different roots."""

    own: bytes
    other: bytes


def is_known(connection: Connection, *, size: int, root: bytes) -> bool:
    """Tell whether that history is kept already, or no more are."""
    return (
        _KNOWN.value(connection, size=size, root=root) is not None
        or int(_COUNT.value(connection)) >= MAX_KEPT
    )


def keep(connection: Connection, *, size: int, root: bytes, found: Contradiction) -> None:
    """Keep a contradiction for ever, once."""
    if not is_known(connection, size=size, root=root):
        _PUT.run(connection, size=size, root=root, own=found.own, other=found.other)


def all_kept(connection: Connection) -> list[Contradiction]:
    """Return every contradiction, by size."""
    return [Contradiction(*row) for row in _ALL.rows(connection)]
