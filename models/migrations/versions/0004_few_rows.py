"""Indexes of the few rows that the waker asks for in each round: owned runs, open todos, deals on hold; and of an application's run."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

FEW = (
    ("deal_held", "deal", "held_until", "held_until IS NOT NULL"),
    ("stage_run_owned", "stage_run", "owner", "owner > ''"),
    ("stage_run_application", "stage_run", "application_id", "application_id IS NOT NULL"),
    ("todo_open", "todo", "due_at", "done_at IS NULL"),
)


def upgrade() -> None:
    """Make the indexes of the few; they stand in for that of all due todos."""
    for name, table, column, those in FEW:
        op.create_index(name, table, [column], sqlite_where=sa.text(those), postgresql_where=sa.text(those))
    op.drop_index("ix_todo_due_at", table_name="todo")


def downgrade() -> None:
    """Take them away again."""
    op.create_index("ix_todo_due_at", "todo", ["due_at"])
    for name, table, _, _ in FEW:
        op.drop_index(name, table_name=table)
