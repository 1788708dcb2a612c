"""Casework in the database: pairs, what happened to them, and on whose worklist they are.

    pair         HMAC(case key, "pair", match id)                box: JSON of `Opening`
    pair_event   HMAC(case key, "event", match id, number)       box: `StoredEvent`, as below
    work         HMAC(case key, "work", case id, desk)           box: JSON of `Work`
        desk     HMAC(case key, "desk", name); of a closed case HMAC(case key, "closed", name)
        due      the day on which the clock has something to do, as an ordinal; or `NEVER`
        awaits   1 an approver, 2 a privacy officer, 3 both, 0 nobody

    event        enc(event, blocks under whose document it was played, message sent or nothing,
                     height of the message heard or nothing)

Events are only ever added, but for the values of a grant whose term is over. A page of a worklist
reads its rows and nothing else; a pair is played again for whoever opens its case. Days are all
that shows of time, as on the chain.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select, tuple_
from sqlalchemy.dialects.sqlite import insert

from ledger.case.acts import Event
from ledger.case.event import decode_event, encode_event
from ledger.encoding import enc, split_enc
from ledger.exchange.item import MESSAGE_ID_BYTES
from nodes.store.boxes import Boxes, boxed, unbox
from nodes.store.statement import Statement
from nodes.store.tables import PairEventRow, PairRow, WorkRow
from nodes.store.vault import Vault, keyed

NEVER = 2**31 - 1
APPROVER, OFFICER = 1, 2
_TABLE = "work"
_work = WorkRow.__table__  # type: ignore[attr-defined]
_every = select(_work.c.key, _work.c.due, _work.c.box)
_at = tuple_(bindparam("due"), bindparam("after"))
_put = insert(_work)
_PUT = Statement(
    _put.on_conflict_do_update(
        index_elements=["key"],
        set_={name: _put.excluded[name] for name in ("desk", "due", "awaits", "box")},
    )
)
_GET = Statement(_every.where(_work.c.key == bindparam("of")))
_DROP = Statement(delete(_work).where(_work.c.key == bindparam("gone")))
_OF_DESK = Statement(
    _every.where(_work.c.desk == bindparam("desk"), tuple_(_work.c.due, _work.c.key) > _at)
    .order_by(_work.c.due, _work.c.key)
    .limit(bindparam("count"))
)
_DUE = Statement(
    _every.where(_work.c.due <= bindparam("until"), tuple_(_work.c.due, _work.c.key) > _at)
    .order_by(_work.c.due, _work.c.key)
    .limit(bindparam("count"))
)
_AWAITING = Statement(
    _every.where(_work.c.awaits == bindparam("awaits"), _work.c.key > bindparam("after"))
    .order_by(_work.c.key)
    .limit(bindparam("count"))
)


@dataclass(frozen=True, slots=True)
class Opening:
    """With what a pair began, as `opened` says when in ISO 8601, and how many `events` it has.

    Of those `refused` are messages that were; of the grants to own requests in `erased` nothing is
    left. `summary` is what a worklist shows of it without playing it again.
    """

    match: str
    case: str
    purpose: str
    own_desk: str
    other_desk: str
    opened: str
    events: int = 0
    refused: int = 0
    erased: list[str] = field(default_factory=list)
    summary: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An `event`, played under the document in force after `size` blocks.

    `sent` is the id of the message in which the other desk was told, `height` the block in which
    that of a message that was heard ended.
    """

    event: Event
    size: int
    sent: bytes | None = None
    height: int | None = None

    def encode(self) -> bytes:
        """Return what is boxed."""
        height = b"" if self.height is None else self.height.to_bytes(8, "big")
        return enc(encode_event(self.event), self.size, self.sent or b"", height)

    @classmethod
    def decode(cls, raw: bytes) -> "StoredEvent":
        """Read what `encode` returned."""
        event, size, sent, height = split_enc(raw)
        at = int.from_bytes(height, "big") if height else None
        return cls(decode_event(event), int.from_bytes(size, "big"), sent or None, at)


@dataclass(frozen=True, slots=True)
class Work:
    """A case on the worklist of `desk`; `pairs` are summaries by match id, `due` in ISO 8601."""

    case: str
    desk: str
    purpose: str
    pairs: dict[str, dict[str, object]]
    carried_by: str | None = None
    due: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row stands among the others of its list; `encode` is what a next page begins after.

    It says nothing to whoever has no key of this node's.
    """

    due: int = -1
    key: bytes = b""

    def encode(self) -> str:
        """Return it as a text."""
        return f"{self.due}.{self.key.hex()}"

    @classmethod
    def decode(cls, text: str) -> "Place":
        """Read what `encode` returned.

        Raises:
            ValueError: something else.
        """
        due, _, key = text.partition(".")
        place = cls(int(due), bytes.fromhex(key))
        if place.encode() != text or not -1 <= place.due <= NEVER:
            raise ValueError("not a place")
        return place


START = Place()
"""Before every row."""


class CaseStore:
    """The tables above; every method works inside a caller's transaction."""

    def __init__(self, vault: Vault, *, index_key: bytes) -> None:
        """Box with `vault`; find rows under `index_key`, which keys nothing else."""
        self._vault = vault
        self._index_key = index_key
        self._pairs, self._events = Boxes(PairRow, vault), Boxes(PairEventRow, vault)

    def opening(self, connection: Connection, match: str) -> Opening | None:
        """Return with what the pair of a match began, or None."""
        raw = self._pairs.get(connection, self._key("pair", match))
        return None if raw is None else Opening(**json.loads(raw))

    def put_opening(self, connection: Connection, opening: Opening) -> None:
        """Store a pair, or what changed of it."""
        raw = json.dumps(_as_json(opening)).encode()
        self._pairs.put(connection, self._key("pair", opening.match), raw)

    def events(self, connection: Connection, opening: Opening) -> list[StoredEvent]:
        """Return what happened to a pair, in order."""
        keys = (self._key("event", opening.match, number) for number in range(opening.events))
        raws = (self._events.get(connection, key) for key in keys)
        return [StoredEvent.decode(raw) for raw in raws if raw is not None]

    def append(self, connection: Connection, opening: Opening, stored: StoredEvent) -> Opening:
        """Store the next event of a pair; return the opening that counts it, not stored yet."""
        self.put_event(connection, opening, opening.events, stored)
        return replace(opening, events=opening.events + 1)

    def put_event(
        self, connection: Connection, opening: Opening, number: int, stored: StoredEvent
    ) -> None:
        """Store an event under its number."""
        self._events.put(connection, self._key("event", opening.match, number), stored.encode())

    def remove(self, connection: Connection, opening: Opening) -> None:
        """Delete a pair and all that happened to it."""
        for number in range(opening.events):
            self._events.drop(connection, self._key("event", opening.match, number))
        self._pairs.drop(connection, self._key("pair", opening.match))

    def work(self, connection: Connection, case: str, desk: str) -> Work | None:
        """Return the row of a case at a desk, or None."""
        row = _GET.row(connection, of=self._key("work", case, desk))
        return None if row is None else self._open(row)[1]

    def put_work(
        self, connection: Connection, work: Work, *, is_closed: bool, due: int, awaits: int
    ) -> None:
        """Store what a worklist shows of a case; of a closed one none does, but the clock."""
        key = self._key("work", work.case, work.desk)
        raw = json.dumps(_as_json(work)).encode()
        _PUT.run(
            connection,
            key=key,
            desk=self._key("closed" if is_closed else "desk", work.desk),
            due=due,
            awaits=awaits,
            box=boxed(self._vault, raw, table=_TABLE, row=key),
        )

    def drop_work(self, connection: Connection, case: str, desk: str) -> None:
        """Take a case off the worklist of a desk."""
        _DROP.run(connection, gone=self._key("work", case, desk))

    def of_desk(
        self, connection: Connection, desk: str, *, after: Place, count: int
    ) -> list[tuple[Place, Work]]:
        """Return up to `count` open cases of a desk beyond `after`, what is due first first."""
        key = self._key("desk", desk)
        rows = _OF_DESK.rows(connection, desk=key, due=after.due, after=after.key, count=count)
        return [self._open(row) for row in rows]

    def due(
        self, connection: Connection, *, until: int, after: Place, count: int
    ) -> list[tuple[Place, Work]]:
        """Return up to `count` cases due up to the day `until`, beyond `after`."""
        rows = _DUE.rows(connection, until=until, due=after.due, after=after.key, count=count)
        return [self._open(row) for row in rows]

    def awaiting(
        self, connection: Connection, who: int, *, after: bytes, count: int
    ) -> list[tuple[Place, Work]]:
        """Return up to `count` cases that wait for an approver, or a privacy officer."""
        rows: list[Sequence[Any]] = []
        for awaits in (who, APPROVER | OFFICER):
            rows += _AWAITING.rows(connection, awaits=awaits, after=after, count=count)
        found = [self._open(row) for row in rows]
        return sorted(found, key=lambda one: one[0].key)[:count]

    def _open(self, row: Sequence[Any]) -> tuple[Place, Work]:
        key, due, box = row
        raw = unbox(self._vault, box, table=_TABLE, row=key)
        return Place(due, key), Work(**json.loads(raw))

    def message_id(self, person: str, match: str, key: str) -> bytes:
        """Return the id of what a person says about a match under a key: random to others."""
        return self._key("said", person, match, key)[:MESSAGE_ID_BYTES]

    def _key(self, *fields: str | int) -> bytes:
        return keyed(self._index_key, *fields)


def _as_json(row: Opening | Work) -> dict[str, object]:
    # Not `asdict`, which copies all that is in it.
    return {one.name: getattr(row, one.name) for one in fields(row)}
