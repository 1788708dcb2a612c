"""Own signals in the database: boxed, found by local id, idempotency key or entry id."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from ledger.bsn import Bsn
from ledger.encoding import Digest, enc, split_enc
from ledger.entry import SignedEntry
from ledger.group import Scalar
from nodes.signal import Draft, Posting
from nodes.store.tables import DisclosureRow, OrphanRow, SignalRow
from nodes.store.vault import Vault

_signal = SignalRow.__table__  # type: ignore[attr-defined]
_disclosure = DisclosureRow.__table__  # type: ignore[attr-defined]
_orphan = OrphanRow.__table__  # type: ignore[attr-defined]
_TABLE = "signal"


@dataclass(frozen=True, slots=True)
class OwnSignal:
    """A signal of this agency: where it stands, and what its caller posted (never the BSN)."""

    local_id: str
    sequence: int
    entry_id: Digest
    height: int | None
    is_final: bool
    is_withdrawn: bool
    desk: str
    purpose: str
    case_reference: str = field(repr=False)
    fields: dict[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A signal that is not on the chain yet: its entry, and its whole body as a share."""

    local_id: str
    signed: SignedEntry
    body: bytes = field(repr=False)


class Signals:
    """The tables `signal` and `disclosure`; every method works inside a caller's transaction."""

    def __init__(self, vault: Vault) -> None:
        """Box and unbox with `vault`."""
        self._vault = vault

    def add(
        self,
        connection: Connection,
        *,
        local_id: str,
        posting: Posting,
        draft: Draft,
        idempotency_mac: bytes,
        request_mac: bytes,
    ) -> None:
        """Store a new signal; it is durable before anyone hears of it."""
        newest = connection.execute(select(func.max(_signal.c.sequence))).scalar_one()
        case = {
            "caseReference": posting.case_reference,
            "desk": posting.desk,
            "purpose": posting.purpose,
            "fields": dict(posting.fields),
        }
        connection.execute(
            insert(_signal).values(
                local_id=local_id,
                sequence=(newest or 0) + 1,
                idempotency_mac=idempotency_mac,
                request_mac=request_mac,
                height=None,
                final=False,
                case_box=self._lock(json.dumps(case).encode(), local_id, "case_box"),
                **self._drafted(local_id, posting, draft),
            )
        )
        connection.execute(
            insert(_disclosure).values(
                local_id=local_id, sdjwt_box=self._sdjwt_box(local_id, draft)
            )
        )

    def redraft(
        self, connection: Connection, *, local_id: str, posting: Posting, draft: Draft
    ) -> bool:
        """Replace the entry and body of a signal, unless it came on the chain; tell which."""
        replaced = connection.execute(
            update(_signal)
            .where(_signal.c.local_id == local_id, _signal.c.height.is_(None))
            .values(**self._drafted(local_id, posting, draft))
        )
        # The vault must go on showing what was committed to.
        if not replaced.rowcount:
            return False
        connection.execute(
            update(_disclosure)
            .where(_disclosure.c.local_id == local_id)
            .values(sdjwt_box=self._sdjwt_box(local_id, draft))
        )
        return True

    def by_key(self, connection: Connection, idempotency_mac: bytes) -> tuple[str, bytes] | None:
        """Return (local id, request MAC) of the signal posted under that key, or None."""
        query = select(_signal.c.local_id, _signal.c.request_mac)
        row = connection.execute(
            query.where(_signal.c.idempotency_mac == idempotency_mac)
        ).one_or_none()
        return None if row is None else (row.local_id, row.request_mac)

    def by_keys(
        self, connection: Connection, idempotency_macs: Sequence[bytes]
    ) -> list[tuple[tuple[str, bytes], bytes]]:
        """Return ((local id, request MAC), key MAC) of the signals posted under those keys."""
        query = select(_signal.c.local_id, _signal.c.request_mac, _signal.c.idempotency_mac)
        rows = connection.execute(query.where(_signal.c.idempotency_mac.in_(idempotency_macs)))
        return [((row.local_id, row.request_mac), row.idempotency_mac) for row in rows]

    def get(self, connection: Connection, local_id: str) -> OwnSignal | None:
        """Return the signal of that local id, or None."""
        row = connection.execute(
            select(_signal).where(_signal.c.local_id == local_id)
        ).one_or_none()
        return None if row is None else self._read(row)

    def is_final(self, connection: Connection, local_id: str) -> bool:
        """Tell whether the signal of that local id is final."""
        query = select(_signal.c.final).where(_signal.c.local_id == local_id)
        return bool(connection.execute(query).scalar_one_or_none())

    def at_height(self, connection: Connection, height: int) -> OwnSignal | None:
        """Return the own signal in that block, or None."""
        row = connection.execute(select(_signal).where(_signal.c.height == height)).one_or_none()
        return None if row is None else self._read(row)

    def page(self, connection: Connection, *, before: int | None, count: int) -> list[OwnSignal]:
        """Return up to `count` signals older than sequence `before`, newest first.

        Without the withdrawn ones.
        """
        query = select(_signal).where(_signal.c.withdrawn.is_(False))
        query = query.order_by(_signal.c.sequence.desc()).limit(count)
        if before is not None:
            query = query.where(_signal.c.sequence < before)
        return [self._read(row) for row in connection.execute(query)]

    def waiting(self, connection: Connection) -> list[str]:
        """Return the local ids of signals that are not on the chain, oldest first."""
        query = select(_signal.c.local_id).where(_signal.c.height.is_(None))
        return list(connection.execute(query.order_by(_signal.c.sequence)).scalars())

    def count_waiting(self, connection: Connection) -> int:
        """Return how many signals are not on the chain."""
        query = select(func.count()).where(_signal.c.height.is_(None))
        return int(connection.execute(query).scalar_one())

    def outgoing(self, connection: Connection, local_ids: Sequence[str]) -> list[Outgoing]:
        """Return those of `local_ids` that are not on the chain, in their order."""
        rows = connection.execute(
            select(_signal.c.local_id, _signal.c.entry, _signal.c.body_box).where(
                _signal.c.local_id.in_(local_ids), _signal.c.height.is_(None)
            )
        )
        found = {
            row.local_id: Outgoing(
                row.local_id,
                SignedEntry.decode(row.entry),
                self._unlock(row.body_box, row.local_id, "body_box"),
            )
            for row in rows
        }
        return [found[local_id] for local_id in local_ids if local_id in found]

    def local_ids(
        self, connection: Connection, entry_ids: Sequence[Digest]
    ) -> list[tuple[Digest, str]]:
        """Return (entry id, local id) of those entries that are own and not on the chain."""
        if not entry_ids:
            return []
        query = select(_signal.c.entry_id, _signal.c.local_id).where(
            _signal.c.entry_id.in_(entry_ids), _signal.c.height.is_(None)
        )
        return [(Digest(row.entry_id), row.local_id) for row in connection.execute(query)]

    def posting(self, connection: Connection, local_id: str) -> Posting:
        """Return what was posted, BSN included, to draft it again."""
        row = connection.execute(select(_signal).where(_signal.c.local_id == local_id)).one()
        bsn, _ = split_enc(self._unlock(row.person_box, local_id, "person_box"))
        own = self._read(row)
        return Posting(
            Bsn.decode(bsn.decode()), own.desk, own.purpose, own.case_reference, own.fields
        )

    def blinding(self, connection: Connection, local_id: str) -> Scalar:
        """Return the blind between the person and α."""
        box = connection.execute(
            select(_signal.c.person_box).where(_signal.c.local_id == local_id)
        ).scalar_one()
        _, raw = split_enc(self._unlock(box, local_id, "person_box"))
        return Scalar(raw)

    def entry_id(self, connection: Connection, local_id: str) -> Digest:
        """Return the id of the signal's entry."""
        query = select(_signal.c.entry_id).where(_signal.c.local_id == local_id)
        return Digest(connection.execute(query).scalar_one())

    def sdjwt(self, connection: Connection, local_id: str) -> str:
        """Return the SD-JWT with all disclosures from the vault."""
        box = connection.execute(
            select(_disclosure.c.sdjwt_box).where(_disclosure.c.local_id == local_id)
        ).scalar_one()
        return self._vault.unlock(
            box, table="disclosure", row=local_id, column="sdjwt_box"
        ).decode()

    def body(self, connection: Connection, local_id: str) -> bytes:
        """Return the whole body, as an encoded share."""
        box = connection.execute(
            select(_signal.c.body_box).where(_signal.c.local_id == local_id)
        ).scalar_one()
        return self._unlock(box, local_id, "body_box")

    def put_on_chain(
        self, connection: Connection, placed: Sequence[tuple[int, Digest]]
    ) -> list[str]:
        """Give own entries their heights; return their local ids. What is not known is orphaned."""
        query = select(_signal.c.entry_id, _signal.c.local_id)
        rows = connection.execute(query.where(_signal.c.entry_id.in_([i for _, i in placed])))
        found: dict[bytes, str] = {row.entry_id: row.local_id for row in rows}
        known = [{"at": height, "id": entry} for height, entry in placed if entry in found]
        if known:
            statement = update(_signal).where(_signal.c.entry_id == bindparam("id"))
            connection.execute(statement.values(height=bindparam("at")), known)
        lost = [(height, entry) for height, entry in placed if entry not in found]
        if lost:
            connection.execute(
                insert(_orphan), [{"height": h, "entry_id": e, "share_box": None} for h, e in lost]
            )
        return list(found.values())

    def finalize(
        self, connection: Connection, *, start: int, end: int
    ) -> list[tuple[int, Digest, str]]:
        """Mark own signals at heights start … end - 1 as final.

        Returns (height, entry id, local id) of each, in order of height.
        """
        placed = (_signal.c.height >= start) & (_signal.c.height < end)
        query = select(_signal.c.height, _signal.c.entry_id, _signal.c.local_id).where(placed)
        rows = connection.execute(query.order_by(_signal.c.height)).all()
        if rows:
            connection.execute(update(_signal).where(placed).values(final=True))
        return [(row.height, Digest(row.entry_id), row.local_id) for row in rows]

    def withdraw(self, connection: Connection, local_id: str) -> None:
        """Mark a signal as withdrawn; what it says stays until its erasure is final."""
        connection.execute(
            update(_signal).where(_signal.c.local_id == local_id).values(withdrawn=True)
        )

    def erase(self, connection: Connection, local_id: str) -> None:
        """Delete all that a withdrawn signal says, its person, body and disclosures included."""
        case = {"caseReference": "", "desk": "", "purpose": "", "fields": {}}
        empty = self._lock(b"", local_id, "person_box")
        connection.execute(
            update(_signal)
            .where(_signal.c.local_id == local_id)
            .values(
                case_box=self._lock(json.dumps(case).encode(), local_id, "case_box"),
                person_box=empty,
                body_box=self._lock(b"", local_id, "body_box"),
            )
        )
        connection.execute(delete(_disclosure).where(_disclosure.c.local_id == local_id))

    def orphans(self, connection: Connection, count: int) -> list[int]:
        """Return the heights of the first `count` orphans."""
        query = select(_orphan.c.height).order_by(_orphan.c.height).limit(count)
        return list(connection.execute(query).scalars())

    def count_orphans(self, connection: Connection) -> tuple[int, int]:
        """Return how many orphans there are, and of how many no custodian gave a share back."""
        total = select(func.count()).select_from(_orphan)
        bare = select(func.count()).where(_orphan.c.share_box.is_(None))
        return (
            int(connection.execute(total).scalar_one()),
            int(connection.execute(bare).scalar_one()),
        )

    def bare_orphans(
        self, connection: Connection, *, after: int, count: int
    ) -> list[tuple[int, Digest]]:
        """Return (height, entry id) of up to `count` orphans above `after` without a share."""
        query = (
            select(_orphan.c.height, _orphan.c.entry_id)
            .where(_orphan.c.share_box.is_(None), _orphan.c.height > after)
            .order_by(_orphan.c.height)
            .limit(count)
        )
        return [(row.height, Digest(row.entry_id)) for row in connection.execute(query)]

    def adopt(self, connection: Connection, shares: Iterable[tuple[Digest, bytes]]) -> None:
        """Keep shares that custodians gave back; the recovery key opens their content."""
        for entry_id, share in shares:
            box = self._vault.lock(share, table="orphan", row=entry_id, column="share_box")
            connection.execute(
                update(_orphan).where(_orphan.c.entry_id == entry_id).values(share_box=box)
            )

    def _drafted(self, local_id: str, posting: Posting, draft: Draft) -> dict[str, object]:
        person = enc(posting.bsn.digits, draft.blind.encode())
        whole = draft.body.share(range(len(draft.body.items))).encode()
        return {
            "entry_id": draft.signed.id,
            "entry": draft.signed.encode(),
            "person_box": self._lock(person, local_id, "person_box"),
            "body_box": self._lock(whole, local_id, "body_box"),
        }

    def _sdjwt_box(self, local_id: str, draft: Draft) -> bytes:
        return self._vault.lock(
            draft.sdjwt.encode().encode(), table="disclosure", row=local_id, column="sdjwt_box"
        )

    def _read(self, row: Row[tuple[object, ...]]) -> OwnSignal:
        case = json.loads(self._unlock(row.case_box, row.local_id, "case_box"))
        return OwnSignal(
            local_id=row.local_id,
            sequence=row.sequence,
            entry_id=Digest(row.entry_id),
            height=row.height,
            is_final=row.final,
            is_withdrawn=row.withdrawn,
            desk=case["desk"],
            purpose=case["purpose"],
            case_reference=case["caseReference"],
            fields=case["fields"],
        )

    def _lock(self, value: bytes, local_id: str, column: str) -> bytes:
        return self._vault.lock(value, table=_TABLE, row=local_id, column=column)

    def _unlock(self, box: bytes, local_id: str, column: str) -> bytes:
        return self._vault.unlock(box, table=_TABLE, row=local_id, column=column)
