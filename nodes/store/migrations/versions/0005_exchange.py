"""The tables of exchanges: messages on their way, and what came of others'."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "outgoing",
        sa.Column("sequence", sa.Integer(), primary_key=True),
        sa.Column("receiver", sa.String(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.LargeBinary(), nullable=True),
        sa.Column("message", sa.LargeBinary(), nullable=False),
        sa.Column("box", sa.LargeBinary(), nullable=False),
    )
    op.create_index("ix_outgoing_waiting", "outgoing", ["receiver", "entry_id", "rank", "sequence"])
    op.create_index("ix_outgoing_rank", "outgoing", ["entry_id", "rank"])
    op.create_index("ix_outgoing_message", "outgoing", ["message"])
    op.create_table(
        "sent",
        sa.Column("key", sa.LargeBinary(), primary_key=True),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_sent_day", "sent", ["day"])
    op.create_table(
        "desk_card",
        sa.Column("member", sa.String(), primary_key=True),
        sa.Column("card", sa.LargeBinary(), nullable=False),
    )
    for name in ("heard_item", "heard"):
        op.create_table(
            name,
            sa.Column("key", sa.LargeBinary(), primary_key=True),
            sa.Column("day", sa.Integer(), nullable=False),
            sqlite_with_rowid=False,
        )
        op.create_index(f"ix_{name}_day", name, ["day"])
    op.create_table(
        "incoming",
        sa.Column("key", sa.LargeBinary(), primary_key=True),
        sa.Column("message", sa.LargeBinary(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("box", sa.LargeBinary(), nullable=False),
    )
    op.create_index("ix_incoming_message", "incoming", ["message"])
    op.create_index("ix_incoming_day", "incoming", ["day"])
