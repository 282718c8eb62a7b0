"""Dates with too few people: the office is asked in time whether they run."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, select

from rft_admin.bookings import places, settings
from rft_admin.catalogue.models import CourseSchedule, ScheduleStatus
from rft_admin.catalogue.schedules import lock_schedules
from rft_admin.core.actor import Actor
from rft_admin.core.clock import end_of_london_day, london_date
from rft_admin.core.database import db
from rft_admin.messaging import notifications
from rft_admin.messaging.models import NotificationType, Priority


def waits_for_decision(now: datetime) -> ColumnElement[bool]:
    """Return the condition of a date that is near, is not decided, and has too few people."""
    last_day = london_date(now) + timedelta(days=settings.decision_days())
    return and_(
        CourseSchedule.status == ScheduleStatus.SCHEDULED,
        CourseSchedule.start_datetime > now,
        CourseSchedule.start_datetime < end_of_london_day(last_day),
        CourseSchedule.min_places > 0,
        CourseSchedule.min_places > func.places_taken(CourseSchedule.id),
    )


def ask_to_decide(*, now: datetime, by: Actor) -> Sequence[CourseSchedule]:
    """Ask the office, once for each, about the dates that have too few people; return them."""
    ids = db.session.scalars(
        select(CourseSchedule.id)
        .where(waits_for_decision(now), CourseSchedule.decision_asked_at.is_(None))
        .order_by(CourseSchedule.id)
    ).all()
    asked = list(lock_schedules(ids).values()) if ids else []
    for schedule in asked:
        schedule.decision_asked_at = now
        _ask(schedule, now=now)
    return asked


def _ask(schedule: CourseSchedule, *, now: datetime) -> None:
    taken = places.availability_of(schedule.id).taken
    notifications.notify_office(
        type=NotificationType.COURSE_UPDATED,
        title=f"Does it run? {schedule}",
        message=(
            f"{taken} of at least {schedule.min_places} places are taken. Decide to run it, move"
            " its bookings to another date, or cancel it."
        ),
        priority=Priority.HIGH,
        action_url=f"/admin/course_schedules/details/?id={schedule.id}",
        course_id=schedule.course_id,
        expires_at=schedule.start_datetime,
        now=now,
    )
