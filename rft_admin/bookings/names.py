"""Who sits on the places: substituting a person is free any time before the start."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from rft_admin.accounts import audit
from rft_admin.bookings import places, requirements
from rft_admin.bookings.models import Booking, BookingAttendee, BookingStatus
from rft_admin.bookings.orders import AttendeeDetails
from rft_admin.bookings.rules import TooManyAttendees, tidy_attendees
from rft_admin.core.actor import Actor
from rft_admin.core.database import db
from rft_admin.core.errors import DomainError


class NamesClosed(DomainError):
    """The names can be changed until the course starts, while the booking stands."""

    status = 409


def change_names(
    booking: Booking, attendees: Sequence[AttendeeDetails], *, now: datetime, by: Actor
) -> Booking:
    """Write who sits on the booking's places, in the order of its live places.

    What a person who is replaced told us about his needs is deleted. The office may correct names
    after the start as well.

    :param attendees: one entry per place; places beyond the last entry stay as they are.
    :raises NamesClosed: if the booking is cancelled, or the course has begun.
    :raises TooManyAttendees: if there are more people than places.
    """
    people = list(tidy_attendees(attendees))
    booking = _lock_open(booking, now=now, by=by)
    live = [person for person in booking.attendees if not person.is_cancelled]
    if len(people) > len(live):
        raise TooManyAttendees
    _write(booking, zip(live, people, strict=False), now=now)
    return booking


def change_name(
    attendee: BookingAttendee, details: AttendeeDetails, *, now: datetime, by: Actor
) -> None:
    """Write who sits on one place of a booking; see :func:`change_names`.

    :raises NamesClosed: also if the place was given up.
    """
    booking = _lock_open(attendee.booking, now=now, by=by)
    if attendee.is_cancelled:
        raise NamesClosed
    _write(booking, [(attendee, next(iter(tidy_attendees([details])), details))], now=now)


def _lock_open(booking: Booking, *, now: datetime, by: Actor) -> Booking:
    booking = places.lock_booking(booking)
    begun = booking.course_schedule.start_datetime <= now
    if booking.status is BookingStatus.CANCELLED or (begun and by.user_id is None):
        raise NamesClosed
    return booking


def _write(
    booking: Booking,
    named: Iterable[tuple[BookingAttendee, AttendeeDetails]],
    *,
    now: datetime,
) -> None:
    with audit.acting("names_changed"):
        for attendee, details in named:
            _rename(attendee, details)
    if booking.status is BookingStatus.CONFIRMED:
        requirements.ask_attendees(booking, now=now)


def _rename(attendee: BookingAttendee, details: AttendeeDetails) -> None:
    if _is_somebody_else(attendee, details):
        requirements.forget(attendee)
        attendee.user_id = None
    attendee.first_name = details.first_name or None
    attendee.last_name = details.last_name or None
    attendee.email = details.email or None
    attendee.may_have_needs = attendee.may_have_needs or details.may_have_needs
    db.session.flush()


def _is_somebody_else(attendee: BookingAttendee, details: AttendeeDetails) -> bool:
    """Return whether the place passes to another person, rather than a name being corrected."""
    if not attendee.full_name and not attendee.email:
        return False
    if attendee.email and details.email:
        return attendee.email.lower() != details.email.lower()
    return bool(
        attendee.first_name != (details.first_name or None)
        and attendee.last_name != (details.last_name or None)
    )
