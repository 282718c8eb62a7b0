"""Disputes and other differences with Stripe: written down, and the office is told."""

from datetime import datetime

from sqlalchemy import select

from rft_admin.core.database import db
from rft_admin.core.formats import format_moment, label_of
from rft_admin.core.money import format_pounds
from rft_admin.messaging import notifications
from rft_admin.messaging.models import NotificationType, Priority
from rft_admin.payments import ledger, locks
from rft_admin.payments.gateway_objects import Dispute
from rft_admin.payments.models import PaymentTransaction, TransactionStatus

#: The holder's bank gave the money back to us, or never took it.
_OURS_AGAIN = frozenset({"won", "warning_closed"})


def record_dispute(dispute: Dispute, *, now: datetime) -> None:
    """Mark the payment disputed, or free it when the dispute ended in our favour.

    A dispute that is lost leaves it disputed: the money is gone. One of a payment that is not
    ours changes nothing.
    """
    payment_id = db.session.scalar(
        select(PaymentTransaction.id).where(
            PaymentTransaction.stripe_payment_intent_id == dispute.payment_intent_id,
            PaymentTransaction.stripe_payment_intent_id.is_not(None),
        )
    )
    if payment_id is None:
        return
    payment = db.session.get_one(PaymentTransaction, payment_id)
    booking = locks.lock_booking(payment.booking_id)
    payment = locks.lock_payment(payment_id)
    before = (payment.status, payment.failure_message)
    if dispute.status in _OURS_AGAIN:
        payment.status = ledger.settled_status(payment)
    elif payment.is_settled:
        payment.status = TransactionStatus.DISPUTED
    payment.failure_message = _words(dispute)
    db.session.flush()
    if (payment.status, payment.failure_message) != before:
        tell_of_difference(
            f"Dispute over {format_pounds(dispute.amount)} for {booking.booking_reference}",
            payment.failure_message,
            now=now,
            action_url=f"/admin/payment_transactions/details/?id={payment.id}",
            booking_id=booking.id,
        )


def tell_of_difference(
    title: str,
    message: str,
    *,
    now: datetime,
    action_url: str = "/admin/payment_transactions/",
    booking_id: int | None = None,
) -> None:
    """Tell the office that our books and Stripe's need a person's eye."""
    notifications.notify_office(
        type=NotificationType.RECONCILIATION_DIFFERENCE,
        title=title,
        message=message,
        priority=Priority.URGENT,
        action_url=action_url,
        booking_id=booking_id,
        now=now,
    )


def _words(dispute: Dispute) -> str:
    words = f"Dispute {dispute.id}: {label_of(dispute.status)}, {label_of(dispute.reason).lower()}."
    if dispute.evidence_due_at is None or dispute.status != "needs_response":
        return words
    return f"{words} Evidence is due by {format_moment(dispute.evidence_due_at)}."
