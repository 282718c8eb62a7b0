"""A date changes after people have booked: they are told when and where it is now."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from rft_admin.bookings import letters, requirements
from rft_admin.bookings.calendar import venue_words
from rft_admin.bookings.models import Booking, BookingStatus
from rft_admin.catalogue import schedules
from rft_admin.catalogue.days import present_days
from rft_admin.catalogue.models import CourseSchedule, ScheduleStatus, Venue
from rft_admin.catalogue.schedules import DayTimes
from rft_admin.core.actor import Actor
from rft_admin.core.database import db


def change_schedule(
    schedule: CourseSchedule,
    *,
    values: Mapping[str, Any],
    days: Sequence[DayTimes] | None = None,
    now: datetime,
    by: Actor,
) -> CourseSchedule:
    """Change a date; at another time or place now, everybody with a confirmed booking is told.

    :raises DomainError: as :func:`schedules.update_schedule` refuses.
    """
    old_venue, old_days = venue_words(schedule), present_days(schedule)
    old_start = schedule.start_datetime
    schedules.update_schedule(schedule, values=values, days=days, by=by)
    if present_days(schedule) != old_days and old_start > now:
        _tell_times(schedule, old_start, now=now)
    elif venue_words(schedule) != old_venue:
        tell_venue(schedule, now=now, by=by)
    return schedule


def _tell_times(schedule: CourseSchedule, old_start: datetime, *, now: datetime) -> None:
    """Let the bookings follow the date's new times, and tell the confirmed ones."""
    live = (BookingStatus.PENDING, BookingStatus.CONFIRMED)
    bookings = db.session.scalars(
        select(Booking)
        .where(Booking.course_schedule_id == schedule.id, Booking.status.in_(live))
        .order_by(Booking.id)
        .options(joinedload(Booking.user))
    ).all()
    for booking in bookings:
        booking.booked_start = min(booking.booked_start, schedule.start_datetime)
        booking.reminder_sent = False
        requirements.follow_date(booking)
        if booking.status is BookingStatus.CONFIRMED:
            letters.booking_transferred(booking, old_date=old_start, now=now)


def tell_address(venue: Venue, *, now: datetime, by: Actor) -> int:
    """Tell everybody booked for a date at the venue its address; return how many letters.

    Called when an address becomes known or changes.
    """
    upcoming = db.session.scalars(
        select(CourseSchedule)
        .where(
            CourseSchedule.venue_id == venue.id,
            CourseSchedule.start_datetime > now,
            CourseSchedule.site_address == "",
        )
        .order_by(CourseSchedule.id)
    ).all()
    return sum(tell_venue(schedule, now=now, by=by) for schedule in upcoming)


def tell_venue(schedule: CourseSchedule, *, now: datetime, by: Actor) -> int:
    """Tell everybody with a confirmed booking where the course is; return how many letters.

    Nobody is told of a date that has begun or was cancelled.
    """
    if schedule.start_datetime <= now or schedule.status is ScheduleStatus.CANCELLED:
        return 0
    bookings = db.session.scalars(
        select(Booking)
        .where(Booking.course_schedule_id == schedule.id, Booking.status == BookingStatus.CONFIRMED)
        .order_by(Booking.id)
        .options(joinedload(Booking.user))
    ).all()
    for booking in bookings:
        letters.venue_details(booking, now=now)
    return len(bookings)
