"""Whose cosignatures stand under final checkpoints: of each other member the newest one.

    member    its name
    size      how many blocks it cosigned
    note      the checkpoint with its lines

A member that starts again asks for this (`nodes.vouching`).
"""

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.dialects.sqlite import insert

from nodes.store.statement import Statement
from nodes.store.tables import CosignedRow

_cosigned = CosignedRow.__table__  # type: ignore[attr-defined]
_put = insert(_cosigned)
_PUT = Statement(
    _put.on_conflict_do_update(
        index_elements=["member"],
        set_={"size": _put.excluded.size, "note": _put.excluded.note},
        where=_cosigned.c.size < _put.excluded.size,
    )
)
_NOTE = Statement(select(_cosigned.c.note).where(_cosigned.c.member == bindparam("member")))


def remember(connection: Connection, members: Sequence[str], *, size: int, note: bytes) -> None:
    """Keep a checkpoint for those who cosigned it, unless a larger one is kept."""
    rows = [{"member": member, "size": size, "note": note} for member in members]
    _PUT.run_all(connection, rows)


def newest_of(connection: Connection, member: str) -> bytes:
    """Return the newest checkpoint kept for `member`, or nothing."""
    note: bytes | None = _NOTE.value(connection, member=member)
    return note or b""
