"""What the matcher owes and awaits: signals to place, frames to send, items to fetch.

placing     own final signals that have no `locate` yet
frame       what this node answers to a `locate`, kept until its author has signed for it
wanted      final entries of others whose items for this node have not come
located     which `locate` names each signal: public, as the chain says
cursor      "kept/<purpose>/<epoch>": pseudonyms of that closed epoch are kept, and since which day
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection, bindparam, delete, exists, insert, null, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from ledger.encoding import Digest
from nodes.store.chain import move_cursor
from nodes.store.statement import Statement
from nodes.store.tables import (
    CursorRow,
    CustodyRow,
    FrameRow,
    LocatedRow,
    PlacingRow,
    UnopenedRow,
    WantedRow,
)

_placing = PlacingRow.__table__  # type: ignore[attr-defined]
_frame = FrameRow.__table__  # type: ignore[attr-defined]
_wanted = WantedRow.__table__  # type: ignore[attr-defined]
_unopened = UnopenedRow.__table__  # type: ignore[attr-defined]
_located = LocatedRow.__table__  # type: ignore[attr-defined]
_cursor = CursorRow.__table__  # type: ignore[attr-defined]
_custody = CustodyRow.__table__  # type: ignore[attr-defined]
_KEPT = "kept/"
_ADD_PLACING = Statement(upsert(_placing).on_conflict_do_nothing())
_PLACING = Statement(
    select(_placing.c.height, _placing.c.local_id, _placing.c.withdrawn)
    .order_by(_placing.c.height)
    .limit(bindparam("count"))
)
_IS_PLACING = Statement(
    select(_placing.c.height).where(_placing.c.local_id == bindparam("local_id"))
)
_WITHDRAW_PLACING = Statement(
    update(_placing).where(_placing.c.local_id == bindparam("of")).values(withdrawn=True)
)
_PLACED = Statement(delete(_placing).where(_placing.c.height == bindparam("at")))
_ADD_FRAME = Statement(upsert(_frame).on_conflict_do_nothing())
_UNSENT = Statement(
    select(_frame.c.height, _frame.c.author, _frame.c.content, _frame.c.missing)
    .where(_frame.c.entry_id.is_(None))
    .order_by(_frame.c.height)
    .limit(bindparam("count"))
)
_SEND_FRAME = Statement(
    update(_frame).where(_frame.c.height == bindparam("at")).values(entry_id=bindparam("answer"))
)
_FREE_FRAMES = Statement(
    update(_frame).where(_frame.c.entry_id == bindparam("answer")).values(entry_id=null())
)
_DROP_FRAME = Statement(delete(_frame).where(_frame.c.height == bindparam("at")))
_HAS_FRAME = Statement(select(_frame.c.height).where(_frame.c.height == bindparam("height")))
_WANT = Statement(upsert(_wanted).on_conflict_do_nothing())
_all_wanted = select(
    _wanted.c.height, _wanted.c.entry_id, _wanted.c.author, _wanted.c.kind, _wanted.c.since
).order_by(_wanted.c.height)
_some_wanted = _all_wanted.limit(bindparam("count"))
_WANTED = Statement(_some_wanted)
_WANTED_OF_KIND = Statement(_some_wanted.where(_wanted.c.kind == bindparam("kind")))
_of_author = _some_wanted.where(_wanted.c.author == bindparam("author"))
_is_here = exists().where(_custody.c.entry_id == _wanted.c.entry_id)
_WANTED_OF_AUTHOR = Statement(_of_author.where(~_is_here))
_KEPT_OF_AUTHOR = Statement(_of_author.where(_is_here))
_EARLIER = Statement(
    select(_wanted.c.height)
    .where(
        _wanted.c.height < bindparam("height"),
        _wanted.c.author == bindparam("author"),
        _wanted.c.kind == bindparam("kind"),
        _wanted.c.since.between(bindparam("since"), bindparam("until")),
    )
    .limit(1)
)
_WANTED_AUTHORS = Statement(select(_wanted.c.author).distinct().order_by(_wanted.c.author))
_GIVE_UP = Statement(
    delete(_wanted).where(_wanted.c.kind == bindparam("of"), _wanted.c.since < bindparam("before"))
)
_OVERDUE = Statement(_all_wanted.where(_wanted.c.since < bindparam("before")))
_GOT = Statement(delete(_wanted).where(_wanted.c.height == bindparam("at")))
_ADD_LOCATED = Statement(insert(_located))
_LOCATED_AT = Statement(select(_located.c.locate).where(_located.c.height == bindparam("height")))
_AWAIT = Statement(upsert(_unopened).on_conflict_do_nothing())
_OPENED = Statement(
    delete(_unopened).where(
        _unopened.c.locate == bindparam("at"), _unopened.c.issuer == bindparam("by")
    )
)
_UNOPENED = Statement(
    select(_unopened.c.issuer)
    .where(_unopened.c.locate == bindparam("locate"))
    .order_by(_unopened.c.issuer)
)
_KEPT_CLOSED = Statement(
    select(_cursor.c.name, _cursor.c.value).where(_cursor.c.name.startswith(_KEPT))
)


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
    """An entry in a final block whose items for this node are fetched `since` that day."""

    height: int
    entry_id: Digest
    author: str
    kind: str
    since: date


@dataclass(frozen=True, slots=True)
class KeptEpoch:
    """A closed epoch of which pseudonyms are kept since the day with the ordinal `since`."""

    purpose: str
    epoch: int
    since: int


def add_placing(
    connection: Connection, *, height: int, local_id: str, is_withdrawn: bool = False
) -> None:
    """Note that an own signal is final and is to be located."""
    _ADD_PLACING.run(connection, height=height, local_id=local_id, withdrawn=is_withdrawn)


def placing(connection: Connection, count: int) -> list[Placing]:
    """Return up to `count` signals that are to be located, in order of height."""
    return [
        Placing(height, local_id, bool(is_withdrawn))
        for height, local_id, is_withdrawn in _PLACING.rows(connection, count=count)
    ]


def is_placing(connection: Connection, local_id: str) -> bool:
    """Tell whether a signal is still to be located."""
    return _IS_PLACING.value(connection, local_id=local_id) is not None


def withdraw_placing(connection: Connection, local_id: str) -> None:
    """Let a signal that is still to be located be located with random bytes."""
    _WITHDRAW_PLACING.run(connection, of=local_id)


def placed(connection: Connection, heights: Iterable[int]) -> None:
    """Note that these signals stand in a `locate` that is on its way."""
    _PLACED.run_all(connection, [{"at": height} for height in heights])


def add_frame(connection: Connection, frame: Frame) -> None:
    """Store a frame; one that is there stays as it is: it may have been sent."""
    _ADD_FRAME.run(
        connection,
        height=frame.height,
        author=frame.author,
        content=frame.content,
        missing=frame.is_missing,
        entry_id=None,
    )


def unsent_frames(connection: Connection, count: int) -> list[Frame]:
    """Return up to `count` frames that stand in no `answer` yet, in order of height."""
    return [
        Frame(height, author, content, bool(is_missing))
        for height, author, content, is_missing in _UNSENT.rows(connection, count=count)
    ]


def send_frames(connection: Connection, heights: Sequence[int], entry_id: Digest | None) -> None:
    """Note in which `answer` these frames stand; None: in none any more."""
    _SEND_FRAME.run_all(connection, [{"at": height, "answer": entry_id} for height in heights])


def free_frames(connection: Connection, entry_id: Digest) -> None:
    """Let frames stand in no `answer` again: theirs cannot come on the chain."""
    _FREE_FRAMES.run(connection, answer=entry_id)


def drop_frames(connection: Connection, heights: Sequence[int]) -> None:
    """Delete frames that are answered for good."""
    _DROP_FRAME.run_all(connection, [{"at": height} for height in heights])


def has_frame(connection: Connection, height: int) -> bool:
    """Tell whether the `locate` at `height` was probed and is not answered for good."""
    return _HAS_FRAME.value(connection, height=height) is not None


def want(connection: Connection, wanted: Wanted) -> None:
    """Note that items are to be fetched."""
    _WANT.run(
        connection,
        height=wanted.height,
        entry_id=wanted.entry_id,
        author=wanted.author,
        kind=wanted.kind,
        since=wanted.since.isoformat(),
    )


def wanted(connection: Connection, *, count: int, kind: str | None = None) -> list[Wanted]:
    """Return up to `count` entries whose items are to be fetched, oldest first."""
    if kind is None:
        rows = _WANTED.rows(connection, count=count)
    else:
        rows = _WANTED_OF_KIND.rows(connection, count=count, kind=kind)
    return [_read_wanted(row) for row in rows]


def wanted_authors(connection: Connection) -> list[str]:
    """Return by whom entries are whose items are to be fetched."""
    return _WANTED_AUTHORS.column(connection)


def wanted_of(connection: Connection, author: str, *, count: int) -> list[Wanted]:
    """Return up to `count` entries by `author` whose items are to be fetched, oldest first."""
    rows = _WANTED_OF_AUTHOR.rows(connection, author=author, count=count)
    return [_read_wanted(row) for row in rows]


def kept_of(connection: Connection, author: str, *, count: int) -> list[Wanted]:
    """Return up to `count` entries by `author` whose items came and wait, oldest first."""
    rows = _KEPT_OF_AUTHOR.rows(connection, author=author, count=count)
    return [_read_wanted(row) for row in rows]


def is_earlier_wanted(connection: Connection, one: Wanted, *, since: date) -> bool:
    """Tell whether an entry before `one`, of its author and kind, is wanted `since` that day.

    One that is said to be wanted since after `one` was is none: the clock was set back meanwhile.
    """
    found = _EARLIER.value(
        connection,
        height=one.height,
        author=one.author,
        kind=one.kind,
        since=since.isoformat(),
        until=one.since.isoformat(),
    )
    return found is not None


def give_up(connection: Connection, *, kind: str, before: int) -> None:
    """Fetch no more what was fetched in vain since before the day with that ordinal."""
    day = date.fromordinal(max(1, before)).isoformat()
    _GIVE_UP.run(connection, of=kind, before=day)


def overdue(connection: Connection, *, before: date) -> list[Wanted]:
    """Return the entries whose items have been fetched in vain since a day before `before`."""
    return [_read_wanted(row) for row in _OVERDUE.rows(connection, before=before.isoformat())]


def got(connection: Connection, height: int) -> None:
    """Note that an entry's items came, or need come no more."""
    _GOT.run(connection, at=height)


def add_located(connection: Connection, locate: int, heights: Iterable[int]) -> None:
    """Note which signals the `locate` at that height names."""
    _ADD_LOCATED.run_all(connection, [{"height": h, "locate": locate} for h in heights])


def located_at(connection: Connection, height: int) -> int | None:
    """Return the height of the `locate` that names the signal at `height`, or None."""
    locate: int | None = _LOCATED_AT.value(connection, height=height)
    return locate


def await_answers(connection: Connection, locate: int, issuers: Iterable[str]) -> None:
    """Note whose answers to an own `locate` are to be opened."""
    _AWAIT.run_all(connection, [{"locate": locate, "issuer": issuer} for issuer in issuers])


def opened(connection: Connection, locate: int, issuer: str) -> None:
    """Note that an issuer's answer to an own `locate` was opened."""
    _OPENED.run(connection, at=locate, by=issuer)


def unopened(connection: Connection, locate: int) -> list[str]:
    """Return the issuers whose answers to an own `locate` were not opened yet."""
    return _UNOPENED.column(connection, locate=locate)


def excuse(connection: Connection, issuers: Iterable[str]) -> list[int]:
    """Await no answer but of `issuers`; return the locates of which nobody else is awaited."""
    gone = _unopened.c.issuer.not_in(list(issuers))
    touched = set(connection.execute(select(_unopened.c.locate).where(gone)).scalars())
    connection.execute(delete(_unopened).where(gone))
    return [locate for locate in sorted(touched) if not unopened(connection, locate)]


def keep_closed(connection: Connection, *, purpose: str, epoch: int, since: int) -> None:
    """Note that pseudonyms of a closed epoch are kept, since the day with that ordinal."""
    move_cursor(connection, f"{_KEPT}{purpose}/{epoch}", since)


def kept_closed(connection: Connection) -> list[KeptEpoch]:
    """Return the closed epochs of which pseudonyms are kept."""
    rows = ((name.split("/"), since) for name, since in _KEPT_CLOSED.rows(connection))
    return [KeptEpoch(purpose, int(epoch), since) for (_, purpose, epoch), since in rows]


def forget_closed(connection: Connection, kept: KeptEpoch) -> None:
    """Note that nothing of a closed epoch is kept any more."""
    name = f"{_KEPT}{kept.purpose}/{kept.epoch}"
    connection.execute(delete(_cursor).where(_cursor.c.name == name))


def _read_wanted(row: tuple[Any, ...]) -> Wanted:
    height, entry_id, author, kind, since = row
    return Wanted(height, Digest(entry_id), author, kind, date.fromisoformat(since))
