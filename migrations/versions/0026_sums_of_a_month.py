"""Serve the sums of a month from an index: what came in, on the first page.

Revision ID: 0026
Revises: 0025
"""

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_payment_transactions_created_at", "payment_transactions")
    op.create_index(
        "ix_payment_transactions_created_at",
        "payment_transactions",
        ["created_at"],
        postgresql_include=["amount", "status"],
    )


def downgrade() -> None:
    op.drop_index("ix_payment_transactions_created_at", "payment_transactions")
    op.create_index("ix_payment_transactions_created_at", "payment_transactions", ["created_at"])
