"""The tables of casework: pairs and their events, worklists, what waits, absences, notices."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables, without row ids: rows lie in no order of time."""
    for name in ("pair", "pair_event", "absence", "notice"):
        op.create_table(name, _key(), _box(), sqlite_with_rowid=False)
    op.create_table(
        "work",
        _key(),
        sa.Column("desk", sa.LargeBinary(), nullable=False),
        sa.Column("due", sa.Integer(), nullable=False),
        sa.Column("awaits", sa.Integer(), nullable=False),
        _box(),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_work_desk", "work", ["desk", "due", "key"])
    op.create_index("ix_work_due", "work", ["due", "key"])
    op.create_index("ix_work_awaits", "work", ["awaits", "key"])
    op.create_table(
        "parked",
        _key(),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("since", sa.Integer(), nullable=False),
        _box(),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_parked_author", "parked", ["author"])
    op.create_index("ix_parked_since", "parked", ["since"])


def _key() -> sa.Column[bytes]:
    return sa.Column("key", sa.LargeBinary(), primary_key=True)


def _box() -> sa.Column[bytes]:
    return sa.Column("box", sa.LargeBinary(), nullable=False)
