"""Serve what is owed from a small index: the few bookings that are not paid in full.

Revision ID: 0028
Revises: 0027
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_bookings_owed",
        "bookings",
        ["payment_due_at", "id"],
        postgresql_where=sa.text(
            "payment_status IN ('pending', 'failed') AND payment_amount > 0"
            " AND status IN ('confirmed', 'completed', 'no_show')"
        ),
    )


def downgrade() -> None:
    op.drop_index("ix_bookings_owed", "bookings")
