"""What is owed on the chain, in the database: so that a restart need not read the chain again."""

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, delete, insert, select

from ledger.day import decode_day
from ledger.heights import Heights
from ledger.outstanding import Locate, Outstanding, Signal
from ledger.state import Appended
from nodes.store.matching import add_located
from nodes.store.statement import Statement
from nodes.store.tables import OwedAnswerRow, OwedLocateRow

_locate = OwedLocateRow.__table__  # type: ignore[attr-defined]
_answer = OwedAnswerRow.__table__  # type: ignore[attr-defined]
_OWE_LOCATE, _OWE_ANSWER = Statement(insert(_locate)), Statement(insert(_answer))
_LOCATED = Statement(delete(_locate).where(_locate.c.height == bindparam("at")))
_ANSWERED = Statement(
    delete(_answer).where(_answer.c.height == bindparam("at"), _answer.c.member == bindparam("by"))
)
_AWAITED = Statement(select(_answer.c.height, _answer.c.member))
_LOCATES = Statement(select(_locate.c.height, _locate.c.author, _locate.c.day))
_ANSWERS = Statement(
    select(_answer.c.height, _answer.c.member, _answer.c.author, _answer.c.day, _answer.c.slots)
)


def note_outstanding(
    connection: Connection, appended: Iterable[Appended], *, now: Outstanding
) -> None:
    """Bring the tables to what stands in `now`, after `appended` came on the chain.

    What a batch both raised and settled never gets a row.
    """
    signals: list[dict[str, object]] = []
    locates: list[dict[str, object]] = []
    settled: list[dict[str, object]] = []
    answers: list[dict[str, object]] = []
    for new in appended:
        admission = new.admission
        if admission.kind == "signal" and new.height in now.signals:
            signals.append(
                {"height": new.height, "author": admission.author, "day": admission.day.isoformat()}
            )
        elif admission.kind == "locate":
            named = Heights.decode(admission.further).named
            settled += [{"at": height} for height in named]
            add_located(connection, new.height, named)
            locates += _rows(new.height, now.locates.get(new.height))
        elif admission.kind == "answer":
            named = Heights.decode(admission.further).named
            answers += [{"at": height, "by": admission.author} for height in named]
    _LOCATED.run_all(connection, settled)
    _ANSWERED.run_all(connection, answers)
    _OWE_LOCATE.run_all(connection, signals)
    _OWE_ANSWER.run_all(connection, locates)


def excuse(connection: Connection, *, now: Outstanding) -> None:
    """Await nothing any more of members that left: all that is not owed in `now`."""
    # Not by the issuers in force: one that left and came back in one batch is excused all the same.
    for height, member in _AWAITED.rows(connection):
        owed = now.locates.get(height)
        if owed is None or member not in owed.waiting:
            _ANSWERED.run(connection, at=height, by=member)


def load_outstanding(connection: Connection) -> Outstanding:
    """Return what is owed."""
    found = Outstanding()
    for height, author, day in _LOCATES.rows(connection):
        found.signals[height] = Signal(author, decode_day(day))
    for height, member, author, day, slots in _ANSWERS.rows(connection):
        known = found.locates.get(height)
        waiting = frozenset({member}) | (known.waiting if known else frozenset())
        found.locates[height] = Locate(author, decode_day(day), slots, waiting)
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
