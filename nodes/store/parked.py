"""Messages that came before this node had found the match that they are about.

    parked    HMAC(case key, "parked", match id)      box: enc(message, …)
    message   enc(author, own desk, message id, raw, height)

Who answers a `locate` has the match before its author opens the answer, and may write at once. So
a message waits: for as long as an answer can take, of one author a bounded number.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, func, select
from sqlalchemy.dialects.sqlite import insert

from ledger.encoding import enc, split_enc
from ledger.errors import DeniedError
from nodes.store.boxes import boxed, unbox
from nodes.store.statement import Statement
from nodes.store.tables import ParkedRow
from nodes.store.vault import Vault, keyed

KEPT = timedelta(days=14)
"""An answer is owed within a day; who was down for a week still opens it."""
MAX_MATCHES = 1000
"""For which one author's messages wait."""
MAX_MESSAGES = 8
"""About one match."""
_TABLE = "parked"
_parked = ParkedRow.__table__  # type: ignore[attr-defined]
_is_it = _parked.c.key == bindparam("of")
_put = insert(_parked)
_GET = Statement(select(_parked.c.author, _parked.c.since, _parked.c.box).where(_is_it))
_PUT = Statement(
    _put.on_conflict_do_update(index_elements=["key"], set_={"box": _put.excluded.box})
)
_DROP = Statement(delete(_parked).where(_is_it))
_COUNT = Statement(
    select(func.count()).select_from(_parked).where(_parked.c.author == bindparam("author"))
)
_EXPIRE = Statement(delete(_parked).where(_parked.c.since < bindparam("before")))


class Waiting(NamedTuple):
    """A message of `author`'s, opened with the key of the own `desk`, whole in block `height`."""

    author: str
    desk: str
    message: bytes
    raw: bytes
    height: int


class Parked:
    """The table `parked`; every method works inside a caller's transaction."""

    def __init__(self, vault: Vault, *, index_key: bytes) -> None:
        """Box with `vault`; find matches under `index_key`."""
        self._vault = vault
        self._index_key = index_key

    def add(self, connection: Connection, match: str, one: Waiting, *, today: date) -> None:
        """Let a message wait for its match.

        Raises:
            DeniedError: too many do already, or another author's about the same match.
        """
        key = self._key(match)
        row = _GET.row(connection, of=key)
        if row is None and int(_COUNT.value(connection, author=one.author)) >= MAX_MATCHES:
            raise DeniedError("parked", "too many messages wait for a match")
        waiting = [] if row is None else self._open(key, row[2])
        if any(other.author != one.author for other in waiting):
            raise DeniedError("parked", "another agency's messages wait for this match")
        if len(waiting) >= MAX_MESSAGES:
            raise DeniedError("parked", "too many messages wait for this match")
        if any(other.message == one.message for other in waiting):
            raise DeniedError("repeated", "this message was there already")
        raw = enc(*(_encode(each) for each in [*waiting, one]))
        box = boxed(self._vault, raw, table=_TABLE, row=key)
        since = today.toordinal()
        _PUT.run(connection, key=key, author=one.author, since=since, box=box)

    def take(self, connection: Connection, match: str) -> list[Waiting]:
        """Return what waits for a match, in the order in which it came; it waits no longer."""
        key = self._key(match)
        row = _GET.row(connection, of=key)
        _DROP.run(connection, of=key)
        return [] if row is None else self._open(key, row[2])

    def expire(self, connection: Connection, *, today: date) -> int:
        """Delete what waited too long; return how many rows."""
        return _EXPIRE.run(connection, before=(today - KEPT).toordinal())

    def _open(self, key: bytes, box: bytes) -> list[Waiting]:
        raw = unbox(self._vault, box, table=_TABLE, row=key)
        return [_decode(split_enc(one)) for one in split_enc(raw)]

    def _key(self, match: str) -> bytes:
        return keyed(self._index_key, "parked", match)


def _encode(one: Waiting) -> bytes:
    return enc(one.author, one.desk, one.message, one.raw, one.height)


def _decode(fields: Sequence[bytes]) -> Waiting:
    author, desk, message, raw, height = fields
    return Waiting(author.decode(), desk.decode(), message, raw, int.from_bytes(height, "big"))
