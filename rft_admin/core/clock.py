"""The only place that reads the clock; moments are aware UTC, people read Europe/London."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")


def now() -> datetime:
    """Return this moment, aware, in UTC."""
    return datetime.now(UTC)


def to_london(moment: datetime) -> datetime:
    """Return the moment as the wall clock in London shows it."""
    return moment.astimezone(LONDON)


def london_date(moment: datetime) -> date:
    """Return the calendar day of the moment in London."""
    return to_london(moment).date()


def london_midnight(day: date) -> datetime:
    """Return the moment, in UTC, at which the day begins in London."""
    return datetime.combine(day, time.min, LONDON).astimezone(UTC)


def end_of_london_day(day: date) -> datetime:
    """Return the moment, in UTC, at which the day has ended in London: the next midnight."""
    return london_midnight(day + timedelta(days=1))


def add_years(day: date, years: int) -> date:
    """Return the same calendar day some years later; 29 February becomes 28 February."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)
