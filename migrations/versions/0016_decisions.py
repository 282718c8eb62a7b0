"""Keep why a date is shorter than its course, and when the office was asked whether it runs.

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "course_schedules",
        sa.Column("hours_override_reason", sa.Text(), server_default="", nullable=False),
    )
    op.add_column(
        "course_schedules",
        sa.Column("decision_asked_at", sa.DateTime(timezone=True), nullable=True),
    )


def downgrade() -> None:
    op.drop_column("course_schedules", "decision_asked_at")
    op.drop_column("course_schedules", "hours_override_reason")
