"""What may be posted beyond quotas, and which own signals are posted anew."""

from collections import Counter

import sqlalchemy as sa
from alembic import op

from ledger.block import Block

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables, and count which signals stand on a chain that is there already."""
    allowance = op.create_table(
        "allowance",
        sa.Column("author", sa.String(), primary_key=True),
        sa.Column("standing", sa.Integer(), nullable=False),
        sa.Column("signal", sa.Integer(), nullable=False),
        sa.Column("locate", sa.Integer(), nullable=False),
        sa.Column("erasure", sa.Integer(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "anew",
        sa.Column("key", sa.LargeBinary(), primary_key=True),
        sa.Column("new_key", sa.LargeBinary(), nullable=False, unique=True),
        sa.Column("epoch", sa.LargeBinary(), nullable=False, index=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("box", sa.LargeBinary(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_anew_turn", "anew", ["state", "new_key"])
    op.add_column("signal", sa.Column("place", sa.String(), nullable=True))
    nothing = {"signal": 0, "locate": 0, "erasure": 0}
    rows = [{"author": name, "standing": count, **nothing} for name, count in _standing().items()]
    op.bulk_insert(allowance, rows)


def _standing() -> Counter[str]:
    """Return by author how many signals were posted, less how many erasures say."""
    connection = op.get_bind()
    posted = sa.text(
        "SELECT author, count(*) AS signals FROM block WHERE kind = 'signal' GROUP BY author"
    )
    standing = Counter({row.author: row.signals for row in connection.execute(posted)})
    erasures = sa.text("SELECT author, raw FROM block WHERE kind = 'erasure'")
    for author, raw in connection.execute(erasures):
        standing[author] -= int(Block.decode(raw).signed.entry.further)
    return standing
