"""A series: the same date again every so many weeks; all of them are stored, or none."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from rft_admin.catalogue.days import DayTimes, list_shifted, refuse_clashes
from rft_admin.catalogue.models import CourseSchedule
from rft_admin.catalogue.schedules import REPEATED, duplicate
from rft_admin.core.actor import Actor
from rft_admin.core.clock import LONDON, london_date, to_london
from rft_admin.core.errors import DomainError
from rft_admin.core.formats import format_short_date

#: A longer series is made in parts.
MOST_DATES = 60
_WEEK = timedelta(weeks=1)


class SeriesEmpty(DomainError):
    """No such weekday lies between this date and the last one. Choose a later last date."""

    field = "until"


class SeriesTooLong(DomainError):
    """A series has at most 60 dates. Choose an earlier last date, or more weeks between."""

    field = "until"


class SeriesClash(DomainError):
    """Some dates of the series clash with others. Nothing was stored."""

    status = 409
    field = "until"


def list_starts(
    schedule: CourseSchedule, *, every_weeks: int, weekday: int, until: date
) -> list[datetime]:
    """Return when the dates of a series begin: after the given date, at its time of day in London.

    :param every_weeks: from one date to the next; at least 1.
    :param weekday: 0 is Monday.
    :param until: the last calendar day, in London, on which one may begin.
    :raises SeriesEmpty: if there is none. SeriesTooLong: if there are more than 60.
    """
    first = to_london(schedule.start_datetime)
    ahead = (weekday - first.weekday()) % 7
    day = first.date() + (timedelta(days=ahead) if ahead else every_weeks * _WEEK)
    days: list[date] = []
    while day <= until and len(days) <= MOST_DATES:
        days.append(day)
        day += every_weeks * _WEEK
    if not days:
        raise SeriesEmpty
    if len(days) > MOST_DATES:
        raise SeriesTooLong
    return [datetime.combine(day, first.time(), LONDON) for day in days]


def make_series(
    schedule: CourseSchedule, *, every_weeks: int, weekday: int, until: date, by: Actor
) -> list[CourseSchedule]:
    """Repeat a date, unpublished, on a weekday every so many weeks until a day.

    :raises SeriesClash: naming each date that the trainer or the venue cannot take.
    :raises TrainerClash: or VenueClash, if the series would clash with itself.
    """
    starts = list_starts(schedule, every_weeks=every_weeks, weekday=weekday, until=until)
    _refuse_clashes(schedule, [list_shifted(schedule, start) for start in starts])
    return [duplicate(schedule, starts_at=start, by=by) for start in starts]


def _refuse_clashes(schedule: CourseSchedule, planned: Sequence[Sequence[DayTimes]]) -> None:
    clashes = []
    for days in planned:
        try:
            refuse_clashes(_sketch(schedule), days)
        except DomainError as clash:
            clashes.append(f"{format_short_date(london_date(days[0].starts_at))}: {clash.message}")
    if clashes:
        raise SeriesClash(f"Nothing was stored. {' '.join(clashes)}")


def _sketch(schedule: CourseSchedule) -> CourseSchedule:
    """Return the date to come as far as clashes go; it is never stored."""
    values = {name: getattr(schedule, name) for name in REPEATED | {"instructor_id"}}
    return CourseSchedule(**values)
