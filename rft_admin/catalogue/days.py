"""The days of a dated course: in order, without clashes, moved by the clock on the wall."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from rft_admin.catalogue.models import Course, CourseSchedule, CourseScheduleDay, Trainer, Venue
from rft_admin.core.clock import LONDON, to_london
from rft_admin.core.database import db
from rft_admin.core.errors import DomainError, refuse_on
from rft_admin.core.formats import format_date


class TrainerClash(DomainError):
    """The trainer already teaches at that time. Choose another trainer or time."""

    status = 409
    field = "trainer_id"


class VenueClash(DomainError):
    """The venue is already in use at that time. Choose another venue or time."""

    status = 409
    field = "venue_id"


class DaysWrong(DomainError):
    """Each day needs a start and a later end, and the days must not overlap."""

    field = "days"


refuse_on("ex_course_schedule_days_instructor", TrainerClash)
refuse_on("ex_course_schedule_days_venue", VenueClash)
refuse_on("ck_course_schedules_period", DaysWrong)
refuse_on("ck_course_schedule_days_period", DaysWrong)


@dataclass(frozen=True, kw_only=True)
class DayTimes:
    """One day of a dated course as typed in."""

    starts_at: datetime
    ends_at: datetime
    break_minutes: int = 0


def in_order(days: Sequence[DayTimes]) -> list[DayTimes]:
    """Return the days, earliest first.

    :raises DaysWrong: if there is none, one ends before it starts, or two overlap.
    """
    ordered = sorted(days, key=lambda day: day.starts_at)
    if not ordered or any(day.ends_at <= day.starts_at for day in ordered):
        raise DaysWrong
    if any(later.starts_at < day.ends_at for day, later in zip(ordered, ordered[1:], strict=False)):
        raise DaysWrong
    return ordered


def refuse_clashes(schedule: CourseSchedule, days: Sequence[DayTimes]) -> None:
    """Refuse days at which the trainer, or an exclusive venue, is needed elsewhere.

    :raises TrainerClash: or VenueClash, naming the other date.
    """
    with db.session.no_autoflush:
        person_id = _teacher_of(schedule)
        venue = db.session.get(Venue, schedule.venue_id) if schedule.venue_id else None
        for day in days:
            if person_id and (other := _find_clash(schedule, day, instructor_id=person_id)):
                raise TrainerClash(f"The trainer already teaches {_name(other)} at that time.")
            if venue is None or venue.allows_concurrent:
                continue
            if other := _find_clash(schedule, day, venue_id=venue.id):
                raise VenueClash(f"{venue.name} is already used for {_name(other)} at that time.")


def _teacher_of(schedule: CourseSchedule) -> int | None:
    if schedule.trainer_id is None:
        return schedule.instructor_id
    trainer = db.session.get(Trainer, schedule.trainer_id)
    return trainer.user_id if trainer else None


def _find_clash(schedule: CourseSchedule, day: DayTimes, **whose: int) -> CourseSchedule | None:
    other = db.session.scalar(
        select(CourseScheduleDay)
        .filter_by(is_live=True, **whose)
        .where(
            CourseScheduleDay.starts_at < day.ends_at,
            CourseScheduleDay.ends_at > day.starts_at,
            CourseScheduleDay.course_schedule_id != (schedule.id or 0),
        )
        .order_by(CourseScheduleDay.id)
        .limit(1)
        .options(joinedload(CourseScheduleDay.course_schedule))
    )
    return other.course_schedule if other else None


def _name(schedule: CourseSchedule) -> str:
    course = db.session.get_one(Course, schedule.course_id)
    return f"{course.name} on {format_date(schedule.start_datetime)}"


def write_days(schedule: CourseSchedule, days: Sequence[DayTimes]) -> None:
    """Replace days that changed; the old ones go first, lest the new ones clash with them."""
    if [_times(day) for day in schedule.days] == [_times(day) for day in days]:
        return
    schedule.start_datetime = days[0].starts_at
    schedule.end_datetime = days[-1].ends_at
    schedule.days.clear()
    db.session.add(schedule)
    db.session.flush()
    schedule.days.extend(
        CourseScheduleDay(
            starts_at=day.starts_at, ends_at=day.ends_at, break_minutes=day.break_minutes
        )
        for day in days
    )


def _times(day: DayTimes | CourseScheduleDay) -> tuple[datetime, datetime, int]:
    return day.starts_at, day.ends_at, day.break_minutes


def present_days(schedule: CourseSchedule) -> list[DayTimes]:
    """Return the days that the date has now."""
    return [
        DayTimes(starts_at=day.starts_at, ends_at=day.ends_at, break_minutes=day.break_minutes)
        for day in schedule.days
    ]


def list_shifted(schedule: CourseSchedule, starts_at: datetime) -> list[DayTimes]:
    """Return the date's days moved so that the first begins at another moment.

    The clock on the wall counts: a 09:30 stays 09:30 across a clock change.
    """
    shift = _wall(starts_at) - _wall(schedule.start_datetime)
    return [moved_by_days(day, shift) for day in present_days(schedule)]


def moved_by_days(day: DayTimes, shift: timedelta) -> DayTimes:
    """Return the day later by so much on the wall's clock, whatever the clocks did meanwhile."""
    return DayTimes(
        starts_at=_from_wall(_wall(day.starts_at) + shift),
        ends_at=_from_wall(_wall(day.ends_at) + shift),
        break_minutes=day.break_minutes,
    )


def _wall(moment: datetime) -> datetime:
    return to_london(moment).replace(tzinfo=None)


def _from_wall(wall: datetime) -> datetime:
    return wall.replace(tzinfo=LONDON).astimezone(UTC)
