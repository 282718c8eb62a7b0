"""The screens of money: payments and refunds."""

from typing import Any

from flask_admin.form import BaseForm
from wtforms import SelectField
from wtforms.validators import InputRequired, NumberRange, Optional

from rft_admin.admin.actions import Action, Consequences, Done, Order, letter_to
from rft_admin.admin.base import ListScope, TableView
from rft_admin.admin.bookings import reference_to
from rft_admin.admin.fields import LongTextField, PoundsField, TextField
from rft_admin.admin.fields_of_actions import METHODS, ApprovalForm, ToldReasonForm
from rft_admin.admin.panels import Panel
from rft_admin.admin.registry import details_address, screen
from rft_admin.bookings.models import Booking
from rft_admin.core import clock
from rft_admin.core.database import db
from rft_admin.core.formats import label_of
from rft_admin.core.money import ZERO, format_pounds
from rft_admin.payments import refunds
from rft_admin.payments import service as payments
from rft_admin.payments.models import (
    PaymentTransaction,
    ReconciliationDifference,
    Refund,
    RefundStatus,
    TransactionStatus,
)

NEEDED = InputRequired("Please fill this in.")
MORE = NumberRange(min=0.01, message="Please enter more.")


def _approve(refund: Any, order: Order) -> Done:
    refunds.approve(
        refund=refund,
        amount=order.values["amount"],
        reason=order.values["reason"] or None,
        now=order.now,
        by=order.by,
    )
    words = f"Refund {refund} of {format_pounds(refund.net_refund)} approved and on its way."
    return Done(words, details_address(refund))


def _reject(refund: Any, order: Order) -> Done:
    refunds.reject(refund=refund, reason=order.values["reason"], now=order.now, by=order.by)
    return Done(f"Refund {refund} rejected; the customer is told why.", details_address(refund))


def _retry(refund: Any, order: Order) -> Done:
    refunds.retry(refund=refund, now=order.now, by=order.by)
    return Done(f"Refund {refund} is sent again.", details_address(refund))


def _unless(*statuses: RefundStatus) -> Any:
    def hindrance(refund: Any) -> str | None:
        return None if refund.status in statuses else f"It is {label_of(refund.status).lower()}."

    return hindrance


def _sums(template: str) -> Any:
    def consequences(rows: list[Any]) -> Consequences:
        notes = [
            f"{row}: {' '.join(row.calculation.get('words', []))}"
            for row in rows
            if row.calculation.get("words")
        ]
        return Consequences(
            sums=[
                ("Amount", format_pounds(sum((row.amount for row in rows), ZERO))),
                ("Fee", format_pounds(sum((row.processing_fee for row in rows), ZERO))),
                ("Sent back", format_pounds(sum((row.net_refund for row in rows), ZERO))),
            ],
            notes=notes,
            letters=[letter_to(template, row.user.email) for row in rows],
        )

    return consequences


class NewRefundForm(BaseForm):  # type: ignore[misc] # Flask-Admin ships no types
    """A refund to be approved."""

    booking_id = reference_to("bookings", "Booking", validators=[NEEDED])
    amount = PoundsField(
        "Amount to send",
        description="Empty: by the tariff the booking was sold under.",
        validators=[Optional(), MORE],
    )
    reason = LongTextField("Reason", validators=[NEEDED])


@screen(Refund)
class RefundView(TableView):
    """Refunds wait here for approval."""

    group, icon, singular = "Money", "undo", "refund"
    can_delete = False
    question = "What is to be paid back, to whom, by which rule, and where does it stand?"
    column_list = (
        "refund_reference",
        "booking_id",
        "user_id",
        "net_refund",
        "processing_fee",
        "status",
        "requested_at",
        "refund_due_by",
    )
    column_searchable_list = (
        "refund_reference",
        "booking.booking_reference",
        "user.full_name",
        "user.email",
    )
    column_filters = (
        "status",
        "booking_id",
        "user_id",
        "amount",
        "requested_at",
        "refund_due_by",
        "stripe_payout",
    )
    default_order = (("requested_at", True),)
    main_date = "created_at"
    summed = ("amount", "processing_fee", "net_refund")
    scopes = {
        "waiting": ListScope("Waiting", lambda: Refund.status == RefundStatus.PENDING),
        "under_way": ListScope(
            "Under way",
            lambda: Refund.status.in_((RefundStatus.APPROVED, RefundStatus.PROCESSING)),
        ),
        "failed": ListScope("Failed", lambda: Refund.status == RefundStatus.FAILED),
    }
    new_form = NewRefundForm
    form_columns = ("reason",)
    not_in_form = {
        name: reason
        for names, reason in (
            (
                (
                    "booking_id",
                    "user_id",
                    "payment_transaction_id",
                    "refund_reference",
                    "requested_at",
                ),
                "as requested",
            ),
            (
                ("amount", "processing_fee", "net_refund", "calculation", "refund_due_by"),
                "reckoned; another amount is given when approving",
            ),
            (
                (
                    "status",
                    "approved_by_id",
                    "approved_at",
                    "processed_by_id",
                    "processed_at",
                    "completed_at",
                    "rejection_reason",
                    "failure_reason",
                    "stripe_refund_id",
                    "stripe_payout",
                    "attempt",
                    "idempotency_key",
                ),
                "changed by the actions and by Stripe",
            ),
        )
        for name in names
    }
    actions = (
        Action(
            name="approve_refund",
            is_primary=True,
            label="Approve refund",
            question="The money is sent back to where it came from, once.",
            run=_approve,
            form=ApprovalForm,
            hindrance=_unless(RefundStatus.PENDING),
            consequences=_sums("refund_approved"),
        ),
        Action(
            name="reject_refund",
            is_primary=True,
            label="Reject refund",
            question="Nothing is paid back; the customer is told why.",
            run=_reject,
            form=ToldReasonForm,
            hindrance=_unless(RefundStatus.PENDING),
            consequences=_sums("refund_rejected"),
            is_dangerous=True,
        ),
        Action(
            name="retry_refund",
            is_primary=True,
            label="Try again",
            question="The failed refund is sent again, as a new attempt.",
            run=_retry,
            hindrance=_unless(RefundStatus.FAILED),
            consequences=_sums("refund_completed"),
        ),
    )

    def save_new(self, form: BaseForm) -> Any:
        """Put a refund up for approval."""
        return refunds.request_refund(
            booking=db.session.get_one(Booking, form.booking_id.data),
            amount=form.amount.data,
            reason=form.reason.data,
            now=clock.now(),
            by=self.actor(),
        )


class NewPaymentForm(BaseForm):  # type: ignore[misc] # as above
    """Money that came by transfer or in cash."""

    booking_id = reference_to("bookings", "Booking", validators=[NEEDED])
    amount = PoundsField("Amount", validators=[NEEDED, MORE])
    payment_method = SelectField("Paid by", choices=METHODS)
    reference = TextField("Reference on the statement", validators=[Optional()])


@screen(PaymentTransaction)
class PaymentTransactionView(TableView):
    """Payments, as Stripe or the office tells."""

    group, icon, title, singular = "Money", "card", "Payments", "payment"
    question = "What came in, by which way, for which booking, and what did it cost?"
    new_words = "Record a payment"
    can_edit = False
    can_delete = False
    column_list = (
        "created_at",
        "booking_id",
        "amount",
        "status",
        "provider",
        "payment_method",
        "amount_refunded",
        "net_amount",
    )
    column_labels = {"created_at": "When"}
    column_searchable_list = (
        "booking.booking_reference",
        "stripe_payment_intent_id",
        "stripe_charge_id",
    )
    column_filters = (
        "status",
        "provider",
        "booking_id",
        "amount",
        "created_at",
        "stripe_payout",
        "dispute_evidence_due_at",
    )
    default_order = (("created_at", True),)
    main_date = "created_at"
    summed = ("amount", "amount_refunded", "net_amount")
    scopes = {
        "received": ListScope(
            "Received", lambda: PaymentTransaction.status == TransactionStatus.SUCCEEDED
        ),
        "disputed": ListScope(
            "Disputed", lambda: PaymentTransaction.status == TransactionStatus.DISPUTED
        ),
        "manual": ListScope("Recorded by us", lambda: PaymentTransaction.provider == "manual"),
    }
    new_form = NewPaymentForm
    form_columns = ("booking_id", "amount", "payment_method")
    not_in_form = dict.fromkeys(
        (
            "stripe_payment_intent_id",
            "currency",
            "status",
            "provider",
            "stripe_checkout_session_id",
            "stripe_charge_id",
            "stripe_balance_transaction",
            "stripe_payout",
            "livemode",
            "fee_amount",
            "net_amount",
            "idempotency_key",
            "failure_message",
            "amount_refunded",
            "dispute_status",
            "dispute_evidence_due_at",
            "dispute_alert_days",
        ),
        "told by Stripe or reckoned; a payment is never edited",
    )
    panels = (
        Panel(
            "Differences with Stripe",
            ReconciliationDifference,
            "payment_transaction_id",
            ("kind", "status", "our_amount", "stripe_amount"),
        ),
        Panel(
            "Refunds",
            Refund,
            "payment_transaction_id",
            ("refund_reference", "status", "net_refund", "requested_at"),
        ),
    )

    def links(self, row: Any) -> list[tuple[str, str]]:
        """Lead to what was paid out together."""
        address = self.filter_url("stripe_payout", row.stripe_payout) if row.stripe_payout else None
        return [("All of this payout", address)] if address else []

    def save_new(self, form: BaseForm) -> Any:
        """Record an offline payment."""
        return payments.record_payment(
            booking=db.session.get_one(Booking, form.booking_id.data),
            amount=form.amount.data,
            method=form.payment_method.data,
            reference=form.reference.data or "",
            now=clock.now(),
            by=self.actor(),
        )
