"""A booking's life: confirmed, cancelled, completed, brought back; one function per change."""

from datetime import datetime

from sqlalchemy import select

from rft_admin.accounts import audit
from rft_admin.bookings import letters, places, requirements, settings
from rft_admin.bookings.models import (
    Booking,
    BookingStatus,
    PaymentStatus,
)
from rft_admin.core.actor import Actor
from rft_admin.core.database import db
from rft_admin.core.errors import DomainError
from rft_admin.core.formats import label_of
from rft_admin.messaging import notifications
from rft_admin.messaging.models import EmailLog, NotificationType


class CannotChange(DomainError):
    """The booking's state does not allow that."""

    status = 409

    def __init__(
        self,
        message: str | None = None,
        *,
        booking: Booking | None = None,
        wanted: BookingStatus | None = None,
    ) -> None:
        if booking is not None and wanted is not None:
            message = (
                f"Booking {booking.booking_reference} is {label_of(booking.status).lower()},"
                f" so it cannot become {label_of(wanted).lower()}."
            )
        super().__init__(message)


class NotConfirmed(DomainError):
    """Only a confirmed or completed booking has a confirmation that can be sent again."""

    status = 409


def confirm(booking: Booking, *, now: datetime, by: Actor) -> Booking:
    """Confirm a pending booking: its places stay, the confirmation goes out.

    A hold that has expired takes its places anew.

    :raises CannotChange: unless it is pending; a cancelled one is reinstated.
    :raises SoldOut: if the hold has expired and the places are gone.
    """
    booking = places.lock_booking(booking)
    if booking.status is not BookingStatus.PENDING:
        raise CannotChange(booking=booking, wanted=BookingStatus.CONFIRMED)
    if not booking.holds_places_at(now):
        places.take(booking.course_schedule_id, booking.number_of_places, now=now)
    return _become_confirmed(booking, "confirmed", now=now)


def settle(booking: Booking, *, now: datetime, by: Actor) -> Booking:
    """Take note that nothing more is to pay now: confirm, or keep the places for the office.

    With `booking.booking_auto_confirm` off the office confirms; until then the places stay held
    without limit. A booking that is confirmed already stays as it is.

    :raises CannotChange: if it is cancelled.
    :raises SoldOut: if its hold has expired and the places are gone.
    """
    if booking.status in {BookingStatus.CONFIRMED, BookingStatus.COMPLETED, BookingStatus.NO_SHOW}:
        return booking
    if settings.auto_confirm():
        return confirm(booking, now=now, by=by)
    booking = places.lock_booking(booking)
    if booking.status is not BookingStatus.PENDING:
        raise CannotChange(booking=booking, wanted=BookingStatus.CONFIRMED)
    if not booking.holds_places_at(now):
        places.take(booking.course_schedule_id, booking.number_of_places, now=now)
    booking.hold_expires_at = None
    db.session.flush()
    _tell_office(booking, NotificationType.BOOKING_CONFIRMED, "waits for your confirmation", now)
    return booking


def reinstate(booking: Booking, *, now: datetime, by: Actor) -> Booking:
    """Bring a cancelled booking back; its places are taken anew.

    :raises CannotChange: unless it is cancelled.
    :raises SoldOut: if there is no room. NotRunning: if the date is cancelled or over.
    """
    booking = places.lock_booking(booking)
    if booking.status is not BookingStatus.CANCELLED:
        raise CannotChange(booking=booking, wanted=BookingStatus.CONFIRMED)
    places.take(booking.course_schedule_id, booking.number_of_places, now=now)
    booking.cancelled_at = None
    booking.cancellation_reason = None
    return _become_confirmed(booking, "reinstated", now=now)


def cancel(
    booking: Booking, *, reason: str, now: datetime, by: Actor, tell: bool = True
) -> Booking:
    """Cancel a pending or confirmed booking; its places are free at once.

    What is given back is the payments room's business.

    :param tell: send the booker the letter and tell the office.
    :raises CannotChange: if it is over or cancelled already.
    """
    booking = places.lock_booking(booking)
    if not booking.can_become(BookingStatus.CANCELLED):
        raise CannotChange(booking=booking, wanted=BookingStatus.CANCELLED)
    with audit.acting("cancelled"):
        booking.status = BookingStatus.CANCELLED
        booking.cancelled_at = now
        booking.cancellation_reason = reason
        booking.hold_expires_at = None
    if tell:
        letters.booking_cancelled(booking, now=now)
        _tell_office(booking, NotificationType.CANCELLED, "was cancelled", now)
    return booking


def complete(booking: Booking, *, now: datetime, by: Actor) -> Booking:
    """Write down that the party attended; also corrects a no-show.

    :raises CannotChange: unless it is confirmed or a no-show.
    """
    return _close(booking, BookingStatus.COMPLETED)


def mark_no_show(booking: Booking, *, now: datetime, by: Actor) -> Booking:
    """Write down that nobody of the party attended; also corrects a completed booking.

    :raises CannotChange: unless it is confirmed or completed.
    """
    return _close(booking, BookingStatus.NO_SHOW)


def resend_confirmation(booking: Booking, *, now: datetime, by: Actor) -> EmailLog:
    """Queue the confirmation again, as the booking is now, linked to the one before.

    :raises NotConfirmed: unless the booking is confirmed or completed.
    """
    if booking.status not in {BookingStatus.CONFIRMED, BookingStatus.COMPLETED}:
        raise NotConfirmed(
            f"Booking {booking.booking_reference} is {label_of(booking.status).lower()}:"
            " only a confirmed or completed booking has a confirmation."
        )
    audit.record("confirmation_resent", by=by, entity=booking)
    return _send_confirmation(booking, now=now)


def _become_confirmed(booking: Booking, action: str, *, now: datetime) -> Booking:
    with audit.acting(action):
        booking.status = BookingStatus.CONFIRMED
        booking.hold_expires_at = None
        booking.confirmation_sent = True
        if booking.payment_amount == 0:
            booking.payment_status = PaymentStatus.PAID
    _send_confirmation(booking, now=now)
    requirements.ask_attendees(booking, now=now)
    _tell_office(booking, NotificationType.BOOKING_CONFIRMED, "is confirmed", now)
    return booking


def _send_confirmation(booking: Booking, *, now: datetime) -> EmailLog:
    """Send the confirmation; every further one names the first, which stays the only original."""
    first = db.session.scalar(
        select(EmailLog)
        .filter_by(
            booking_id=booking.id,
            template_name=letters.booking_confirmed.__name__,
            resend_of_id=None,
        )
        .order_by(EmailLog.id)
        .limit(1)
    )
    letter = letters.booking_confirmed(booking, now=now)
    if first is not None:
        letter.resend_of_id = first.id
        db.session.flush()
    return letter


def _close(booking: Booking, status: BookingStatus) -> Booking:
    booking = places.lock_booking(booking)
    if not booking.can_become(status):
        raise CannotChange(booking=booking, wanted=status)
    with audit.acting(status.value):
        booking.status = status
    return booking


def _tell_office(booking: Booking, type: NotificationType, what: str, now: datetime) -> None:
    notifications.notify_office(
        type=type,
        title=f"Booking {booking.booking_reference} {what}",
        message=f"{booking.contact_name}, {booking.course_schedule}",
        action_url=f"/admin/bookings/details/?id={booking.id}",
        booking_id=booking.id,
        now=now,
    )
