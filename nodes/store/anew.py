"""Own signals that are posted anew because the key of their epoch was lost.

    key      HMAC(mac key, "anew", local id)          box: enc(local id, new local id)
    new_key  HMAC(mac key, "anew as", new local id)   of what is posted in its place
    epoch    HMAC(mac key, "anew under", purpose, number of the replacement)

    found      its turn has not come; its row goes if it is withdrawn before
    posted     the new signal is in the outbox, and from there on its way; the old one still stands
    done       the new one stands in its place: the old one is withdrawn
    refused    it cannot be posted anew, and the old one stands

Rows come in the order of `new_key`, which has nothing to do with that of the old signals: else all
who read the chain could tell by the order which signal stands in the place of which; and a stolen
disk joins neither them nor their purpose.

A caller knows a signal by the local id of its first posting, whatever stands in its place.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert

from ledger.encoding import enc, split_enc
from nodes.store.statement import Statement
from nodes.store.tables import AnewRow
from nodes.store.vault import Vault

FOUND = "found"
POSTED = "posted"
DONE = "done"
REFUSED = "refused"
START = b""
"""Before every row's `new_key`."""
_TABLE = "anew"
_ID_BYTES = 16
_anew = AnewRow.__table__  # type: ignore[attr-defined]
_every = select(_anew.c.key, _anew.c.new_key, _anew.c.box, _anew.c.state, _anew.c.withdrawn)
_is_it = _anew.c.key == bindparam("of")
_ADD = Statement(insert(_anew).on_conflict_do_nothing())
_OF = Statement(_every.where(_is_it))
_AS = Statement(_every.where(_anew.c.new_key == bindparam("new")))
_NEXT = Statement(
    _every.where(_anew.c.state == bindparam("state"), _anew.c.new_key > bindparam("after"))
    .order_by(_anew.c.new_key)
    .limit(bindparam("count"))
)
_TURN = Statement(
    update(_anew).where(_is_it, _anew.c.state == bindparam("before")).values(state=bindparam("now"))
)
_WITHDRAW = Statement(update(_anew).where(_is_it).values(withdrawn=True))
_DROP = Statement(delete(_anew).where(_is_it))
_COUNTS = Statement(
    select(_anew.c.state, func.count())
    .where(_anew.c.epoch == bindparam("epoch"))
    .group_by(_anew.c.state)
)


@dataclass(frozen=True, slots=True)
class Anew:
    """The signal `local_id` is posted as `new_id`; how far that is says `state`.

    `is_withdrawn`: its caller took it back after the new one was posted. `order` is where it
    stands among the others.
    """

    local_id: str
    new_id: str
    order: bytes
    state: str
    is_withdrawn: bool


class PostedAnew:
    """The table `anew`; every method works inside a caller's transaction."""

    def __init__(self, vault: Vault) -> None:
        """Box and key with `vault`."""
        self._vault = vault

    def add(self, connection: Connection, local_id: str, *, purpose: str, epoch: int) -> None:
        """Note that a signal is to be posted under a replacement; one that is noted stays."""
        new_id = self._vault.mac("anew id", local_id, purpose, epoch)[:_ID_BYTES].hex()
        key = self._key(local_id)
        box = self._vault.lock(enc(local_id, new_id), table=_TABLE, row=key, column="box")
        _ADD.run(
            connection,
            key=key,
            new_key=self._new_key(new_id),
            epoch=self._epoch(purpose, epoch),
            state=FOUND,
            withdrawn=False,
            box=box,
        )

    def of(self, connection: Connection, local_id: str) -> Anew | None:
        """Return what is noted of a signal, or None."""
        row = _OF.row(connection, of=self._key(local_id))
        return None if row is None else self._read(row)

    def by_new(self, connection: Connection, new_id: str) -> Anew | None:
        """Return in whose place a signal is posted, or None."""
        row = _AS.row(connection, new=self._new_key(new_id))
        return None if row is None else self._read(row)

    def following(
        self, connection: Connection, state: str, *, after: bytes = START, count: int
    ) -> list[Anew]:
        """Return up to `count` signals in `state` that follow `after` in their order."""
        rows = _NEXT.rows(connection, state=state, after=after, count=count)
        return [self._read(row) for row in rows]

    def turn(self, connection: Connection, local_id: str, *, before: str, now: str) -> bool:
        """Move a signal from one state to another; tell whether it was in the first."""
        return bool(_TURN.run(connection, of=self._key(local_id), before=before, now=now))

    def take_back(self, connection: Connection, row: Anew) -> None:
        """Note that its caller withdrew a signal: nothing comes, or stays, in its place."""
        if row.state in {FOUND, REFUSED}:
            _DROP.run(connection, of=self._key(row.local_id))
        else:
            _WITHDRAW.run(connection, of=self._key(row.local_id))

    def counts(self, connection: Connection, *, purpose: str, epoch: int) -> Counter[str]:
        """Return how many signals are in each state under a replacement."""
        return Counter(dict(_COUNTS.rows(connection, epoch=self._epoch(purpose, epoch))))

    def present(self, connection: Connection, local_id: str) -> str:
        """Return the local id of what stands in a signal's place now; its own if nothing does."""
        while (row := self.of(connection, local_id)) is not None and row.state == DONE:
            local_id = row.new_id
        return local_id

    def first(self, connection: Connection, local_id: str) -> str:
        """Return the local id under which a caller knows a signal."""
        while (row := self.by_new(connection, local_id)) is not None:
            local_id = row.local_id
        return local_id

    def _read(self, row: tuple[Any, ...]) -> Anew:
        key, order, box, state, is_withdrawn = row
        ids = split_enc(self._vault.unlock(box, table=_TABLE, row=key, column="box"))
        local_id, new_id = (raw.decode() for raw in ids)
        return Anew(local_id, new_id, order, state, bool(is_withdrawn))

    def _key(self, local_id: str) -> bytes:
        return self._vault.mac("anew", local_id)

    def _new_key(self, new_id: str) -> bytes:
        return self._vault.mac("anew as", new_id)

    def _epoch(self, purpose: str, number: int) -> bytes:
        return self._vault.mac("anew under", purpose, number)
