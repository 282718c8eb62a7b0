"""Add the tables of what was paid.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "payment_transactions",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("booking_id", sa.Integer(), nullable=False),
        sa.Column("stripe_payment_intent_id", sa.Text(), nullable=True),
        sa.Column("amount", sa.Numeric(precision=10, scale=2), nullable=False),
        sa.Column("currency", sa.Text(), server_default="GBP", nullable=False),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("payment_method", sa.Text(), server_default="card", nullable=False),
        sa.Column("provider", sa.Text(), server_default="stripe", nullable=False),
        sa.Column("stripe_checkout_session_id", sa.Text(), nullable=True),
        sa.Column("stripe_charge_id", sa.Text(), nullable=True),
        sa.Column("stripe_balance_transaction", sa.Text(), nullable=True),
        sa.Column("stripe_payout", sa.Text(), nullable=True),
        sa.Column("livemode", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("fee_amount", sa.Numeric(precision=10, scale=2), nullable=True),
        sa.Column("net_amount", sa.Numeric(precision=10, scale=2), nullable=True),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.Column("failure_message", sa.Text(), nullable=True),
        sa.Column(
            "amount_refunded",
            sa.Numeric(precision=10, scale=2),
            server_default=sa.text("0"),
            nullable=False,
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
        sa.CheckConstraint("currency = 'GBP'", name=op.f("ck_payment_transactions_currency")),
        sa.CheckConstraint(
            "provider IN ('stripe', 'manual')", name=op.f("ck_payment_transactions_provider")
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'processing', 'succeeded', 'failed', 'cancelled', 'partially_refunded', 'refunded', 'disputed')",
            name=op.f("ck_payment_transactions_status"),
        ),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_payment_transactions_amount")),
        sa.CheckConstraint(
            "amount_refunded BETWEEN 0 AND amount",
            name=op.f("ck_payment_transactions_amount_refunded"),
        ),
        sa.CheckConstraint("fee_amount >= 0", name=op.f("ck_payment_transactions_fee_amount")),
        sa.ForeignKeyConstraint(
            ["booking_id"],
            ["bookings.id"],
            name=op.f("fk_payment_transactions_booking_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_transactions")),
        sa.UniqueConstraint(
            "idempotency_key", name=op.f("uq_payment_transactions_idempotency_key")
        ),
        sa.UniqueConstraint(
            "stripe_checkout_session_id",
            name=op.f("uq_payment_transactions_stripe_checkout_session_id"),
        ),
        sa.UniqueConstraint(
            "stripe_payment_intent_id",
            name=op.f("uq_payment_transactions_stripe_payment_intent_id"),
        ),
    )
    op.create_index(
        op.f("ix_payment_transactions_booking_id"),
        "payment_transactions",
        ["booking_id"],
        unique=False,
    )
    op.create_index(
        "ix_payment_transactions_created_at", "payment_transactions", ["created_at"], unique=False
    )
    op.create_index(
        op.f("ix_payment_transactions_provider"), "payment_transactions", ["provider"], unique=False
    )
    op.create_index(
        op.f("ix_payment_transactions_status"), "payment_transactions", ["status"], unique=False
    )
    op.create_index(
        op.f("ix_payment_transactions_stripe_balance_transaction"),
        "payment_transactions",
        ["stripe_balance_transaction"],
        unique=False,
    )
    op.create_index(
        op.f("ix_payment_transactions_stripe_charge_id"),
        "payment_transactions",
        ["stripe_charge_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_payment_transactions_stripe_payout"),
        "payment_transactions",
        ["stripe_payout"],
        unique=False,
    )
    op.create_table(
        "refunds",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("booking_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("payment_transaction_id", sa.Integer(), nullable=False),
        sa.Column("processed_by_id", sa.Integer(), nullable=True),
        sa.Column("approved_by_id", sa.Integer(), nullable=True),
        sa.Column("refund_reference", sa.Text(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=10, scale=2), nullable=False),
        sa.Column(
            "processing_fee",
            sa.Numeric(precision=10, scale=2),
            server_default=sa.text("0"),
            nullable=False,
        ),
        sa.Column("net_refund", sa.Numeric(precision=10, scale=2), nullable=False),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("rejection_reason", sa.Text(), nullable=True),
        sa.Column("failure_reason", sa.Text(), nullable=True),
        sa.Column(
            "calculation",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("stripe_refund_id", sa.Text(), nullable=True),
        sa.Column("attempt", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.Column("refund_due_by", sa.Date(), nullable=True),
        sa.Column(
            "requested_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("processed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
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
            "status IN ('pending', 'approved', 'rejected', 'processing', 'completed', 'failed')",
            name=op.f("ck_refunds_status"),
        ),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_refunds_amount")),
        sa.CheckConstraint("attempt >= 0", name=op.f("ck_refunds_attempt")),
        sa.CheckConstraint(
            "net_refund >= 0 AND net_refund = amount - processing_fee",
            name=op.f("ck_refunds_net_refund"),
        ),
        sa.CheckConstraint("processing_fee >= 0", name=op.f("ck_refunds_processing_fee")),
        sa.ForeignKeyConstraint(
            ["approved_by_id"],
            ["users.id"],
            name=op.f("fk_refunds_approved_by_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["bookings.id"], name=op.f("fk_refunds_booking_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["payment_transaction_id"],
            ["payment_transactions.id"],
            name=op.f("fk_refunds_payment_transaction_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["processed_by_id"],
            ["users.id"],
            name=op.f("fk_refunds_processed_by_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_refunds_user_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refunds")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_refunds_idempotency_key")),
        sa.UniqueConstraint("refund_reference", name=op.f("uq_refunds_refund_reference")),
        sa.UniqueConstraint("stripe_refund_id", name=op.f("uq_refunds_stripe_refund_id")),
    )
    op.create_index(op.f("ix_refunds_approved_by_id"), "refunds", ["approved_by_id"], unique=False)
    op.create_index(op.f("ix_refunds_booking_id"), "refunds", ["booking_id"], unique=False)
    op.create_index(op.f("ix_refunds_completed_at"), "refunds", ["completed_at"], unique=False)
    op.create_index("ix_refunds_created_at", "refunds", ["created_at"], unique=False)
    op.create_index(
        op.f("ix_refunds_payment_transaction_id"),
        "refunds",
        ["payment_transaction_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_refunds_processed_by_id"), "refunds", ["processed_by_id"], unique=False
    )
    op.create_index(op.f("ix_refunds_refund_due_by"), "refunds", ["refund_due_by"], unique=False)
    op.create_index(op.f("ix_refunds_requested_at"), "refunds", ["requested_at"], unique=False)
    op.create_index(op.f("ix_refunds_status"), "refunds", ["status"], unique=False)
    op.create_index(op.f("ix_refunds_user_id"), "refunds", ["user_id"], unique=False)
    op.create_index(
        "uq_refunds_open_per_payment",
        "refunds",
        ["payment_transaction_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('pending', 'approved', 'processing')"),
    )
    op.create_table(
        "stripe_events",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("stripe_event_id", sa.Text(), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Text(), server_default="", nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("processed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
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
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stripe_events")),
        sa.UniqueConstraint("stripe_event_id", name=op.f("uq_stripe_events_stripe_event_id")),
    )
    op.create_index("ix_stripe_events_created_at", "stripe_events", ["created_at"], unique=False)
    op.create_index(
        op.f("ix_stripe_events_event_type"), "stripe_events", ["event_type"], unique=False
    )
    op.create_index(
        op.f("ix_stripe_events_object_id"), "stripe_events", ["object_id"], unique=False
    )
    op.create_index(
        op.f("ix_stripe_events_processed_at"), "stripe_events", ["processed_at"], unique=False
    )
    op.create_table(
        "number_series",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("last_number", sa.Integer(), server_default=sa.text("0"), nullable=False),
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
        sa.CheckConstraint("last_number >= 0", name=op.f("ck_number_series_last_number")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_number_series")),
        sa.UniqueConstraint("name", name=op.f("uq_number_series_name")),
    )
    op.create_table(
        "invoices",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("invoice_number", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("booking_id", sa.Integer(), nullable=False),
        sa.Column("credits_invoice_id", sa.Integer(), nullable=True),
        sa.Column("refund_id", sa.Integer(), nullable=True),
        sa.Column("issue_date", sa.Date(), nullable=False),
        sa.Column("due_date", sa.Date(), nullable=True),
        sa.Column("total", sa.Numeric(precision=10, scale=2), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
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
        sa.CheckConstraint(
            "(kind = 'credit_note') = (credits_invoice_id IS NOT NULL)",
            name=op.f("ck_invoices_credit"),
        ),
        sa.CheckConstraint("kind IN ('invoice', 'credit_note')", name=op.f("ck_invoices_kind")),
        sa.CheckConstraint("total >= 0", name=op.f("ck_invoices_total")),
        sa.ForeignKeyConstraint(
            ["booking_id"],
            ["bookings.id"],
            name=op.f("fk_invoices_booking_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["credits_invoice_id"],
            ["invoices.id"],
            name=op.f("fk_invoices_credits_invoice_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["refund_id"], ["refunds.id"], name=op.f("fk_invoices_refund_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["stored_file_id"],
            ["stored_files.id"],
            name=op.f("fk_invoices_stored_file_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoices")),
        sa.UniqueConstraint("invoice_number", name=op.f("uq_invoices_invoice_number")),
        sa.UniqueConstraint("refund_id", name=op.f("uq_invoices_refund_id")),
        sa.UniqueConstraint("stored_file_id", name=op.f("uq_invoices_stored_file_id")),
    )
    op.create_index(op.f("ix_invoices_booking_id"), "invoices", ["booking_id"], unique=False)
    op.create_index(
        op.f("ix_invoices_credits_invoice_id"), "invoices", ["credits_invoice_id"], unique=False
    )
    op.create_index(op.f("ix_invoices_due_date"), "invoices", ["due_date"], unique=False)
    op.create_index(op.f("ix_invoices_issue_date"), "invoices", ["issue_date"], unique=False)
    op.create_index(op.f("ix_invoices_kind"), "invoices", ["kind"], unique=False)


def downgrade() -> None:
    op.drop_table("invoices")
    op.drop_table("number_series")
    op.drop_table("stripe_events")
    op.drop_table("refunds")
    op.drop_table("payment_transactions")
