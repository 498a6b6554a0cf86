"""Keys end by themselves, are rotated with a time in which the old one is good beside the new, and may speak for one of the staff.

An index for what is counted often: effects by state and kind.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let keys end, be rotated and speak for somebody."""
    with op.batch_alter_table("api_key", schema=None) as batch_op:
        batch_op.add_column(sa.Column("staff", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("was_digest", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("was_until", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index(batch_op.f("ix_api_key_was_digest"), ["was_digest"], unique=False)

    op.create_index("effect_counts", "effect", ["state", "kind", "settled_at"])


def downgrade() -> None:
    """Go back to keys that only a person ends."""
    op.drop_index("effect_counts", "effect")
    with op.batch_alter_table("api_key", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_api_key_was_digest"))
        batch_op.drop_column("was_until")
        batch_op.drop_column("was_digest")
        batch_op.drop_column("ends_at")
        batch_op.drop_column("staff")
