"""Serve the admin's search and the order by name from indexes at a million rows.

One text per table, with one trigram index, takes the place of an index per column: a name is found
whole, a telephone number however it is typed.

Revision ID: 0025
Revises: 0024
"""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

#: Table: the parts of the text that is searched.
SEARCHED = {
    "courses": ("name", "slug"),
    "users": (
        "first_name",
        "coalesce(last_name, '')",
        "(email::text)",
        "company_name",
        "translate(phone, '+()-./ ', '')",
    ),
    "bookings": (
        "booking_reference",
        "contact_first_name",
        "contact_last_name",
        "company_name",
        "purchase_order",
        "translate(contact_phone, '+()-./ ', '')",
    ),
    "booking_attendees": (
        "coalesce(first_name, '')",
        "coalesce(last_name, '')",
        "coalesce(email::text, '')",
    ),
    "booking_inquiries": (
        "inquiry_reference",
        "first_name",
        "last_name",
        "(email::text)",
        "company_name",
        "translate(phone, '+()-./ ', '')",
    ),
    "certificates": ("certificate_number", "holder_name", "coalesce(external_number, '')"),
    "refunds": ("refund_reference", "coalesce(stripe_refund_id, '')"),
    "payment_transactions": (
        "coalesce(stripe_payment_intent_id, '')",
        "coalesce(stripe_charge_id, '')",
    ),
    "email_logs": ("subject", "(recipient_email::text)", "template_name"),
}
#: Table, and the text that had an index of its own.
FORMER = (
    ("users", "email", "(email::text)"),
    ("users", "first_name", "first_name"),
    ("users", "last_name", "last_name"),
    ("bookings", "booking_reference", "booking_reference"),
    ("bookings", "contact_first_name", "contact_first_name"),
    ("bookings", "contact_last_name", "contact_last_name"),
    ("bookings", "company_name", "company_name"),
    ("booking_attendees", "first_name", "first_name"),
    ("booking_attendees", "last_name", "last_name"),
    ("booking_inquiries", "email", "(email::text)"),
    ("certificates", "certificate_number", "certificate_number"),
    ("certificates", "holder_name", "holder_name"),
    ("courses", "name", "name"),
    ("email_logs", "recipient_email", "(recipient_email::text)"),
)


def upgrade() -> None:
    for table, parts in SEARCHED.items():
        text = " || ".join(f"' ' || {part}" for part in parts)
        op.execute(
            f"CREATE INDEX ix_{table}_searched ON {table} USING gin (({text}) gin_trgm_ops)"
        )
    for table, name, _ in FORMER:
        op.execute(f"DROP INDEX ix_{table}_{name}_trgm")
    op.create_index("ix_users_name", "users", ["first_name", "last_name", "id"])
    op.create_index(
        "ix_bookings_contact_name", "bookings", ["contact_first_name", "contact_last_name", "id"]
    )


def downgrade() -> None:
    op.drop_index("ix_bookings_contact_name", "bookings")
    op.drop_index("ix_users_name", "users")
    for table, name, text in FORMER:
        op.execute(
            f"CREATE INDEX ix_{table}_{name}_trgm ON {table} USING gin ({text} gin_trgm_ops)"
        )
    for table in SEARCHED:
        op.execute(f"DROP INDEX ix_{table}_searched")
