"""Boxes under keys: rows that a stolen disk can neither read nor join, of few sizes.

    key    HMAC under a node's key           box    u32be length ‖ content ‖ zeros, encrypted

A box holds 512, 1,024, 2,048 … bytes: how long what was said is, or which act it tells of, does not
show.
"""

from sqlalchemy import Connection, bindparam, delete, select
from sqlalchemy.dialects.sqlite import insert
from sqlmodel import SQLModel

from nodes.store.statement import Statement
from nodes.store.vault import Vault

_LEAST_BYTES, _LENGTH_BYTES = 512, 4


class Boxes:
    """One such table; every method works inside a caller's transaction."""

    def __init__(self, row: type[SQLModel], vault: Vault) -> None:
        """Box with `vault` what has no columns but `key` and `box`."""
        table = row.__table__  # type: ignore[attr-defined]
        self._name, self._vault = str(row.__tablename__), vault
        put = insert(table)
        self._read = Statement(select(table.c.box).where(table.c.key == bindparam("key")))
        self._all = Statement(select(table.c.key, table.c.box).order_by(table.c.key))
        self._write = Statement(
            put.on_conflict_do_update(index_elements=["key"], set_={"box": put.excluded.box})
        )
        self._delete = Statement(delete(table).where(table.c.key == bindparam("gone")))

    def get(self, connection: Connection, key: bytes) -> bytes | None:
        """Return the content under `key`, or None."""
        box = self._read.value(connection, key=key)
        return None if box is None else unbox(self._vault, box, table=self._name, row=key)

    def put(self, connection: Connection, key: bytes, content: bytes) -> None:
        """Store `content`, in the place of what was there."""
        box = boxed(self._vault, content, table=self._name, row=key)
        self._write.run(connection, key=key, box=box)

    def drop(self, connection: Connection, key: bytes) -> None:
        """Delete what is under `key`, if anything."""
        self._delete.run(connection, gone=key)

    def all(self, connection: Connection) -> list[tuple[bytes, bytes]]:
        """Return every row's key and content; for tables of few rows."""
        rows = self._all.rows(connection)
        return [(key, unbox(self._vault, box, table=self._name, row=key)) for key, box in rows]


def boxed(vault: Vault, content: bytes, *, table: str, row: bytes) -> bytes:
    """Return the box of `content` at that place."""
    size = _LEAST_BYTES
    while size < _LENGTH_BYTES + len(content):
        size *= 2
    text = (len(content).to_bytes(_LENGTH_BYTES, "big") + content).ljust(size, b"\0")
    return vault.lock(text, table=table, row=row, column="box")


def unbox(vault: Vault, box: bytes, *, table: str, row: bytes) -> bytes:
    """Return what `boxed` put in.

    Raises:
        StorageError: the box was altered or moved.
    """
    text = vault.unlock(box, table=table, row=row, column="box")
    end = _LENGTH_BYTES + int.from_bytes(text[:_LENGTH_BYTES], "big")
    return text[_LENGTH_BYTES:end]
