"""Add the differences with Stripe that people work through, and the payout of a refund.

Revision ID: 0022
Revises: 0021
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

TABLE = "reconciliation_differences"
KINDS = "'missing_here', 'missing_at_stripe', 'amount', 'fee', 'payout', 'unexpected'"
INDEXED = (
    "kind",
    "status",
    "payment_transaction_id",
    "refund_id",
    "resolved_by_id",
    "created_at",
)


def upgrade() -> None:
    op.add_column("refunds", sa.Column("stripe_payout", sa.Text(), nullable=True))
    op.create_index(op.f("ix_refunds_stripe_payout"), "refunds", ["stripe_payout"])
    now = sa.text("now()")
    op.create_table(
        TABLE,
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="open", nullable=False),
        sa.Column("stripe_object_id", sa.Text(), nullable=False),
        sa.Column("our_amount", sa.Numeric(precision=10, scale=2), nullable=True),
        sa.Column("stripe_amount", sa.Numeric(precision=10, scale=2), nullable=True),
        sa.Column("payment_transaction_id", sa.Integer(), nullable=True),
        sa.Column("refund_id", sa.Integer(), nullable=True),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("resolved_by_id", sa.Integer(), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.Column("row_version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(f"kind IN ({KINDS})", name=op.f(f"ck_{TABLE}_kind")),
        sa.CheckConstraint("status IN ('open', 'resolved')", name=op.f(f"ck_{TABLE}_status")),
        sa.CheckConstraint(
            "(status = 'resolved') = (resolved_at IS NOT NULL)", name=op.f(f"ck_{TABLE}_resolved")
        ),
        sa.ForeignKeyConstraint(
            ["payment_transaction_id"],
            ["payment_transactions.id"],
            name=op.f(f"fk_{TABLE}_payment_transaction_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["refund_id"], ["refunds.id"], name=op.f(f"fk_{TABLE}_refund_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["resolved_by_id"],
            ["users.id"],
            name=op.f(f"fk_{TABLE}_resolved_by_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
        sa.UniqueConstraint(
            "kind", "stripe_object_id", name=op.f(f"uq_{TABLE}_kind_stripe_object_id")
        ),
    )
    for name in INDEXED:
        op.create_index(op.f(f"ix_{TABLE}_{name}"), TABLE, [name])


def downgrade() -> None:
    op.drop_table(TABLE)
    op.drop_index(op.f("ix_refunds_stripe_payout"), table_name="refunds")
    op.drop_column("refunds", "stripe_payout")
