"""Expired holds are tidied: the places were free already, the rows follow."""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import func, select

from rft_admin.bookings import states
from rft_admin.bookings.models import Booking, BookingStatus, PaymentStatus
from rft_admin.bookings.placing import HOLD_EXPIRED
from rft_admin.core.actor import Actor
from rft_admin.core.database import db

#: How many expired holds one run of the tidy job looks at.
BATCH = 50


def list_expired_holds(*, limit: int = BATCH) -> Sequence[Booking]:
    """Return unpaid pending bookings whose hold has expired by the database's clock.

    They come by date, then booking: the order in which they are locked.
    """
    return db.session.scalars(
        select(Booking)
        .where(
            Booking.status == BookingStatus.PENDING,
            Booking.payment_status != PaymentStatus.PAID,
            Booking.hold_expires_at <= func.clock_timestamp(),
        )
        .order_by(Booking.course_schedule_id, Booking.id)
        .limit(limit)
    ).all()


def expire_hold(booking: Booking, *, now: datetime, by: Actor) -> bool:
    """Cancel a booking whose hold has expired; return False if that is no longer so.

    Stripe was asked before. The booker gets no letter: he left without paying.
    """
    db.session.refresh(booking)
    if booking.status is not BookingStatus.PENDING or booking.holds_places_at(now):
        return False
    states.cancel(booking, reason=HOLD_EXPIRED, now=now, by=by, tell=False)
    return True


def expire_holds(*, now: datetime, is_paid: Callable[[Booking], bool], by: Actor) -> int:
    """Cancel the bookings whose hold has expired unpaid; return how many.

    :param is_paid: asks the payment's provider; it is called for all before any row is locked.
    """
    unpaid = [booking for booking in list_expired_holds() if not is_paid(booking)]
    return sum(expire_hold(booking, now=now, by=by) for booking in unpaid)
