"""Dated courses: saved with their days, published, repeated, run and closed."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from rft_admin.accounts import audit
from rft_admin.catalogue.days import (
    DaysWrong,
    DayTimes,
    TrainerClash,
    VenueClash,
    in_order,
    list_shifted,
    present_days,
    refuse_clashes,
    write_days,
)
from rft_admin.catalogue.limits import (
    DECIDING,
    HoursTooShort,
    MoreThanAllowed,
    contact_hours,
    refuse_short,
    refuse_too_many,
)
from rft_admin.catalogue.models import (
    CourseSchedule,
    ScheduleStatus,
    Trainer,
    Venue,
)
from rft_admin.catalogue.service import LARGEST_ID, NoSuchSchedule
from rft_admin.core.actor import Actor
from rft_admin.core.clock import london_date
from rft_admin.core.database import db
from rft_admin.core.errors import DomainError
from rft_admin.core.formats import label_of

__all__ = [
    "CannotPublish",
    "CapacityBelowTaken",
    "CourseFixed",
    "DayTimes",
    "DaysWrong",
    "HoursTooShort",
    "MoreThanAllowed",
    "NotYetHeld",
    "ScheduleClosed",
    "TrainerClash",
    "VenueClash",
    "change_status",
    "complete",
    "create_schedule",
    "duplicate",
    "in_order",
    "is_still_to_be_held",
    "list_shifted",
    "lock_schedules",
    "mark_cancelled",
    "override_hours",
    "publish",
    "unpublish",
    "update_schedule",
]

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


class CapacityBelowTaken(DomainError):
    """More places than that are taken already."""

    field = "max_capacity"


class CourseFixed(DomainError):
    """Places are taken on this date, so its course cannot change. Make a new date instead."""

    field = "course_id"


class ScheduleClosed(DomainError):
    """The date has begun, is completed or was cancelled; it can no longer be changed so."""

    status = 409


class NotYetHeld(DomainError):
    """The last day of this date is still to come, so it cannot be completed yet."""

    status = 409


class CannotPublish(DomainError):
    """The date cannot be published."""


def create_schedule(
    *, values: Mapping[str, Any], days: Sequence[DayTimes], by: Actor
) -> CourseSchedule:
    """Store a new, unpublished date with its days.

    :param values: the columns of `EDITABLE` by name.
    :raises DaysWrong: if a day ends before it starts, or days overlap.
    :raises MoreThanAllowed: if the trainer or the venue cannot take so many people.
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
    :raises MoreThanAllowed: if the trainer or the venue cannot take so many people.
    :raises HoursTooShort: if it is published and would become shorter than its course.
    :raises CourseFixed: if its course would change although places are taken.
    """
    if schedule.status in {ScheduleStatus.COMPLETED, ScheduleStatus.CANCELLED}:
        raise ScheduleClosed
    return _save(schedule, values, days if days is not None else present_days(schedule))


def publish(
    schedule: CourseSchedule, *, hours_override_reason: str = "", now: datetime, by: Actor
) -> None:
    """Show and sell the date.

    :param hours_override_reason: why it may be shorter than the course's contact hours; kept on
        the date and in the audit.
    :raises CannotPublish: if it is not to come, belongs to one client, or its course is not active.
    :raises HoursTooShort: naming the hours, if they are fewer and there is no reason.
    """
    if not schedule.is_open or schedule.start_datetime <= now:
        raise CannotPublish("Only a date that is still to come can be published.")
    if schedule.is_private:
        raise CannotPublish("A private course belongs to one client and is not published.")
    if not schedule.course.is_active:
        raise CannotPublish("The course is not active; activate it first.")
    if hours_override_reason.strip():
        override_hours(schedule, reason=hours_override_reason.strip(), by=by)
    refuse_short(schedule)
    schedule.is_published = True
    db.session.flush()


def override_hours(schedule: CourseSchedule, *, reason: str, by: Actor) -> None:
    """Write down why the date is shorter than its course; where it is not, nothing is written."""
    if contact_hours(schedule.days) >= schedule.course.duration_hours:
        return
    with audit.acting("hours_overridden"):
        schedule.hours_override_reason = reason


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
    if is_still_to_be_held(schedule, now=now):
        raise NotYetHeld
    for status in _STEPS_TO_COMPLETED:
        if schedule.can_become(status):
            change_status(schedule, status, by=by)


def is_still_to_be_held(schedule: CourseSchedule, *, now: datetime) -> bool:
    """Return whether the date's last day, in London, is still to come."""
    return london_date(schedule.end_datetime) > london_date(now)


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
    values = {name: getattr(schedule, name) for name in REPEATED}
    if schedule.trainer_id is None:
        values["instructor_id"] = schedule.instructor_id
    return create_schedule(values=values, days=list_shifted(schedule, starts_at), by=by)


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
    ordered = in_order(days)
    _lock_trainers_and_venues(schedule, values)
    if schedule.id is not None:
        lock_schedules([schedule.id])
        _check_change(schedule, values)
    is_decided_anew = any(
        getattr(schedule, name) != values.get(name) for name in DECIDING & values.keys()
    )
    for name, value in values.items():
        setattr(schedule, name, value)
    if is_decided_anew:
        refuse_too_many(schedule)
    refuse_clashes(schedule, ordered)
    if schedule.start_datetime != ordered[0].starts_at:
        # Another day is another question whether enough people come.
        schedule.decision_asked_at = None
    write_days(schedule, ordered)
    db.session.flush()
    # Triggers have set who teaches and how many places are taken.
    db.session.refresh(schedule)
    if schedule.is_published:
        refuse_short(schedule, field="days")
    return schedule


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
    # The column may be too high by holds that have expired since; the function is not.
    taken = db.session.scalars(select(func.places_taken(schedule.id))).one()
    if values.get("course_id", schedule.course_id) != schedule.course_id and taken:
        raise CourseFixed
    if values.get("max_capacity", schedule.max_capacity) < taken:
        raise CapacityBelowTaken(f"{taken} places are taken on this date; offer at least so many.")
