"""The tables of a node's database.

Columns whose name ends in `_box` are encrypted at rest (`nodes.store.vault`); columns named `_mac`
are HMACs under a key of the node. Nothing else holds anything about a person.
"""

from sqlmodel import Field, SQLModel


class BlockRow(SQLModel, table=True):
    """A block of the chain, public as it is."""

    __tablename__ = "block"
    height: int = Field(primary_key=True)
    raw: bytes
    entry_id: bytes
    author: str
    kind: str
    day: str = Field(index=True)


class TreeNodeRow(SQLModel, table=True):
    """The root of a perfect subtree: `level` 0 is the leaves (RFC 6962)."""

    __tablename__ = "tree_node"
    __table_args__ = {"sqlite_with_rowid": False}
    level: int = Field(primary_key=True)
    position: int = Field(primary_key=True)
    hash: bytes


class CursorRow(SQLModel, table=True):
    """How far this node is: `applied` counts the order's batches, the others blocks."""

    __tablename__ = "cursor"
    name: str = Field(primary_key=True)
    value: int


class CheckpointRow(SQLModel, table=True):
    """A final checkpoint with its cosignatures: the `newest`, and the one shown in `public`."""

    __tablename__ = "checkpoint"
    name: str = Field(primary_key=True)
    size: int
    note: bytes
    shown_at: int


class RefusalRow(SQLModel, table=True):
    """How many entries were skipped, by the reason."""

    __tablename__ = "refusal"
    reason: str = Field(primary_key=True)
    count: int


class GovernanceRow(SQLModel, table=True):
    """The heights of `consortium`, `member` and `epoch` blocks, which a restart reads again."""

    __tablename__ = "governance"
    height: int = Field(primary_key=True)


class SignalRow(SQLModel, table=True):
    """A signal of this node's own agency, from the caller's first answer on."""

    __tablename__ = "signal"
    local_id: str = Field(primary_key=True)
    sequence: int = Field(unique=True)
    idempotency_mac: bytes = Field(unique=True)
    request_mac: bytes
    entry_id: bytes = Field(unique=True)
    entry: bytes
    height: int | None = Field(default=None, unique=True)
    final: bool = Field(default=False)
    case_box: bytes
    person_box: bytes
    body_box: bytes


class DisclosureRow(SQLModel, table=True):
    """The vault: a signal's SD-JWT with all of its disclosures."""

    __tablename__ = "disclosure"
    local_id: str = Field(primary_key=True)
    sdjwt_box: bytes


class CustodyRow(SQLModel, table=True):
    """A part of another member's body that this node signed for."""

    __tablename__ = "custody"
    entry_id: bytes = Field(primary_key=True)
    author: str
    day: str = Field(index=True)
    height: int | None = Field(default=None, index=True)
    share_box: bytes


class OrphanRow(SQLModel, table=True):
    """An own signal on the chain of which this node has no body: its database was lost."""

    __tablename__ = "orphan"
    height: int = Field(primary_key=True)
    entry_id: bytes = Field(unique=True)
    share_box: bytes | None = None
