"""Matches and cases: which own signal is about the same person as which signal of another issuer.

    match        HMAC(match key, "match", match id)          box: JSON of `Match`
    match_index  HMAC(match key, "own", local id)            box: JSON list of match ids
                 HMAC(match key, "other", author, height)    the same
                 HMAC(match key, "case", purpose, person)    box: JSON list of one case id
    case_file    case id, random                             box: JSON of `Case`
    new_match    HMAC(match key, "new", match id)            box: JSON of `Match`, to be taken in
                 random                                      the same size, of nobody
    erased       HMAC(match key, "erased", author, height)   nothing: that author withdrew it

What is found is one row at first, and where nothing is found there is one, too: whoever could time
the transaction would not learn which. Taken in, it is a match, its indexes and its case.

Both sides of a match compute the same id; a case is local, all live matches of one person for one
purpose, under an id that says nothing.
"""

import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Protocol

from sqlalchemy import Connection, bindparam, delete, select
from sqlalchemy.dialects.sqlite import insert
from sqlmodel import SQLModel

from nodes.store.statement import Statement
from nodes.store.tables import CaseRow, ErasedRow, MatchIndexRow, MatchRow, NewMatchRow
from nodes.store.vault import Vault, keyed


class _Boxes:
    """The statements of one of these tables, all of them boxes under keys."""

    def __init__(self, row: type[SQLModel]) -> None:
        table = row.__table__  # type: ignore[attr-defined]
        put, every = insert(table), select(table.c.key, table.c.box)
        self.name = str(row.__tablename__)
        self.read = Statement(select(table.c.box).where(table.c.key == bindparam("key")))
        self.write = Statement(
            put.on_conflict_do_update(index_elements=["key"], set_={"box": put.excluded.box})
        )
        self.delete = Statement(delete(table).where(table.c.key == bindparam("gone")))
        self.all = Statement(every)
        self.some = Statement(every.limit(bindparam("count")))
        self.following = Statement(
            every.where(table.c.key > bindparam("after"))
            .order_by(table.c.key)
            .limit(bindparam("count"))
        )


_erased = ErasedRow.__table__  # type: ignore[attr-defined]
_REMEMBER_ERASED = Statement(insert(_erased).on_conflict_do_nothing())
_IS_ERASED = Statement(select(_erased.c.key).where(_erased.c.key == bindparam("key")))
_ID_BYTES = 16
# As long as a purpose is on average: the size of a box must not tell either.
_NO_PURPOSE = "-" * 16
_MATCH, _INDEX, _CASE, _NEW = map(_Boxes, (MatchRow, MatchIndexRow, CaseRow, NewMatchRow))


@dataclass(frozen=True, slots=True)
class Match:
    """Own signal at `own_height`, and `member`'s at `height`, posted by its `desk` by number."""

    id: str
    own_local_id: str
    own_height: int
    member: str
    height: int
    desk: int
    purpose: str
    digits: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Case:
    """All live matches of one person for one purpose; `id` is random."""

    id: str
    purpose: str
    match_ids: tuple[str, ...]
    digits: str = field(repr=False)


class MatchListener(Protocol):
    """Hears, in the same transaction, of matches that were taken in and that went."""

    def taken(self, connection: Connection, match: Match, case: str) -> None:
        """A match was taken in, into the case of that id; each once."""

    def removed(self, connection: Connection, match: Match) -> None:
        """A match is gone; perhaps it was never taken in."""


class Matches:
    """The tables above; every method works inside a caller's transaction."""

    def __init__(
        self,
        vault: Vault,
        *,
        index_key: bytes,
        random: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        """Box with `vault`; find rows under `index_key`, which keys nothing else."""
        self._vault = vault
        self._index_key = index_key
        self._random = random
        self.listener: MatchListener | None = None
        """Who is told, or nobody."""

    def get(self, connection: Connection, match_id: str) -> Match | None:
        """Return the match of that id, or None."""
        text = self._read(connection, _MATCH, self._key("match", match_id))
        return None if text is None else Match(**json.loads(text))

    def add(self, connection: Connection, match: Match) -> None:
        """Store a match, which is there once it is taken in; twice is once."""
        self._write(connection, _NEW, self._key("new", match.id), json.dumps(asdict(match)))

    def add_nothing(self, connection: Connection, *, member: str, height: int) -> None:
        """Store what costs as much as a match and is none."""
        local_id, match_id = self._random(_ID_BYTES).hex(), self._random(_ID_BYTES).hex()
        nothing = Match(match_id, local_id, height, member, height, 1, _NO_PURPOSE, "")
        self.add(connection, nothing)

    def has_new(self, connection: Connection) -> bool:
        """Tell whether anything is to be taken in."""
        return bool(_NEW.some.rows(connection, count=1))

    def take_in(self, connection: Connection, count: int | None = None) -> int:
        """Take in what was added, or up to `count` of it; return how much there was."""
        # A negative limit is none to SQLite.
        rows = _NEW.some.rows(connection, count=-1 if count is None else count)
        for key, box in rows:
            match = Match(**json.loads(self._open(_NEW, key, box)))
            self._delete(connection, _NEW, key)
            if match.digits and self.get(connection, match.id) is None:
                self._take_in(connection, match)
        return len(rows)

    def _take_in(self, connection: Connection, match: Match) -> None:
        self._write(connection, _MATCH, self._key("match", match.id), json.dumps(asdict(match)))
        for key in self._indexes(match):
            self._put_index(connection, key, [*self._index(connection, key), match.id])
        known = self.case_of(connection, digits=match.digits, purpose=match.purpose)
        case = known or Case(self._random(_ID_BYTES).hex(), match.purpose, (), match.digits)
        self.put_case(connection, replace(case, match_ids=(*case.match_ids, match.id)))
        if self.listener is not None:
            self.listener.taken(connection, match, case.id)

    def remove(self, connection: Connection, match: Match) -> None:
        """Delete a match, taken in or not; a case without any goes with it."""
        self._delete(connection, _MATCH, self._key("match", match.id))
        for key in self._indexes(match):
            left = [i for i in self._index(connection, key) if i != match.id]
            self._put_index(connection, key, left)
        case = self.case_of(connection, digits=match.digits, purpose=match.purpose)
        if case is not None:
            left_ids = tuple(i for i in case.match_ids if i != match.id)
            self.put_case(connection, replace(case, match_ids=left_ids))
        self._delete(connection, _NEW, self._key("new", match.id))
        if self.listener is not None:
            self.listener.removed(connection, match)

    def of_own(self, connection: Connection, local_id: str) -> list[Match]:
        """Return the matches of an own signal."""
        return self._all_of(connection, self._key("own", local_id))

    def of_other(self, connection: Connection, member: str, height: int) -> list[Match]:
        """Return the matches with `member`'s signal at `height`."""
        return self._all_of(connection, self._key("other", member, height))

    def remember_erased(self, connection: Connection, author: str, heights: Sequence[int]) -> None:
        """Remember that `author` withdrew its signals at `heights`: no match names them again."""
        keys = [{"key": self._key("erased", author, height)} for height in heights]
        _REMEMBER_ERASED.run_all(connection, keys)

    def is_erased(self, connection: Connection, author: str, height: int) -> bool:
        """Tell whether this node was told that `author` withdrew its signal at `height`."""
        key = self._key("erased", author, height)
        return _IS_ERASED.value(connection, key=key) is not None

    def case_of(self, connection: Connection, *, digits: str, purpose: str) -> Case | None:
        """Return the case of a person for a purpose, or None."""
        known = self._index(connection, self._key("case", purpose, digits))
        return self.case(connection, known[0]) if known else None

    def case(self, connection: Connection, case_id: str) -> Case | None:
        """Return the case of that id, or None."""
        text = self._read(connection, _CASE, bytes.fromhex(case_id))
        return None if text is None else _case(text)

    def put_case(self, connection: Connection, case: Case) -> None:
        """Store a case; one without matches is deleted."""
        key, by_person = bytes.fromhex(case.id), self._key("case", case.purpose, case.digits)
        if case.match_ids:
            self._write(connection, _CASE, key, json.dumps(asdict(case)))
            self._put_index(connection, by_person, [case.id])
        else:
            self._delete(connection, _CASE, key)
            self._put_index(connection, by_person, [])

    def cases(self, connection: Connection, *, after: str = "", count: int) -> list[Case]:
        """Return up to `count` cases whose ids follow `after`, in the order of their ids."""
        rows = _CASE.following.rows(connection, after=bytes.fromhex(after), count=count)
        return [_case(self._open(_CASE, key, box)) for key, box in rows]

    def all(self, connection: Connection) -> list[Match]:
        """Return every match that this agency has."""
        rows = _MATCH.all.rows(connection)
        return [Match(**json.loads(self._open(_MATCH, key, box))) for key, box in rows]

    def _indexes(self, match: Match) -> tuple[bytes, bytes]:
        return (
            self._key("own", match.own_local_id),
            self._key("other", match.member, match.height),
        )

    def _all_of(self, connection: Connection, key: bytes) -> list[Match]:
        found = (self.get(connection, match_id) for match_id in self._index(connection, key))
        return [match for match in found if match is not None]

    def _index(self, connection: Connection, key: bytes) -> list[str]:
        text = self._read(connection, _INDEX, key)
        return [] if text is None else list(json.loads(text))

    def _put_index(self, connection: Connection, key: bytes, ids: Sequence[str]) -> None:
        if ids:
            self._write(connection, _INDEX, key, json.dumps(list(ids)))
        else:
            self._delete(connection, _INDEX, key)

    def _key(self, *fields: str | int) -> bytes:
        return keyed(self._index_key, *fields)

    def _read(self, connection: Connection, table: _Boxes, key: bytes) -> str | None:
        box = table.read.value(connection, key=key)
        return None if box is None else self._open(table, key, box)

    def _open(self, table: _Boxes, key: bytes, box: bytes) -> str:
        return self._vault.unlock(box, table=table.name, row=key, column="box").decode()

    def _write(self, connection: Connection, table: _Boxes, key: bytes, text: str) -> None:
        box = self._vault.lock(text.encode(), table=table.name, row=key, column="box")
        table.write.run(connection, key=key, box=box)

    def _delete(self, connection: Connection, table: _Boxes, key: bytes) -> None:
        table.delete.run(connection, gone=key)


def _case(text: str) -> Case:
    stored = json.loads(text)
    return Case(**{**stored, "match_ids": tuple(stored["match_ids"])})
