"""The customer's personal link: signed, revocable, sent only to the booking's own address."""

from datetime import datetime

from sqlalchemy import select

from rft_admin.accounts.models import User
from rft_admin.bookings import letters
from rft_admin.bookings.models import Booking, BookingAttendee, BookingStatus
from rft_admin.core.actor import Actor
from rft_admin.core.database import db
from rft_admin.core.errors import DomainError, NotFound
from rft_admin.core.links import absolute
from rft_admin.core.tokens import read_row, sign_row

BOOKING = letters.BOOKING_LINK
ATTENDEE = letters.ATTENDEE_LINK
DAY_SECONDS = 24 * 3600
#: Long enough for a course booked a year ahead; a new link can always be asked for.
MAX_AGE_SECONDS = 400 * DAY_SECONDS
#: Letters for one request, however many bookings the address has.
MOST_LINKS = 10
#: Bookings that a forgotten link is sent for again.
_LIVE = (
    BookingStatus.PENDING,
    BookingStatus.CONFIRMED,
    BookingStatus.COMPLETED,
    BookingStatus.NO_SHOW,
)


class NoSuchBooking(NotFound):
    """There is no such booking."""


def get_by_reference(reference: str) -> Booking:
    """Return the booking of that reference, upper or lower case alike.

    :raises NoSuchBooking: if there is none.
    """
    booking = _find(reference)
    if booking is None:
        raise NoSuchBooking
    return booking


def link_for(booking: Booking) -> str:
    """Return the absolute address of the customer's page, with its token."""
    token = sign_row(BOOKING, booking.id, version=booking.links_version)
    return absolute(f"/bookings/{booking.booking_reference}", t=token)


def find_by_link(reference: str, token: str, *, now: datetime) -> Booking | None:
    """Return the booking that the link opens, or None without a hint why not."""
    signed = read_row(BOOKING, token, max_age_seconds=MAX_AGE_SECONDS)
    booking = _find(reference) if signed else None
    if signed is None or booking is None:
        return None
    opens = (signed.row_id, signed.version) == (booking.id, booking.links_version)
    return booking if opens else None


def find_attendee_by_link(attendee_id: int, token: str) -> BookingAttendee | None:
    """Return the attendee that his own link opens, or None without a hint why not."""
    signed = read_row(ATTENDEE, token, max_age_seconds=MAX_AGE_SECONDS)
    attendee = db.session.get(BookingAttendee, signed.row_id) if signed else None
    if signed is None or attendee is None or attendee.id != attendee_id:
        return None
    if attendee.is_cancelled or signed.version != attendee.booking.links_version:
        return None
    return attendee


def revoke_links(booking: Booking, *, by: Actor) -> None:
    """Make every link sent so far open nothing."""
    booking.links_version += 1
    db.session.flush()


def send_links(
    *, email: str | None = None, reference: str | None = None, now: datetime, by: Actor
) -> None:
    """Send the links again to the bookings' own address; silent whether there are any."""
    query = select(Booking).where(Booking.status.in_(_LIVE))
    if reference:
        query = query.where(Booking.booking_reference == reference.strip().upper())
    if email:
        query = query.join(User, Booking.user_id == User.id).where(User.email == email.strip())
    if not reference and not email:
        raise DomainError("Please enter your e-mail address or the booking reference.")
    for booking in db.session.scalars(query.order_by(Booking.id.desc()).limit(MOST_LINKS)):
        letters.booking_link(booking, now=now)


def _find(reference: str) -> Booking | None:
    return db.session.scalar(
        select(Booking).where(Booking.booking_reference == reference.strip().upper())
    )
