"""What a date must keep: enough hours, no more places than trainer and venue allow."""

from collections.abc import Iterable
from decimal import Decimal

from rft_admin.catalogue.days import DayTimes
from rft_admin.catalogue.models import Course, CourseSchedule, CourseScheduleDay, Venue
from rft_admin.core.database import db
from rft_admin.core.errors import DomainError
from rft_admin.core.formats import format_number

#: Another of these may allow fewer places than before.
DECIDING = frozenset({"course_id", "venue_id", "max_capacity"})
_MINUTES_AN_HOUR = 60


class MoreThanAllowed(DomainError):
    """That is more places than one trainer may teach or the venue holds."""

    field = "max_capacity"


class HoursTooShort(DomainError):
    """The days are shorter than the contact hours of the course."""

    field = "reason"


def refuse_too_many(schedule: CourseSchedule) -> None:
    """Refuse more places than one trainer may teach, or than the venue holds.

    A course states how many learners a trainer may have: twelve, by HSE's guidance for first aid.

    :raises MoreThanAllowed: with the number that is possible.
    """
    with db.session.no_autoflush:
        course = db.session.get_one(Course, schedule.course_id)
        venue = db.session.get(Venue, schedule.venue_id) if schedule.venue_id else None
    most = course.learners_per_trainer
    if schedule.max_capacity > most:
        raise MoreThanAllowed(f"One trainer may teach at most {most} people on {course.name}.")
    if venue and venue.capacity is not None and schedule.max_capacity > venue.capacity:
        raise MoreThanAllowed(f"{venue.name} holds at most {venue.capacity} people.")


def refuse_short(schedule: CourseSchedule, *, field: str = "reason") -> None:
    """Refuse a date whose days do not give the contact hours of its course.

    :param field: where the door shows the refusal.
    :raises HoursTooShort: naming both figures, unless a reason for it is written down.
    """
    hours, needed = contact_hours(schedule.days), schedule.course.duration_hours
    if hours >= needed or schedule.hours_override_reason:
        return
    raise HoursTooShort(
        f"The days give {format_number(hours)} contact hours, breaks taken off, and "
        f"{schedule.course.name} needs {format_number(needed)}."
        " Lengthen the days, or give a reason.",
        field=field,
    )


def contact_hours(days: Iterable[DayTimes | CourseScheduleDay]) -> Decimal:
    """Return the hours that are taught: each day from start to end, less its breaks."""
    minutes = sum(
        int((day.ends_at - day.starts_at).total_seconds()) // _MINUTES_AN_HOUR - day.break_minutes
        for day in days
    )
    return Decimal(minutes) / _MINUTES_AN_HOUR
