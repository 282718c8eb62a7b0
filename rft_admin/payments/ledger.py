"""What a booking has brought in and given back, in pounds: sums of rows, never a counter."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, func, select

from rft_admin.bookings.models import Booking, PaymentStatus
from rft_admin.core.database import db
from rft_admin.core.money import ZERO, pounds
from rft_admin.payments.models import (
    PaymentTransaction,
    Refund,
    RefundStatus,
    TransactionStatus,
)

SETTLED = (
    TransactionStatus.SUCCEEDED,
    TransactionStatus.PARTIALLY_REFUNDED,
    TransactionStatus.REFUNDED,
    TransactionStatus.DISPUTED,
)
#: Refunds that give nothing back.
VOID = (RefundStatus.REJECTED, RefundStatus.FAILED)


@dataclass(frozen=True)
class _Sums:
    """The sums of many bookings, by their ids; what is not there is nothing."""

    booking_ids: frozenset[int]
    paid: dict[int, Decimal]
    promised: dict[int, Decimal]
    returned: dict[int, Decimal]
    has_paid_fee: frozenset[int]


_ahead: ContextVar[_Sums | None] = ContextVar("sums_read_ahead", default=None)


@contextmanager
def read_ahead(bookings: Sequence[Booking]) -> Iterator[None]:
    """Answer for these bookings from four sums read now: for pages that only show them.

    What is paid meanwhile is not seen inside, so nothing may be decided here for good.
    """
    ids = [booking.id for booking in bookings]
    live = Refund.status.not_in(VOID)
    token = _ahead.set(
        _Sums(
            booking_ids=frozenset(ids),
            paid=_sums(PaymentTransaction, PaymentTransaction.amount, ids, _is_settled()),
            promised=_sums(Refund, Refund.net_refund, ids, live),
            returned=_sums(Refund, Refund.net_refund, ids, Refund.status == RefundStatus.COMPLETED),
            has_paid_fee=frozenset(
                _sums(Refund, Refund.processing_fee, ids, live & (Refund.processing_fee > 0))
            ),
        )
    )
    try:
        yield
    finally:
        _ahead.reset(token)


def _read_ahead_of(booking: Booking) -> _Sums | None:
    sums = _ahead.get()
    return sums if sums is not None and booking.id in sums.booking_ids else None


def _is_settled() -> ColumnElement[bool]:
    return PaymentTransaction.status.in_(SETTLED)


def _sums(
    table: type[PaymentTransaction] | type[Refund],
    amount: Any,
    ids: list[int],
    condition: ColumnElement[bool],
) -> dict[int, Decimal]:
    statement = (
        select(table.booking_id, func.sum(amount))
        .where(table.booking_id.in_(ids), condition)
        .group_by(table.booking_id)
    )
    return {booking_id: pounds(total) for booking_id, total in db.session.execute(statement)}


def amount_paid(booking: Booking) -> Decimal:
    """Return the pounds that came in for the booking, whatever went back since."""
    if sums := _read_ahead_of(booking):
        return sums.paid.get(booking.id, ZERO)
    return pounds(
        db.session.scalar(
            select(func.coalesce(func.sum(PaymentTransaction.amount), ZERO)).where(
                PaymentTransaction.booking_id == booking.id,
                PaymentTransaction.status.in_(SETTLED),
            )
        )
        or ZERO
    )


def amount_refunded(booking: Booking) -> Decimal:
    """Return the pounds given back or promised: every refund neither rejected nor failed."""
    if sums := _read_ahead_of(booking):
        return sums.promised.get(booking.id, ZERO)
    return _sum_of_refunds(Refund.booking_id == booking.id, Refund.status.not_in(VOID))


def amount_returned(booking: Booking) -> Decimal:
    """Return the pounds that were sent back: every completed refund."""
    if sums := _read_ahead_of(booking):
        return sums.returned.get(booking.id, ZERO)
    return _sum_of_refunds(Refund.booking_id == booking.id, Refund.status == RefundStatus.COMPLETED)


def amount_kept(booking: Booking) -> Decimal:
    """Return the pounds that came in and are neither given back nor promised."""
    return amount_paid(booking) - amount_refunded(booking)


def amount_due(booking: Booking) -> Decimal:
    """Return the pounds still to be paid; nothing for a cancelled booking."""
    if booking.is_cancelled:
        return ZERO
    kept = amount_paid(booking) - amount_returned(booking)
    refunded = booking.payment_status in {
        PaymentStatus.REFUNDED,
        PaymentStatus.PARTIALLY_REFUNDED,
    }
    return ZERO if refunded else max(ZERO, booking.payment_amount - kept)


def total_due(condition: ColumnElement[bool]) -> Decimal:
    """Return the pounds still to be paid of all bookings that fit, none of them paid in full."""
    return pounds(db.session.scalar(select(due_of(condition))) or ZERO)


def due_of(condition: ColumnElement[bool]) -> ScalarSelect[Decimal]:
    """Return that sum as an expression, for whoever asks more at once."""
    paid = select(func.coalesce(func.sum(PaymentTransaction.amount), ZERO)).where(
        PaymentTransaction.booking_id == Booking.id, _is_settled()
    )
    returned = select(func.coalesce(func.sum(Refund.net_refund), ZERO)).where(
        Refund.booking_id == Booking.id, Refund.status == RefundStatus.COMPLETED
    )
    rest = Booking.payment_amount - paid.scalar_subquery() + returned.scalar_subquery()
    total = select(func.coalesce(func.sum(func.greatest(rest, ZERO)), ZERO)).where(condition)
    return total.scalar_subquery()


def has_paid_fee(booking: Booking) -> bool:
    """Return whether the refund fee, due once per booking, was taken already."""
    if sums := _read_ahead_of(booking):
        return booking.id in sums.has_paid_fee
    fee = select(Refund.id).where(
        Refund.booking_id == booking.id,
        Refund.status.not_in(VOID),
        Refund.processing_fee > 0,
    )
    return db.session.scalar(fee.limit(1)) is not None


def list_payments(booking: Booking) -> list[PaymentTransaction]:
    """Return the payments that brought money in, oldest first."""
    return list(
        db.session.scalars(
            select(PaymentTransaction)
            .where(
                PaymentTransaction.booking_id == booking.id,
                PaymentTransaction.status.in_(SETTLED),
            )
            .order_by(PaymentTransaction.id)
        )
    )


def refundable(payment: PaymentTransaction) -> Decimal:
    """Return the pounds of a payment that are neither given back nor promised."""
    promised = _sum_of_refunds(
        Refund.payment_transaction_id == payment.id, Refund.status.not_in(VOID)
    )
    return payment.amount - promised


def restate(payment: PaymentTransaction, booking: Booking) -> None:
    """Set the payment's and the booking's status from the completed refunds.

    A disputed payment stays disputed until Stripe closes the dispute.
    """
    db.session.flush()
    returned = _sum_of_refunds(
        Refund.payment_transaction_id == payment.id, Refund.status == RefundStatus.COMPLETED
    )
    payment.amount_refunded = returned
    if payment.status is not TransactionStatus.DISPUTED:
        payment.status = settled_status(payment)
    db.session.flush()
    booking.payment_status = _status_of(booking)


def restate_booking(booking: Booking) -> None:
    """Set the booking's payment status anew after what is to be paid for it has changed."""
    db.session.flush()
    free = booking.payment_amount == 0
    booking.payment_status = PaymentStatus.PAID if free else _status_of(booking)
    db.session.flush()


def settled_status(payment: PaymentTransaction) -> TransactionStatus:
    """Return the status of a payment that came in, by what was given back of it."""
    if payment.amount_refunded <= 0:
        return TransactionStatus.SUCCEEDED
    if payment.amount_refunded < payment.amount:
        return TransactionStatus.PARTIALLY_REFUNDED
    return TransactionStatus.REFUNDED


def _status_of(booking: Booking) -> PaymentStatus:
    paid = amount_paid(booking)
    returned = amount_returned(booking)
    kept = paid - returned
    if paid > 0 and kept >= booking.payment_amount:
        return PaymentStatus.PAID
    if returned > 0:
        return PaymentStatus.REFUNDED if kept <= 0 else PaymentStatus.PARTIALLY_REFUNDED
    return PaymentStatus.PENDING


def _sum_of_refunds(*conditions: ColumnElement[bool]) -> Decimal:
    return pounds(
        db.session.scalar(
            select(func.coalesce(func.sum(Refund.net_refund), ZERO)).where(*conditions)
        )
        or ZERO
    )
