"""Single places of a booking are given up, each at its own price as sold."""

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal

from rft_admin.accounts import audit
from rft_admin.bookings import places, requirements, states
from rft_admin.bookings.models import Booking, BookingAttendee, BookingStatus
from rft_admin.bookings.moving import live_places
from rft_admin.core.actor import Actor
from rft_admin.core.database import db
from rft_admin.core.errors import DomainError
from rft_admin.core.money import ZERO


class PlacesUnknown(DomainError):
    """Please choose at least one of the booking's places."""

    field = "attendee_ids"


class AllPlaces(DomainError):
    """These are all places of the booking. Cancel the booking itself instead."""

    field = "attendee_ids"


class CannotGiveUp(DomainError):
    """Places can be given up while the booking stands and its course has not begun."""

    status = 409


def choose_places(booking: Booking, attendee_ids: Collection[int]) -> list[BookingAttendee]:
    """Return the live places of these ids.

    :raises PlacesUnknown: if there is none, or one is not a live place of the booking.
    :raises AllPlaces: if no place would be left.
    """
    live = live_places(booking)
    chosen = [place for place in live if place.id in attendee_ids]
    if not chosen or len(chosen) != len(set(attendee_ids)):
        raise PlacesUnknown
    if len(chosen) == len(live):
        raise AllPlaces
    return chosen


def price_of(chosen: Collection[BookingAttendee]) -> Decimal:
    """Return the pounds at which the places were sold."""
    return sum((place.price for place in chosen), ZERO)


def cancel_places(
    booking: Booking, attendee_ids: Collection[int], *, now: datetime, by: Actor
) -> Booking:
    """Give up places of a booking; the others keep their price, a group discount included.

    The booker gets the confirmation again as the booking now is. What is given back is the
    payments room's business.

    :raises CannotGiveUp: unless it is pending or confirmed and its course is to come.
    :raises PlacesUnknown: or AllPlaces, if these places cannot be given up.
    """
    booking = places.lock_booking(booking)
    alive = booking.status in {BookingStatus.PENDING, BookingStatus.CONFIRMED}
    if not alive or booking.course_schedule.start_datetime <= now:
        raise CannotGiveUp
    chosen = choose_places(booking, attendee_ids)
    with audit.acting("places_cancelled"):
        for place in chosen:
            requirements.forget(place)
            place.cancelled_at = now
        booking.payment_amount -= price_of(chosen)
        left = live_places(booking)
        listed = booking.price_per_place * len(left)
        booking.discount_applied = max(ZERO, listed - price_of(left))
    # The trigger has counted the places anew.
    db.session.refresh(booking)
    if booking.status is BookingStatus.CONFIRMED:
        states.resend_confirmation(booking, now=now, by=by)
    return booking
