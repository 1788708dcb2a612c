"""Matches and cases: which own signal is about the same person as which signal of another issuer.

    match        HMAC(match key, "match", match id)          box: JSON of `Match`
    match_index  HMAC(match key, "own", local id)            box: JSON list of match ids
                 HMAC(match key, "other", author, height)    the same
    case_file    HMAC(match key, "case", purpose, person)    box: JSON of `Case`
    new_match    match id, boxed: what no case has taken up yet

Both sides of a match compute the same id; a case is local, all live matches of one person for one
purpose, under an id that says nothing.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert
from sqlmodel import SQLModel

from nodes.store.tables import CaseRow, MatchIndexRow, MatchRow, NewMatchRow
from nodes.store.vault import Vault, keyed


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


class Matches:
    """The tables above; every method works inside a caller's transaction."""

    def __init__(self, vault: Vault, *, index_key: bytes) -> None:
        """Box with `vault`; find rows under `index_key`, which keys nothing else."""
        self._vault = vault
        self._index_key = index_key

    def get(self, connection: Connection, match_id: str) -> Match | None:
        """Return the match of that id, or None."""
        text = self._read(connection, MatchRow, self._key("match", match_id))
        return None if text is None else Match(**json.loads(text))

    def add(self, connection: Connection, match: Match) -> bool:
        """Store a match; tell whether it is new."""
        if self.get(connection, match.id) is not None:
            return False
        self._write(connection, MatchRow, self._key("match", match.id), json.dumps(asdict(match)))
        for key in self._indexes(match):
            self._put_index(connection, key, [*self._index(connection, key), match.id])
        self._write(connection, NewMatchRow, self._key("new", match.id), match.id)
        return True

    def remove(self, connection: Connection, match: Match) -> None:
        """Delete a match; its case is to be brought up to date."""
        self._delete(connection, MatchRow, self._key("match", match.id))
        for key in self._indexes(match):
            left = [i for i in self._index(connection, key) if i != match.id]
            self._put_index(connection, key, left)
        case = self.case_of(connection, digits=match.digits, purpose=match.purpose)
        if case is not None:
            left_ids = tuple(i for i in case.match_ids if i != match.id)
            self.put_case(connection, Case(case.id, case.purpose, left_ids, case.digits))
        self._delete(connection, NewMatchRow, self._key("new", match.id))

    def of_own(self, connection: Connection, local_id: str) -> list[Match]:
        """Return the matches of an own signal."""
        return self._all_of(connection, self._key("own", local_id))

    def of_other(self, connection: Connection, member: str, height: int) -> list[Match]:
        """Return the matches with `member`'s signal at `height`."""
        return self._all_of(connection, self._key("other", member, height))

    def new(self, connection: Connection, count: int) -> list[Match]:
        """Return up to `count` matches that no case has taken up yet."""
        table = NewMatchRow.__table__  # type: ignore[attr-defined]
        rows = connection.execute(select(table.c.key, table.c.box).limit(count)).all()
        ids = [self._open(NewMatchRow, row.key, row.box) for row in rows]
        found = (self.get(connection, match_id) for match_id in ids)
        return [match for match in found if match is not None]

    def take_up(self, connection: Connection, match: Match, *, case_id: str) -> Case:
        """Put a new match into its person's case, which is begun under `case_id` if need be."""
        known = self.case_of(connection, digits=match.digits, purpose=match.purpose)
        case = known or Case(case_id, match.purpose, (), match.digits)
        if match.id not in case.match_ids:
            case = Case(case.id, case.purpose, (*case.match_ids, match.id), case.digits)
        self.put_case(connection, case)
        self._delete(connection, NewMatchRow, self._key("new", match.id))
        return case

    def case_of(self, connection: Connection, *, digits: str, purpose: str) -> Case | None:
        """Return the case of a person for a purpose, or None."""
        text = self._read(connection, CaseRow, self._key("case", purpose, digits))
        return None if text is None else _case(text)

    def put_case(self, connection: Connection, case: Case) -> None:
        """Store a case; one without matches is deleted."""
        key = self._key("case", case.purpose, case.digits)
        if case.match_ids:
            self._write(connection, CaseRow, key, json.dumps(asdict(case)))
        else:
            self._delete(connection, CaseRow, key)

    def cases(self, connection: Connection) -> list[Case]:
        """Return every case that this agency has."""
        table = CaseRow.__table__  # type: ignore[attr-defined]
        rows = connection.execute(select(table.c.key, table.c.box))
        return [_case(self._open(CaseRow, row.key, row.box)) for row in rows]

    def all(self, connection: Connection) -> list[Match]:
        """Return every match that this agency has."""
        table = MatchRow.__table__  # type: ignore[attr-defined]
        rows = connection.execute(select(table.c.key, table.c.box))
        return [Match(**json.loads(self._open(MatchRow, row.key, row.box))) for row in rows]

    def _indexes(self, match: Match) -> tuple[bytes, bytes]:
        return (
            self._key("own", match.own_local_id),
            self._key("other", match.member, match.height),
        )

    def _all_of(self, connection: Connection, key: bytes) -> list[Match]:
        found = (self.get(connection, match_id) for match_id in self._index(connection, key))
        return [match for match in found if match is not None]

    def _index(self, connection: Connection, key: bytes) -> list[str]:
        text = self._read(connection, MatchIndexRow, key)
        return [] if text is None else list(json.loads(text))

    def _put_index(self, connection: Connection, key: bytes, ids: Sequence[str]) -> None:
        if ids:
            self._write(connection, MatchIndexRow, key, json.dumps(list(ids)))
        else:
            self._delete(connection, MatchIndexRow, key)

    def _key(self, *fields: str | int) -> bytes:
        return keyed(self._index_key, *fields)

    def _read(self, connection: Connection, row: type[SQLModel], key: bytes) -> str | None:
        table = row.__table__  # type: ignore[attr-defined]
        box = connection.execute(select(table.c.box).where(table.c.key == key)).scalar_one_or_none()
        return None if box is None else self._open(row, key, box)

    def _open(self, row: type[SQLModel], key: bytes, box: bytes) -> str:
        name = str(row.__tablename__)
        return self._vault.unlock(box, table=name, row=key, column="box").decode()

    def _write(self, connection: Connection, row: type[SQLModel], key: bytes, text: str) -> None:
        name = str(row.__tablename__)
        box = self._vault.lock(text.encode(), table=name, row=key, column="box")
        statement = insert(row.__table__).values(key=key, box=box)  # type: ignore[attr-defined]
        connection.execute(
            statement.on_conflict_do_update(index_elements=["key"], set_={"box": box})
        )

    def _delete(self, connection: Connection, row: type[SQLModel], key: bytes) -> None:
        table = row.__table__  # type: ignore[attr-defined]
        connection.execute(delete(table).where(table.c.key == key))


def _case(text: str) -> Case:
    stored = json.loads(text)
    return Case(**{**stored, "match_ids": tuple(stored["match_ids"])})
