"""Watched locators: where others would place a signal about a person of this agency's own.

    key     first 16 bytes of HMAC(watch key, enc(author, locator))
    box     the key of the person's presence

The table has no row ids and no times: the order of its rows is that of the HMACs.
"""

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, delete, select
from sqlalchemy.dialects.sqlite import insert

from nodes.store.statement import Statement
from nodes.store.tables import WatchRow
from nodes.store.vault import Vault, keyed

_watch = WatchRow.__table__  # type: ignore[attr-defined]
_ADD = Statement(insert(_watch).on_conflict_do_nothing())
_PROBE = Statement(select(_watch.c.box).where(_watch.c.key == bindparam("key")))
_REMOVE = Statement(delete(_watch).where(_watch.c.key == bindparam("gone")))
_KEY_BYTES = 16
Place = tuple[str, bytes]
"""An author and a locator of its."""


class Watch:
    """The table `watch`; every method works inside a caller's transaction."""

    def __init__(self, vault: Vault, *, index_key: bytes) -> None:
        """Box with `vault`; find locators under `index_key`, which keys nothing else."""
        self._vault = vault
        self._index_key = index_key

    def add(self, connection: Connection, places: Iterable[Place], *, presence: bytes) -> None:
        """Watch `places` for the person of that presence; what is watched already stays."""
        rows = []
        for place in places:
            key = self._key(place)
            box = self._vault.lock(presence, table="watch", row=key, column="box")
            rows.append({"key": key, "box": box})
        _ADD.run_all(connection, rows)

    def probe(self, connection: Connection, place: Place) -> bytes | None:
        """Return the key of the presence that watches `place`, or None: one indexed look."""
        key = self._key(place)
        box = _PROBE.value(connection, key=key)
        if box is None:
            return None
        return self._vault.unlock(box, table="watch", row=key, column="box")

    def remove(self, connection: Connection, places: Iterable[Place]) -> None:
        """Watch `places` no longer."""
        _REMOVE.run_all(connection, [{"gone": self._key(place)} for place in places])

    def _key(self, place: Place) -> bytes:
        return keyed(self._index_key, *place)[:_KEY_BYTES]
