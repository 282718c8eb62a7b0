"""Add the tables of what is sold.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "courses",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("course_type", sa.Text(), nullable=False),
        sa.Column("duration_hours", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("price", sa.Numeric(precision=10, scale=2), nullable=False),
        sa.Column("max_capacity", sa.Integer(), server_default=sa.text("12"), nullable=False),
        sa.Column(
            "certification_validity_years",
            sa.Integer(),
            server_default=sa.text("3"),
            nullable=False,
        ),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column(
            "certificate_basis",
            sa.Text(),
            server_default="first_aid_regulations_1981",
            nullable=False,
        ),
        sa.Column("certificate_issuer", sa.Text(), server_default="own", nullable=False),
        sa.Column("awarding_body_name", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "requires_identity_check", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
        sa.Column(
            "learners_per_trainer", sa.Integer(), server_default=sa.text("12"), nullable=False
        ),
        sa.Column("display_order", sa.Integer(), server_default=sa.text("0"), nullable=False),
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
            "certificate_basis IN ('first_aid_regulations_1981', 'eyfs', 'attendance')",
            name=op.f("ck_courses_certificate_basis"),
        ),
        sa.CheckConstraint(
            "certificate_issuer IN ('own', 'awarding_body')",
            name=op.f("ck_courses_certificate_issuer"),
        ),
        sa.CheckConstraint(
            "course_type IN ('EFAW', 'FAW', 'Paediatric', 'EmergencyPaediatric', 'Requalification', 'Activity', 'CPR_AED', 'Refresher', 'Other')",
            name=op.f("ck_courses_course_type"),
        ),
        sa.CheckConstraint(
            "certification_validity_years > 0", name=op.f("ck_courses_certification_validity_years")
        ),
        sa.CheckConstraint("duration_hours > 0", name=op.f("ck_courses_duration_hours")),
        sa.CheckConstraint(
            "learners_per_trainer > 0", name=op.f("ck_courses_learners_per_trainer")
        ),
        sa.CheckConstraint("max_capacity > 0", name=op.f("ck_courses_max_capacity")),
        sa.CheckConstraint("price >= 0", name=op.f("ck_courses_price")),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["users.id"],
            name=op.f("fk_courses_created_by_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"],
            ["users.id"],
            name=op.f("fk_courses_updated_by_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_courses")),
        sa.UniqueConstraint("slug", name=op.f("uq_courses_slug")),
    )
    op.create_index(op.f("ix_courses_course_type"), "courses", ["course_type"], unique=False)
    op.create_index(op.f("ix_courses_created_by_id"), "courses", ["created_by_id"], unique=False)
    op.create_index(op.f("ix_courses_is_active"), "courses", ["is_active"], unique=False)
    op.create_index(
        "ix_courses_name_trgm",
        "courses",
        [sa.literal_column("name").label("searched")],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"searched": "gin_trgm_ops"},
    )
    op.create_index(op.f("ix_courses_updated_by_id"), "courses", ["updated_by_id"], unique=False)
    op.create_table(
        "venues",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address_line1", sa.Text(), nullable=True),
        sa.Column("address_line2", sa.Text(), nullable=True),
        sa.Column("city", sa.Text(), nullable=True),
        sa.Column("postcode", sa.Text(), nullable=True),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.Column(
            "facilities",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column("parking_info", sa.Text(), server_default="", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column(
            "allows_concurrent", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
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
        sa.CheckConstraint("capacity > 0", name=op.f("ck_venues_capacity")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_venues")),
    )
    op.create_index(op.f("ix_venues_city"), "venues", ["city"], unique=False)
    op.create_index(op.f("ix_venues_is_active"), "venues", ["is_active"], unique=False)
    op.create_index(op.f("ix_venues_name"), "venues", ["name"], unique=False)
    op.create_table(
        "trainers",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("trainer_code", sa.Text(), nullable=False),
        sa.Column("qualification_number", sa.Text(), server_default="", nullable=False),
        sa.Column("qualification_expiry", sa.Date(), nullable=True),
        sa.Column(
            "specializations",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column("bio", sa.Text(), server_default="", nullable=False),
        sa.Column("hourly_rate", sa.Numeric(precision=10, scale=2), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("is_available", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("can_travel", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("max_travel_miles", sa.Integer(), nullable=True),
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
        sa.CheckConstraint("hourly_rate >= 0", name=op.f("ck_trainers_hourly_rate")),
        sa.CheckConstraint("max_travel_miles >= 0", name=op.f("ck_trainers_max_travel_miles")),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["users.id"],
            name=op.f("fk_trainers_created_by_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"],
            ["users.id"],
            name=op.f("fk_trainers_updated_by_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_trainers_user_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trainers")),
        sa.UniqueConstraint("trainer_code", name=op.f("uq_trainers_trainer_code")),
        sa.UniqueConstraint("user_id", name=op.f("uq_trainers_user_id")),
    )
    op.create_index(op.f("ix_trainers_created_by_id"), "trainers", ["created_by_id"], unique=False)
    op.create_index(op.f("ix_trainers_is_active"), "trainers", ["is_active"], unique=False)
    op.create_index(
        op.f("ix_trainers_qualification_expiry"), "trainers", ["qualification_expiry"], unique=False
    )
    op.create_index(op.f("ix_trainers_updated_by_id"), "trainers", ["updated_by_id"], unique=False)
    op.create_table(
        "course_schedules",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("course_id", sa.Integer(), nullable=False),
        sa.Column("venue_id", sa.Integer(), nullable=True),
        sa.Column("instructor_id", sa.Integer(), nullable=True),
        sa.Column("trainer_id", sa.Integer(), nullable=True),
        sa.Column("start_datetime", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end_datetime", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), server_default="scheduled", nullable=False),
        sa.Column("current_capacity", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("max_capacity", sa.Integer(), nullable=False),
        sa.Column("min_places", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("price_override", sa.Numeric(precision=10, scale=2), nullable=True),
        sa.Column("group_price", sa.Numeric(precision=10, scale=2), nullable=True),
        sa.Column("private_for_user_id", sa.Integer(), nullable=True),
        sa.Column("site_address", sa.Text(), server_default="", nullable=False),
        sa.Column("is_published", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("cancellation_reason", sa.Text(), nullable=True),
        sa.Column("joining_notes", sa.Text(), server_default="", nullable=False),
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
            "status IN ('scheduled', 'confirmed', 'in_progress', 'completed', 'cancelled')",
            name=op.f("ck_course_schedules_status"),
        ),
        sa.CheckConstraint(
            "current_capacity BETWEEN 0 AND max_capacity", name=op.f("ck_course_schedules_capacity")
        ),
        sa.CheckConstraint(
            "end_datetime > start_datetime", name=op.f("ck_course_schedules_period")
        ),
        sa.CheckConstraint("group_price >= 0", name=op.f("ck_course_schedules_group_price")),
        sa.CheckConstraint("max_capacity > 0", name=op.f("ck_course_schedules_max_capacity")),
        sa.CheckConstraint("min_places >= 0", name=op.f("ck_course_schedules_min_places")),
        sa.CheckConstraint("price_override >= 0", name=op.f("ck_course_schedules_price_override")),
        sa.ForeignKeyConstraint(
            ["course_id"],
            ["courses.id"],
            name=op.f("fk_course_schedules_course_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["users.id"],
            name=op.f("fk_course_schedules_created_by_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["instructor_id"],
            ["users.id"],
            name=op.f("fk_course_schedules_instructor_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["private_for_user_id"],
            ["users.id"],
            name=op.f("fk_course_schedules_private_for_user_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["trainer_id"],
            ["trainers.id"],
            name=op.f("fk_course_schedules_trainer_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"],
            ["users.id"],
            name=op.f("fk_course_schedules_updated_by_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["venue_id"],
            ["venues.id"],
            name=op.f("fk_course_schedules_venue_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_course_schedules")),
    )
    op.create_index(
        op.f("ix_course_schedules_course_id"), "course_schedules", ["course_id"], unique=False
    )
    op.create_index(
        op.f("ix_course_schedules_created_by_id"),
        "course_schedules",
        ["created_by_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_course_schedules_end_datetime"), "course_schedules", ["end_datetime"], unique=False
    )
    op.create_index(
        op.f("ix_course_schedules_instructor_id"),
        "course_schedules",
        ["instructor_id"],
        unique=False,
    )
    op.create_index(
        "ix_course_schedules_on_sale",
        "course_schedules",
        ["start_datetime"],
        unique=False,
        postgresql_where=sa.text("is_published AND status IN ('scheduled', 'confirmed')"),
    )
    op.create_index(
        op.f("ix_course_schedules_private_for_user_id"),
        "course_schedules",
        ["private_for_user_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_course_schedules_start_datetime"),
        "course_schedules",
        ["start_datetime"],
        unique=False,
    )
    op.create_index(
        op.f("ix_course_schedules_status"), "course_schedules", ["status"], unique=False
    )
    op.create_index(
        op.f("ix_course_schedules_trainer_id"), "course_schedules", ["trainer_id"], unique=False
    )
    op.create_index(
        op.f("ix_course_schedules_updated_by_id"),
        "course_schedules",
        ["updated_by_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_course_schedules_venue_id"), "course_schedules", ["venue_id"], unique=False
    )
    op.create_table(
        "course_schedule_days",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("course_schedule_id", sa.Integer(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("break_minutes", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("instructor_id", sa.Integer(), server_default=sa.text("NULL"), nullable=True),
        sa.Column("venue_id", sa.Integer(), server_default=sa.text("NULL"), nullable=True),
        sa.Column("venue_exclusive", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("is_live", sa.Boolean(), server_default=sa.text("true"), nullable=False),
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
        postgresql.ExcludeConstraint(
            (sa.column("course_schedule_id"), "<>"),
            (sa.column("instructor_id"), "="),
            (sa.text("tstzrange(starts_at, ends_at)"), "&&"),
            where=sa.text("is_live"),
            using="gist",
            name="ex_course_schedule_days_instructor",
        ),
        postgresql.ExcludeConstraint(
            (sa.column("course_schedule_id"), "<>"),
            (sa.column("venue_id"), "="),
            (sa.text("tstzrange(starts_at, ends_at)"), "&&"),
            where=sa.text("is_live AND venue_exclusive"),
            using="gist",
            name="ex_course_schedule_days_venue",
        ),
        postgresql.ExcludeConstraint(
            (sa.column("course_schedule_id"), "="),
            (sa.text("tstzrange(starts_at, ends_at)"), "&&"),
            deferrable=True,
            initially="DEFERRED",
            using="gist",
            name="ex_course_schedule_days_overlap",
        ),
        sa.CheckConstraint(
            "break_minutes >= 0", name=op.f("ck_course_schedule_days_break_minutes")
        ),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_course_schedule_days_period")),
        sa.ForeignKeyConstraint(
            ["course_schedule_id"],
            ["course_schedules.id"],
            name=op.f("fk_course_schedule_days_course_schedule_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["instructor_id"],
            ["users.id"],
            name=op.f("fk_course_schedule_days_instructor_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["venue_id"],
            ["venues.id"],
            name=op.f("fk_course_schedule_days_venue_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_course_schedule_days")),
    )
    op.create_index(
        op.f("ix_course_schedule_days_course_schedule_id"),
        "course_schedule_days",
        ["course_schedule_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_course_schedule_days_instructor_id"),
        "course_schedule_days",
        ["instructor_id"],
        unique=False,
    )
    op.create_index(
        "ix_course_schedule_days_starts_at", "course_schedule_days", ["starts_at"], unique=False
    )
    op.create_index(
        op.f("ix_course_schedule_days_venue_id"), "course_schedule_days", ["venue_id"], unique=False
    )
    op.create_table(
        "course_materials",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("course_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("material_type", sa.Text(), nullable=False),
        sa.Column("file_url", sa.Text(), server_default="", nullable=False),
        sa.Column("is_public", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "requires_completion", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
        sa.Column("display_order", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("version", sa.Text(), server_default="1", nullable=False),
        sa.Column("stored_file_id", sa.Integer(), nullable=True),
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
            "material_type IN ('pdf', 'video', 'presentation', 'document', 'link', 'quiz', 'assessment')",
            name=op.f("ck_course_materials_material_type"),
        ),
        sa.ForeignKeyConstraint(
            ["course_id"],
            ["courses.id"],
            name=op.f("fk_course_materials_course_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["users.id"],
            name=op.f("fk_course_materials_created_by_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["stored_file_id"],
            ["stored_files.id"],
            name=op.f("fk_course_materials_stored_file_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"],
            ["users.id"],
            name=op.f("fk_course_materials_updated_by_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_course_materials")),
    )
    op.create_index(
        op.f("ix_course_materials_course_id"), "course_materials", ["course_id"], unique=False
    )
    op.create_index(
        op.f("ix_course_materials_created_by_id"),
        "course_materials",
        ["created_by_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_course_materials_material_type"),
        "course_materials",
        ["material_type"],
        unique=False,
    )
    op.create_index(
        op.f("ix_course_materials_stored_file_id"),
        "course_materials",
        ["stored_file_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_course_materials_updated_by_id"),
        "course_materials",
        ["updated_by_id"],
        unique=False,
    )
    op.create_table(
        "discount_codes",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("code", postgresql.CITEXT(), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("discount_type", sa.Text(), nullable=False),
        sa.Column("discount_value", sa.Numeric(precision=10, scale=2), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("usage_limit", sa.Integer(), nullable=True),
        sa.Column("usage_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("course_id", sa.Integer(), nullable=True),
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
            "discount_type <> 'percentage' OR discount_value <= 100",
            name=op.f("ck_discount_codes_percentage"),
        ),
        sa.CheckConstraint(
            "discount_type IN ('percentage', 'fixed')", name=op.f("ck_discount_codes_discount_type")
        ),
        sa.CheckConstraint("discount_value > 0", name=op.f("ck_discount_codes_discount_value")),
        sa.CheckConstraint(
            "usage_count <= usage_limit", name=op.f("ck_discount_codes_usage_limit")
        ),
        sa.CheckConstraint("usage_count >= 0", name=op.f("ck_discount_codes_usage_count")),
        sa.CheckConstraint("valid_until > valid_from", name=op.f("ck_discount_codes_period")),
        sa.ForeignKeyConstraint(
            ["course_id"],
            ["courses.id"],
            name=op.f("fk_discount_codes_course_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_discount_codes")),
        sa.UniqueConstraint("code", name=op.f("uq_discount_codes_code")),
    )
    op.create_index(
        op.f("ix_discount_codes_course_id"), "discount_codes", ["course_id"], unique=False
    )
    op.create_index(
        op.f("ix_discount_codes_valid_from"), "discount_codes", ["valid_from"], unique=False
    )
    op.create_index(
        op.f("ix_discount_codes_valid_until"), "discount_codes", ["valid_until"], unique=False
    )
    op.create_foreign_key(
        "fk_notifications_course_id",
        "notifications",
        "courses",
        ["course_id"],
        ["id"],
        ondelete="SET NULL",
    )


def downgrade() -> None:
    op.drop_constraint("fk_notifications_course_id", "notifications")
    op.drop_table("discount_codes")
    op.drop_table("course_materials")
    op.drop_table("course_schedule_days")
    op.drop_table("course_schedules")
    op.drop_table("trainers")
    op.drop_table("venues")
    op.drop_table("courses")
