"""The chain's date and what members attested, in the database: a restart need not read the chain.

name    a member's, or "" for the chain's own date
day     YYYY-MM-DD
"""

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from ledger.dates import Dates
from ledger.day import decode_day
from nodes.store.statement import Statement
from nodes.store.tables import DateRow

_CHAIN = ""

_date = DateRow.__table__  # type: ignore[attr-defined]
_put = insert(_date)
_PUT = Statement(
    _put.on_conflict_do_update(
        index_elements=["name"],
        set_={"day": _put.excluded.day},
        where=_date.c.day < _put.excluded.day,
    )
)
_ALL = Statement(select(_date.c.name, _date.c.day))


def keep_dates(connection: Connection, dates: Dates) -> None:
    """Bring the table to what stands in `dates`, which have moved."""
    found = {name: day.isoformat() for name, day in dates.attested.items()}
    if dates.day is not None:
        found[_CHAIN] = dates.day.isoformat()
    _PUT.run_all(connection, [{"name": name, "day": day} for name, day in found.items()])


def load_dates(connection: Connection) -> Dates:
    """Return what stands."""
    found = {name: decode_day(day) for name, day in _ALL.rows(connection)}
    return Dates(found.pop(_CHAIN, None), found)
