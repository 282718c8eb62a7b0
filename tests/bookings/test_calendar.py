"""Calendar files: the right moment on both sides of a clock change, and stable identities."""

from datetime import UTC, datetime, timedelta

import pytest
from icalendar import Calendar
from sqlalchemy.orm import Session

from rft_admin.bookings import calendar
from rft_admin.bookings import service as bookings
from rft_admin.catalogue import schedules, service
from rft_admin.catalogue.schedules import DayTimes
from rft_admin.core.clock import LONDON
from rft_admin.messaging import attachments
from tests.bookings import offers
from tests.bookings.offers import NOW, OFFICE

pytestmark = pytest.mark.usefixtures("session")


def events(content: bytes) -> list[object]:
    return list(Calendar.from_ical(content).walk("VEVENT"))


def over_the_clock_change() -> int:
    """Store a date of two days, one on each side of the change of 28 March 2027."""
    days = [
        DayTimes(
            starts_at=datetime(2027, 3, day, 9, 30, tzinfo=LONDON).astimezone(UTC),
            ends_at=datetime(2027, 3, day, 16, 30, tzinfo=LONDON).astimezone(UTC),
        )
        for day in (26, 29)
    ]
    values = {"course_id": offers.course().id, "max_capacity": 12}
    date = schedules.create_schedule(values=values, days=days, by=OFFICE)
    date.is_published = True
    return date.id


def test_each_day_is_an_event_at_the_hour_on_the_wall() -> None:
    booking = offers.confirmed(over_the_clock_change())

    first, second = events(calendar.booking_ics(booking))

    assert first["DTSTART"].dt == datetime(2027, 3, 26, 9, 30, tzinfo=UTC)
    assert second["DTSTART"].dt == datetime(2027, 3, 29, 8, 30, tzinfo=UTC)
    assert second["DTEND"].dt.astimezone(LONDON).hour == 16
    assert "day 2 of 2" in second["SUMMARY"]
    assert "to be confirmed" in first["LOCATION"]
    assert first["UID"] != second["UID"]


def test_a_change_keeps_the_identity_and_counts_up(session: Session) -> None:
    booking = offers.confirmed(offers.schedule().id)
    before = events(calendar.booking_ics(booking))[0]

    schedules.update_schedule(
        booking.course_schedule,
        values={"venue_id": offers.venue(address_line1="1 Example Street").id},
        by=OFFICE,
    )
    # Tests share one transaction, whose clock stands still.
    booking.course_schedule.updated_at += timedelta(minutes=1)

    after = events(calendar.booking_ics(booking))[0]
    assert after["UID"] == before["UID"]
    assert after["SEQUENCE"] > before["SEQUENCE"]
    assert "1 Example Street" in after["LOCATION"]


def test_a_cancelled_booking_takes_its_days_out_again() -> None:
    booking = offers.confirmed(offers.schedule().id)
    assert b"METHOD:PUBLISH" in calendar.booking_ics(booking)
    uid = events(calendar.booking_ics(booking))[0]["UID"]

    bookings.cancel(booking, reason="", now=NOW, by=OFFICE)

    content = calendar.booking_ics(booking)
    assert b"METHOD:CANCEL" in content
    assert events(content)[0]["STATUS"] == "CANCELLED"
    assert events(content)[0]["UID"] == uid


def test_the_public_calendar_lists_every_date_on_show() -> None:
    course = offers.course()
    offers.schedule(course=course)
    offers.schedule(course=course, is_published=False)

    dates = service.list_upcoming(now=NOW, course_slug=course.slug)

    (event,) = events(calendar.schedules_ics(dates))
    assert event["SUMMARY"] == course.name
    assert course.slug in event["URL"]


def test_letters_carry_the_file_by_reference() -> None:
    booking = offers.confirmed(offers.schedule().id)

    (attached,) = attachments.load([{"kind": "calendar", "booking_id": booking.id}])

    assert attached.name == f"{booking.booking_reference}.ics"
    assert attached.media_type.startswith("text/calendar")
    assert attached.content == calendar.booking_ics(booking)


def test_an_on_site_course_is_at_the_clients_address() -> None:
    date = offers.schedule(site_address="2 Client Road, York")

    assert calendar.venue_words(date) == "2 Client Road, York"
    assert calendar.venue_words(offers.schedule()) == "Venue to be confirmed"
    assert date.start_datetime - NOW > timedelta(days=50)
