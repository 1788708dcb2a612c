"""What authors may post beyond their quotas, in the database: a restart need not read the chain."""

from collections.abc import Iterable

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from ledger.allowance import KINDS, Allowances
from ledger.state import Appended
from nodes.store.statement import Statement
from nodes.store.tables import AllowanceRow

_allowance = AllowanceRow.__table__  # type: ignore[attr-defined]
_put = insert(_allowance)
_PUT = Statement(
    _put.on_conflict_do_update(
        index_elements=["author"],
        set_={name: _put.excluded[name] for name in ("standing", *KINDS)},
    )
)
_ALL = Statement(select(_allowance.c.author, *(_allowance.c[n] for n in ("standing", *KINDS))))


def note_allowances(
    connection: Connection, appended: Iterable[Appended], *, now: Allowances
) -> None:
    """Bring the table to what stands in `now`, after `appended` came on the chain."""
    authors: set[str] = set()
    for new in appended:
        if new.admission.kind in KINDS:
            authors.add(new.admission.author)
        elif new.admission.kind == "epoch":
            authors |= set(now.standing)
    _PUT.run_all(
        connection,
        [
            {
                "author": author,
                "standing": now.standing[author],
                **{kind: now.left.get((author, kind), 0) for kind in KINDS},
            }
            for author in sorted(authors & set(now.standing))
        ],
    )


def load_allowances(connection: Connection) -> Allowances:
    """Return what stands and is left."""
    found = Allowances()
    for author, standing, *left in _ALL.rows(connection):
        found.standing[author] = standing
        found.left |= {(author, kind): n for kind, n in zip(KINDS, left, strict=True) if n}
    return found
