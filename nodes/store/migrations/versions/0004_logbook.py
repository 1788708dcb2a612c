"""The tables of the logbook."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of records and of the hours that hold them."""
    op.create_table(
        "log_record",
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.Column("box", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "logged_hours",
        sa.Column("entry_id", sa.LargeBinary(), primary_key=True),
        sa.Column("sequence", sa.Integer(), nullable=False, unique=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("entry", sa.LargeBinary(), nullable=False),
        sa.Column("box", sa.LargeBinary(), nullable=False),
    )
    op.create_index("ix_logged_hours_height", "logged_hours", ["height"])
