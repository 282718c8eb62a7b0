"""A booking moves to another date: its places there are taken and those here freed in one act."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from rft_admin.accounts import audit
from rft_admin.bookings import letters, places, pricing, requirements, rules
from rft_admin.bookings.models import Booking, BookingAttendee, BookingStatus
from rft_admin.catalogue.models import CourseSchedule, DiscountType
from rft_admin.core.actor import Actor
from rft_admin.core.clock import end_of_london_day, london_date
from rft_admin.core.database import db
from rft_admin.core.errors import DomainError
from rft_admin.core.money import ZERO, pounds
from rft_admin.messaging import notifications
from rft_admin.messaging.models import NotificationType

#: Customers move their bookings up to so many London calendar days before the course.
CUSTOMER_NOTICE_DAYS = 7


class CannotMove(DomainError):
    """This booking can no longer be moved to another date."""

    status = 409
    field = "schedule_id"


class TooLateToMove(DomainError):
    """A booking can be moved up to 7 days before the course. Please write to us."""

    status = 409
    field = "schedule_id"


class OtherCourse(DomainError):
    """Please choose a date of the same course, or write to us."""

    field = "schedule_id"


class SameDate(DomainError):
    """The booking is for that date already. Please choose another one."""

    field = "schedule_id"


class DateNotOpen(DomainError):
    """That date has begun, is closed, or belongs to another client. Please choose another one."""

    status = 409
    field = "schedule_id"


@dataclass(frozen=True, kw_only=True)
class MovePrice:
    """What the places of a booking cost on another date, in pounds."""

    #: Before the discount.
    price_per_place: Decimal
    #: One for each live place, in its order.
    prices: Sequence[Decimal]
    #: Above nothing: dearer.
    difference: Decimal


def price_of_move(booking: Booking, schedule: CourseSchedule) -> MovePrice:
    """Return what the booking would cost on another date.

    At the same list price every place keeps its price as sold; at another one it keeps its
    discount: the same part of the price, or the same pounds of a fixed code.
    """
    live = live_places(booking)
    if schedule.group_price is not None:
        prices = pricing.split(pounds(schedule.group_price), len(live))
        per_place = pounds(schedule.group_price / len(live))
    else:
        per_place = pricing.price_of(schedule)
        prices = [_carried(place.price, booking, per_place) for place in live]
    difference = sum(prices, ZERO) - sum((place.price for place in live), ZERO)
    return MovePrice(price_per_place=per_place, prices=prices, difference=difference)


def live_places(booking: Booking) -> list[BookingAttendee]:
    """Return the places that were not given up, in their order."""
    return [place for place in booking.attendees if not place.is_cancelled]


def transfer(booking: Booking, schedule_id: int, *, now: datetime, by: Actor) -> Decimal:
    """Move a booking as the office may: anywhere; return the difference of price in pounds.

    What is then to pay or to give back is the payments room's business.

    :raises CannotMove: if it is cancelled, over, or its course has begun.
    :raises SameDate: or DateNotOpen, if that date cannot take it.
    :raises SoldOut: with the next dates, if the places are not free there.
    """
    booking, target = _locked(booking, schedule_id)
    _refuse_unmovable(booking, target, now=now)
    price = price_of_move(booking, target)
    places.take(target.id, booking.number_of_places, now=now)
    _move(booking, target, price, now=now)
    return price.difference


def transfer_by_customer(
    booking: Booking,
    schedule_id: int,
    *,
    early_start_requested: bool = False,
    now: datetime,
    by: Actor,
) -> Booking:
    """Move a booking as its customer may: within the course, in time, at the price as sold.

    :raises CannotMove: or TooLateToMove, if the booking cannot be moved any more.
    :raises OtherCourse: or DateNotOpen, if that date is not for this booking.
    :raises EarlyStartNeeded: if a consumer's cooling-off time reaches into the new course.
    :raises SoldOut: with the next dates, if the places are not free there.
    """
    booking, target = _locked(booking, schedule_id)
    _refuse_unmovable(booking, target, now=now)
    if not can_be_moved_by_customer(booking, now=now):
        raise TooLateToMove
    _refuse_for_customer(booking, target, now=now)
    if needs_early_start(booking, target.start_datetime):
        if not early_start_requested:
            raise rules.EarlyStartNeeded
        booking.early_start_requested_at = now
    places.take(target.id, booking.number_of_places, now=now)
    as_sold = [place.price for place in live_places(booking)]
    price = MovePrice(price_per_place=booking.price_per_place, prices=as_sold, difference=ZERO)
    _move(booking, target, price, now=now)
    _tell_office(booking, now=now)
    return booking


def can_be_moved_by_customer(booking: Booking, *, now: datetime) -> bool:
    """Return whether its customer may still choose another date."""
    schedule = booking.course_schedule
    notice = (london_date(schedule.start_datetime) - london_date(now)).days
    return (
        booking.status is BookingStatus.CONFIRMED
        and not schedule.is_private
        and notice >= CUSTOMER_NOTICE_DAYS
    )


def needs_early_start(booking: Booking, starts_at: datetime) -> bool:
    """Return whether a consumer must ask for that start, inside his cooling-off time.

    Consumer Contracts Regulations 2013, regulation 36.
    """
    if booking.early_start_requested_at is not None:
        return False
    days = int(booking.terms_snapshot.get("consumer_cooling_off_days", rules.COOLING_OFF_DAYS))
    contract_day = london_date(booking.terms_accepted_at or booking.created_at)
    ends_at = end_of_london_day(contract_day + timedelta(days=days))
    return booking.customer_type.value != "business" and starts_at < ends_at


def _locked(booking: Booking, schedule_id: int) -> tuple[Booking, CourseSchedule]:
    """Lock code, both dates in id order, and the booking; return it and the new date.

    :raises NoSuchSchedule: if there is no such date.
    """
    booking = places.lock_booking(booking, schedule_ids=[schedule_id])
    return booking, db.session.get_one(CourseSchedule, schedule_id)


def _refuse_unmovable(booking: Booking, target: CourseSchedule, *, now: datetime) -> None:
    alive = booking.status in {BookingStatus.PENDING, BookingStatus.CONFIRMED}
    if not alive or not booking.holds_places_at(now):
        raise CannotMove(f"Booking {booking} holds no places that could be moved.")
    if booking.course_schedule.start_datetime <= now:
        raise CannotMove("The course has begun, so the booking can no longer be moved.")
    if target.id == booking.course_schedule_id:
        raise SameDate
    foreign = target.is_private and target.private_for_user_id != booking.user_id
    if foreign or not target.is_open or target.start_datetime <= now:
        raise DateNotOpen


def _refuse_for_customer(booking: Booking, target: CourseSchedule, *, now: datetime) -> None:
    if target.course_id != booking.course_schedule.course_id:
        raise OtherCourse
    if not target.is_published or rules.is_closed(target, now=now):
        raise DateNotOpen


def _carried(price: Decimal, booking: Booking, per_place: Decimal) -> Decimal:
    """Return a place's price as sold, carried to another list price with its discount."""
    sold = booking.price_per_place
    if per_place == sold:
        return price
    code = booking.discount_code
    if code is not None and code.discount_type is DiscountType.FIXED:
        return max(ZERO, per_place - (sold - price))
    return pounds(price * per_place / sold) if sold else per_place


def _move(booking: Booking, target: CourseSchedule, price: MovePrice, *, now: datetime) -> None:
    """Write the new date; one UPDATE frees the old places and takes the new ones."""
    old_start = booking.course_schedule.start_datetime
    with audit.acting("transferred"):
        booking.course_schedule = target
        booking.booked_start = min(booking.booked_start, target.start_datetime)
        booking.reminder_sent = False
        if booking.payment_due_at is not None:
            booking.payment_due_at = min(booking.payment_due_at, target.start_datetime)
        _reprice(booking, price)
    requirements.follow_date(booking)
    letters.booking_transferred(booking, old_date=old_start, more=price.difference, now=now)


def _reprice(booking: Booking, price: MovePrice) -> None:
    for place, new_price in zip(live_places(booking), price.prices, strict=True):
        place.price = new_price
    booking.price_per_place = price.price_per_place
    booking.payment_amount += price.difference
    listed = price.price_per_place * len(price.prices)
    booking.discount_applied = max(ZERO, listed - sum(price.prices, ZERO))


def _tell_office(booking: Booking, *, now: datetime) -> None:
    notifications.notify_office(
        type=NotificationType.COURSE_UPDATED,
        title=f"Booking {booking.booking_reference} was moved by its customer",
        message=f"{booking.contact_name}, now {booking.course_schedule}",
        action_url=f"/admin/bookings/details/?id={booking.id}",
        booking_id=booking.id,
        now=now,
    )
