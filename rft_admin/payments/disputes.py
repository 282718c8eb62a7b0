"""Disputes and other differences with Stripe: written down, and the office is told."""

from datetime import datetime, timedelta

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
#: The states in which the office has to act.
NEEDS_EVIDENCE = ("needs_response", "warning_needs_response")
#: When the office is alerted, in days before the evidence is due.
ALERT_DAYS = (7, 2)


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
    _note_state(payment, dispute)
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


def warn_of_deadlines(*, now: datetime) -> int:
    """Alert the office 7 and 2 days before evidence is due; return how many alerts.

    Each alert goes out once; evidence that was handed in is not asked for any more.
    """
    waiting = db.session.scalars(
        select(PaymentTransaction)
        .where(
            PaymentTransaction.dispute_status.in_(NEEDS_EVIDENCE),
            PaymentTransaction.dispute_evidence_due_at > now,
            PaymentTransaction.dispute_evidence_due_at <= now + timedelta(days=ALERT_DAYS[0]),
        )
        .order_by(PaymentTransaction.id)
        .with_for_update(key_share=True)
    ).all()
    return sum(_alert(payment, now=now) for payment in waiting)


def _alert(payment: PaymentTransaction, *, now: datetime) -> bool:
    due_at = payment.dispute_evidence_due_at or now
    reached = [days for days in ALERT_DAYS if due_at - now <= timedelta(days=days)]
    if payment.dispute_alert_days is not None and payment.dispute_alert_days <= reached[-1]:
        return False
    payment.dispute_alert_days = reached[-1]
    db.session.flush()
    tell_of_difference(
        f"Evidence for a dispute is due by {format_moment(due_at)}",
        f"{format_pounds(payment.amount)} of {payment.booking.booking_reference} is lost without "
        "it. Hand it in at Stripe's dashboard: the booking, the confirmation, the register.",
        now=now,
        action_url=f"/admin/payment_transactions/details/?id={payment.id}",
        booking_id=payment.booking_id,
    )
    return True


def _note_state(payment: PaymentTransaction, dispute: Dispute) -> None:
    payment.dispute_status = dispute.status
    if payment.dispute_evidence_due_at != dispute.evidence_due_at:
        payment.dispute_evidence_due_at = dispute.evidence_due_at
        payment.dispute_alert_days = None


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
