"""The room's front: taking payment, and what was paid."""

from datetime import datetime
from decimal import Decimal

from rft_admin.accounts import audit
from rft_admin.bookings import states
from rft_admin.bookings.models import Booking, BookingStatus
from rft_admin.core.actor import Actor
from rft_admin.core.database import db
from rft_admin.core.errors import DomainError
from rft_admin.core.money import format_pounds, pounds
from rft_admin.payments import invoices, ledger, letters, locks
from rft_admin.payments.checkout import start_checkout
from rft_admin.payments.ledger import amount_due, amount_paid
from rft_admin.payments.models import PaymentTransaction, Provider, TransactionStatus
from rft_admin.payments.recording import apply_checkout

__all__ = ["amount_due", "amount_paid", "apply_checkout", "record_payment", "start_checkout"]

#: What the office may choose.
MANUAL_METHODS = ("bank transfer", "cash", "card by phone", "cheque")


class NotPayable(DomainError):
    """A cancelled booking cannot be paid. Reinstate it first."""

    status = 409


class AmountWrong(DomainError):
    """Please enter an amount above nothing and not above what is still to be paid."""

    field = "amount"


class MethodUnknown(DomainError):
    """Please choose how it was paid."""

    field = "payment_method"


def record_payment(
    *,
    booking: Booking,
    amount: Decimal,
    method: str,
    now: datetime,
    by: Actor,
    reference: str = "",
) -> PaymentTransaction:
    """Record money that came outside Stripe; a booking that is then fully paid is confirmed.

    :param reference: what the bank statement says; kept in the audit.
    :raises NotPayable: if the booking is cancelled.
    :raises AmountWrong: if the amount is nothing, or more than is due.
    :raises SoldOut: if the booking's hold has expired and its places are gone.
    """
    booking = locks.lock_booking(booking.id)
    amount = pounds(amount)
    if booking.is_cancelled:
        raise NotPayable
    due = ledger.amount_due(booking)
    if not 0 < amount <= due:
        raise AmountWrong(
            f"Please enter an amount up to {format_pounds(due)}, which is still to be paid. "
            "Pay back by hand what came beyond it."
        )
    if method not in MANUAL_METHODS:
        raise MethodUnknown
    payment = PaymentTransaction(
        booking=booking,
        amount=amount,
        provider=Provider.MANUAL,
        payment_method=method,
        status=TransactionStatus.SUCCEEDED,
        net_amount=amount,
        created_at=now,
    )
    db.session.add(payment)
    ledger.restate(payment, booking)
    audit.record("payment_recorded", by=by, entity=payment, reason=reference.strip() or None)
    if amount == due and booking.status is BookingStatus.PENDING:
        states.settle(booking, now=now, by=by)
    invoice = invoices.issue_invoice(booking, now=now, by=by)
    letters.payment_received(booking, payment, invoice, due=due - amount, now=now)
    return payment
