"""Serve tabs, filters and orders of long lists from indexes, and search audit and Stripe's events.

A status's own index becomes one in the order of its list, so that a tab's newest rows are read and
no others; it takes the place of the old one, and is written just as often.

Revision ID: 0027
Revises: 0026
"""

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

#: Table, and the columns of the index of its status that come behind it.
ORDERED = (
    ("bookings", "status", ("created_at", "id")),
    ("bookings", "payment_status", ("id",)),
    ("email_logs", "status", ("id",)),
)
#: Table: the parts of the text that is searched.
SEARCHED = {
    "admin_activity_logs": (
        "action",
        "entity_type",
        "actor_label",
        "coalesce(request_id, '')",
    ),
    "stripe_events": ("stripe_event_id", "event_type", "object_id"),
}


def upgrade() -> None:
    for table, column, others in ORDERED:
        op.drop_index(f"ix_{table}_{column}", table)
        op.create_index(f"ix_{table}_{column}", table, [column, *others])
    op.create_index("ix_bookings_payment_amount", "bookings", ["payment_amount", "id"])
    op.create_index("ix_bookings_source", "bookings", ["source"])
    for table, parts in SEARCHED.items():
        text = " || ".join(f"' ' || {part}" for part in parts)
        op.execute(
            f"CREATE INDEX ix_{table}_searched ON {table} USING gin (({text}) gin_trgm_ops)"
        )


def downgrade() -> None:
    for table in SEARCHED:
        op.drop_index(f"ix_{table}_searched", table)
    op.drop_index("ix_bookings_source", "bookings")
    op.drop_index("ix_bookings_payment_amount", "bookings")
    for table, column, _ in ORDERED:
        op.drop_index(f"ix_{table}_{column}", table)
        op.create_index(f"ix_{table}_{column}", table, [column])
