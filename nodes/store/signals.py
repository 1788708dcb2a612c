"""Own signals in the database: boxed, found by local id, idempotency key or entry id."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, update

from ledger.bsn import Bsn
from ledger.encoding import Digest, enc, split_enc
from ledger.entry import SignedEntry
from ledger.group import Scalar
from nodes.signal import Draft, Posting
from nodes.store.anew import PostedAnew
from nodes.store.disclosures import Disclosures
from nodes.store.orphans import Orphans
from nodes.store.statement import Statement
from nodes.store.tables import BlockRow, SignalRow
from nodes.store.vault import Vault

_signal = SignalRow.__table__  # type: ignore[attr-defined]
_block = BlockRow.__table__  # type: ignore[attr-defined]
_TABLE = "signal"
BESIDE = "beside"
INSTEAD = "instead"
"""The places of signals that were posted anew."""
_is_it = _signal.c.local_id == bindparam("of")
_is_entry = _signal.c.entry_id == bindparam("entry_of")
_is_off_chain = _signal.c.height.is_(None)
_is_between = (_signal.c.height >= bindparam("start")) & (_signal.c.height < bindparam("end"))
_own = select(
    _signal.c.local_id,
    _signal.c.sequence,
    _signal.c.entry_id,
    _signal.c.height,
    _signal.c.final,
    _signal.c.withdrawn,
    _signal.c.case_box,
)
_NEWEST = Statement(select(func.max(_signal.c.sequence)))
_ADD = Statement(insert(_signal))
_REDRAFT = Statement(
    update(_signal)
    .where(_is_it, _is_off_chain)
    .values({n: bindparam(f"new_{n}") for n in ("entry_id", "entry", "person_box", "body_box")})
)
_BY_KEY = Statement(
    select(_signal.c.local_id, _signal.c.request_mac).where(
        _signal.c.idempotency_mac == bindparam("mac")
    )
)
_GET = Statement(_own.where(_is_it))
_AT_HEIGHT = Statement(_own.where(_signal.c.height == bindparam("height")))
_IS_FINAL = Statement(select(_signal.c.final).where(_is_it))
_OUTGOING = Statement(select(_signal.c.entry, _signal.c.body_box).where(_is_it, _is_off_chain))
_LOCAL_ID = Statement(select(_signal.c.local_id).where(_is_entry))
_WAITING_AS = Statement(select(_signal.c.local_id).where(_is_entry, _is_off_chain))
_POSTING = Statement(_own.add_columns(_signal.c.person_box).where(_is_it))
_PERSON = Statement(select(_signal.c.person_box).where(_is_it))
_ENTRY_ID = Statement(select(_signal.c.entry_id).where(_is_it))
_BODY = Statement(select(_signal.c.body_box).where(_is_it))
_PUT_ON_CHAIN = Statement(update(_signal).where(_is_entry).values(height=bindparam("at")))
_FINAL = Statement(
    select(_signal.c.height, _signal.c.entry_id, _signal.c.local_id)
    .where(_is_between)
    .order_by(_signal.c.height)
)
_STANDING = Statement(
    select(_signal.c.height, _signal.c.local_id)
    .where(_is_between, _signal.c.final, ~_signal.c.withdrawn)
    .order_by(_signal.c.height)
    .limit(bindparam("count"))
)
_STAND = Statement(update(_signal).where(_is_it).values(place=INSTEAD))
_ANEW_ON = Statement(
    select(func.count())
    .select_from(_signal.join(_block, _block.c.height == _signal.c.height))
    .where(_block.c.day == bindparam("day"), _signal.c.place.is_not(None))
)
_FINALIZE = Statement(update(_signal).where(_is_between).values(final=True))


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
    """The table `signal`; every method works inside a caller's transaction."""

    def __init__(self, vault: Vault) -> None:
        """Box and unbox with `vault`."""
        self._vault = vault
        self.anew = PostedAnew(vault)
        """Which of them are posted anew."""
        self.disclosures = Disclosures(vault)
        """What can be shown of each."""
        self.orphans = Orphans(vault)
        """Own entries of which nothing is known here."""

    def add(
        self,
        connection: Connection,
        *,
        local_id: str,
        posting: Posting,
        draft: Draft,
        idempotency_mac: bytes,
        request_mac: bytes,
        place: str | None = None,
    ) -> None:
        """Store a new signal; it is durable before anyone hears of it.

        `place` is `BESIDE` for one that is posted anew.
        """
        case = {
            "caseReference": posting.case_reference,
            "desk": posting.desk,
            "purpose": posting.purpose,
            "fields": dict(posting.fields),
        }
        _ADD.run(
            connection,
            local_id=local_id,
            sequence=(_NEWEST.value(connection) or 0) + 1,
            idempotency_mac=idempotency_mac,
            request_mac=request_mac,
            height=None,
            final=False,
            withdrawn=False,
            place=place,
            case_box=self._lock(json.dumps(case).encode(), local_id, "case_box"),
            **self._drafted(local_id, posting, draft),
        )
        self.disclosures.add(connection, local_id, draft.sdjwt)

    def redraft(
        self, connection: Connection, *, local_id: str, posting: Posting, draft: Draft
    ) -> bool:
        """Replace the entry and body of a signal, unless it came on the chain; tell which."""
        drafted = self._drafted(local_id, posting, draft)
        # The vault must go on showing what was committed to.
        if not _REDRAFT.run(
            connection, of=local_id, **{f"new_{name}": value for name, value in drafted.items()}
        ):
            return False
        self.disclosures.replace(connection, local_id, draft.sdjwt)
        return True

    def by_key(self, connection: Connection, idempotency_mac: bytes) -> tuple[str, bytes] | None:
        """Return (local id, request MAC) of the signal posted under that key, or None."""
        row = _BY_KEY.row(connection, mac=idempotency_mac)
        return None if row is None else (row[0], row[1])

    def by_keys(
        self, connection: Connection, idempotency_macs: Sequence[bytes]
    ) -> list[tuple[tuple[str, bytes], bytes]]:
        """Return ((local id, request MAC), key MAC) of the signals posted under those keys."""
        found = [(self.by_key(connection, mac), mac) for mac in idempotency_macs]
        return [(known, mac) for known, mac in found if known is not None]

    def get(self, connection: Connection, local_id: str) -> OwnSignal | None:
        """Return the signal of that local id, or None."""
        row = _GET.row(connection, of=local_id)
        return None if row is None else self._read(row)

    def is_final(self, connection: Connection, local_id: str) -> bool:
        """Tell whether the signal of that local id is final."""
        return bool(_IS_FINAL.value(connection, of=local_id))

    def at_height(self, connection: Connection, height: int) -> OwnSignal | None:
        """Return the own signal in that block, or None."""
        row = _AT_HEIGHT.row(connection, height=height)
        return None if row is None else self._read(row)

    def page(self, connection: Connection, *, before: int | None, count: int) -> list[OwnSignal]:
        """Return up to `count` signals older than sequence `before`, newest first.

        Without the withdrawn ones, and those that are to stand in the place of one that is there.
        """
        is_beside = _signal.c.place.is_not_distinct_from(BESIDE)
        query = _own.where(_signal.c.withdrawn.is_(False), ~is_beside)
        query = query.order_by(_signal.c.sequence.desc()).limit(count)
        if before is not None:
            query = query.where(_signal.c.sequence < before)
        return [self._read(row) for row in connection.execute(query)]

    def waiting(self, connection: Connection) -> list[str]:
        """Return the local ids of signals that are not on the chain, oldest first."""
        query = select(_signal.c.local_id).where(_is_off_chain)
        return list(connection.execute(query.order_by(_signal.c.sequence)).scalars())

    def count_waiting(self, connection: Connection) -> int:
        """Return how many signals are not on the chain."""
        query = select(func.count()).where(_signal.c.height.is_(None))
        return int(connection.execute(query).scalar_one())

    def outgoing(self, connection: Connection, local_ids: Sequence[str]) -> list[Outgoing]:
        """Return those of `local_ids` that are not on the chain, in their order."""
        found = ((local_id, _OUTGOING.row(connection, of=local_id)) for local_id in local_ids)
        return [
            Outgoing(
                local_id, SignedEntry.decode(row[0]), self._unlock(row[1], local_id, "body_box")
            )
            for local_id, row in found
            if row is not None
        ]

    def local_ids(
        self, connection: Connection, entry_ids: Sequence[Digest]
    ) -> list[tuple[Digest, str]]:
        """Return (entry id, local id) of those entries that are own and not on the chain."""
        found = ((i, _WAITING_AS.value(connection, entry_of=i)) for i in entry_ids)
        return [(entry_id, local_id) for entry_id, local_id in found if local_id is not None]

    def posting(self, connection: Connection, local_id: str) -> Posting:
        """Return what was posted, BSN included, to draft it again."""
        ((*row, box),) = _POSTING.rows(connection, of=local_id)
        bsn, _ = split_enc(self._unlock(box, local_id, "person_box"))
        own = self._read(row)
        return Posting(
            Bsn.decode(bsn.decode()), own.desk, own.purpose, own.case_reference, own.fields
        )

    def blinding(self, connection: Connection, local_id: str) -> Scalar:
        """Return the blind between the person and α."""
        box = _PERSON.value(connection, of=local_id)
        _, raw = split_enc(self._unlock(box, local_id, "person_box"))
        return Scalar(raw)

    def entry_id(self, connection: Connection, local_id: str) -> Digest:
        """Return the id of the signal's entry."""
        ((entry_id,),) = _ENTRY_ID.rows(connection, of=local_id)
        return Digest(entry_id)

    def body(self, connection: Connection, local_id: str) -> bytes:
        """Return the whole body, as an encoded share."""
        box = _BODY.value(connection, of=local_id)
        return self._unlock(box, local_id, "body_box")

    def put_on_chain(
        self, connection: Connection, placed: Sequence[tuple[int, Digest]]
    ) -> list[str]:
        """Give own entries their heights; return their local ids. What is not known is orphaned."""
        local_ids = []
        for height, entry_id in placed:
            local_id = _LOCAL_ID.value(connection, entry_of=entry_id)
            if local_id is None:
                self.orphans.add(connection, height, entry_id)
            else:
                _PUT_ON_CHAIN.run(connection, entry_of=entry_id, at=height)
                local_ids.append(local_id)
        return local_ids

    def finalize(
        self, connection: Connection, *, start: int, end: int
    ) -> list[tuple[int, Digest, str]]:
        """Mark own signals at heights start … end - 1 as final.

        Returns (height, entry id, local id) of each, in order of height.
        """
        rows = _FINAL.rows(connection, start=start, end=end)
        if rows:
            _FINALIZE.run(connection, start=start, end=end)
        return [(height, Digest(entry_id), local_id) for height, entry_id, local_id in rows]

    def stand_instead(self, connection: Connection, local_id: str) -> None:
        """Note that a signal that was posted anew stands in the place of the old one now."""
        _STAND.run(connection, of=local_id)

    def count_anew(self, connection: Connection, day: date) -> int:
        """Return how many signals dated `day` are on the chain that were posted anew."""
        return int(_ANEW_ON.value(connection, day=day.isoformat()))

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
        self.disclosures.erase(connection, local_id)

    def standing(self, connection: Connection) -> list[tuple[int, str]]:
        """Return the final signals that are not withdrawn, as (height, local id), in order."""
        final = select(_signal.c.height, _signal.c.local_id).where(
            _signal.c.final, ~_signal.c.withdrawn
        )
        return [
            (height, local_id)
            for height, local_id in connection.execute(final.order_by(_signal.c.height))
        ]

    def standing_between(
        self, connection: Connection, start: int, end: int, *, count: int
    ) -> list[tuple[int, str]]:
        """Return the first `count` of `standing` at heights start … end - 1."""
        return [
            (height, local_id)
            for height, local_id in _STANDING.rows(connection, start=start, end=end, count=count)
        ]

    def _drafted(self, local_id: str, posting: Posting, draft: Draft) -> dict[str, object]:
        person = enc(posting.bsn.digits, draft.blind.encode())
        whole = draft.body.share(range(len(draft.body.items))).encode()
        return {
            "entry_id": draft.signed.id,
            "entry": draft.signed.encode(),
            "person_box": self._lock(person, local_id, "person_box"),
            "body_box": self._lock(whole, local_id, "body_box"),
        }

    def _read(self, row: Sequence[Any]) -> OwnSignal:
        local_id, sequence, entry_id, height, is_final, is_withdrawn, box = row
        case = json.loads(self._unlock(box, local_id, "case_box"))
        return OwnSignal(
            local_id=local_id,
            sequence=sequence,
            entry_id=Digest(entry_id),
            height=height,
            is_final=bool(is_final),
            is_withdrawn=bool(is_withdrawn),
            desk=case["desk"],
            purpose=case["purpose"],
            case_reference=case["caseReference"],
            fields=case["fields"],
        )

    def _lock(self, value: bytes, local_id: str, column: str) -> bytes:
        return self._vault.lock(value, table=_TABLE, row=local_id, column=column)

    def _unlock(self, box: bytes, local_id: str, column: str) -> bytes:
        return self._vault.unlock(box, table=_TABLE, row=local_id, column=column)
