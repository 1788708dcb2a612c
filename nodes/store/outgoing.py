"""Messages on their way: pieces that wait for a beat or stand in one, and what became of messages.

outgoing    a piece for a receiver; `entry_id` of the beat it stands in, if any; gone once final
sent        the message's HMAC, and the height of the beat that carried the last piece of it
desk_card   a member's newest card of desk keys (`nodes.desks`)
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, null, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from ledger.encoding import Digest, enc, split_enc
from ledger.exchange.item import Piece
from nodes.desks import DeskCard
from nodes.store.statement import Statement
from nodes.store.tables import BlockRow, DeskCardRow, DispatchRow, OutgoingRow, SentRow
from nodes.store.vault import Vault

URGENT, ORDINARY = 0, 1
_outgoing = OutgoingRow.__table__  # type: ignore[attr-defined]
_sent = SentRow.__table__  # type: ignore[attr-defined]
_card = DeskCardRow.__table__  # type: ignore[attr-defined]
_dispatch = DispatchRow.__table__  # type: ignore[attr-defined]
_block = BlockRow.__table__  # type: ignore[attr-defined]
_queued = select(
    _outgoing.c.sequence, _outgoing.c.receiver, _outgoing.c.rank, _outgoing.c.box
).order_by(_outgoing.c.rank, _outgoing.c.sequence)
_in_beat = _outgoing.c.entry_id == bindparam("id")
_NEWEST = Statement(select(func.max(_outgoing.c.sequence)))
_ADD = Statement(insert(_outgoing))
_WAITING = Statement(
    _queued.where(
        _outgoing.c.receiver == bindparam("receiver"), _outgoing.c.entry_id.is_(None)
    ).limit(bindparam("count"))
)
_HAS_URGENT = Statement(
    select(_outgoing.c.sequence)
    .where(_outgoing.c.entry_id.is_(None), _outgoing.c.rank == URGENT)
    .limit(1)
)
_OF_BEAT = Statement(_queued.where(_in_beat))
_ASSIGN = Statement(
    update(_outgoing)
    .where(_outgoing.c.sequence == bindparam("at"))
    .values(entry_id=bindparam("beat"))
)
_FREE = Statement(update(_outgoing).where(_in_beat).values(entry_id=null()))
_HASTEN = Statement(
    update(_outgoing)
    .where(_outgoing.c.message == bindparam("of"), _outgoing.c.entry_id.is_(None))
    .values(rank=URGENT)
)
_RECEIVERS = Statement(select(_outgoing.c.receiver).where(_in_beat).distinct())
_MESSAGES = Statement(select(_outgoing.c.message).where(_in_beat).distinct())
_DROP_BEAT = Statement(delete(_outgoing).where(_in_beat))
_LEFT = Statement(
    select(_outgoing.c.sequence).where(_outgoing.c.message == bindparam("message")).limit(1)
)
_put_sent, _put_card = upsert(_sent), upsert(_card)
_SENT = Statement(_put_sent.on_conflict_do_nothing())
_HEIGHT = Statement(select(_sent.c.height).where(_sent.c.key == bindparam("key")))
_FORGET = Statement(delete(_sent).where(_sent.c.day < bindparam("before")))
_PUT_CARD = Statement(
    _put_card.on_conflict_do_update(
        index_elements=["member"], set_={"card": _put_card.excluded.card}
    )
)
_CARD = Statement(select(_card.c.card).where(_card.c.member == bindparam("member")))
_day = select(_block.c.day).where(_block.c.height == _dispatch.c.height).scalar_subquery()
# Not joined: it would begin with every block of before that day.
_EXPIRED = Statement(
    select(_dispatch.c.entry_id).where(
        _dispatch.c.kind == bindparam("kind"),
        _dispatch.c.height >= 0,
        _day < bindparam("before"),
    )
)
_ON_ITS_WAY = Statement(
    select(_dispatch.c.entry_id)
    .where(_dispatch.c.kind == bindparam("kind"), _dispatch.c.height.is_(None))
    .order_by(_dispatch.c.sequence)
)


@dataclass(frozen=True, slots=True)
class Queued:
    """A piece in line under a `sequence` number, for one or two desks of `receiver`."""

    sequence: int
    receiver: str
    desks: tuple[str, ...]
    piece: Piece = field(repr=False)
    is_urgent: bool = False


class Outgoing:
    """The tables above; every method works inside a caller's transaction."""

    def __init__(self, vault: Vault) -> None:
        """Box and unbox with `vault`."""
        self._vault = vault

    def add(
        self,
        connection: Connection,
        pieces: Sequence[Piece],
        *,
        receiver: str,
        desks: Sequence[str],
        is_urgent: bool,
    ) -> None:
        """Store a message's pieces, last in line of their rank."""
        first = (_NEWEST.value(connection) or 0) + 1
        _ADD.run_all(
            connection,
            [
                {
                    "sequence": sequence,
                    "receiver": receiver,
                    "rank": URGENT if is_urgent else ORDINARY,
                    "entry_id": None,
                    "message": self._mac(piece.message),
                    "box": self._lock(sequence, enc(piece.encode(), *desks)),
                }
                for sequence, piece in enumerate(pieces, start=first)
            ],
        )

    def hasten(self, connection: Connection, messages: Iterable[bytes]) -> None:
        """Let what waits of messages be urgent, each in its own place."""
        _HASTEN.run_all(connection, [{"of": self._mac(message)} for message in messages])

    def waiting(self, connection: Connection, receiver: str, count: int) -> list[Queued]:
        """Return up to `count` pieces that stand in no beat yet, urgent ones first."""
        return self._read(_WAITING.rows(connection, receiver=receiver, count=count))

    def has_urgent(self, connection: Connection) -> bool:
        """Tell whether an urgent piece stands in no beat yet."""
        return _HAS_URGENT.value(connection) is not None

    def of_beat(self, connection: Connection, entry_id: Digest) -> list[Queued]:
        """Return the pieces that stand in a beat, in line."""
        return self._read(_OF_BEAT.rows(connection, id=entry_id))

    def receivers_of(self, connection: Connection, entry_id: Digest) -> list[str]:
        """Return for whom there are pieces in a beat."""
        return _RECEIVERS.column(connection, id=entry_id)

    def assign(self, connection: Connection, pieces: Iterable[Queued], entry_id: Digest) -> None:
        """Note in which beat pieces stand."""
        _ASSIGN.run_all(connection, [{"at": p.sequence, "beat": entry_id} for p in pieces])

    def free(self, connection: Connection, entry_id: bytes) -> None:
        """Let a beat's pieces stand in none again."""
        _FREE.run(connection, id=entry_id)

    def sent(self, connection: Connection, entry_id: bytes, *, height: int, day: int) -> None:
        """Delete the pieces of a beat that is final in block `height`, dated the ordinal `day`."""
        messages = _MESSAGES.column(connection, id=entry_id)
        _DROP_BEAT.run(connection, id=entry_id)
        for message in messages:
            if _LEFT.value(connection, message=message) is None:
                _SENT.run(connection, key=message, height=height, day=day)

    def height_of(self, connection: Connection, message: bytes) -> int | None:
        """Return the block of the beat with which a whole message was final, or None."""
        height: int | None = _HEIGHT.value(connection, key=self._mac(message))
        return height

    def forget(self, connection: Connection, *, before: int) -> None:
        """Forget the heights of messages that were sent before the day with that ordinal."""
        _FORGET.run(connection, before=before)

    def count(self, connection: Connection) -> int:
        """Return how many pieces there are."""
        return int(connection.execute(select(func.count()).select_from(_outgoing)).scalar_one())

    def on_its_way(self, connection: Connection, *, kind: str) -> list[Digest]:
        """Return own entries of that kind that are not on the chain yet, oldest first."""
        return [Digest(raw) for raw in _ON_ITS_WAY.column(connection, kind=kind)]

    def expired(self, connection: Connection, *, kind: str, before: str) -> list[Digest]:
        """Return own entries of that kind on the chain, dated before that day, that are kept."""
        return [Digest(raw) for raw in _EXPIRED.column(connection, kind=kind, before=before)]

    def put_cards(self, connection: Connection, cards: Mapping[str, DeskCard]) -> None:
        """Store the newest card of each member."""
        _PUT_CARD.run_all(
            connection, [{"member": m, "card": card.encode()} for m, card in cards.items()]
        )

    def card(self, connection: Connection, member: str) -> DeskCard | None:
        """Return the newest card of a member, or None."""
        raw = _CARD.value(connection, member=member)
        return None if raw is None else DeskCard.decode(raw)

    def _read(self, rows: Sequence[tuple[Any, ...]]) -> list[Queued]:
        queued = []
        for sequence, receiver, rank, box in rows:
            piece, *desks = split_enc(
                self._vault.unlock(box, table="outgoing", row=str(sequence), column="box")
            )
            names = tuple(desk.decode() for desk in desks)
            is_urgent = rank == URGENT
            queued.append(Queued(sequence, receiver, names, Piece.decode(piece), is_urgent))
        return queued

    def _lock(self, sequence: int, raw: bytes) -> bytes:
        return self._vault.lock(raw, table="outgoing", row=str(sequence), column="box")

    def _mac(self, message: bytes) -> bytes:
        return self._vault.mac("outgoing message", message)
