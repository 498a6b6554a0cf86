"""From a paid deposit to a published review: projects, the embedded tracker, hours, performance; letters that come back.

A deal that was won in the release before goes on in `kickoff`: its run of the stage `delivery` is withdrawn, and the new one wanted.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

LIVE = "('wanted', 'created', 'running', 'waiting', 'failed')"
NAMES = {"uq": "%(table_name)s_%(column_0_N_name)s_key"}
"""What PostgreSQL calls a constraint without a name; SQLite, which calls it nothing, is told the same."""


def upgrade() -> None:
    """Make what delivery needs; deals that were won go on in kickoff."""
    _closed_month()
    _performance()
    _project()
    _time_entry()
    _tracker_issue()
    with op.batch_alter_table("client", schema=None) as batch_op:
        batch_op.add_column(sa.Column("course_off_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("bounced_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("bounce_said", sa.String(), nullable=False, server_default=""))
    with op.batch_alter_table("sign_code", schema=None, naming_convention=NAMES) as batch_op:
        batch_op.add_column(sa.Column("kind", sa.String(), nullable=False, server_default="contract"))
        batch_op.drop_constraint("sign_code_deal_id_version_number_key", type_="unique")
        batch_op.create_unique_constraint("sign_code_deal_id_kind_version_number_key", ["deal_id", "kind", "version", "number"])
    op.execute("UPDATE wait SET outcome = 'dropped', closed_at = opened_at, due_at = NULL WHERE stage = 'delivery' AND closed_at IS NULL")
    op.execute(
        """INSERT INTO stage_run (key, stage, deal_id, round, part, generation, state, owner, wanted_at, touched_at, why)
        SELECT 'deal-' || id || '/kickoff/r' || round || '/g1', 'kickoff', id, round, 0, 1, 'wanted', '', opened_at, opened_at, ''
        FROM deal WHERE sales = 'won' AND work = 'kickoff'"""
    )
    op.execute(
        f"UPDATE stage_run SET state = 'withdrawn', why = 'kickoff takes its place', ended_at = touched_at "  # noqa: S608
        f"WHERE stage = 'delivery' AND state IN {LIVE}"
    )


def downgrade() -> None:
    """Go back to contracts and money."""
    op.execute("DELETE FROM sign_code WHERE kind <> 'contract'")
    with op.batch_alter_table("sign_code", schema=None, naming_convention=NAMES) as batch_op:
        batch_op.drop_constraint("sign_code_deal_id_kind_version_number_key", type_="unique")
        batch_op.create_unique_constraint("sign_code_deal_id_version_number_key", ["deal_id", "version", "number"])
        batch_op.drop_column("kind")
    with op.batch_alter_table("client", schema=None) as batch_op:
        batch_op.drop_column("bounce_said")
        batch_op.drop_column("bounced_at")
        batch_op.drop_column("course_off_at")
    for table in ("tracker_issue", "time_entry", "project", "performance", "closed_month"):
        op.drop_table(table)


def _closed_month() -> None:
    op.create_table(
        "closed_month",
        sa.Column("month", sa.String(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("month"),
    )


def _performance() -> None:
    op.create_table(
        "performance",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("deal_id", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=False),
        sa.Column("month", sa.String(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["deal_id"], ["deal.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("deal_id", "round"),
    )
    with op.batch_alter_table("performance", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_performance_deal_id"), ["deal_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_performance_month"), ["month"], unique=False)


def _project() -> None:
    op.create_table(
        "project",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("deal_id", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("manager", sa.String(), nullable=False),
        sa.Column("begins_on", sa.Date(), nullable=False),
        sa.Column("plan", sa.JSON(), nullable=False),
        sa.Column("tracker", sa.String(), nullable=False),
        sa.Column("tracker_ref", sa.String(), nullable=False),
        sa.Column("tracker_url", sa.String(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["deal_id"], ["deal.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("deal_id", "round"),
    )
    with op.batch_alter_table("project", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_project_deal_id"), ["deal_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_project_manager"), ["manager"], unique=False)


def _time_entry() -> None:
    op.create_table(
        "time_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("deal_id", sa.Integer(), nullable=True),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("worked_on", sa.Date(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["deal_id"], ["deal.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("source", "external_id"),
    )
    with op.batch_alter_table("time_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_time_entry_deal_id"), ["deal_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_time_entry_worked_on"), ["worked_on"], unique=False)


def _tracker_issue() -> None:
    op.create_table(
        "tracker_issue",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("hours", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    with op.batch_alter_table("tracker_issue", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tracker_issue_project_id"), ["project_id"], unique=False)
