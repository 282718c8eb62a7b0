"""What bookers are told shortly before the course."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from rft_admin.bookings import letters
from rft_admin.bookings.models import Booking, BookingStatus
from rft_admin.bookings.states import CannotChange
from rft_admin.catalogue.models import CourseSchedule, ScheduleStatus
from rft_admin.core.actor import Actor
from rft_admin.core.clock import end_of_london_day, london_date
from rft_admin.core.database import db
from rft_admin.core.formats import label_of
from rft_admin.messaging import settings
from rft_admin.messaging.models import EmailLog


def list_due_reminders(*, now: datetime) -> Sequence[Booking]:
    """Return confirmed bookings whose course is near and that were not reminded yet."""
    if not settings.send_booking_reminders():
        return []
    last_day = london_date(now) + timedelta(days=settings.reminder_days_before())
    return db.session.scalars(
        select(Booking)
        .join(Booking.course_schedule)
        .where(
            Booking.status == BookingStatus.CONFIRMED,
            ~Booking.reminder_sent,
            CourseSchedule.status != ScheduleStatus.CANCELLED,
            CourseSchedule.start_datetime > now,
            CourseSchedule.start_datetime < end_of_london_day(last_day),
        )
        .order_by(Booking.id)
        .options(joinedload(Booking.user), joinedload(Booking.course_schedule))
    ).all()


def send_reminder(booking: Booking, *, now: datetime, by: Actor) -> EmailLog:
    """Queue the reminder and note that it was sent.

    :raises CannotChange: unless the booking is confirmed and its course still to come.
    """
    if booking.status is not BookingStatus.CONFIRMED:
        raise CannotChange(
            f"Booking {booking.booking_reference} is {label_of(booking.status).lower()}:"
            " only confirmed bookings are reminded."
        )
    if booking.course_schedule.start_datetime <= now:
        raise CannotChange("The course has begun; there is nothing left to remind of.")
    booking.reminder_sent = True
    db.session.flush()
    return letters.reminder(booking, now=now)
