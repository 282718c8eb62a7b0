"""Add the tables of what was done and earned.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attendance_records",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("booking_id", sa.Integer(), nullable=False),
        sa.Column("course_session_id", sa.Integer(), nullable=False),
        sa.Column("attendee_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("marked_by_id", sa.Integer(), nullable=True),
        sa.Column("session_date", sa.Date(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("check_in_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("check_out_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("minutes_attended", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "certificate_eligible", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
        sa.Column("participation_score", sa.Integer(), nullable=True),
        sa.Column("passed_assessment", sa.Boolean(), nullable=True),
        sa.Column("assessed_on", sa.Date(), nullable=True),
        sa.Column(
            "identity_checked", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
        sa.Column("trainer_feedback", sa.Text(), server_default="", nullable=False),
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
            "status IN ('present', 'absent', 'late', 'partial', 'excused')",
            name=op.f("ck_attendance_records_status"),
        ),
        sa.CheckConstraint(
            "check_out_time > check_in_time", name=op.f("ck_attendance_records_period")
        ),
        sa.CheckConstraint(
            "minutes_attended >= 0", name=op.f("ck_attendance_records_minutes_attended")
        ),
        sa.CheckConstraint(
            "participation_score BETWEEN 0 AND 100",
            name=op.f("ck_attendance_records_participation_score"),
        ),
        sa.ForeignKeyConstraint(
            ["attendee_id"],
            ["booking_attendees.id"],
            name=op.f("fk_attendance_records_attendee_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["booking_id"],
            ["bookings.id"],
            name=op.f("fk_attendance_records_booking_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["course_session_id"],
            ["course_schedules.id"],
            name=op.f("fk_attendance_records_course_session_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["marked_by_id"],
            ["users.id"],
            name=op.f("fk_attendance_records_marked_by_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_attendance_records_user_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendance_records")),
        sa.UniqueConstraint(
            "attendee_id",
            "course_session_id",
            "session_date",
            name="uq_attendance_records_attendee_day",
        ),
    )
    op.create_index(
        op.f("ix_attendance_records_attendee_id"),
        "attendance_records",
        ["attendee_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_attendance_records_booking_id"), "attendance_records", ["booking_id"], unique=False
    )
    op.create_index(
        op.f("ix_attendance_records_certificate_eligible"),
        "attendance_records",
        ["certificate_eligible"],
        unique=False,
    )
    op.create_index(
        op.f("ix_attendance_records_course_session_id"),
        "attendance_records",
        ["course_session_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_attendance_records_marked_by_id"),
        "attendance_records",
        ["marked_by_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_attendance_records_session_date"),
        "attendance_records",
        ["session_date"],
        unique=False,
    )
    op.create_index(
        op.f("ix_attendance_records_status"), "attendance_records", ["status"], unique=False
    )
    op.create_index(
        op.f("ix_attendance_records_user_id"), "attendance_records", ["user_id"], unique=False
    )
    op.create_table(
        "certificates",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("booking_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("course_id", sa.Integer(), nullable=False),
        sa.Column("course_schedule_id", sa.Integer(), nullable=False),
        sa.Column("attendee_id", sa.Integer(), nullable=False),
        sa.Column("certificate_number", sa.Text(), nullable=False),
        sa.Column("issue_date", sa.Date(), nullable=False),
        sa.Column("expiry_date", sa.Date(), nullable=False),
        sa.Column("pdf_url", sa.Text(), server_default="", nullable=False),
        sa.Column("status", sa.Text(), server_default="active", nullable=False),
        sa.Column("holder_name", sa.Text(), nullable=False),
        sa.Column("contact_hours", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("course_name", sa.Text(), nullable=False),
        sa.Column("venue_name", sa.Text(), server_default="", nullable=False),
        sa.Column("trainer_name", sa.Text(), server_default="", nullable=False),
        sa.Column("external_number", sa.Text(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revocation_reason", sa.Text(), nullable=True),
        sa.Column("superseded_by_id", sa.Integer(), nullable=True),
        sa.Column("stored_file_id", sa.Integer(), nullable=True),
        sa.Column("pdf_sha256", sa.Text(), nullable=True),
        sa.Column("reminded_days_before", sa.Integer(), nullable=True),
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
            "(status = 'revoked') = (revoked_at IS NOT NULL)", name=op.f("ck_certificates_revoked")
        ),
        sa.CheckConstraint(
            "status IN ('active', 'expired', 'revoked')", name=op.f("ck_certificates_status")
        ),
        sa.CheckConstraint("contact_hours > 0", name=op.f("ck_certificates_contact_hours")),
        sa.CheckConstraint("expiry_date >= issue_date", name=op.f("ck_certificates_period")),
        sa.ForeignKeyConstraint(
            ["attendee_id"],
            ["booking_attendees.id"],
            name=op.f("fk_certificates_attendee_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["booking_id"],
            ["bookings.id"],
            name=op.f("fk_certificates_booking_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["course_id"],
            ["courses.id"],
            name=op.f("fk_certificates_course_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["course_schedule_id"],
            ["course_schedules.id"],
            name=op.f("fk_certificates_course_schedule_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["users.id"],
            name=op.f("fk_certificates_created_by_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["stored_file_id"],
            ["stored_files.id"],
            name=op.f("fk_certificates_stored_file_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["superseded_by_id"],
            ["certificates.id"],
            name=op.f("fk_certificates_superseded_by_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"],
            ["users.id"],
            name=op.f("fk_certificates_updated_by_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_certificates_user_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificates")),
        sa.UniqueConstraint("certificate_number", name=op.f("uq_certificates_certificate_number")),
    )
    op.create_index(
        op.f("ix_certificates_attendee_id"), "certificates", ["attendee_id"], unique=False
    )
    op.create_index(
        op.f("ix_certificates_booking_id"), "certificates", ["booking_id"], unique=False
    )
    op.create_index(
        "ix_certificates_certificate_number_trgm",
        "certificates",
        [sa.literal_column("certificate_number").label("searched")],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"searched": "gin_trgm_ops"},
    )
    op.create_index(op.f("ix_certificates_course_id"), "certificates", ["course_id"], unique=False)
    op.create_index(
        op.f("ix_certificates_course_schedule_id"),
        "certificates",
        ["course_schedule_id"],
        unique=False,
    )
    op.create_index("ix_certificates_created_at", "certificates", ["created_at"], unique=False)
    op.create_index(
        op.f("ix_certificates_created_by_id"), "certificates", ["created_by_id"], unique=False
    )
    op.create_index(
        op.f("ix_certificates_expiry_date"), "certificates", ["expiry_date"], unique=False
    )
    op.create_index(
        op.f("ix_certificates_external_number"), "certificates", ["external_number"], unique=False
    )
    op.create_index(
        "ix_certificates_holder_name_trgm",
        "certificates",
        [sa.literal_column("holder_name").label("searched")],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"searched": "gin_trgm_ops"},
    )
    op.create_index(
        op.f("ix_certificates_issue_date"), "certificates", ["issue_date"], unique=False
    )
    op.create_index(op.f("ix_certificates_status"), "certificates", ["status"], unique=False)
    op.create_index(
        op.f("ix_certificates_stored_file_id"), "certificates", ["stored_file_id"], unique=False
    )
    op.create_index(
        op.f("ix_certificates_superseded_by_id"), "certificates", ["superseded_by_id"], unique=False
    )
    op.create_index(
        op.f("ix_certificates_updated_by_id"), "certificates", ["updated_by_id"], unique=False
    )
    op.create_index(op.f("ix_certificates_user_id"), "certificates", ["user_id"], unique=False)
    op.create_index(
        "uq_certificates_live",
        "certificates",
        ["attendee_id", "course_schedule_id"],
        unique=True,
        postgresql_where=sa.text("status <> 'revoked' AND superseded_by_id IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("certificates")
    op.drop_table("attendance_records")
