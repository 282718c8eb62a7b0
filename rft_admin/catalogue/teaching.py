"""How much a trainer teaches, and how long the qualification still holds."""

from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from sqlalchemy import func, select

from rft_admin.catalogue.models import CourseSchedule, CourseScheduleDay, Trainer
from rft_admin.core import clock
from rft_admin.core.database import db

#: A trainer of first aid teaches at least so many hours in three years.
HOURS_NEEDED = 36
YEARS = 3
#: So long before its end a qualification wants to be renewed.
RENEWAL_AHEAD = timedelta(days=90)
_HALF = Decimal("0.5")


def hours_taught(trainer: Trainer, *, now: datetime) -> Decimal:
    """Return the contact hours of the last three years, breaks taken off, to the half hour."""
    since = clock.london_midnight(clock.add_years(clock.london_date(now), -YEARS))
    length = func.extract("epoch", CourseScheduleDay.ends_at - CourseScheduleDay.starts_at) / 60
    minutes = db.session.scalar(
        select(func.sum(length - CourseScheduleDay.break_minutes))
        .join(CourseSchedule, CourseSchedule.id == CourseScheduleDay.course_schedule_id)
        .where(
            CourseSchedule.trainer_id == trainer.id,
            CourseScheduleDay.is_live,
            CourseScheduleDay.ends_at <= now,
            CourseScheduleDay.starts_at >= since,
        )
    )
    halves = (Decimal(minutes or 0) / 30).quantize(Decimal(1), ROUND_HALF_UP)
    return halves * _HALF


def qualification_state(trainer: Trainer, today: date) -> str:
    """Return "unknown", "over", "soon" or "valid"."""
    expiry = trainer.qualification_expiry
    if expiry is None:
        return "unknown"
    if expiry < today:
        return "over"
    return "soon" if expiry <= today + RENEWAL_AHEAD else "valid"
