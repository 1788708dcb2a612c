"""What the matcher owes and awaits: signals to place, frames to send, items to fetch.

placing     own final signals that have no `locate` yet
frame       what this node answers to a `locate`, kept until its author has signed for it
wanted      final entries of others whose items for this node have not come
erased      (author, height) that others have withdrawn: named in no match any more
located     which `locate` names each signal: public, as the chain says
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from ledger.encoding import Digest
from nodes.store.tables import (
    ErasedRow,
    FrameRow,
    LocatedRow,
    PlacingRow,
    UnopenedRow,
    WantedRow,
)

_placing = PlacingRow.__table__  # type: ignore[attr-defined]
_frame = FrameRow.__table__  # type: ignore[attr-defined]
_wanted = WantedRow.__table__  # type: ignore[attr-defined]
_erased = ErasedRow.__table__  # type: ignore[attr-defined]
_unopened = UnopenedRow.__table__  # type: ignore[attr-defined]
_located = LocatedRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Placing:
    """An own final signal to be located; `is_withdrawn`: with random bytes."""

    height: int
    local_id: str
    is_withdrawn: bool


@dataclass(frozen=True, slots=True)
class Frame:
    """The frame for the `locate` at `height` by `author`; `is_missing`: its items never came."""

    height: int
    author: str
    content: bytes = field(repr=False)
    is_missing: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """An entry in a final block whose items for this node have not come."""

    height: int
    entry_id: Digest
    author: str
    kind: str


def add_placing(connection: Connection, *, height: int, local_id: str) -> None:
    """Note that an own signal is final and is to be located."""
    connection.execute(
        upsert(_placing)
        .values(height=height, local_id=local_id, withdrawn=False)
        .on_conflict_do_nothing()
    )


def placing(connection: Connection, count: int) -> list[Placing]:
    """Return up to `count` signals that are to be located, in order of height."""
    rows = connection.execute(select(_placing).order_by(_placing.c.height).limit(count))
    return [Placing(row.height, row.local_id, row.withdrawn) for row in rows]


def is_placing(connection: Connection, local_id: str) -> bool:
    """Tell whether a signal is still to be located."""
    query = select(_placing.c.height).where(_placing.c.local_id == local_id)
    return connection.execute(query).scalar_one_or_none() is not None


def withdraw_placing(connection: Connection, local_id: str) -> None:
    """Let a signal that is still to be located be located with random bytes."""
    connection.execute(
        update(_placing).where(_placing.c.local_id == local_id).values(withdrawn=True)
    )


def placed(connection: Connection, heights: Iterable[int]) -> None:
    """Note that these signals stand in a `locate` that is on its way."""
    connection.execute(delete(_placing).where(_placing.c.height.in_(list(heights))))


def add_frame(connection: Connection, frame: Frame) -> None:
    """Store a frame; one that is there stays as it is: it may have been sent."""
    connection.execute(
        upsert(_frame)
        .values(
            height=frame.height,
            author=frame.author,
            content=frame.content,
            missing=frame.is_missing,
            entry_id=None,
        )
        .on_conflict_do_nothing()
    )


def unsent_frames(connection: Connection, count: int) -> list[Frame]:
    """Return up to `count` frames that stand in no `answer` yet, in order of height."""
    query = select(_frame).where(_frame.c.entry_id.is_(None))
    rows = connection.execute(query.order_by(_frame.c.height).limit(count))
    return [Frame(row.height, row.author, row.content, row.missing) for row in rows]


def send_frames(connection: Connection, heights: Sequence[int], entry_id: Digest | None) -> None:
    """Note in which `answer` these frames stand; None: in none any more."""
    connection.execute(update(_frame).where(_frame.c.height.in_(heights)).values(entry_id=entry_id))


def free_frames(connection: Connection, entry_id: Digest) -> None:
    """Let frames stand in no `answer` again: theirs cannot come on the chain."""
    connection.execute(update(_frame).where(_frame.c.entry_id == entry_id).values(entry_id=None))


def drop_frames(connection: Connection, heights: Sequence[int]) -> None:
    """Delete frames that are answered for good."""
    connection.execute(delete(_frame).where(_frame.c.height.in_(heights)))


def has_frame(connection: Connection, height: int) -> bool:
    """Tell whether the `locate` at `height` was probed and is not answered for good."""
    query = select(_frame.c.height).where(_frame.c.height == height)
    return connection.execute(query).scalar_one_or_none() is not None


def want(connection: Connection, wanted: Wanted) -> None:
    """Note that items are to be fetched."""
    connection.execute(
        upsert(_wanted)
        .values(
            height=wanted.height,
            entry_id=wanted.entry_id,
            author=wanted.author,
            kind=wanted.kind,
        )
        .on_conflict_do_nothing()
    )


def wanted(connection: Connection, *, count: int, kind: str | None = None) -> list[Wanted]:
    """Return up to `count` entries whose items are to be fetched, oldest first."""
    query = select(_wanted).order_by(_wanted.c.height).limit(count)
    if kind is not None:
        query = query.where(_wanted.c.kind == kind)
    rows = connection.execute(query)
    return [Wanted(row.height, Digest(row.entry_id), row.author, row.kind) for row in rows]


def got(connection: Connection, height: int) -> None:
    """Note that an entry's items came, or need come no more."""
    connection.execute(delete(_wanted).where(_wanted.c.height == height))


def remember_erased(connection: Connection, author: str, heights: Iterable[int]) -> None:
    """Remember that `author` withdrew its signals at `heights`."""
    rows = [{"author": author, "height": height} for height in heights]
    if rows:
        connection.execute(upsert(_erased).on_conflict_do_nothing(), rows)


def is_erased(connection: Connection, author: str, height: int) -> bool:
    """Tell whether this node was told that `author` withdrew its signal at `height`."""
    query = select(_erased.c.height).where(_erased.c.author == author, _erased.c.height == height)
    return connection.execute(query).scalar_one_or_none() is not None


def add_located(connection: Connection, locate: int, heights: Iterable[int]) -> None:
    """Note which signals the `locate` at that height names."""
    rows = [{"height": height, "locate": locate} for height in heights]
    connection.execute(insert(_located), rows)


def located_at(connection: Connection, height: int) -> int | None:
    """Return the height of the `locate` that names the signal at `height`, or None."""
    query = select(_located.c.locate).where(_located.c.height == height)
    return connection.execute(query).scalar_one_or_none()


def await_answers(connection: Connection, locate: int, issuers: Iterable[str]) -> None:
    """Note whose answers to an own `locate` are to be opened."""
    rows = [{"locate": locate, "issuer": issuer} for issuer in issuers]
    if rows:
        connection.execute(upsert(_unopened).on_conflict_do_nothing(), rows)


def opened(connection: Connection, locate: int, issuer: str) -> None:
    """Note that an issuer's answer to an own `locate` was opened."""
    connection.execute(
        delete(_unopened).where(_unopened.c.locate == locate, _unopened.c.issuer == issuer)
    )


def unopened(connection: Connection, locate: int) -> list[str]:
    """Return the issuers whose answers to an own `locate` were not opened yet."""
    query = select(_unopened.c.issuer).where(_unopened.c.locate == locate)
    return sorted(connection.execute(query).scalars())
