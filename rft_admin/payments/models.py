"""What was paid: payments, refunds, invoices with their numbers, and Stripe's events."""

import enum
from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from rft_admin.accounts.models import User
from rft_admin.bookings.models import Booking
from rft_admin.core.database import (
    Json,
    LongText,
    Model,
    Money,
    Versioned,
    enum_column,
    search_index,
)
from rft_admin.core.files import StoredFile


class TransactionStatus(enum.StrEnum):
    """Where a payment stands; the truth is Stripe's object, fetched again."""

    PENDING = "pending"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    DISPUTED = "disputed"


_SETTLED = frozenset(
    {
        TransactionStatus.SUCCEEDED,
        TransactionStatus.PARTIALLY_REFUNDED,
        TransactionStatus.REFUNDED,
        TransactionStatus.DISPUTED,
    }
)

TRANSACTION_TRANSITIONS: Mapping[TransactionStatus, frozenset[TransactionStatus]] = {
    TransactionStatus.PENDING: frozenset(
        {
            TransactionStatus.PROCESSING,
            TransactionStatus.SUCCEEDED,
            TransactionStatus.FAILED,
            TransactionStatus.CANCELLED,
        }
    ),
    TransactionStatus.PROCESSING: frozenset(
        {TransactionStatus.SUCCEEDED, TransactionStatus.FAILED, TransactionStatus.CANCELLED}
    ),
    # A declined card may be followed by a good one, and an event may come late.
    TransactionStatus.FAILED: frozenset(
        {TransactionStatus.PROCESSING, TransactionStatus.SUCCEEDED, TransactionStatus.CANCELLED}
    ),
    TransactionStatus.CANCELLED: frozenset({TransactionStatus.SUCCEEDED}),
    # A refund may fail days later and a dispute may be won: back again.
    TransactionStatus.SUCCEEDED: _SETTLED - {TransactionStatus.SUCCEEDED},
    TransactionStatus.PARTIALLY_REFUNDED: _SETTLED - {TransactionStatus.PARTIALLY_REFUNDED},
    TransactionStatus.REFUNDED: _SETTLED - {TransactionStatus.REFUNDED},
    TransactionStatus.DISPUTED: _SETTLED - {TransactionStatus.DISPUTED},
}


class Provider(enum.StrEnum):
    """Who took the money."""

    STRIPE = "stripe"
    #: Bank transfer or cash, recorded by the office.
    MANUAL = "manual"


class PaymentTransaction(Model):
    """One attempt to pay for a booking, and what became of it."""

    __tablename__ = "payment_transactions"
    titled_by = ("amount", "payment_method")
    __table_args__ = (
        CheckConstraint("amount >= 0", name="amount"),
        CheckConstraint("currency = 'GBP'", name="currency"),
        CheckConstraint("fee_amount >= 0", name="fee_amount"),
        CheckConstraint("amount_refunded BETWEEN 0 AND amount", name="amount_refunded"),
        # The sums of a month are read from it alone.
        Index(
            "ix_payment_transactions_created_at",
            "created_at",
            postgresql_include=["amount", "status"],
        ),
        search_index(
            "payment_transactions",
            "COALESCE(stripe_payment_intent_id, ''::text)",
            "COALESCE(stripe_charge_id, ''::text)",
        ),
    )
    __searched__ = ("stripe_payment_intent_id", "stripe_charge_id")

    booking_id: Mapped[int] = mapped_column(
        ForeignKey("bookings.id", ondelete="RESTRICT"), index=True
    )
    stripe_payment_intent_id: Mapped[str | None] = mapped_column(unique=True)
    #: Pounds.
    amount: Mapped[Money]
    currency: Mapped[str] = mapped_column(default="GBP", server_default="GBP")
    status: Mapped[TransactionStatus] = enum_column(
        "status",
        TransactionStatus,
        default=TransactionStatus.PENDING,
        server_default=TransactionStatus.PENDING.value,
        index=True,
    )
    #: "card", "bank transfer", "cash".
    payment_method: Mapped[str] = mapped_column(default="card", server_default="card")
    provider: Mapped[Provider] = enum_column(
        "provider",
        Provider,
        default=Provider.STRIPE,
        server_default=Provider.STRIPE.value,
        index=True,
    )
    stripe_checkout_session_id: Mapped[str | None] = mapped_column(unique=True)
    stripe_charge_id: Mapped[str | None] = mapped_column(index=True)
    stripe_balance_transaction: Mapped[str | None] = mapped_column(index=True)
    stripe_payout: Mapped[str | None] = mapped_column(index=True)
    livemode: Mapped[bool] = mapped_column(
        default=False, server_default=text("false"), info={"label": "Live"}
    )
    #: Stripe's fee, and what it pays out, in pounds; None until Stripe tells.
    fee_amount: Mapped[Money | None]
    net_amount: Mapped[Money | None] = mapped_column(info={"label": "Net"})
    #: Ours, stored before the first call; None where nothing is sent.
    idempotency_key: Mapped[str | None] = mapped_column(unique=True)
    failure_message: Mapped[LongText | None]
    amount_refunded: Mapped[Money] = mapped_column(
        default=0, server_default=text("0"), info={"label": "Refunded"}
    )
    #: As Stripe names it ("needs_response", "won", …); None while nobody disputes the charge.
    dispute_status: Mapped[str | None]
    #: When the evidence must have arrived at Stripe.
    dispute_evidence_due_at: Mapped[datetime | None] = mapped_column(index=True)
    #: The latest alert sent, in days before the evidence is due: 7 or 2.
    dispute_alert_days: Mapped[int | None]

    booking: Mapped[Booking] = relationship(innerjoin=True)

    @property
    def is_settled(self) -> bool:
        """Whether the money has come, whatever happened to it since."""
        return self.status in _SETTLED

    def can_become(self, status: TransactionStatus) -> bool:
        """Return whether the status may follow the present one."""
        return status in TRANSACTION_TRANSITIONS[self.status]

    def __str__(self) -> str:
        return f"£{self.amount} by {self.payment_method}, payment {self.id}"


class RefundStatus(enum.StrEnum):
    """Where a refund stands."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"


REFUND_TRANSITIONS: Mapping[RefundStatus, frozenset[RefundStatus]] = {
    RefundStatus.PENDING: frozenset({RefundStatus.APPROVED, RefundStatus.REJECTED}),
    # Completed at once: a manual payment, by the person who paid it back.
    RefundStatus.APPROVED: frozenset({RefundStatus.PROCESSING, RefundStatus.COMPLETED}),
    RefundStatus.REJECTED: frozenset(),
    RefundStatus.PROCESSING: frozenset({RefundStatus.COMPLETED, RefundStatus.FAILED}),
    # Stripe may report it days later.
    RefundStatus.COMPLETED: frozenset({RefundStatus.FAILED}),
    RefundStatus.FAILED: frozenset({RefundStatus.PROCESSING}),
}

#: A payment has one refund in these at most.
OPEN_REFUND_STATUSES = frozenset(
    {RefundStatus.PENDING, RefundStatus.APPROVED, RefundStatus.PROCESSING}
)


class Refund(Versioned, Model):
    """Money given back of one payment, with the rule and the sums in words."""

    __tablename__ = "refunds"
    __table_args__ = (
        CheckConstraint("amount >= 0", name="amount"),
        CheckConstraint("processing_fee >= 0", name="processing_fee"),
        CheckConstraint(
            "net_refund >= 0 AND net_refund = amount - processing_fee", name="net_refund"
        ),
        CheckConstraint("attempt >= 0", name="attempt"),
        Index(
            "uq_refunds_open_per_payment",
            "payment_transaction_id",
            unique=True,
            postgresql_where=text("status IN ('pending', 'approved', 'processing')"),
        ),
        Index("ix_refunds_created_at", "created_at"),
        search_index("refunds", "refund_reference", "COALESCE(stripe_refund_id, ''::text)"),
    )
    __searched__ = ("refund_reference", "stripe_refund_id")

    booking_id: Mapped[int] = mapped_column(
        ForeignKey("bookings.id", ondelete="RESTRICT"), index=True
    )
    #: The customer.
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="RESTRICT"), index=True, info={"label": "Customer"}
    )
    payment_transaction_id: Mapped[int] = mapped_column(
        ForeignKey("payment_transactions.id", ondelete="RESTRICT"), index=True
    )
    processed_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="RESTRICT"), index=True
    )
    approved_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="RESTRICT"), index=True
    )
    refund_reference: Mapped[str] = mapped_column(unique=True, info={"label": "Reference"})
    #: Pounds, before the fee.
    amount: Mapped[Money]
    processing_fee: Mapped[Money] = mapped_column(
        default=0, server_default=text("0"), info={"label": "Fee"}
    )
    #: Pounds that are sent: amount less fee.
    net_refund: Mapped[Money] = mapped_column(info={"label": "Sent back"})
    status: Mapped[RefundStatus] = enum_column(
        "status",
        RefundStatus,
        default=RefundStatus.PENDING,
        server_default=RefundStatus.PENDING.value,
        index=True,
    )
    reason: Mapped[LongText] = mapped_column(default="", server_default="")
    rejection_reason: Mapped[LongText | None]
    failure_reason: Mapped[LongText | None]
    #: The rule, the days and the sums, in words, as shown to both sides.
    calculation: Mapped[Json] = mapped_column(default=dict, server_default=text("'{}'::jsonb"))
    stripe_refund_id: Mapped[str | None] = mapped_column(unique=True)
    #: How often it was sent; each attempt has a new key.
    attempt: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    idempotency_key: Mapped[str | None] = mapped_column(unique=True)
    #: The last day for a consumer's money: 14 days after notice (Consumer Contracts
    #: Regulations 2013, regulation 34).
    refund_due_by: Mapped[date | None] = mapped_column(index=True, info={"label": "Due by"})
    requested_at: Mapped[datetime] = mapped_column(server_default=text("now()"), index=True)
    approved_at: Mapped[datetime | None]
    processed_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None] = mapped_column(index=True)
    #: The payout that this was taken from.
    stripe_payout: Mapped[str | None] = mapped_column(index=True)

    booking: Mapped[Booking] = relationship(innerjoin=True)
    user: Mapped[User] = relationship(foreign_keys=[user_id], innerjoin=True)
    payment_transaction: Mapped[PaymentTransaction] = relationship(innerjoin=True)
    processed_by: Mapped[User | None] = relationship(foreign_keys=[processed_by_id])
    approved_by: Mapped[User | None] = relationship(foreign_keys=[approved_by_id])

    @property
    def is_open(self) -> bool:
        """Whether it still waits to be decided or sent."""
        return self.status in OPEN_REFUND_STATUSES

    def can_become(self, status: RefundStatus) -> bool:
        """Return whether the status may follow the present one."""
        return status in REFUND_TRANSITIONS[self.status]

    def __str__(self) -> str:
        return self.refund_reference


class StripeEvent(Model):
    """An event that Stripe told us of, received once; what it means is fetched again."""

    __tablename__ = "stripe_events"
    __table_args__ = (
        Index("ix_stripe_events_created_at", "created_at"),
        search_index("stripe_events", "stripe_event_id", "event_type", "object_id"),
    )
    __searched__ = ("stripe_event_id", "event_type", "object_id")

    stripe_event_id: Mapped[str] = mapped_column(unique=True)
    event_type: Mapped[str] = mapped_column(index=True)
    #: The id of the object it tells of, for example "pi_…".
    object_id: Mapped[str] = mapped_column(default="", server_default="", index=True)
    #: Emptied by the retention job; the ids stay.
    payload: Mapped[Json] = mapped_column(info={"unquoted": True})
    livemode: Mapped[bool] = mapped_column(info={"label": "Live"})
    processed_at: Mapped[datetime | None] = mapped_column(index=True, info={"label": "Done"})
    error_message: Mapped[LongText | None] = mapped_column(info={"label": "Error"})

    def __str__(self) -> str:
        return f"{self.event_type} {self.stripe_event_id}"


class InvoiceKind(enum.StrEnum):
    """What a numbered document is."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


class NumberSeries(Model):
    """The counter of one gapless series: locked, raised and used in one transaction."""

    __tablename__ = "number_series"
    __table_args__ = (CheckConstraint("last_number >= 0", name="last_number"),)

    #: For example "INV-2027".
    name: Mapped[str] = mapped_column(unique=True)
    last_number: Mapped[int] = mapped_column(default=0, server_default=text("0"))

    def __str__(self) -> str:
        return self.name


class Invoice(Model):
    """An invoice or a credit note: numbered without gaps, frozen as issued."""

    __tablename__ = "invoices"
    __table_args__ = (
        CheckConstraint("total >= 0", name="total"),
        CheckConstraint("(kind = 'credit_note') = (credits_invoice_id IS NOT NULL)", name="credit"),
    )

    #: INV-2027-00001 or CRN-2027-00001.
    invoice_number: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[InvoiceKind] = enum_column("kind", InvoiceKind, index=True)
    booking_id: Mapped[int] = mapped_column(
        ForeignKey("bookings.id", ondelete="RESTRICT"), index=True
    )
    #: The invoice that a credit note takes back, wholly or in part.
    credits_invoice_id: Mapped[int | None] = mapped_column(
        ForeignKey("invoices.id", ondelete="RESTRICT"), index=True
    )
    #: The refund that a credit note belongs to; None closes an unpaid invoice.
    refund_id: Mapped[int | None] = mapped_column(
        ForeignKey("refunds.id", ondelete="RESTRICT"), unique=True
    )
    issue_date: Mapped[date] = mapped_column(index=True, info={"label": "Issued"})
    due_date: Mapped[date | None] = mapped_column(index=True)
    #: The latest reminder sent, in days from the due date: -3, 3 or 10.
    last_reminder_days: Mapped[int | None]
    #: Pounds; a credit note's total is what it takes back.
    total: Mapped[Money]
    #: Seller, customer, purchase order, lines and totals as printed.
    content: Mapped[Json]
    stored_file_id: Mapped[int | None] = mapped_column(
        ForeignKey("stored_files.id", ondelete="RESTRICT"), unique=True
    )

    booking: Mapped[Booking] = relationship(innerjoin=True)
    credits_invoice: Mapped["Invoice | None"] = relationship(remote_side="Invoice.id")
    refund: Mapped[Refund | None] = relationship()
    stored_file: Mapped[StoredFile | None] = relationship()

    def __str__(self) -> str:
        return self.invoice_number


class DifferenceKind(enum.StrEnum):
    """How our books and Stripe's differ."""

    #: Stripe moved money that we know nothing of.
    MISSING_HERE = "missing_here"
    #: We believe in money that Stripe never moved.
    MISSING_AT_STRIPE = "missing_at_stripe"
    AMOUNT = "amount"
    FEE = "fee"
    #: A payout that is not the sum of its entries.
    PAYOUT = "payout"
    #: An entry of a kind that has no row with us: a correction, a charge of Stripe's own.
    UNEXPECTED = "unexpected"


class DifferenceStatus(enum.StrEnum):
    """Whether a person has worked a difference through."""

    OPEN = "open"
    RESOLVED = "resolved"


class ReconciliationDifference(Versioned, Model):
    """A difference between our books and Stripe's, for a person to work through."""

    __tablename__ = "reconciliation_differences"
    __table_args__ = (
        CheckConstraint("(status = 'resolved') = (resolved_at IS NOT NULL)", name="resolved"),
        UniqueConstraint("kind", "stripe_object_id"),
        Index("ix_reconciliation_differences_created_at", "created_at"),
    )

    kind: Mapped[DifferenceKind] = enum_column("kind", DifferenceKind, index=True)
    status: Mapped[DifferenceStatus] = enum_column(
        "status",
        DifferenceStatus,
        default=DifferenceStatus.OPEN,
        server_default=DifferenceStatus.OPEN.value,
        index=True,
    )
    #: What moved the money at Stripe: a charge, a refund, a payout, an entry.
    stripe_object_id: Mapped[str] = mapped_column(info={"label": "At Stripe"})
    #: Pounds, negative where money left us; None where there is nothing.
    our_amount: Mapped[Money | None] = mapped_column(info={"label": "By our books"})
    stripe_amount: Mapped[Money | None] = mapped_column(info={"label": "By Stripe's"})
    payment_transaction_id: Mapped[int | None] = mapped_column(
        ForeignKey("payment_transactions.id", ondelete="RESTRICT"),
        index=True,
        info={"label": "Payment"},
    )
    refund_id: Mapped[int | None] = mapped_column(
        ForeignKey("refunds.id", ondelete="RESTRICT"), index=True
    )
    explanation: Mapped[str]
    #: What the person found and did.
    note: Mapped[str] = mapped_column(default="", server_default="")
    #: None where the nightly comparison found it gone by itself.
    resolved_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="RESTRICT"), index=True
    )
    resolved_at: Mapped[datetime | None]

    payment_transaction: Mapped[PaymentTransaction | None] = relationship()
    refund: Mapped[Refund | None] = relationship()
    resolved_by: Mapped[User | None] = relationship(foreign_keys=[resolved_by_id])

    @property
    def is_open(self) -> bool:
        """Whether nobody has worked it through yet."""
        return self.status is DifferenceStatus.OPEN

    def __str__(self) -> str:
        return f"{self.stripe_object_id}, {self.kind.value.replace('_', ' ')}"
