"""Year, month and day above a list: the periods of a view's main date, each a link."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import DateTime, Select, func, select

from rft_admin.admin.paths import Path
from rft_admin.core.clock import london_date, london_midnight, now

PERIOD = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)
FIRST_YEAR, LAST_YEAR = 1900, 2999
#: More years than these are offered from the latest backwards.
MOST_YEARS = 12


@dataclass(frozen=True)
class Period:
    """A year, a month or a day in London."""

    year: int
    month: int | None = None
    day: int | None = None

    @property
    def text(self) -> str:
        """The period in the address: 2027, 2027-03 or 2027-03-14."""
        return "-".join(f"{part:02d}" for part in (self.year, self.month, self.day) if part)

    @property
    def words(self) -> str:
        """The period as people read it: 2027, March 2027 or 14 March 2027."""
        first = self.first
        if self.month is None:
            return str(self.year)
        return f"{first:%B %Y}" if self.day is None else f"{first.day} {first:%B %Y}"

    @property
    def short_words(self) -> str:
        """The period among its neighbours: 2027, Mar or 14."""
        if self.month is None:
            return str(self.year)
        return f"{self.first:%b}" if self.day is None else str(self.day)

    @property
    def first(self) -> date:
        """The first day."""
        return date(self.year, self.month or 1, self.day or 1)

    @property
    def end(self) -> date:
        """The day after the last."""
        if self.month is None:
            return date(self.year + 1, 1, 1)
        if self.day is None:
            return (self.first + timedelta(days=31)).replace(day=1)
        return self.first + timedelta(days=1)

    @property
    def above(self) -> "Period | None":
        """The period that this one belongs to; None above a year."""
        if self.month is None:
            return None
        return Period(self.year) if self.day is None else Period(self.year, self.month)

    def within(self) -> "list[Period]":
        """Return the next smaller periods; none within a day."""
        if self.month is None:
            return [Period(self.year, month) for month in range(1, 13)]
        if self.day is None:
            days = (self.end - self.first).days
            return [Period(self.year, self.month, day) for day in range(1, days + 1)]
        return []

    def holds(self, column: Any) -> Any:
        """Return the condition that a column's date or moment lies in the period."""
        first, end = self.first, self.end
        if isinstance(column.type, DateTime):
            return (column >= london_midnight(first)) & (column < london_midnight(end))
        return (column >= first) & (column < end)


def this_week(column: Any) -> Any:
    """Return the condition that a moment lies in London's present week, Monday to Sunday."""
    today = london_date(now())
    monday = today - timedelta(days=today.weekday())
    return (column >= london_midnight(monday)) & (
        column < london_midnight(monday + timedelta(days=7))
    )


@dataclass(frozen=True)
class Drill:
    """The links above a list: the periods above the chosen one, and those within it."""

    label: str
    chosen: Period | None
    trail: list[Period]
    choices: list[Period]


def read_period(text: str) -> Period | None:
    """Return the period that an address names, or None if it names none."""
    found = PERIOD.fullmatch(text)
    if found is None:
        return None
    year, month, day = (int(part) if part else None for part in found.groups())
    if year is None or not FIRST_YEAR <= year <= LAST_YEAR:
        return None
    try:
        date(year, 1 if month is None else month, 1 if day is None else day)
    except ValueError:
        return None
    return Period(year, month, day)


def span_of(path: Path) -> Select[Any]:
    """Return a query of the first and the last value: two looks into the column's index."""
    column = getattr(path.owner, path.name)
    return select(
        select(func.min(column)).scalar_subquery().label("first"),
        select(func.max(column)).scalar_subquery().label("last"),
    )


def drill(label: str, chosen: Period | None, span: tuple[Any, Any] | None) -> Drill | None:
    """Return the links for the chosen period, as far as there are rows; None without any."""
    if span is None:
        return None
    first, last = (_day(edge) for edge in span)
    if chosen is None:
        years = range(max(first.year, last.year - MOST_YEARS + 1), last.year + 1)
        choices = [Period(year) for year in years]
    else:
        choices = [one for one in chosen.within() if one.first <= last and one.end > first]
    return Drill(label, chosen, list(_trail(chosen)), choices)


def _trail(chosen: Period | None) -> Iterator[Period]:
    if chosen is not None:
        yield from _trail(chosen.above)
        yield chosen


def _day(edge: date | datetime) -> date:
    return london_date(edge) if isinstance(edge, datetime) else edge
