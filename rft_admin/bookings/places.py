"""Places: the one question how many are free, and the one function that takes them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, ScalarSelect, and_, func, select

from rft_admin.bookings import rules
from rft_admin.bookings.models import (
    Booking,
    BookingInquiry,
    InquiryStatus,
)
from rft_admin.catalogue import service as catalogue
from rft_admin.catalogue.models import CourseSchedule, DiscountCode, ScheduleStatus
from rft_admin.catalogue.schedules import lock_schedules
from rft_admin.core.database import db
from rft_admin.core.errors import ChangedMeanwhile, DomainError, NotFound, refuse_on

#: At so few places the label counts them.
FEW_PLACES = 3
#: How many of the next dates are looked at for somebody whose date is full.
DATES_LOOKED_AT = 12


@dataclass(frozen=True, kw_only=True)
class Availability:
    """How many places of a date are on sale, taken and free at this moment."""

    capacity: int
    taken: int

    @property
    def free(self) -> int:
        """Places that can be booked now."""
        return max(0, self.capacity - self.taken)

    @property
    def is_full(self) -> bool:
        """Whether no place is free."""
        return self.free == 0

    @property
    def label(self) -> str:
        """What lists show: "Full", "Last 2 places", "Places available"."""
        if self.is_full:
            return "Full"
        if self.free > FEW_PLACES:
            return "Places available"
        return "Last place" if self.free == 1 else f"Last {self.free} places"


@dataclass(frozen=True, kw_only=True)
class NextDate:
    """Another date of the same course, in plain values that outlive a rollback."""

    schedule_id: int
    course_name: str
    starts_at: datetime
    venue: str
    free: int


class SoldOut(DomainError):
    """These places are no longer free. Please choose another date, or send us an inquiry."""

    status = 409
    field = "number_of_places"

    def __init__(
        self,
        message: str | None = None,
        *,
        free: int = 0,
        next_dates: tuple[NextDate, ...] = (),
    ) -> None:
        super().__init__(message)
        self.free = free
        self.next_dates = next_dates


class NotRunning(DomainError):
    """The date was cancelled or is over, so no place can be taken on it."""

    status = 409


refuse_on("ck_course_schedules_capacity", SoldOut)


def availability(schedule_ids: Collection[int]) -> dict[int, Availability]:
    """Return capacity and taken places of each date, by one query.

    The database's own function counts live holds by its own clock, for this question and for the
    trigger alike: an expired hold is free at once, tidied or not.
    """
    if not schedule_ids:
        return {}
    rows = db.session.execute(
        select(
            CourseSchedule.id,
            CourseSchedule.max_capacity,
            func.places_taken(CourseSchedule.id),
        ).where(CourseSchedule.id.in_(schedule_ids))
    )
    return {
        schedule_id: Availability(capacity=capacity, taken=taken)
        for schedule_id, capacity, taken in rows
    }


def availability_of(schedule_id: int) -> Availability:
    """Return capacity and taken places of one date.

    :raises NotFound: if there is no such date.
    """
    found = availability([schedule_id])
    if not found:
        raise NotFound
    return found[schedule_id]


def take(schedule_id: int, number_of_places: int, *, now: datetime) -> CourseSchedule:
    """Lock the date and grant so many places to the rows that the caller writes next.

    Every path that takes a place comes through here; the trigger recounts behind it.

    :raises SoldOut: if fewer places are free, with the next dates that have room.
    :raises NotRunning: if the date is cancelled or completed.
    """
    schedule = lock_schedules([schedule_id])[schedule_id]
    if schedule.status in {ScheduleStatus.CANCELLED, ScheduleStatus.COMPLETED}:
        raise NotRunning
    require_room(schedule, number_of_places, now=now)
    return schedule


def require_room(schedule: CourseSchedule, number_of_places: int, *, now: datetime) -> None:
    """Refuse if so many places are not free at this moment; without the lock it grants nothing.

    :raises SoldOut: with the next dates that have room.
    """
    free = availability_of(schedule.id).free
    if free < number_of_places:
        raise sold_out(schedule, number_of_places, free=free, now=now)


def sold_out(
    schedule: CourseSchedule, number_of_places: int, *, free: int, now: datetime
) -> SoldOut:
    """Return the refusal of so many places where fewer are free, with the next dates."""
    next_dates = list_next_dates(schedule, number_of_places=number_of_places, now=now)
    return SoldOut(_sold_out_words(free), free=free, next_dates=next_dates)


def inquiry_places(schedule_id: int) -> int:
    """Return how many places of the date are held for inquiries at this moment."""
    held = select(_held_by_inquiries()).where(CourseSchedule.id == schedule_id)
    return db.session.scalars(held).one()


def list_next_dates(
    schedule: CourseSchedule,
    *,
    number_of_places: int = 1,
    now: datetime,
    limit: int = catalogue.NEXT_DATES,
) -> tuple[NextDate, ...]:
    """Return the next bookable dates of the same course with room for the party."""
    dates = catalogue.list_next_dates(
        schedule.course_id, now=now, besides=schedule.id, limit=DATES_LOOKED_AT
    )
    room = availability([date.id for date in dates])
    fitting = [
        NextDate(
            schedule_id=date.id,
            course_name=date.course.name,
            starts_at=date.start_datetime,
            venue=date.venue.name if date.venue else "Venue to be confirmed",
            free=room[date.id].free,
        )
        for date in dates
        if room[date.id].free >= number_of_places and not rules.is_closed(date, now=now)
    ]
    return tuple(fitting[:limit])


def lock_booking(booking: Booking, *, schedule_ids: Collection[int] = ()) -> Booking:
    """Lock a booking in the one order (code, schedules, booking) and return it as it is now.

    :param schedule_ids: further dates that the caller is going to change.
    :raises ChangedMeanwhile: if it was moved to another date in between.
    """
    schedule_id = booking.course_schedule_id
    if booking.discount_code_id is not None:
        lock_codes([booking.discount_code_id])
    lock_schedules({schedule_id, *schedule_ids})
    locked = lock_bookings([booking.id])[0]
    if locked.course_schedule_id != schedule_id:
        raise ChangedMeanwhile
    return locked


def lock_codes(ids: Collection[int]) -> None:
    """Lock discount codes in id order until the transaction ends."""
    db.session.execute(
        select(DiscountCode)
        .where(DiscountCode.id.in_(ids))
        .order_by(DiscountCode.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )


def lock_bookings(ids: Collection[int]) -> list[Booking]:
    """Lock bookings in id order until the transaction ends and return them as they are now."""
    return list(
        db.session.scalars(
            select(Booking)
            .where(Booking.id.in_(ids))
            .order_by(Booking.id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
    )


def inquiry_holds_places() -> ColumnElement[bool]:
    """Return the condition of an inquiry whose hold is live at this moment."""
    return and_(
        BookingInquiry.status.in_((InquiryStatus.PENDING, InquiryStatus.RESPONDED)),
        BookingInquiry.hold_expires_at > func.clock_timestamp(),
    )


def _held_by_inquiries() -> ScalarSelect[int]:
    return (
        select(func.coalesce(func.sum(BookingInquiry.number_of_people), 0))
        .where(BookingInquiry.course_session_id == CourseSchedule.id, inquiry_holds_places())
        .correlate(CourseSchedule)
        .scalar_subquery()
    )


def _sold_out_words(free: int) -> str | None:
    if free == 0:
        return None
    places = "one place is" if free == 1 else f"{free} places are"
    return f"Only {places} left on this date. Please book fewer, or choose another date."
