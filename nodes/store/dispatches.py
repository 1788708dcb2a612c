"""Own entries with items for others, `locate` … `exchange`, until all have their part.

A dispatch is durable before its first push. Its row goes when every receiver has its items: those
who signed a stored-line have them; the others come and ask.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from ledger.body import Share
from ledger.encoding import Digest
from ledger.entry import SignedEntry
from ledger.heights import Heights
from nodes.store.statement import Statement
from nodes.store.tables import DispatchRow
from nodes.store.vault import Vault

LEFT = frozenset({"answer", "exchange"})
"""The kinds of which a custodian, who reads nothing of them, may keep what is for others."""
_dispatch = DispatchRow.__table__  # type: ignore[attr-defined]
_is_it = _dispatch.c.entry_id == bindparam("id")
_NEWEST = Statement(select(func.max(_dispatch.c.sequence)))
_ADD = Statement(insert(_dispatch))
_REPLACE = Statement(
    update(_dispatch)
    .where(_is_it, _dispatch.c.height.is_(None))
    .values(entry_id=bindparam("new"), box=bindparam("new_box"))
)
_GET = Statement(select(_dispatch.c.box, _dispatch.c.entry_id, _dispatch.c.height).where(_is_it))
_WAITING = Statement(
    select(_dispatch.c.entry_id).where(_dispatch.c.height.is_(None)).order_by(_dispatch.c.sequence)
)
_PLACE = Statement(update(_dispatch).where(_is_it).values(height=bindparam("at")))
_KNOWN = Statement(select(_dispatch.c.entry_id).where(_is_it, _dispatch.c.height.is_(None)))
_ERASE = Statement(update(_dispatch).where(_is_it).values(box=bindparam("new_box")))
_DROP = Statement(delete(_dispatch).where(_is_it))


@dataclass(frozen=True, slots=True)
class Dispatch:
    """An own entry, its whole body as a share, and by receiver the indexes of its items."""

    signed: SignedEntry
    body: bytes = field(repr=False)
    routes: Mapping[str, tuple[int, ...]]
    subject: str = field(default="", repr=False)
    height: int | None = None

    def part(self, indexes: Sequence[int]) -> bytes:
        """Return the items at these indexes, with the digests of all, as an encoded share."""
        share = Share.decode(self.body)
        wanted = set(indexes)
        items = tuple(item for item in share.items if item.index in wanted)
        return Share(items, share.digests, share.r).encode()


class Dispatches:
    """The table `dispatch`; every method works inside a caller's transaction."""

    def __init__(self, vault: Vault) -> None:
        """Box and unbox with `vault`."""
        self._vault = vault

    def add(self, connection: Connection, dispatch: Dispatch) -> None:
        """Store a new dispatch, last in line."""
        _ADD.run(
            connection,
            entry_id=dispatch.signed.id,
            sequence=(_NEWEST.value(connection) or 0) + 1,
            kind=dispatch.signed.entry.kind,
            height=None,
            box=self._lock(dispatch),
        )

    def replace(self, connection: Connection, old: Digest, new: Dispatch) -> bool:
        """Put `new` in the place of a dispatch that never came on the chain; False if it did."""
        box = self._lock(new)
        return bool(_REPLACE.run(connection, id=old, new=new.signed.id, new_box=box))

    def get(self, connection: Connection, entry_id: bytes) -> Dispatch | None:
        """Return the dispatch of that entry, or None."""
        row = _GET.row(connection, id=entry_id)
        return None if row is None else self._read(*row)

    def waiting(self, connection: Connection) -> list[Digest]:
        """Return the entry ids of those that are not on the chain, oldest first."""
        return [Digest(raw) for raw in _WAITING.column(connection)]

    def place(self, connection: Connection, placed: Iterable[tuple[int, Digest]]) -> list[int]:
        """Give own entries their heights; return the heights of those that are not known here."""
        unknown = []
        for height, entry_id in placed:
            if not _PLACE.run(connection, id=entry_id, at=height):
                unknown.append(height)
        return unknown

    def known(self, connection: Connection, entry_ids: Sequence[Digest]) -> list[Digest]:
        """Return those of `entry_ids` that are here and not on the chain."""
        return [i for i in entry_ids if _KNOWN.value(connection, id=i) is not None]

    def heights(self, dispatch: Dispatch) -> tuple[int, ...]:
        """Return the heights that the entry of a `locate` or `answer` names."""
        return Heights.decode(dispatch.signed.entry.further).named

    def erase(self, connection: Connection, dispatch: Dispatch, gone: Iterable[int]) -> None:
        """Erase items of a dispatch, content and salt; their digests stay."""
        share = Share.decode(dispatch.body)
        left = set(range(len(share.digests))) - set(gone)
        kept = Share(
            tuple(item for item in share.items if item.index in left), share.digests, share.r
        )
        box = self._lock(replace(dispatch, body=kept.encode()))
        _ERASE.run(connection, id=dispatch.signed.id, new_box=box)

    def standing(self, connection: Connection) -> Iterator[tuple[int, Share]]:
        """Yield what stands on the chain, as (height, the body as far as it is kept), in order."""
        rows = connection.execute(
            select(_dispatch.c.box, _dispatch.c.entry_id, _dispatch.c.height)
            .where(_dispatch.c.height.is_not(None))
            .order_by(_dispatch.c.height)
        )
        for box, entry_id, height in rows:
            yield height, Share.decode(self._read(box, Digest(entry_id), height).body)

    def drop(self, connection: Connection, entry_id: bytes) -> None:
        """Delete a dispatch: nobody needs its items from here any more."""
        _DROP.run(connection, id=entry_id)

    def _lock(self, dispatch: Dispatch) -> bytes:
        stored = {
            "entry": dispatch.signed.encode().decode(),
            "body": dispatch.body.hex(),
            "routes": {name: list(indexes) for name, indexes in dispatch.routes.items()},
            "subject": dispatch.subject,
        }
        return self._vault.lock(
            json.dumps(stored).encode(), table="dispatch", row=dispatch.signed.id, column="box"
        )

    def _read(self, box: bytes, entry_id: bytes, height: int | None) -> Dispatch:
        stored = json.loads(self._vault.unlock(box, table="dispatch", row=entry_id, column="box"))
        return Dispatch(
            signed=SignedEntry.decode(stored["entry"].encode()),
            body=bytes.fromhex(stored["body"]),
            routes={name: tuple(indexes) for name, indexes in stored["routes"].items()},
            subject=stored["subject"],
            height=height,
        )
