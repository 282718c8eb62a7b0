"""Calendar files (RFC 5545): one event per course day, in UTC, so that no clock change moves it."""

from collections.abc import Iterable
from datetime import timedelta
from urllib.parse import urlsplit

from icalendar import Alarm, Calendar, Event

from rft_admin.bookings.models import Booking, BookingStatus
from rft_admin.catalogue.models import CourseSchedule, CourseScheduleDay, ScheduleStatus
from rft_admin.core.clock import to_london
from rft_admin.core.database import db
from rft_admin.core.links import absolute
from rft_admin.messaging import attachments
from rft_admin.messaging import settings as business

MEDIA_TYPE = "text/calendar; charset=utf-8"
REMINDER_BEFORE = timedelta(days=1)


def booking_ics(booking: Booking) -> bytes:
    """Return the calendar file of a booking; a cancelled one takes its days out again."""
    schedule = booking.course_schedule
    cancelled = (
        booking.status is BookingStatus.CANCELLED or schedule.status is ScheduleStatus.CANCELLED
    )
    calendar = _calendar("CANCEL" if cancelled else "PUBLISH")
    sequence = _sequence(booking)
    for number, day in enumerate(schedule.days, start=1):
        event = _event(schedule, day, number, sequence=sequence)
        event.add("uid", f"{booking.booking_reference}-{number}@{_host()}")
        event.add("description", _description(booking))
        event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
        if not cancelled:
            event.add_component(_reminder(schedule))
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def _sequence(booking: Booking) -> int:
    """Return a number that grows with every change, also with a move to a younger date.

    RFC 5545, 3.8.7.4: calendars ignore a file whose number is not above the one they have.
    """
    changed_at = max(booking.updated_at, booking.course_schedule.updated_at)
    return max(0, int((changed_at - booking.created_at).total_seconds()))


def schedules_ics(schedules: Iterable[CourseSchedule]) -> bytes:
    """Return the public calendar of dates, each with its days."""
    calendar = _calendar("PUBLISH")
    calendar.add("x-wr-calname", business.business_name())
    for schedule in schedules:
        for number, day in enumerate(schedule.days, start=1):
            event = _event(schedule, day, number, sequence=schedule.row_version)
            event.add("uid", f"schedule-{schedule.id}-{number}@{_host()}")
            event.add("url", absolute(f"/courses/{schedule.course.slug}"))
            calendar.add_component(event)
    return bytes(calendar.to_ical())


def attach(booking_id: int) -> tuple[str, str, bytes]:
    """Return file name, media type and bytes of a booking's calendar file, for a letter."""
    booking = db.session.get_one(Booking, booking_id)
    return f"{booking.booking_reference}.ics", MEDIA_TYPE, booking_ics(booking)


def venue_words(schedule: CourseSchedule) -> str:
    """Return where the course is, as far as it is known."""
    if schedule.site_address:
        return schedule.site_address
    if schedule.venue is None:
        return "Venue to be confirmed"
    address = schedule.venue.address or schedule.venue.city or ""
    known = ", ".join(filter(None, (schedule.venue.name, address)))
    return known if schedule.venue.address else f"{known} (address to be confirmed)"


def _calendar(method: str) -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", f"-//{business.business_name()}//Bookings//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    return calendar


def _event(
    schedule: CourseSchedule, day: CourseScheduleDay, number: int, *, sequence: int
) -> Event:
    event = Event()
    days = len(schedule.days)
    of_days = f" (day {number} of {days})" if days > 1 else ""
    event.add("summary", f"{schedule.course.name}{of_days}")
    event.add("dtstamp", schedule.updated_at)
    event.add("dtstart", day.starts_at)
    event.add("dtend", day.ends_at)
    event.add("location", venue_words(schedule))
    event.add("sequence", sequence)
    return event


def _description(booking: Booking) -> str:
    return (
        f"Booking {booking.booking_reference}. Please arrive 10 minutes early,"
        " bring photo ID and wear comfortable clothes."
    )


def _reminder(schedule: CourseSchedule) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("trigger", -REMINDER_BEFORE)
    alarm.add(
        "description", f"{schedule.course.name} at {to_london(schedule.start_datetime):%H:%M}"
    )
    return alarm


def _host() -> str:
    return urlsplit(absolute("/")).hostname or "localhost"


attachments.register("calendar", attach)
