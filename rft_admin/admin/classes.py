"""The classes that come next, each by the day of it that is not over yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload, selectinload

from rft_admin.admin.rights import scoped
from rft_admin.bookings import places
from rft_admin.bookings.places import Availability
from rft_admin.catalogue.models import CourseSchedule, CourseScheduleDay, ScheduleStatus
from rft_admin.core.clock import end_of_london_day, london_date, london_midnight
from rft_admin.core.database import db

NEXT_COURSES = 6
#: So many days of one date may stand before the first of the next.
MOST_DAYS = 31
#: A day that began longer ago than this is over.
LONGEST_DAY = timedelta(days=2)


@dataclass(frozen=True)
class ClassDay:
    """A dated course and the day of it that comes next: today's, while that is not over."""

    schedule: CourseSchedule
    day: CourseScheduleDay
    number: int
    seats: Availability

    @property
    def day_words(self) -> str:
        """Which of its days this is, for a course of several."""
        of = len(self.schedule.days)
        return f"day {self.number} of {of}" if of > 1 else ""

    def is_on(self, now: datetime) -> bool:
        """Return whether that day is today in London."""
        return self.day.starts_at < end_of_london_day(london_date(now))


def list_next_classes(now: datetime) -> list[ClassDay]:
    """Return the next classes that the person may see, today's whole day included."""
    midnight = london_midnight(london_date(now))
    courses = _next_courses(midnight)
    seats = places.availability([course.id for course in courses])
    return [_class_day(course, midnight, seats[course.id]) for course in courses]


def _class_day(schedule: CourseSchedule, midnight: datetime, seats: Availability) -> ClassDay:
    for number, day in enumerate(schedule.days, start=1):
        if day.ends_at > midnight:
            return ClassDay(schedule, day, number, seats)
    raise RuntimeError(f"The date {schedule.id} has no day to come.")


def _next_courses(midnight: datetime) -> Sequence[CourseSchedule]:
    """Return the dates with a day that is not over, by that day."""
    days: Any = (
        select(CourseScheduleDay.course_schedule_id, CourseScheduleDay.starts_at)
        .join(CourseSchedule, CourseSchedule.id == CourseScheduleDay.course_schedule_id)
        .where(
            CourseScheduleDay.starts_at > midnight - LONGEST_DAY,
            CourseScheduleDay.ends_at > midnight,
            CourseSchedule.status != ScheduleStatus.CANCELLED,
        )
        .order_by(CourseScheduleDay.starts_at, CourseSchedule.id)
        .limit(NEXT_COURSES * MOST_DAYS)
    )
    first = scoped(CourseSchedule, days).subquery()
    coming = (
        select(first.c.course_schedule_id, func.min(first.c.starts_at).label("next_start"))
        .group_by(first.c.course_schedule_id)
        .subquery()
    )
    statement = (
        select(CourseSchedule)
        .join(coming, coming.c.course_schedule_id == CourseSchedule.id)
        .options(
            joinedload(CourseSchedule.course, innerjoin=True),
            joinedload(CourseSchedule.venue),
            selectinload(CourseSchedule.days),
        )
        .order_by(coming.c.next_start, CourseSchedule.id)
        .limit(NEXT_COURSES)
    )
    return db.session.scalars(statement).unique().all()
