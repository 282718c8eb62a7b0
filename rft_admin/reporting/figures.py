"""Figures of the office's first page: what came in by month, how full the courses to come are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from sqlalchemy import DateTime, Integer, column, func, select, values

from rft_admin.bookings.models import Booking, BookingStatus
from rft_admin.catalogue.models import Course, CourseSchedule, ScheduleStatus
from rft_admin.core.clock import london_date, london_midnight
from rft_admin.core.database import db
from rft_admin.core.money import ZERO, pounds
from rft_admin.payments.ledger import SETTLED
from rft_admin.payments.models import PaymentTransaction, Refund, RefundStatus

MONTHS = 12
FILL_DAYS = 60
#: Their people take places; a hold may still run out.
BOOKED = (BookingStatus.CONFIRMED, BookingStatus.COMPLETED, BookingStatus.NO_SHOW)


@dataclass(frozen=True)
class MonthOfRevenue:
    """What one month in London brought, in pounds."""

    first: date
    came: Decimal
    #: Given back for good, whenever it had come.
    returned: Decimal

    @property
    def kept(self) -> Decimal:
        """What came less what was given back: below nothing in a bad month."""
        return self.came - self.returned


@dataclass(frozen=True)
class CourseFill:
    """How full the dates to come of one course are."""

    course: str
    dates: int
    offered: int
    booked: int

    @property
    def percent(self) -> int:
        """Of the places on sale, those that are booked."""
        return round(100 * self.booked / self.offered) if self.offered else 0


def revenue_by_month(now: datetime, *, months: int = MONTHS) -> list[MonthOfRevenue]:
    """Return the last months, the present one last; a month without money counts as nothing."""
    last = london_date(now).replace(day=1)
    edges = [_months_before(last, months - 1 - number) for number in range(months + 1)]
    span = values(
        column("number", Integer),
        column("begins_at", DateTime(timezone=True)),
        column("ends_at", DateTime(timezone=True)),
        name="span",
    ).data(
        [
            (number, london_midnight(first), london_midnight(end))
            for number, (first, end) in enumerate(pairwise(edges))
        ]
    )
    paid = PaymentTransaction.status.in_(SETTLED)
    came = _sum(PaymentTransaction.amount, PaymentTransaction.created_at, paid, span)
    done = Refund.status == RefundStatus.COMPLETED
    returned = _sum(Refund.net_refund, Refund.completed_at, done, span)
    rows = db.session.execute(select(span.c.number, came, returned).order_by(span.c.number))
    return [
        MonthOfRevenue(edges[number], pounds(paid_in or ZERO), pounds(given_back or ZERO))
        for number, paid_in, given_back in rows
    ]


def fill_by_course(now: datetime, *, days: int = FILL_DAYS) -> Sequence[CourseFill]:
    """Return each course with dates in the days to come, the one with most places first."""
    until = now + timedelta(days=days)
    coming = (
        select(CourseSchedule.id, CourseSchedule.course_id, CourseSchedule.max_capacity)
        .where(
            CourseSchedule.start_datetime >= now,
            CourseSchedule.start_datetime < until,
            CourseSchedule.status != ScheduleStatus.CANCELLED,
        )
        .cte("coming")
    )
    offered = _per_course(coming, func.count(), func.sum(coming.c.max_capacity))
    booked = (
        select(coming.c.course_id, func.sum(Booking.number_of_places).label("booked"))
        .join(Booking, Booking.course_schedule_id == coming.c.id)
        .where(Booking.status.in_(BOOKED))
        .group_by(coming.c.course_id)
        .subquery()
    )
    rows = db.session.execute(
        select(Course.name, offered.c.dates, offered.c.offered, func.coalesce(booked.c.booked, 0))
        .join(offered, offered.c.course_id == Course.id)
        .outerjoin(booked, booked.c.course_id == Course.id)
        .order_by(offered.c.offered.desc(), Course.id)
    )
    return [CourseFill(*row) for row in rows]


def _per_course(coming: Any, dates: Any, offered: Any) -> Any:
    return (
        select(coming.c.course_id, dates.label("dates"), offered.label("offered"))
        .group_by(coming.c.course_id)
        .subquery()
    )


def _sum(amount: Any, moment: Any, condition: Any, span: Any) -> Any:
    """Return the sum within a month: by its edges, so that an index on the moment serves."""
    within = (moment >= span.c.begins_at) & (moment < span.c.ends_at)
    return select(func.sum(amount)).where(condition, within).correlate(span).scalar_subquery()


def _months_before(first: date, months: int) -> date:
    number = first.year * 12 + first.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)
