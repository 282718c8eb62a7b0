"""Keep a dispute's state, its deadline and the alerts sent.

Revision ID: 0021
Revises: 0020
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

INDEX = "ix_payment_transactions_dispute_evidence_due_at"


def upgrade() -> None:
    table = "payment_transactions"
    op.add_column(table, sa.Column("dispute_status", sa.Text(), nullable=True))
    op.add_column(
        table, sa.Column("dispute_evidence_due_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column(table, sa.Column("dispute_alert_days", sa.Integer(), nullable=True))
    op.create_index(op.f(INDEX), table, ["dispute_evidence_due_at"])


def downgrade() -> None:
    op.drop_index(op.f(INDEX), table_name="payment_transactions")
    for name in ("dispute_alert_days", "dispute_evidence_due_at", "dispute_status"):
        op.drop_column("payment_transactions", name)
