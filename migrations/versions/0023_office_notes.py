"""Add the office's own notes on bookings, people, dates and inquiries.

Revision ID: 0023
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0017"
branch_labels = None
depends_on = None

TABLE = "office_notes"
ABOUT = {
    "booking_id": "bookings",
    "user_id": "users",
    "course_schedule_id": "course_schedules",
    "inquiry_id": "booking_inquiries",
}
BY = ("created_by_id", "updated_by_id")


def upgrade() -> None:
    now = sa.text("now()")
    op.create_table(
        TABLE,
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=True) for name in ABOUT),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=True) for name in BY),
        sa.Column("row_version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            f"num_nonnulls({', '.join(ABOUT)}) = 1", name=op.f(f"ck_{TABLE}_about_one")
        ),
        sa.CheckConstraint("length(text) BETWEEN 1 AND 4000", name=op.f(f"ck_{TABLE}_text")),
        *(
            sa.ForeignKeyConstraint(
                [name], [f"{table}.id"], name=op.f(f"fk_{TABLE}_{name}"), ondelete="CASCADE"
            )
            for name, table in ABOUT.items()
        ),
        *(
            sa.ForeignKeyConstraint(
                [name], ["users.id"], name=op.f(f"fk_{TABLE}_{name}"), ondelete="RESTRICT"
            )
            for name in BY
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
    )
    for name in (*ABOUT, *BY, "created_at"):
        op.create_index(op.f(f"ix_{TABLE}_{name}"), TABLE, [name])


def downgrade() -> None:
    op.drop_table(TABLE)
