"""Add the actions that were confirmed, with what became of each of their rows.

Revision ID: 0024
Revises: 0023
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

RUNS, ROWS = "action_runs", "action_run_rows"


def _stamps() -> list[sa.Column[object]]:
    now = sa.text("now()")
    return [
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
    ]


def upgrade() -> None:
    op.create_table(
        RUNS,
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("entity_type", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("fields", JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("status", sa.Text(), server_default="running", nullable=False),
        sa.Column("is_together", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("done_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("refused_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("return_url", sa.Text(), server_default="", nullable=False),
        sa.Column("ip_address", sa.Text(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        *_stamps(),
        sa.CheckConstraint(
            "status IN ('running', 'completed', 'stopped')", name=op.f(f"ck_{RUNS}_status")
        ),
        sa.CheckConstraint("row_count > 0", name=op.f(f"ck_{RUNS}_row_count")),
        sa.CheckConstraint(
            "done_count >= 0 AND refused_count >= 0 AND done_count + refused_count <= row_count",
            name=op.f(f"ck_{RUNS}_counts"),
        ),
        sa.CheckConstraint(
            "(status = 'running') = (finished_at IS NULL)", name=op.f(f"ck_{RUNS}_finished")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f(f"fk_{RUNS}_user_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{RUNS}")),
        sa.UniqueConstraint("user_id", "token", name=op.f(f"uq_{RUNS}_user_id_token")),
    )
    for name in ("user_id", "entity_type", "status", "created_at"):
        op.create_index(op.f(f"ix_{RUNS}_{name}"), RUNS, [name])
    op.create_table(
        ROWS,
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("action_run_id", sa.Integer(), nullable=False),
        sa.Column("entity_id", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("words", sa.Text(), server_default="", nullable=False),
        sa.Column("address", sa.Text(), server_default="", nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        *_stamps(),
        sa.CheckConstraint(
            "outcome IN ('waiting', 'done', 'refused', 'skipped')",
            name=op.f(f"ck_{ROWS}_outcome"),
        ),
        sa.CheckConstraint(
            "(outcome = 'waiting') = (finished_at IS NULL)", name=op.f(f"ck_{ROWS}_finished")
        ),
        sa.ForeignKeyConstraint(
            ["action_run_id"],
            ["action_runs.id"],
            name=op.f(f"fk_{ROWS}_action_run_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{ROWS}")),
        sa.UniqueConstraint(
            "action_run_id", "entity_id", name=op.f(f"uq_{ROWS}_action_run_id_entity_id")
        ),
    )
    op.create_index(op.f(f"ix_{ROWS}_action_run_id"), ROWS, ["action_run_id"])
    op.create_index(
        f"ix_{ROWS}_waiting",
        ROWS,
        ["action_run_id", "entity_id"],
        postgresql_where=sa.text("outcome = 'waiting'"),
    )


def downgrade() -> None:
    op.drop_table(ROWS)
    op.drop_table(RUNS)
