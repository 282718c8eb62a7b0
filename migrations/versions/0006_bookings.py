"""Add the tables of who has a place.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bookings",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("course_schedule_id", sa.Integer(), nullable=False),
        sa.Column("discount_code_id", sa.Integer(), nullable=True),
        sa.Column("booking_reference", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("payment_status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("payment_amount", sa.Numeric(precision=10, scale=2), nullable=False),
        sa.Column(
            "discount_applied",
            sa.Numeric(precision=10, scale=2),
            server_default=sa.text("0"),
            nullable=False,
        ),
        sa.Column(
            "confirmation_sent", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
        sa.Column("reminder_sent", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "certificate_issued", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
        sa.Column("contact_first_name", sa.Text(), server_default="", nullable=False),
        sa.Column("contact_last_name", sa.Text(), server_default="", nullable=False),
        sa.Column("contact_phone", sa.Text(), server_default="", nullable=False),
        sa.Column("customer_type", sa.Text(), server_default="individual", nullable=False),
        sa.Column("company_name", sa.Text(), server_default="", nullable=False),
        sa.Column("purchase_order", sa.Text(), server_default="", nullable=False),
        sa.Column("number_of_places", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("price_per_place", sa.Numeric(precision=10, scale=2), nullable=False),
        sa.Column("payment_method_chosen", sa.Text(), server_default="card", nullable=False),
        sa.Column("payment_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("hold_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "idempotency_key",
            sa.Text(),
            server_default=sa.text("gen_random_uuid()::text"),
            nullable=False,
        ),
        sa.Column("source", sa.Text(), server_default="public", nullable=False),
        sa.Column(
            "terms_snapshot",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("terms_accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("early_start_requested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("booked_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancellation_reason", sa.Text(), nullable=True),
        sa.Column("links_version", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), nullable=True),
        sa.Column("row_version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "customer_type IN ('individual', 'business')", name=op.f("ck_bookings_customer_type")
        ),
        sa.CheckConstraint(
            "payment_method_chosen IN ('card', 'invoice', 'offline')",
            name=op.f("ck_bookings_payment_method_chosen"),
        ),
        sa.CheckConstraint(
            "payment_status IN ('pending', 'paid', 'partially_refunded', 'refunded', 'failed')",
            name=op.f("ck_bookings_payment_status"),
        ),
        sa.CheckConstraint(
            "source IN ('public', 'admin', 'inquiry', 'import')", name=op.f("ck_bookings_source")
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'confirmed', 'cancelled', 'completed', 'no_show')",
            name=op.f("ck_bookings_status"),
        ),
        sa.CheckConstraint("discount_applied >= 0", name=op.f("ck_bookings_discount_applied")),
        sa.CheckConstraint(
            "number_of_places BETWEEN 1 AND 12", name=op.f("ck_bookings_number_of_places")
        ),
        sa.CheckConstraint("payment_amount >= 0", name=op.f("ck_bookings_payment_amount")),
        sa.CheckConstraint("price_per_place >= 0", name=op.f("ck_bookings_price_per_place")),
        sa.ForeignKeyConstraint(
            ["course_schedule_id"],
            ["course_schedules.id"],
            name=op.f("fk_bookings_course_schedule_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["users.id"],
            name=op.f("fk_bookings_created_by_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["discount_code_id"],
            ["discount_codes.id"],
            name=op.f("fk_bookings_discount_code_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"],
            ["users.id"],
            name=op.f("fk_bookings_updated_by_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_bookings_user_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bookings")),
        sa.UniqueConstraint("booking_reference", name=op.f("uq_bookings_booking_reference")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_bookings_idempotency_key")),
    )
    op.create_index(
        "ix_bookings_booking_reference_trgm",
        "bookings",
        [sa.literal_column("booking_reference").label("searched")],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"searched": "gin_trgm_ops"},
    )
    op.create_index(op.f("ix_bookings_cancelled_at"), "bookings", ["cancelled_at"], unique=False)
    op.create_index(
        "ix_bookings_company_name_trgm",
        "bookings",
        [sa.literal_column("company_name").label("searched")],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"searched": "gin_trgm_ops"},
    )
    op.create_index(
        "ix_bookings_contact_first_name_trgm",
        "bookings",
        [sa.literal_column("contact_first_name").label("searched")],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"searched": "gin_trgm_ops"},
    )
    op.create_index(
        "ix_bookings_contact_last_name_trgm",
        "bookings",
        [sa.literal_column("contact_last_name").label("searched")],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"searched": "gin_trgm_ops"},
    )
    op.create_index(
        op.f("ix_bookings_course_schedule_id"), "bookings", ["course_schedule_id"], unique=False
    )
    op.create_index("ix_bookings_created_at", "bookings", ["created_at"], unique=False)
    op.create_index(op.f("ix_bookings_created_by_id"), "bookings", ["created_by_id"], unique=False)
    op.create_index(
        op.f("ix_bookings_discount_code_id"), "bookings", ["discount_code_id"], unique=False
    )
    op.create_index(
        op.f("ix_bookings_hold_expires_at"), "bookings", ["hold_expires_at"], unique=False
    )
    op.create_index(
        op.f("ix_bookings_payment_due_at"), "bookings", ["payment_due_at"], unique=False
    )
    op.create_index(
        op.f("ix_bookings_payment_status"), "bookings", ["payment_status"], unique=False
    )
    op.create_index(op.f("ix_bookings_status"), "bookings", ["status"], unique=False)
    op.create_index(op.f("ix_bookings_updated_by_id"), "bookings", ["updated_by_id"], unique=False)
    op.create_index(op.f("ix_bookings_user_id"), "bookings", ["user_id"], unique=False)
    op.create_table(
        "booking_attendees",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("booking_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("first_name", sa.Text(), nullable=True),
        sa.Column("last_name", sa.Text(), nullable=True),
        sa.Column("email", postgresql.CITEXT(), nullable=True),
        sa.Column("price", sa.Numeric(precision=10, scale=2), nullable=False),
        sa.Column("may_have_needs", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("row_version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("price >= 0", name=op.f("ck_booking_attendees_price")),
        sa.ForeignKeyConstraint(
            ["booking_id"],
            ["bookings.id"],
            name=op.f("fk_booking_attendees_booking_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_booking_attendees_user_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_booking_attendees")),
    )
    op.create_index(
        op.f("ix_booking_attendees_booking_id"), "booking_attendees", ["booking_id"], unique=False
    )
    op.create_index(
        op.f("ix_booking_attendees_email"), "booking_attendees", ["email"], unique=False
    )
    op.create_index(
        "ix_booking_attendees_first_name_trgm",
        "booking_attendees",
        [sa.literal_column("first_name").label("searched")],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"searched": "gin_trgm_ops"},
    )
    op.create_index(
        "ix_booking_attendees_last_name_trgm",
        "booking_attendees",
        [sa.literal_column("last_name").label("searched")],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"searched": "gin_trgm_ops"},
    )
    op.create_index(
        op.f("ix_booking_attendees_user_id"), "booking_attendees", ["user_id"], unique=False
    )
    op.create_table(
        "special_requirements",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("booking_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("attendee_id", sa.Integer(), nullable=True),
        sa.Column("requirement_type", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), server_default="", nullable=False),
        sa.Column("severity", sa.Text(), server_default="low", nullable=False),
        sa.Column("requires_action", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "action_completed", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
        sa.Column("handled_by_id", sa.Integer(), nullable=True),
        sa.Column("is_confidential", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column(
            "share_with_trainer", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
        sa.Column("consent_given_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("consent_by", sa.Text(), nullable=True),
        sa.Column("purge_after", sa.Date(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("row_version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "consent_by IN ('booker', 'attendee', 'office')",
            name=op.f("ck_special_requirements_consent_by"),
        ),
        sa.CheckConstraint(
            "requirement_type IN ('dietary', 'accessibility', 'medical', 'language', 'learning', 'other')",
            name=op.f("ck_special_requirements_requirement_type"),
        ),
        sa.CheckConstraint(
            "severity IN ('low', 'medium', 'high')", name=op.f("ck_special_requirements_severity")
        ),
        sa.ForeignKeyConstraint(
            ["attendee_id"],
            ["booking_attendees.id"],
            name=op.f("fk_special_requirements_attendee_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["booking_id"],
            ["bookings.id"],
            name=op.f("fk_special_requirements_booking_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["handled_by_id"],
            ["users.id"],
            name=op.f("fk_special_requirements_handled_by_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_special_requirements_user_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_special_requirements")),
    )
    op.create_index(
        op.f("ix_special_requirements_attendee_id"),
        "special_requirements",
        ["attendee_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_special_requirements_booking_id"),
        "special_requirements",
        ["booking_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_special_requirements_handled_by_id"),
        "special_requirements",
        ["handled_by_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_special_requirements_purge_after"),
        "special_requirements",
        ["purge_after"],
        unique=False,
    )
    op.create_index(
        op.f("ix_special_requirements_requirement_type"),
        "special_requirements",
        ["requirement_type"],
        unique=False,
    )
    op.create_index(
        op.f("ix_special_requirements_severity"), "special_requirements", ["severity"], unique=False
    )
    op.create_index(
        op.f("ix_special_requirements_user_id"), "special_requirements", ["user_id"], unique=False
    )
    op.create_table(
        "booking_inquiries",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("inquiry_reference", sa.Text(), nullable=False),
        sa.Column("course_session_id", sa.Integer(), nullable=True),
        sa.Column("first_name", sa.Text(), nullable=False),
        sa.Column("last_name", sa.Text(), server_default="", nullable=False),
        sa.Column("email", postgresql.CITEXT(), nullable=False),
        sa.Column("phone", sa.Text(), server_default="", nullable=False),
        sa.Column("number_of_people", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("questions", sa.Text(), server_default="", nullable=False),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("hold_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("course_id", sa.Integer(), nullable=True),
        sa.Column("company_name", sa.Text(), server_default="", nullable=False),
        sa.Column("response", sa.Text(), nullable=True),
        sa.Column("responded_by_id", sa.Integer(), nullable=True),
        sa.Column("responded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("booking_id", sa.Integer(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("row_version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "status IN ('pending', 'responded', 'converted', 'expired', 'closed')",
            name=op.f("ck_booking_inquiries_status"),
        ),
        sa.CheckConstraint(
            "number_of_people > 0", name=op.f("ck_booking_inquiries_number_of_people")
        ),
        sa.ForeignKeyConstraint(
            ["booking_id"],
            ["bookings.id"],
            name=op.f("fk_booking_inquiries_booking_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["course_id"],
            ["courses.id"],
            name=op.f("fk_booking_inquiries_course_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["course_session_id"],
            ["course_schedules.id"],
            name=op.f("fk_booking_inquiries_course_session_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["responded_by_id"],
            ["users.id"],
            name=op.f("fk_booking_inquiries_responded_by_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_booking_inquiries")),
        sa.UniqueConstraint(
            "inquiry_reference", name=op.f("uq_booking_inquiries_inquiry_reference")
        ),
    )
    op.create_index(
        op.f("ix_booking_inquiries_booking_id"), "booking_inquiries", ["booking_id"], unique=False
    )
    op.create_index(
        op.f("ix_booking_inquiries_course_id"), "booking_inquiries", ["course_id"], unique=False
    )
    op.create_index(
        op.f("ix_booking_inquiries_course_session_id"),
        "booking_inquiries",
        ["course_session_id"],
        unique=False,
    )
    op.create_index(
        "ix_booking_inquiries_created_at", "booking_inquiries", ["created_at"], unique=False
    )
    op.create_index(
        op.f("ix_booking_inquiries_email"), "booking_inquiries", ["email"], unique=False
    )
    op.create_index(
        "ix_booking_inquiries_email_trgm",
        "booking_inquiries",
        [sa.literal_column("(email::text)").label("searched")],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"searched": "gin_trgm_ops"},
    )
    op.create_index(
        op.f("ix_booking_inquiries_hold_expires_at"),
        "booking_inquiries",
        ["hold_expires_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_booking_inquiries_responded_by_id"),
        "booking_inquiries",
        ["responded_by_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_booking_inquiries_status"), "booking_inquiries", ["status"], unique=False
    )
    op.create_foreign_key(
        "fk_email_logs_booking_id",
        "email_logs",
        "bookings",
        ["booking_id"],
        ["id"],
        ondelete="SET NULL",
    )
    op.create_foreign_key(
        "fk_notifications_booking_id",
        "notifications",
        "bookings",
        ["booking_id"],
        ["id"],
        ondelete="SET NULL",
    )


def downgrade() -> None:
    op.drop_constraint("fk_notifications_booking_id", "notifications")
    op.drop_constraint("fk_email_logs_booking_id", "email_logs")
    op.drop_table("booking_inquiries")
    op.drop_table("special_requirements")
    op.drop_table("booking_attendees")
    op.drop_table("bookings")
