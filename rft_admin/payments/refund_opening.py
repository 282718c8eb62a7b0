"""A refund begins: its rows, one per payment, the job that sends it, and who is told."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import select

from rft_admin.bookings.models import Booking
from rft_admin.core import queue
from rft_admin.core.database import db
from rft_admin.core.money import ZERO, format_pounds
from rft_admin.core.references import random_reference
from rft_admin.messaging import notifications
from rft_admin.messaging.models import NotificationType, Priority
from rft_admin.payments import ledger, letters
from rft_admin.payments.models import (
    OPEN_REFUND_STATUSES,
    PaymentTransaction,
    Provider,
    Refund,
    RefundStatus,
)
from rft_admin.payments.tariff import RefundQuote


def open_for_booking(
    booking: Booking, quote: RefundQuote, *, reason: str, tell: bool, now: datetime
) -> Refund | None:
    """Spread the sum over the booking's payments, each with its own refund; tell both sides."""
    left, fee = quote.net, quote.fee
    opened: list[Refund] = []
    for payment in ledger.list_payments(booking):
        net = min(left, ledger.refundable(payment))
        if net <= 0 or find_open(payment) is not None:
            continue
        refund = add(payment, booking, quote, net=net, fee=fee, reason=reason, now=now)
        opened.append(refund)
        left, fee = left - net, ZERO
        if not quote.needs_approval:
            let_go(refund, now=now)
        if tell:
            _tell_of_request(refund, now=now)
    if left > 0:
        _tell_of_rest(booking, left, now=now)
    return opened[0] if opened else None


def add(
    payment: PaymentTransaction,
    booking: Booking,
    quote: RefundQuote,
    *,
    net: Decimal,
    fee: Decimal,
    reason: str,
    now: datetime,
) -> Refund:
    """Store a refund of one payment that waits for its decision.

    :param net: pounds to be sent; with the fee they are the refund's amount.
    """
    refund = Refund(
        booking=booking,
        user_id=booking.user_id,
        payment_transaction=payment,
        refund_reference=random_reference("REF"),
        amount=net + fee,
        processing_fee=fee,
        net_refund=net,
        status=RefundStatus.PENDING,
        reason=reason.strip(),
        calculation=quote.as_json(),
        refund_due_by=quote.due_by,
        requested_at=now,
    )
    db.session.add(refund)
    db.session.flush()
    return refund


def let_go(refund: Refund, *, now: datetime) -> None:
    """Mark it approved and have it sent, once, when this is committed."""
    refund.status = RefundStatus.APPROVED
    refund.approved_at = now
    db.session.flush()
    queue_sending(refund, now=now)


def queue_sending(refund: Refund, *, now: datetime) -> None:
    """Have a card refund sent by a job; ask the office to pay a manual one back."""
    if refund.payment_transaction.provider is Provider.STRIPE:
        queue.defer("send_refund", refund_id=refund.id)
    else:
        tell_office(refund, "Please pay back by hand", Priority.HIGH, now=now)


def find_open(payment: PaymentTransaction) -> Refund | None:
    """Return the payment's refund that still waits to be decided or sent, or None."""
    return db.session.scalar(
        select(Refund).where(
            Refund.payment_transaction_id == payment.id,
            Refund.status.in_(OPEN_REFUND_STATUSES),
        )
    )


def _tell_of_request(refund: Refund, *, now: datetime) -> None:
    letters.refund_requested(refund, now=now)
    letters.refund_requested_office(refund, now=now)
    tell_office(refund, "Refund requested", Priority.MEDIUM, now=now)


def tell_office(refund: Refund, what: str, priority: Priority, *, now: datetime) -> None:
    """Notify the office of a refund, with its calculation."""
    notifications.notify_office(
        type=NotificationType.REFUND_REQUESTED,
        title=f"{what}: {format_pounds(refund.net_refund)} for {refund.booking.booking_reference}",
        message=" ".join(refund.calculation.get("words", [])),
        priority=priority,
        action_url=f"/admin/refunds/details/?id={refund.id}",
        booking_id=refund.booking_id,
        now=now,
    )


def _tell_of_rest(booking: Booking, rest: Decimal, *, now: datetime) -> None:
    notifications.notify_office(
        type=NotificationType.REFUND_REQUESTED,
        title=f"{format_pounds(rest)} more to give back for {booking.booking_reference}",
        message="Another refund of the same payment is not finished yet. Finish it, then ask for "
        "the rest.",
        priority=Priority.HIGH,
        action_url=f"/admin/bookings/details/?id={booking.id}",
        booking_id=booking.id,
        now=now,
    )
