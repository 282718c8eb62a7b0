"""The smallest course, date and order; each test says only what matters to it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from rft_admin.accounts.models import Role, User
from rft_admin.bookings import service as bookings
from rft_admin.bookings.models import Booking
from rft_admin.bookings.orders import BookingOrder, InquiryOrder
from rft_admin.catalogue.models import (
    Course,
    CourseSchedule,
    CourseScheduleDay,
    CourseType,
    Trainer,
    Venue,
)
from rft_admin.core.actor import Actor
from rft_admin.core.clock import LONDON
from rft_admin.core.database import db

#: The database keeps its own clock, so holds are reckoned from the real moment.
NOW = datetime.now(UTC).replace(microsecond=0)
VISITOR = Actor(label="customer")
OFFICE = Actor(label="office")
#: As the payments room offers them.
TERMS = {
    "version": "2026-11",
    "consumer_cooling_off_days": 14,
    "words": ["31 days or more before the first course day: everything comes back."],
    "invoice_enabled": True,
    "invoice_terms_days": 14,
}
_number = count(1)


def course(**values: Any) -> Course:
    """Store a course of six hours for £75."""
    number = next(_number)
    row = Course(
        **{
            "name": f"Emergency First Aid {number}",
            "slug": f"course-{number}",
            "course_type": CourseType.EFAW,
            "duration_hours": Decimal(6),
            "price": Decimal(75),
            **values,
        }
    )
    return _store(row)


def venue(**values: Any) -> Venue:
    """Store a venue of which only the city is known."""
    return _store(Venue(**{"name": f"Venue {next(_number)}", "city": "Leeds", **values}))


def trainer() -> Trainer:
    """Store a trainer with a user."""
    number = next(_number)
    user = _store(
        User(email=f"trainer-{number}@example.com", first_name="Robin", role=Role.INSTRUCTOR)
    )
    return _store(Trainer(user_id=user.id, trainer_code=f"T{number}"))


def admin() -> User:
    """Store an admin: somebody who is notified."""
    email = f"admin-{next(_number)}@example.com"
    return _store(User(email=email, first_name="Alex", role=Role.ADMIN))


def london(days_ahead: int, hour: int = 9, minute: int = 30) -> datetime:
    """Return a moment so many days ahead, by the clock on the wall in London."""
    day = NOW.astimezone(LONDON) + timedelta(days=days_ahead)
    return day.replace(hour=hour, minute=minute, second=0).astimezone(UTC)


def schedule(*, days_ahead: int = 60, **values: Any) -> CourseSchedule:
    """Store a published date of one day with twelve places, two months ahead."""
    given = values.pop("course", None)
    row = CourseSchedule(
        **{
            "course": given or course(),
            "start_datetime": london(days_ahead),
            "end_datetime": london(days_ahead, 16, 30),
            "max_capacity": 12,
            "is_published": True,
            **values,
        }
    )
    row.days = [CourseScheduleDay(starts_at=row.start_datetime, ends_at=row.end_datetime)]
    return _store(row)


def order(schedule_id: int, **values: Any) -> BookingOrder:
    """Return a visitor's order for one place, paid by card."""
    return BookingOrder(
        **{
            "schedule_id": schedule_id,
            "contact_first_name": "Sam",
            "contact_last_name": "Sample",
            "email": f"sam-{next(_number)}@example.com",
            "phone": "0113 496 0000",
            "booker_attends": True,
            "accept_terms": True,
            "terms": TERMS,
            **values,
        }
    )


def business_order(schedule_id: int, **values: Any) -> BookingOrder:
    """Return a company's order on invoice."""
    return order(
        schedule_id,
        **{
            "customer_type": "business",
            "company_name": "Example Ltd",
            "payment_method": "invoice",
            **values,
        },
    )


def inquiry(schedule_id: int | None = None, **values: Any) -> InquiryOrder:
    """Return an inquiry for one person."""
    return InquiryOrder(
        **{
            "first_name": "Kim",
            "last_name": "Example",
            "email": f"kim-{next(_number)}@example.com",
            "schedule_id": schedule_id,
            **values,
        }
    )


def booked(schedule_id: int, **values: Any) -> Booking:
    """Place a visitor's booking; pending, as it is not paid."""
    return bookings.place_booking(order(schedule_id, **values), now=NOW, by=VISITOR)


def confirmed(schedule_id: int, **values: Any) -> Booking:
    """Place a visitor's booking and confirm it."""
    return bookings.confirm(booked(schedule_id, **values), now=NOW, by=OFFICE)


def lapse(booking: Booking) -> Booking:
    """Let the booking's hold lie in the past."""
    booking.hold_expires_at = NOW - timedelta(minutes=1)
    db.session.flush()
    return booking


def _store(row: Any) -> Any:
    db.session.add(row)
    db.session.flush()
    db.session.refresh(row)
    return row
