"""The tables of matching, and of what is owed on the chain."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of owed locates and answers."""
    op.create_table(
        "owed_locate",
        sa.Column("height", sa.Integer(), primary_key=True),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("day", sa.String(), nullable=False),
    )
    op.create_table(
        "owed_answer",
        sa.Column("height", sa.Integer(), primary_key=True),
        sa.Column("member", sa.String(), primary_key=True),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("slots", sa.Integer(), nullable=False),
        sqlite_with_rowid=False,
    )
    for name in ("presence", "watch", "match", "match_index", "new_match", "case_file"):
        # Without row ids and times: the order of rows would join what the keys keep apart.
        op.create_table(
            name,
            sa.Column("key", sa.LargeBinary(), primary_key=True),
            sa.Column("box", sa.LargeBinary(), nullable=False),
            sqlite_with_rowid=False,
        )
    op.create_table(
        "placing",
        sa.Column("height", sa.Integer(), primary_key=True),
        sa.Column("local_id", sa.String(), nullable=False, unique=True),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
    )
    op.create_table(
        "frame",
        sa.Column("height", sa.Integer(), primary_key=True),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("missing", sa.Boolean(), nullable=False),
        sa.Column("entry_id", sa.LargeBinary(), nullable=True),
    )
    op.create_table(
        "wanted",
        sa.Column("height", sa.Integer(), primary_key=True),
        sa.Column("entry_id", sa.LargeBinary(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("since", sa.String(), nullable=False),
    )
    op.create_table(
        "erased",
        sa.Column("key", sa.LargeBinary(), primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "unopened",
        sa.Column("locate", sa.Integer(), primary_key=True),
        sa.Column("issuer", sa.String(), primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "withdrawing",
        sa.Column("height", sa.Integer(), primary_key=True),
        sa.Column("box", sa.LargeBinary(), nullable=False),
    )
    op.add_column(
        "signal",
        sa.Column("withdrawn", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.create_table(
        "located",
        sa.Column("height", sa.Integer(), primary_key=True),
        sa.Column("locate", sa.Integer(), nullable=False),
    )
    op.create_table(
        "dispatch",
        sa.Column("entry_id", sa.LargeBinary(), primary_key=True),
        sa.Column("sequence", sa.Integer(), nullable=False, unique=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=True, unique=True),
        sa.Column("box", sa.LargeBinary(), nullable=False),
    )
