"""Rows locked in the one order: schedule, booking, payment, refund."""

from typing import TypeVar

from sqlalchemy import select

from rft_admin.bookings import places
from rft_admin.bookings.models import Booking
from rft_admin.core.database import Model, db
from rft_admin.core.errors import NotFound
from rft_admin.payments.models import PaymentTransaction, Refund

Row = TypeVar("Row", bound=Model)


def lock_booking(booking_id: int) -> Booking:
    """Lock the booking's schedule, then the booking, and return it as it is now.

    :raises NotFound: if there is no such booking.
    :raises ChangedMeanwhile: if it was moved to another date at this very moment.
    """
    booking = db.session.get(Booking, booking_id)
    if booking is None:
        raise NotFound
    return places.lock_booking(booking)


def lock_payment(payment_id: int) -> PaymentTransaction:
    """Lock the payment, whose booking is locked already, and return it as it is now.

    :raises NotFound: if there is no such payment.
    """
    return _lock(PaymentTransaction, payment_id)


def lock_refund(refund_id: int) -> Refund:
    """Lock the refund's booking and payment, then the refund, and return it as it is now.

    :raises NotFound: if there is no such refund.
    """
    ids = db.session.execute(
        select(Refund.booking_id, Refund.payment_transaction_id).where(Refund.id == refund_id)
    ).one_or_none()
    if ids is None:
        raise NotFound
    lock_booking(ids.booking_id)
    lock_payment(ids.payment_transaction_id)
    return _lock(Refund, refund_id)


def _lock(model: type[Row], row_id: int) -> Row:
    row = db.session.scalar(
        select(model)
        .where(model.id == row_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound
    return row
