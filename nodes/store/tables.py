"""The tables of a node's database.

Columns whose name ends in `_box` are encrypted at rest (`nodes.store.vault`); columns named `_mac`
are HMACs under a key of the node. Nothing else holds anything about a person.
"""

from sqlalchemy import Index, text
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


class DateRow(SQLModel, table=True):
    """The newest date that a member attested; under the name "" the chain's date."""

    __tablename__ = "date"
    name: str = Field(primary_key=True)
    day: str


class ContradictionRow(SQLModel, table=True):
    """A checkpoint of another history than this node's, and this node's of the same size."""

    __tablename__ = "contradiction"
    size: int = Field(primary_key=True)
    root: bytes = Field(primary_key=True)
    own: bytes
    other: bytes


class CosignedRow(SQLModel, table=True):
    """The newest final checkpoint under which another member's cosignature stands."""

    __tablename__ = "cosigned"
    member: str = Field(primary_key=True)
    size: int
    note: bytes


class RefusalRow(SQLModel, table=True):
    """How many entries were skipped, by the reason."""

    __tablename__ = "refusal"
    reason: str = Field(primary_key=True)
    count: int


class GovernanceRow(SQLModel, table=True):
    """The heights of `consortium`, `member` and `epoch` blocks, which a restart reads again."""

    __tablename__ = "governance"
    height: int = Field(primary_key=True)


class OwedLocateRow(SQLModel, table=True):
    """A signal on the chain that has no `locate` yet."""

    __tablename__ = "owed_locate"
    height: int = Field(primary_key=True)
    author: str
    day: str


class OwedAnswerRow(SQLModel, table=True):
    """A `locate` that `member` has not answered yet."""

    __tablename__ = "owed_answer"
    __table_args__ = {"sqlite_with_rowid": False}
    height: int = Field(primary_key=True)
    member: str = Field(primary_key=True)
    author: str
    day: str
    slots: int


class AllowanceRow(SQLModel, table=True):
    """How many signals of an author stand, and what it may post beyond its quotas, by kind."""

    __tablename__ = "allowance"
    __table_args__ = {"sqlite_with_rowid": False}
    author: str = Field(primary_key=True)
    standing: int
    signal: int
    locate: int
    erasure: int


class AnewRow(SQLModel, table=True):
    """An own signal that is posted anew (`nodes.store.anew`)."""

    __tablename__ = "anew"
    __table_args__ = (Index("ix_anew_turn", "state", "new_key"), {"sqlite_with_rowid": False})
    key: bytes = Field(primary_key=True)
    new_key: bytes = Field(unique=True)
    epoch: bytes = Field(index=True)
    state: str
    withdrawn: bool
    box: bytes


class SignalRow(SQLModel, table=True):
    """A signal of this node's own agency, from the caller's first answer on.

    `place` is that of one that was posted anew: `beside` the old one, or `instead` of it.
    """

    __tablename__ = "signal"
    local_id: str = Field(primary_key=True)
    sequence: int = Field(unique=True)
    idempotency_mac: bytes = Field(unique=True)
    request_mac: bytes
    entry_id: bytes = Field(unique=True)
    entry: bytes
    height: int | None = Field(default=None, unique=True)
    final: bool = Field(default=False)
    withdrawn: bool = Field(default=False)
    place: str | None = None
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


class PresenceRow(SQLModel, table=True):
    """What this agency has placed about one person in one epoch (`nodes.store.presence`)."""

    __tablename__ = "presence"
    __table_args__ = {"sqlite_with_rowid": False}
    key: bytes = Field(primary_key=True)
    box: bytes


class WatchRow(SQLModel, table=True):
    """A locator under which another issuer would place a signal (`nodes.store.watch`)."""

    __tablename__ = "watch"
    __table_args__ = {"sqlite_with_rowid": False}
    key: bytes = Field(primary_key=True)
    box: bytes


class MatchRow(SQLModel, table=True):
    """A match (`nodes.store.matches`)."""

    __tablename__ = "match"
    __table_args__ = {"sqlite_with_rowid": False}
    key: bytes = Field(primary_key=True)
    box: bytes


class CaseRow(SQLModel, table=True):
    """All live matches of one person for one purpose (`nodes.store.matches`)."""

    __tablename__ = "case_file"
    __table_args__ = {"sqlite_with_rowid": False}
    key: bytes = Field(primary_key=True)
    box: bytes


class MatchIndexRow(SQLModel, table=True):
    """The matches of an own signal, or of another issuer's (`nodes.store.matches`)."""

    __tablename__ = "match_index"
    __table_args__ = {"sqlite_with_rowid": False}
    key: bytes = Field(primary_key=True)
    box: bytes


class NewMatchRow(SQLModel, table=True):
    """A match that no case has taken up yet (`nodes.store.matches`)."""

    __tablename__ = "new_match"
    __table_args__ = {"sqlite_with_rowid": False}
    key: bytes = Field(primary_key=True)
    box: bytes


class PlacingRow(SQLModel, table=True):
    """An own final signal that is to be located."""

    __tablename__ = "placing"
    height: int = Field(primary_key=True)
    local_id: str = Field(unique=True)
    withdrawn: bool


class FrameRow(SQLModel, table=True):
    """What this node answers to a `locate`; `entry_id` of the `answer` it stands in, if any."""

    __tablename__ = "frame"
    height: int = Field(primary_key=True)
    author: str
    content: bytes
    missing: bool
    entry_id: bytes | None = None


class WantedRow(SQLModel, table=True):
    """A final entry of another member whose items for this node have not come, since a day."""

    __tablename__ = "wanted"
    height: int = Field(primary_key=True)
    entry_id: bytes
    author: str
    kind: str
    since: str


class ErasedRow(SQLModel, table=True):
    """A signal that its author withdrew and told this node of (`nodes.store.matches`)."""

    __tablename__ = "erased"
    __table_args__ = {"sqlite_with_rowid": False}
    key: bytes = Field(primary_key=True)


class UnopenedRow(SQLModel, table=True):
    """An issuer's answer to an own `locate` that was not opened yet."""

    __tablename__ = "unopened"
    __table_args__ = {"sqlite_with_rowid": False}
    locate: int = Field(primary_key=True)
    issuer: str = Field(primary_key=True)


class WithdrawingRow(SQLModel, table=True):
    """An own withdrawn signal that stands in no `erasure` yet; who is to be told, boxed."""

    __tablename__ = "withdrawing"
    height: int = Field(primary_key=True)
    box: bytes


class LocatedRow(SQLModel, table=True):
    """Which `locate` names a signal; public, as the chain says."""

    __tablename__ = "located"
    height: int = Field(primary_key=True)
    locate: int


class DispatchRow(SQLModel, table=True):
    """An own entry with items for others (`nodes.store.dispatches`)."""

    __tablename__ = "dispatch"
    entry_id: bytes = Field(primary_key=True)
    sequence: int = Field(unique=True)
    kind: str
    height: int | None = Field(default=None, unique=True)
    box: bytes


class OrphanRow(SQLModel, table=True):
    """An own signal on the chain of which this node has no body: its database was lost."""

    __tablename__ = "orphan"
    # A readiness check must not read through all that came back.
    __table_args__ = (Index("ix_orphan_bare", "height", sqlite_where=text("share_box IS NULL")),)
    height: int = Field(primary_key=True)
    entry_id: bytes = Field(unique=True)
    share_box: bytes | None = None


class LogRecordRow(SQLModel, table=True):
    """A record of the logbook, and its leaf in the tree of its hour (`nodes.store.logbook`)."""

    __tablename__ = "log_record"
    number: int = Field(primary_key=True)
    leaf: bytes
    box: bytes


class LoggedHoursRow(SQLModel, table=True):
    """An own `logbook` entry, and what opens it (`nodes.store.logbook`)."""

    __tablename__ = "logged_hours"
    entry_id: bytes = Field(primary_key=True)
    sequence: int = Field(unique=True)
    height: int | None = Field(default=None, index=True)
    entry: bytes
    box: bytes


class OutgoingRow(SQLModel, table=True):
    """A piece of an own message that is not final yet (`nodes.store.outgoing`)."""

    __tablename__ = "outgoing"
    __table_args__ = (
        Index("ix_outgoing_waiting", "receiver", "entry_id", "rank", "sequence"),
        Index("ix_outgoing_rank", "entry_id", "rank"),
    )
    sequence: int = Field(primary_key=True)
    receiver: str
    rank: int
    entry_id: bytes | None = None
    message: bytes = Field(index=True)
    box: bytes


class SentRow(SQLModel, table=True):
    """An own message all of which is final, and where its last piece stands."""

    __tablename__ = "sent"
    __table_args__ = {"sqlite_with_rowid": False}
    key: bytes = Field(primary_key=True)
    height: int
    day: int = Field(index=True)


class DeskCardRow(SQLModel, table=True):
    """The newest public keys of a member's desks (`nodes.desks`)."""

    __tablename__ = "desk_card"
    member: str = Field(primary_key=True)
    card: bytes


class HeardItemRow(SQLModel, table=True):
    """An item of an exchange that came (`nodes.store.incoming`)."""

    __tablename__ = "heard_item"
    __table_args__ = {"sqlite_with_rowid": False}
    key: bytes = Field(primary_key=True)
    day: int = Field(index=True)


class IncomingRow(SQLModel, table=True):
    """A piece of another's message that is not whole yet (`nodes.store.incoming`)."""

    __tablename__ = "incoming"
    key: bytes = Field(primary_key=True)
    message: bytes = Field(index=True)
    day: int = Field(index=True)
    box: bytes


class HeardRow(SQLModel, table=True):
    """A message of another's that was whole (`nodes.store.incoming`)."""

    __tablename__ = "heard"
    __table_args__ = {"sqlite_with_rowid": False}
    key: bytes = Field(primary_key=True)
    day: int = Field(index=True)


class PairRow(SQLModel, table=True):
    """A match as a case of one of this agency's desks has it (`nodes.store.casework`)."""

    __tablename__ = "pair"
    __table_args__ = {"sqlite_with_rowid": False}
    key: bytes = Field(primary_key=True)
    box: bytes


class PairEventRow(SQLModel, table=True):
    """What happened to a pair, one row an event (`nodes.store.casework`)."""

    __tablename__ = "pair_event"
    __table_args__ = {"sqlite_with_rowid": False}
    key: bytes = Field(primary_key=True)
    box: bytes


class WorkRow(SQLModel, table=True):
    """A case on the worklist of a desk (`nodes.store.casework`).

    `due` is the day, as an ordinal, on which the clock has something to do; `awaits` who else has.
    """

    __tablename__ = "work"
    __table_args__ = (
        Index("ix_work_desk", "desk", "due", "key"),
        Index("ix_work_due", "due", "key"),
        Index("ix_work_awaits", "awaits", "key"),
        {"sqlite_with_rowid": False},
    )
    key: bytes = Field(primary_key=True)
    desk: bytes
    due: int
    awaits: int
    box: bytes


class ParkedRow(SQLModel, table=True):
    """Messages of `author` about a match that is not here yet (`nodes.store.parked`)."""

    __tablename__ = "parked"
    __table_args__ = {"sqlite_with_rowid": False}
    key: bytes = Field(primary_key=True)
    author: str = Field(index=True)
    since: int = Field(index=True)
    box: bytes


class AbsenceRow(SQLModel, table=True):
    """When somebody of this agency is away, and who stands in (`nodes.store.absences`)."""

    __tablename__ = "absence"
    __table_args__ = {"sqlite_with_rowid": False}
    key: bytes = Field(primary_key=True)
    box: bytes


class NoticeRow(SQLModel, table=True):
    """A desk, a lead or an officer that is to be told that there is something."""

    __tablename__ = "notice"
    __table_args__ = {"sqlite_with_rowid": False}
    key: bytes = Field(primary_key=True)
    box: bytes
