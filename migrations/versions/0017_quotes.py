"""Keep the quote of a private course with its inquiry.

Revision ID: 0017
Revises: 0022
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("booking_inquiries", sa.Column("quoted_total", sa.Numeric(10, 2), nullable=True))
    op.add_column("booking_inquiries", sa.Column("quoted_until", sa.Date(), nullable=True))
    op.add_column("booking_inquiries", sa.Column("quoted_schedule_id", sa.Integer(), nullable=True))
    op.create_foreign_key(
        op.f("fk_booking_inquiries_quoted_schedule_id"),
        "booking_inquiries",
        "course_schedules",
        ["quoted_schedule_id"],
        ["id"],
        ondelete="RESTRICT",
    )
    for column in ("quoted_until", "quoted_schedule_id"):
        op.create_index(op.f(f"ix_booking_inquiries_{column}"), "booking_inquiries", [column])


def downgrade() -> None:
    for column in ("quoted_schedule_id", "quoted_until"):
        op.drop_index(op.f(f"ix_booking_inquiries_{column}"), table_name="booking_inquiries")
    op.drop_constraint(
        op.f("fk_booking_inquiries_quoted_schedule_id"), "booking_inquiries", type_="foreignkey"
    )
    for column in ("quoted_schedule_id", "quoted_until", "quoted_total"):
        op.drop_column("booking_inquiries", column)
