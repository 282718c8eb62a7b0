"""Cancelling a date: everybody is told and gets everything back, in an act that can be resumed."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial

from sqlalchemy import select

from rft_admin.accounts import audit
from rft_admin.bookings import letters as booking_letters
from rft_admin.bookings.models import Booking, BookingStatus
from rft_admin.catalogue.models import ScheduleStatus
from rft_admin.catalogue.schedules import lock_schedules
from rft_admin.core.actor import Actor
from rft_admin.core.database import db, transact
from rft_admin.core.errors import DomainError
from rft_admin.core.money import ZERO
from rft_admin.payments import refunds, tariff

_LIVE = (BookingStatus.PENDING, BookingStatus.CONFIRMED)


class ScheduleOver(DomainError):
    """The date is completed, so it can no longer be cancelled."""

    status = 409


class ReasonNeeded(DomainError):
    """Please give a reason; everybody who booked reads it."""

    field = "reason"


@dataclass(frozen=True, kw_only=True)
class CancellationPreview:
    """What cancelling a date would do."""

    bookings: list[Booking]
    #: Places, that is people.
    people: int
    #: Pounds that would be given back.
    refund_total: Decimal
    letters: int


def preview(*, schedule_id: int, now: datetime) -> CancellationPreview:
    """Return whom and what cancelling the date would touch."""
    live = [db.session.get_one(Booking, booking_id) for booking_id in _list_live(schedule_id)]
    quotes = [tariff.explain(booking, now, by_us=True) for booking in live]
    return CancellationPreview(
        bookings=live,
        people=sum(booking.number_of_places for booking in live),
        refund_total=sum((quote.net for quote in quotes), ZERO),
        letters=len(live),
    )


def cancel_schedule(*, schedule_id: int, reason: str, now: datetime, by: Actor) -> int:
    """Cancel a date, then each booking with its refund in full; return how many bookings.

    Opens its own units of work, one for the date and one per booking: interrupted, it is called
    again and goes on where it stopped. Call it outside one.

    :raises NoSuchSchedule: if there is no such date.
    :raises ScheduleOver: if the date is completed.
    :raises ReasonNeeded: if the reason is empty.
    """
    if not reason.strip():
        raise ReasonNeeded
    transact(lambda: _close_date(schedule_id, reason.strip()), by=by)
    booking_ids = transact(lambda: _list_live(schedule_id), by=by)
    for booking_id in booking_ids:
        transact(partial(_cancel_one, booking_id, reason.strip(), now=now, by=by), by=by)
    return len(booking_ids)


def _close_date(schedule_id: int, reason: str) -> None:
    schedule = lock_schedules([schedule_id])[schedule_id]
    if schedule.status is ScheduleStatus.CANCELLED:
        return
    if not schedule.can_become(ScheduleStatus.CANCELLED):
        raise ScheduleOver
    with audit.acting("cancelled"):
        schedule.status = ScheduleStatus.CANCELLED
        schedule.cancellation_reason = reason


def _list_live(schedule_id: int) -> list[int]:
    return list(
        db.session.scalars(
            select(Booking.id)
            .where(Booking.course_schedule_id == schedule_id, Booking.status.in_(_LIVE))
            .order_by(Booking.id)
        )
    )


def _cancel_one(booking_id: int, reason: str, *, now: datetime, by: Actor) -> None:
    booking = db.session.get_one(Booking, booking_id)
    if booking.status not in _LIVE:
        return
    refunds.cancel_and_refund(
        booking=booking, reason=reason, now=now, by=by, by_us=True, tell=False
    )
    booking_letters.schedule_cancelled(booking, reason=reason, now=now)
