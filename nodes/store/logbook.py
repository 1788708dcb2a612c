"""The logbook in the database: records in the order of their numbers, and what hours they fill.

A record is boxed, padded to one of a few sizes: whoever has the disk alone must not see by sizes
or times which of them tells of a match. Its leaf of the hour's tree is kept beside it, so that an
hour is summed up without opening it; an audit goes by the record itself.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from ledger.body import Share
from ledger.encoding import Digest
from ledger.entry import SignedEntry
from ledger.errors import MalformedError
from ledger.logbook import LoggedHours
from ledger.tree import leaf_hash
from nodes.errors import StorageError
from nodes.store.statement import Statement
from nodes.store.tables import BlockRow, LoggedHoursRow, LogRecordRow
from nodes.store.vault import Vault

_block = BlockRow.__table__  # type: ignore[attr-defined]
_record = LogRecordRow.__table__  # type: ignore[attr-defined]
_hours = LoggedHoursRow.__table__  # type: ignore[attr-defined]
_RECORDS, _HOURS = "log_record", "logged_hours"
_LEAST_BYTES, _STEP_BYTES, _LENGTH_BYTES = 384, 128, 4
_is_it = _hours.c.entry_id == bindparam("id")
_NEWEST = Statement(select(func.max(_record.c.number)))
_ADD = Statement(insert(_record))
_PAGE = Statement(
    select(_record.c.number, _record.c.box)
    .where(_record.c.number > bindparam("after"))
    .order_by(_record.c.number)
    .limit(bindparam("count"))
)
_LEAVES = Statement(
    select(_record.c.leaf).where(_record.c.number >= bindparam("start")).order_by(_record.c.number)
)
_NEWEST_HOURS = Statement(select(func.max(_hours.c.sequence)))
_ADD_HOURS = Statement(insert(_hours))
_WAITING = Statement(
    select(_hours.c.entry_id, _hours.c.height, _hours.c.entry, _hours.c.box)
    .where(_hours.c.height.is_(None))
    .order_by(_hours.c.sequence)
)
_PLACE = Statement(update(_hours).where(_is_it).values(height=bindparam("at")))
_REPLACE = Statement(
    update(_hours)
    .where(_is_it)
    .values({name: bindparam(f"new_{name}") for name in ("entry_id", "entry", "box")})
)


@dataclass(frozen=True, slots=True)
class KeptHours:
    """An own `logbook` entry, its body as a share, and its height once it is on the chain."""

    signed: SignedEntry
    share: bytes = field(repr=False)
    height: int | None = None


def hours_in(kept: KeptHours) -> LoggedHours:
    """Return what a kept entry says.

    Raises:
        MalformedError: its one item is no such statement.
    """
    items = Share.decode(kept.share).items
    if len(items) != 1:
        raise MalformedError("logged hours: one item and no other")
    return LoggedHours.decode(items[0].content)


class Logs:
    """The tables `log_record` and `logged_hours`; every method is inside a caller's transaction."""

    def __init__(self, vault: Vault) -> None:
        """Box and unbox with `vault`."""
        self._vault = vault

    def append(self, connection: Connection, records: Sequence[bytes]) -> None:
        """Store encoded records under the next numbers."""
        first = self.newest(connection) + 1
        _ADD.run_all(
            connection,
            [
                {"number": number, "leaf": leaf_hash(raw), "box": self._lock(number, raw)}
                for number, raw in enumerate(records, start=first)
            ],
        )

    def newest(self, connection: Connection) -> int:
        """Return the number of the newest record, 0 before the first."""
        return int(_NEWEST.value(connection) or 0)

    def count(self, connection: Connection) -> int:
        """Return how many records there are."""
        return int(connection.execute(select(func.count()).select_from(_record)).scalar_one())

    def page(self, connection: Connection, *, after: int, count: int) -> list[tuple[int, bytes]]:
        """Return up to `count` records numbered above `after`, as (number, record), in order.

        Raises:
            StorageError: one was altered or moved.
        """
        rows = _PAGE.rows(connection, after=after, count=count)
        return [(number, self._unlock(number, box)) for number, box in rows]

    def all_records(self, connection: Connection) -> Iterator[tuple[int, bytes]]:
        """Yield every record as (number, record), in order.

        Raises:
            StorageError: one was altered or moved.
        """
        rows = select(_record.c.number, _record.c.box).order_by(_record.c.number)
        for number, box in connection.execute(rows):
            yield number, self._unlock(number, box)

    def leaves(self, connection: Connection, *, start: int) -> list[Digest]:
        """Return the leaves of the records numbered `start` and more, in order."""
        return [Digest(leaf) for leaf in _LEAVES.column(connection, start=start)]

    def boxes(self, connection: Connection, *, start: int, end: int) -> Iterator[tuple[int, bytes]]:
        """Yield (number, record) from number `start` to `end` - 1; what does not open is empty."""
        rows = select(_record.c.number, _record.c.box)
        rows = rows.where(_record.c.number >= start, _record.c.number < end)
        for number, box in connection.execute(rows.order_by(_record.c.number)):
            try:
                yield number, self._unlock(number, box)
            except StorageError:
                yield number, b""

    def drop(self, connection: Connection, *, before: int) -> int:
        """Delete the records numbered below `before`, and return how many there were."""
        # The newest stays: its number must not be given again.
        end = min(before, self.newest(connection))
        return connection.execute(delete(_record).where(_record.c.number < end)).rowcount

    def add_hours(self, connection: Connection, kept: KeptHours) -> None:
        """Store a new entry, last in line."""
        _ADD_HOURS.run(
            connection,
            entry_id=kept.signed.id,
            sequence=(_NEWEST_HOURS.value(connection) or 0) + 1,
            height=None,
            entry=kept.signed.encode(),
            box=self._lock_hours(kept),
        )

    def replace_hours(self, connection: Connection, old: Digest, new: KeptHours) -> None:
        """Put `new` in the place of an entry that never came on the chain."""
        _REPLACE.run(
            connection,
            id=old,
            new_entry_id=new.signed.id,
            new_entry=new.signed.encode(),
            new_box=self._lock_hours(new),
        )

    def place(self, connection: Connection, entry_id: Digest, *, height: int) -> None:
        """Note at which height an own entry stands."""
        _PLACE.run(connection, id=entry_id, at=height)

    def waiting(self, connection: Connection) -> list[KeptHours]:
        """Return the entries that are not on the chain, oldest first."""
        return [self._read(*row) for row in _WAITING.rows(connection)]

    def all_hours(self, connection: Connection) -> Iterator[KeptHours]:
        """Yield every entry, oldest first; one whose bytes are no entry is left out.

        One whose box does not open has an empty share.
        """
        columns = select(_hours.c.entry_id, _hours.c.height, _hours.c.entry, _hours.c.box)
        for row in connection.execute(columns.order_by(_hours.c.sequence)):
            try:
                yield self._read(*row)
            except StorageError:
                yield KeptHours(SignedEntry.decode(row[2]), b"", row[1])
            except MalformedError:
                continue

    def ended_before(
        self, connection: Connection, hour: int, *, after: int
    ) -> Iterator[tuple[int, LoggedHours]]:
        """Yield (sequence, hours) of entries after `after` in line, up to one not before `hour`."""
        columns = select(_hours.c.entry_id, _hours.c.height, _hours.c.entry, _hours.c.box)
        rows = columns.add_columns(_hours.c.sequence).where(_hours.c.sequence > after)
        for *row, sequence in connection.execute(rows.order_by(_hours.c.sequence)):
            hours = hours_in(self._read(*row))
            if hours.last_hour >= hour:
                return
            yield sequence, hours

    def on_chain(self, connection: Connection, *, author: str, size: int) -> dict[Digest, int]:
        """Return the `logbook` entries by `author` in the first `size` blocks: height by id."""
        rows = connection.execute(
            select(_block.c.entry_id, _block.c.height).where(
                _block.c.author == author, _block.c.kind == "logbook", _block.c.height < size
            )
        )
        return {Digest(entry_id): height for entry_id, height in rows}

    def _lock(self, number: int, raw: bytes) -> bytes:
        stated = len(raw).to_bytes(_LENGTH_BYTES, "big") + raw
        size = max(_LEAST_BYTES, -(-len(stated) // _STEP_BYTES) * _STEP_BYTES)
        return self._vault.lock(
            stated.ljust(size, b"\0"), table=_RECORDS, row=str(number), column="box"
        )

    def _unlock(self, number: int, box: bytes) -> bytes:
        padded = self._vault.unlock(box, table=_RECORDS, row=str(number), column="box")
        end = _LENGTH_BYTES + int.from_bytes(padded[:_LENGTH_BYTES], "big")
        return padded[_LENGTH_BYTES:end]

    def _lock_hours(self, kept: KeptHours) -> bytes:
        return self._vault.lock(kept.share, table=_HOURS, row=kept.signed.id, column="box")

    def _read(self, entry_id: bytes, height: int | None, entry: bytes, box: bytes) -> KeptHours:
        share = self._vault.unlock(box, table=_HOURS, row=entry_id, column="box")
        return KeptHours(SignedEntry.decode(entry), share, height)
