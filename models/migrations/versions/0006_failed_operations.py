"""Checks and operations that failed, for the error inbox: stages have their rows, these had only Prefect's list."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make their table."""
    op.create_table(
        "failed_operation",
        sa.Column("key", sa.String(), primary_key=True),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("flow_run_id", sa.String(), nullable=False),
        sa.Column("deal_id", sa.Integer(), sa.ForeignKey("deal.id"), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
    )


def downgrade() -> None:
    """Forget them."""
    op.drop_table("failed_operation")
