"""Dated courses: saved with their days, published, repeated, run and closed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from rft_admin.catalogue.models import (
    Course,
    CourseSchedule,
    CourseScheduleDay,
    ScheduleStatus,
    Trainer,
    Venue,
)
from rft_admin.catalogue.service import LARGEST_ID, NoSuchSchedule
from rft_admin.core.actor import Actor
from rft_admin.core.clock import LONDON, london_date, to_london
from rft_admin.core.database import db
from rft_admin.core.errors import DomainError, refuse_on
from rft_admin.core.formats import format_date, label_of

#: What a person may set; everything else is the system's.
EDITABLE = frozenset(
    {
        "course_id",
        "venue_id",
        "trainer_id",
        "instructor_id",
        "max_capacity",
        "min_places",
        "price_override",
        "group_price",
        "private_for_user_id",
        "site_address",
        "joining_notes",
    }
)
#: What a repeated date takes over.
REPEATED = EDITABLE - {"instructor_id"}
_STEPS_TO_COMPLETED = (
    ScheduleStatus.CONFIRMED,
    ScheduleStatus.IN_PROGRESS,
    ScheduleStatus.COMPLETED,
)


class TrainerClash(DomainError):
    """The trainer already teaches at that time. Choose another trainer or time."""

    status = 409
    field = "trainer_id"


class VenueClash(DomainError):
    """The venue is already in use at that time. Choose another venue or time."""

    status = 409
    field = "venue_id"


class CapacityBelowTaken(DomainError):
    """More places than that are taken already."""

    field = "max_capacity"


class CourseFixed(DomainError):
    """Places are taken on this date, so its course cannot change. Make a new date instead."""

    field = "course_id"


class DaysWrong(DomainError):
    """Each day needs a start and a later end, and the days must not overlap."""

    field = "days"


class ScheduleClosed(DomainError):
    """The date has begun, is completed or was cancelled; it can no longer be changed so."""

    status = 409


class NotYetHeld(DomainError):
    """The last day of this date is still to come, so it cannot be completed yet."""

    status = 409


class CannotPublish(DomainError):
    """The date cannot be published."""


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


def create_schedule(
    *, values: Mapping[str, Any], days: Sequence[DayTimes], by: Actor
) -> CourseSchedule:
    """Store a new, unpublished date with its days.

    :param values: the columns of `EDITABLE` by name.
    :raises DaysWrong: if a day ends before it starts, or days overlap.
    :raises TrainerClash: or VenueClash, naming the other date.
    """
    schedule = CourseSchedule(is_published=False)
    return _save(schedule, values, days)


def update_schedule(
    schedule: CourseSchedule,
    *,
    values: Mapping[str, Any],
    days: Sequence[DayTimes] | None = None,
    by: Actor,
) -> CourseSchedule:
    """Change a date that has not ended, and its days when they are given.

    :raises ScheduleClosed: if it is completed or cancelled.
    :raises CapacityBelowTaken: if fewer places would be on sale than are taken.
    :raises CourseFixed: if its course would change although places are taken.
    """
    if schedule.status in {ScheduleStatus.COMPLETED, ScheduleStatus.CANCELLED}:
        raise ScheduleClosed
    return _save(schedule, values, days if days is not None else _present_days(schedule))


def publish(schedule: CourseSchedule, *, now: datetime, by: Actor) -> None:
    """Show and sell the date.

    :raises CannotPublish: if it is not to come, belongs to one client, or its course is not active.
    """
    if not schedule.is_open or schedule.start_datetime <= now:
        raise CannotPublish("Only a date that is still to come can be published.")
    if schedule.is_private:
        raise CannotPublish("A private course belongs to one client and is not published.")
    if not schedule.course.is_active:
        raise CannotPublish("The course is not active; activate it first.")
    schedule.is_published = True
    db.session.flush()


def unpublish(schedule: CourseSchedule, *, by: Actor) -> None:
    """Show and sell the date no longer; who has booked keeps the place."""
    schedule.is_published = False
    db.session.flush()


def change_status(schedule: CourseSchedule, status: ScheduleStatus, *, by: Actor) -> None:
    """Move the date one step along its life.

    :raises ScheduleClosed: if that step does not follow the present one.
    """
    if not schedule.can_become(status):
        raise ScheduleClosed(f"A date that is {label_of(schedule.status).lower()} stays so.")
    schedule.status = status
    db.session.flush()


def complete(schedule: CourseSchedule, *, now: datetime, by: Actor) -> None:
    """Close a date that was given, by way of the states before.

    :raises NotYetHeld: if its last day is still to come.
    :raises ScheduleClosed: if it is completed already or was cancelled.
    """
    if schedule.status in {ScheduleStatus.COMPLETED, ScheduleStatus.CANCELLED}:
        raise ScheduleClosed
    if london_date(schedule.end_datetime) > london_date(now):
        raise NotYetHeld
    for status in _STEPS_TO_COMPLETED:
        if schedule.can_become(status):
            change_status(schedule, status, by=by)


def mark_cancelled(schedule: CourseSchedule, *, reason: str, by: Actor) -> None:
    """Cancel the date itself; its bookings and refunds are the payments room's business.

    :raises ScheduleClosed: if it is completed or cancelled already.
    """
    schedule.cancellation_reason = reason
    change_status(schedule, ScheduleStatus.CANCELLED, by=by)


def duplicate(schedule: CourseSchedule, *, starts_at: datetime, by: Actor) -> CourseSchedule:
    """Store the same date again, unpublished, beginning at another moment.

    The clock on the wall counts: a 09:30 stays 09:30 across a clock change.

    :raises TrainerClash: or VenueClash, naming the other date.
    """
    shift = _wall(starts_at) - _wall(schedule.start_datetime)
    values = {name: getattr(schedule, name) for name in REPEATED}
    if schedule.trainer_id is None:
        values["instructor_id"] = schedule.instructor_id
    days = [_shifted(day, shift) for day in _present_days(schedule)]
    return create_schedule(values=values, days=days, by=by)


def lock_schedules(ids: Collection[int]) -> dict[int, CourseSchedule]:
    """Lock dates in id order until the transaction ends and return them as they are now.

    :raises NoSuchSchedule: if one of them does not exist.
    """
    if any(not 0 < schedule_id <= LARGEST_ID for schedule_id in ids):
        raise NoSuchSchedule
    locked = db.session.scalars(
        select(CourseSchedule)
        .where(CourseSchedule.id.in_(ids))
        .order_by(CourseSchedule.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    if len(locked) != len(set(ids)):
        raise NoSuchSchedule
    return {schedule.id: schedule for schedule in locked}


def _save(
    schedule: CourseSchedule, values: Mapping[str, Any], days: Sequence[DayTimes]
) -> CourseSchedule:
    unknown = values.keys() - EDITABLE
    if unknown:
        raise ValueError(f"Not for a person to set: {', '.join(sorted(unknown))}")
    ordered = _check_days(days)
    _lock_trainers_and_venues(schedule, values)
    if schedule.id is not None:
        lock_schedules([schedule.id])
        _check_change(schedule, values)
    for name, value in values.items():
        setattr(schedule, name, value)
    _refuse_clashes(schedule, ordered)
    _write_days(schedule, ordered)
    db.session.flush()
    # Triggers have set who teaches and how many places are taken.
    db.session.refresh(schedule)
    return schedule


def _check_days(days: Sequence[DayTimes]) -> list[DayTimes]:
    ordered = sorted(days, key=lambda day: day.starts_at)
    if not ordered or any(day.ends_at <= day.starts_at for day in ordered):
        raise DaysWrong
    if any(later.starts_at < day.ends_at for day, later in zip(ordered, ordered[1:], strict=False)):
        raise DaysWrong
    return ordered


def _lock_trainers_and_venues(schedule: CourseSchedule, values: Mapping[str, Any]) -> None:
    """Lock old and new ones by id: two series written in opposite order would deadlock."""
    for model, name in ((Trainer, "trainer_id"), (Venue, "venue_id")):
        ids = {getattr(schedule, name), values.get(name)} - {None}
        db.session.execute(
            select(model.id)
            .where(model.id.in_(ids))
            .order_by(model.id)
            .with_for_update(key_share=True)
        )


def _check_change(schedule: CourseSchedule, values: Mapping[str, Any]) -> None:
    taken = schedule.current_capacity
    if values.get("course_id", schedule.course_id) != schedule.course_id and taken:
        raise CourseFixed
    if values.get("max_capacity", schedule.max_capacity) < taken:
        raise CapacityBelowTaken(f"{taken} places are taken on this date; offer at least so many.")


def _refuse_clashes(schedule: CourseSchedule, days: Sequence[DayTimes]) -> None:
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


def _write_days(schedule: CourseSchedule, days: Sequence[DayTimes]) -> None:
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


def _present_days(schedule: CourseSchedule) -> list[DayTimes]:
    return [
        DayTimes(starts_at=day.starts_at, ends_at=day.ends_at, break_minutes=day.break_minutes)
        for day in schedule.days
    ]


def _shifted(day: DayTimes, shift: timedelta) -> DayTimes:
    return DayTimes(
        starts_at=_from_wall(_wall(day.starts_at) + shift),
        ends_at=_from_wall(_wall(day.ends_at) + shift),
        break_minutes=day.break_minutes,
    )


def _wall(moment: datetime) -> datetime:
    return to_london(moment).replace(tzinfo=None)


def _from_wall(wall: datetime) -> datetime:
    return wall.replace(tzinfo=LONDON).astimezone(UTC)
