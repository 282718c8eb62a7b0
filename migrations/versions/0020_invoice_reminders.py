"""Remember the last reminder of an invoice.

Revision ID: 0020
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("invoices", sa.Column("last_reminder_days", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("invoices", "last_reminder_days")
