"""The vault of own signals' disclosures: of each its SD-JWT, with a salt for every field."""

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from ledger.sdjwt import SdJwt
from nodes.store.statement import Statement
from nodes.store.tables import DisclosureRow
from nodes.store.vault import Vault

_TABLE, _COLUMN = "disclosure", "sdjwt_box"
_disclosure = DisclosureRow.__table__  # type: ignore[attr-defined]
_is_it = _disclosure.c.local_id == bindparam("of")
_ADD = Statement(insert(_disclosure))
_REPLACE = Statement(update(_disclosure).where(_is_it).values(sdjwt_box=bindparam("box")))
_SDJWT = Statement(select(_disclosure.c.sdjwt_box).where(_is_it))
_ERASE = Statement(delete(_disclosure).where(_is_it))


class Disclosures:
    """The table `disclosure`; every method works inside a caller's transaction."""

    def __init__(self, vault: Vault) -> None:
        """Box and unbox with `vault`."""
        self._vault = vault

    def add(self, connection: Connection, local_id: str, sdjwt: SdJwt) -> None:
        """Store what can be shown of a new signal."""
        _ADD.run(connection, local_id=local_id, sdjwt_box=self._lock(local_id, sdjwt))

    def replace(self, connection: Connection, local_id: str, sdjwt: SdJwt) -> None:
        """Store what can be shown of a signal that was drafted again."""
        _REPLACE.run(connection, of=local_id, box=self._lock(local_id, sdjwt))

    def sdjwt(self, connection: Connection, local_id: str) -> str:
        """Return the SD-JWT of a signal, with all disclosures."""
        box = _SDJWT.value(connection, of=local_id)
        return self._vault.unlock(box, table=_TABLE, row=local_id, column=_COLUMN).decode()

    def erase(self, connection: Connection, local_id: str) -> None:
        """Delete all that can be shown of a signal."""
        _ERASE.run(connection, of=local_id)

    def _lock(self, local_id: str, sdjwt: SdJwt) -> bytes:
        encoded = sdjwt.encode().encode()
        return self._vault.lock(encoded, table=_TABLE, row=local_id, column=_COLUMN)
