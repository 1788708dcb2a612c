"""The tables of posting and auditing."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the first tables."""
    op.create_table(
        "block",
        sa.Column("height", sa.Integer(), primary_key=True),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("entry_id", sa.LargeBinary(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("day", sa.String(), nullable=False),
    )
    op.create_index("ix_block_day", "block", ["day"])
    op.create_table(
        "tree_node",
        sa.Column("level", sa.Integer(), primary_key=True),
        sa.Column("position", sa.Integer(), primary_key=True),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "cursor",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("value", sa.Integer(), nullable=False),
    )
    op.create_table(
        "checkpoint",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=False),
        sa.Column("shown_at", sa.Integer(), nullable=False),
    )
    op.create_table(
        "cosigned",
        sa.Column("member", sa.String(), primary_key=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "date",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("day", sa.String(), nullable=False),
    )
    op.create_table(
        "contradiction",
        sa.Column("size", sa.Integer(), primary_key=True),
        sa.Column("root", sa.LargeBinary(), primary_key=True),
        sa.Column("own", sa.LargeBinary(), nullable=False),
        sa.Column("other", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "refusal",
        sa.Column("reason", sa.String(), primary_key=True),
        sa.Column("count", sa.Integer(), nullable=False),
    )
    op.create_table("governance", sa.Column("height", sa.Integer(), primary_key=True))
    op.create_table(
        "signal",
        sa.Column("local_id", sa.String(), primary_key=True),
        sa.Column("sequence", sa.Integer(), nullable=False, unique=True),
        sa.Column("idempotency_mac", sa.LargeBinary(), nullable=False, unique=True),
        sa.Column("request_mac", sa.LargeBinary(), nullable=False),
        sa.Column("entry_id", sa.LargeBinary(), nullable=False, unique=True),
        sa.Column("entry", sa.LargeBinary(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=True, unique=True),
        sa.Column("final", sa.Boolean(), nullable=False),
        sa.Column("case_box", sa.LargeBinary(), nullable=False),
        sa.Column("person_box", sa.LargeBinary(), nullable=False),
        sa.Column("body_box", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "disclosure",
        sa.Column("local_id", sa.String(), primary_key=True),
        sa.Column("sdjwt_box", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "custody",
        sa.Column("entry_id", sa.LargeBinary(), primary_key=True),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("share_box", sa.LargeBinary(), nullable=False),
    )
    op.create_index("ix_custody_day", "custody", ["day"])
    op.create_index("ix_custody_height", "custody", ["height"])
    op.create_table(
        "orphan",
        sa.Column("height", sa.Integer(), primary_key=True),
        sa.Column("entry_id", sa.LargeBinary(), nullable=False, unique=True),
        sa.Column("share_box", sa.LargeBinary(), nullable=True),
    )
    op.create_index(
        "ix_orphan_bare", "orphan", ["height"], sqlite_where=sa.text("share_box IS NULL")
    )
