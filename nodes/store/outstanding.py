"""What is owed on the chain, in the database: so that a restart need not read the chain again."""

from collections.abc import Iterable

from sqlalchemy import Connection, delete, insert, select

from ledger.day import decode_day
from ledger.heights import Heights
from ledger.outstanding import Locate, Outstanding, Signal
from ledger.state import Appended
from nodes.store.matching import add_located
from nodes.store.tables import OwedAnswerRow, OwedLocateRow

_locate = OwedLocateRow.__table__  # type: ignore[attr-defined]
_answer = OwedAnswerRow.__table__  # type: ignore[attr-defined]


def note_outstanding(
    connection: Connection, appended: Iterable[Appended], *, now: Outstanding
) -> None:
    """Bring the tables to what stands in `now`, after `appended` came on the chain.

    What a batch both raised and settled never gets a row.
    """
    signals: list[dict[str, object]] = []
    locates: list[dict[str, object]] = []
    settled: list[int] = []
    answers: list[tuple[int, str]] = []
    for new in appended:
        admission = new.admission
        if admission.kind == "signal" and new.height in now.signals:
            signals.append(
                {"height": new.height, "author": admission.author, "day": admission.day.isoformat()}
            )
        elif admission.kind == "locate":
            named = Heights.decode(admission.further).named
            settled += named
            add_located(connection, new.height, named)
            locates += _rows(new.height, now.locates.get(new.height))
        elif admission.kind == "answer":
            answers += [(h, admission.author) for h in Heights.decode(admission.further).named]
    for height in settled:
        connection.execute(delete(_locate).where(_locate.c.height == height))
    for height, member in answers:
        connection.execute(
            delete(_answer).where(_answer.c.height == height, _answer.c.member == member)
        )
    if signals:
        connection.execute(insert(_locate), signals)
    if locates:
        connection.execute(insert(_answer), locates)


def excuse(connection: Connection, *, now: Outstanding) -> None:
    """Await nothing any more of members that left: all that is not owed in `now`."""
    # Not by the issuers in force: one that left and came back in one batch is excused all the same.
    for height, member in connection.execute(select(_answer.c.height, _answer.c.member)).all():
        owed = now.locates.get(height)
        if owed is None or member not in owed.waiting:
            connection.execute(
                delete(_answer).where(_answer.c.height == height, _answer.c.member == member)
            )


def load_outstanding(connection: Connection) -> Outstanding:
    """Return what is owed."""
    found = Outstanding()
    for row in connection.execute(select(_locate)):
        found.signals[row.height] = Signal(row.author, decode_day(row.day))
    for row in connection.execute(select(_answer)):
        known = found.locates.get(row.height)
        waiting = frozenset({row.member}) | (known.waiting if known else frozenset())
        found.locates[row.height] = Locate(row.author, decode_day(row.day), row.slots, waiting)
    return found


def _rows(height: int, owed: Locate | None) -> list[dict[str, object]]:
    if owed is None:
        return []
    return [
        {
            "height": height,
            "member": member,
            "author": owed.author,
            "day": owed.day.isoformat(),
            "slots": owed.slots,
        }
        for member in sorted(owed.waiting)
    ]
