"""What is on offer: courses, their dates and their materials, each list in few queries."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import cache

from sqlalchemy import ColumnElement, Select, and_, select
from sqlalchemy.orm import joinedload, selectinload

from rft_admin.catalogue.models import (
    Course,
    CourseMaterial,
    CourseSchedule,
    ScheduleStatus,
    Venue,
)
from rft_admin.core.clock import london_midnight
from rft_admin.core.database import db
from rft_admin.core.errors import NotFound

#: The largest key that the tables' integer columns can hold.
LARGEST_ID = 2**31 - 1
NEXT_DATES = 3


class NoSuchCourse(NotFound):
    """There is no such course."""


class NoSuchSchedule(NotFound):
    """There is no such date."""


def list_courses() -> Sequence[Course]:
    """Return the courses of the catalogue in their display order."""
    return db.session.scalars(
        select(Course).where(Course.is_active).order_by(Course.display_order, Course.id)
    ).all()


def get_course(slug: str) -> Course:
    """Return the active course of that address.

    :raises NoSuchCourse: if there is none.
    """
    course = db.session.scalar(select(Course).where(Course.slug == slug, Course.is_active))
    if course is None:
        raise NoSuchCourse
    return course


def list_upcoming(
    *,
    now: datetime,
    course_slug: str | None = None,
    city: str | None = None,
    month: date | None = None,
) -> Sequence[CourseSchedule]:
    """Return the dates shown to the public, earliest first, with course, venue and days.

    :param month: any day of the month, in London, in which the date begins.
    """
    query = _with_details(select(CourseSchedule).where(is_on_show(now)))
    if course_slug:
        query = query.where(CourseSchedule.course.has(Course.slug == course_slug))
    if city:
        query = query.where(CourseSchedule.venue.has(Venue.city == city))
    if month:
        query = query.where(_begins_in(month))
    return db.session.scalars(
        query.order_by(CourseSchedule.start_datetime, CourseSchedule.id)
    ).all()


def list_cities(*, now: datetime) -> Sequence[str]:
    """Return the cities in which there are upcoming dates, by name."""
    cities = db.session.scalars(
        select(Venue.city)
        .join(CourseSchedule, CourseSchedule.venue_id == Venue.id)
        .where(is_on_show(now))
        .distinct()
        .order_by(Venue.city)
    )
    return [city for city in cities if city]


def list_next_dates(
    course_id: int, *, now: datetime, besides: int | None = None, limit: int = NEXT_DATES
) -> Sequence[CourseSchedule]:
    """Return the next dates of a course on show, for somebody whose date is full.

    :param besides: a schedule to leave out.
    """
    return db.session.scalars(
        _with_details(select(CourseSchedule))
        .where(
            is_on_show(now),
            CourseSchedule.course_id == course_id,
            CourseSchedule.id != (besides or 0),
        )
        .order_by(CourseSchedule.start_datetime, CourseSchedule.id)
        .limit(limit)
    ).all()


def get_schedule(schedule_id: int) -> CourseSchedule:
    """Return a date with its course, venue and days, whatever its state.

    :raises NoSuchSchedule: if there is none.
    """
    if not 0 < schedule_id <= LARGEST_ID:
        raise NoSuchSchedule
    schedule = db.session.scalars(_one_date().filter_by(id=schedule_id)).unique().one_or_none()
    if schedule is None:
        raise NoSuchSchedule
    return schedule


def get_schedule_on_show(schedule_id: int, *, now: datetime) -> CourseSchedule:
    """Return a date that the public may see.

    :raises NoSuchSchedule: if there is none, or it is unpublished, cancelled or has begun.
    """
    schedule = get_schedule(schedule_id)
    if not (schedule.is_published and schedule.is_open and schedule.start_datetime > now):
        raise NoSuchSchedule
    return schedule


def list_materials(course_id: int, *, public_only: bool = False) -> Sequence[CourseMaterial]:
    """Return a course's materials in their display order."""
    query = select(CourseMaterial).where(CourseMaterial.course_id == course_id)
    if public_only:
        query = query.where(CourseMaterial.is_public)
    return db.session.scalars(query.order_by(CourseMaterial.display_order, CourseMaterial.id)).all()


def is_on_show(now: datetime) -> ColumnElement[bool]:
    """Return the condition of a date that is shown and sold: published, to come, going to run."""
    return and_(
        CourseSchedule.is_published,
        CourseSchedule.status.in_((ScheduleStatus.SCHEDULED, ScheduleStatus.CONFIRMED)),
        CourseSchedule.start_datetime > now,
    )


def _begins_in(month: date) -> ColumnElement[bool]:
    first = month.replace(day=1)
    next_first = (first + timedelta(days=31)).replace(day=1)
    return and_(
        CourseSchedule.start_datetime >= london_midnight(first),
        CourseSchedule.start_datetime < london_midnight(next_first),
    )


@cache
def _one_date() -> Select[CourseSchedule]:
    """Return the query of a date with all about it, at once: a date has few days."""
    return _with_course_and_venue(select(CourseSchedule)).options(joinedload(CourseSchedule.days))


def _with_details(query: Select[CourseSchedule]) -> Select[CourseSchedule]:
    return _with_course_and_venue(query).options(selectinload(CourseSchedule.days))


def _with_course_and_venue(query: Select[CourseSchedule]) -> Select[CourseSchedule]:
    return query.options(
        joinedload(CourseSchedule.course, innerjoin=True), joinedload(CourseSchedule.venue)
    )
