"""What each kind of report asks the database: its columns and its rows, read in portions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, func, select

from rft_admin.accounts.models import User
from rft_admin.bookings.models import Booking
from rft_admin.catalogue.models import Course, CourseSchedule, Venue
from rft_admin.core.clock import end_of_london_day, london_midnight
from rft_admin.core.database import db
from rft_admin.payments.ledger import SETTLED
from rft_admin.payments.models import PaymentTransaction, Refund, RefundStatus

Cell = str | int | Decimal | datetime | None
#: Rows fetched at a time: a report of a million rows stays small in memory.
PORTION = 500


@dataclass(frozen=True)
class Question:
    """One kind of report."""

    name: str
    columns: Sequence[str]
    statement: Select[*tuple[Any, ...]]

    def count(self, start: date | None, end: date | None) -> int:
        """Return how many rows lie between two days, both included."""
        narrowed = self._between(start, end).order_by(None).subquery()
        return int(db.session.scalar(select(func.count()).select_from(narrowed)) or 0)

    def rows(self, start: date | None, end: date | None) -> Iterator[tuple[Cell, ...]]:
        """Yield the rows between two days, both included, in order."""
        result = db.session.execute(
            self._between(start, end), execution_options={"yield_per": PORTION}
        )
        for row in result:
            yield tuple(getattr(cell, "value", cell) for cell in row)

    def _between(self, start: date | None, end: date | None) -> Select[*tuple[Any, ...]]:
        statement = self.statement
        if start is not None:
            statement = statement.where(Booking.created_at >= london_midnight(start))
        if end is not None:
            statement = statement.where(Booking.created_at < end_of_london_day(end))
        return statement


_paid = (
    select(
        PaymentTransaction.booking_id,
        func.sum(PaymentTransaction.amount).label("amount"),
    )
    .where(PaymentTransaction.status.in_(SETTLED))
    .group_by(PaymentTransaction.booking_id)
    .subquery()
)
_refunded = (
    select(Refund.booking_id, func.sum(Refund.net_refund).label("amount"))
    .where(Refund.status == RefundStatus.COMPLETED)
    .group_by(Refund.booking_id)
    .subquery()
)

BOOKINGS_BY_DATE = Question(
    name="Bookings by date range",
    columns=(
        "Reference",
        "Booked",
        "Course",
        "Starts",
        "Venue",
        "Booker",
        "E-mail",
        "Company",
        "Places",
        "Status",
        "Payment",
        "To pay",
        "Paid",
        "Refunded",
    ),
    statement=select(
        Booking.booking_reference,
        Booking.created_at,
        Course.name,
        CourseSchedule.start_datetime,
        Venue.name,
        Booking.contact_first_name + " " + Booking.contact_last_name,
        User.email,
        Booking.company_name,
        Booking.number_of_places,
        Booking.status,
        Booking.payment_status,
        Booking.payment_amount,
        func.coalesce(_paid.c.amount, Decimal(0)),
        func.coalesce(_refunded.c.amount, Decimal(0)),
    )
    .join(CourseSchedule, CourseSchedule.id == Booking.course_schedule_id)
    .join(Course, Course.id == CourseSchedule.course_id)
    .join(User, User.id == Booking.user_id)
    .outerjoin(Venue, Venue.id == CourseSchedule.venue_id)
    .outerjoin(_paid, _paid.c.booking_id == Booking.id)
    .outerjoin(_refunded, _refunded.c.booking_id == Booking.id)
    .order_by(Booking.created_at, Booking.id),
)

QUESTIONS = {"bookings_by_date": BOOKINGS_BY_DATE}
