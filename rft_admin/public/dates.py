"""Dated courses as the pages show them: with price, label and whether they can be booked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from rft_admin.bookings import places, pricing, rules, settings
from rft_admin.catalogue.models import CourseSchedule, CourseScheduleDay
from rft_admin.core.clock import london_date, to_london
from rft_admin.core.formats import format_time


@dataclass(frozen=True, kw_only=True)
class DateCard:
    """One dated course on a page."""

    schedule: CourseSchedule
    #: Pounds for one place.
    price: Decimal
    #: Places free now.
    free: int
    #: Full, Last N places, Places available.
    places_label: str
    is_closed: bool

    @property
    def label(self) -> str:
        """What stands beside the price."""
        return "Bookings closed" if self.is_closed and not self.is_full else self.places_label

    @property
    def is_full(self) -> bool:
        """Whether no place is free."""
        return self.free <= 0

    @property
    def is_few(self) -> bool:
        """Whether the last places are on sale."""
        return 0 < self.free <= places.FEW_PLACES and not self.is_closed

    @property
    def is_bookable(self) -> bool:
        """Whether a visitor can book it here and now."""
        return not self.is_full and not self.is_closed

    @property
    def month(self) -> date:
        """The first day of the month, in London, in which it begins."""
        return london_date(self.schedule.start_datetime).replace(day=1)

    @property
    def when(self) -> list[str]:
        """Days and times in London, short: days with the same times share one line."""
        days = self.schedule.days
        hours = [f"{format_time(day.starts_at)} to {format_time(day.ends_at)}" for day in days]
        if len(days) == 1 or len(set(hours)) > 1:
            return [
                f"{_short(day.starts_at)}, {clock}" for day, clock in zip(days, hours, strict=True)
            ]
        return [f"{len(days)} days: {_joined(days)}", hours[0]]


def list_cards(schedules: Sequence[CourseSchedule], *, now: datetime) -> list[DateCard]:
    """Return the cards of the dates, asking for all free places at once."""
    available = places.availability([schedule.id for schedule in schedules])
    online = settings.online_booking_enabled()
    return [
        DateCard(
            schedule=schedule,
            price=pricing.price_of(schedule),
            free=available[schedule.id].free,
            places_label=available[schedule.id].label,
            is_closed=not online or rules.is_closed(schedule, now=now),
        )
        for schedule in schedules
    ]


def _short(moment: datetime) -> str:
    local = to_london(moment)
    return f"{local:%A} {local.day} {local:%B}"


def _joined(days: Sequence[CourseScheduleDay]) -> str:
    """Return for example 16, 23 and 30 December, or 30 December and 6 January."""
    dates = [london_date(day.starts_at) for day in days]
    words = [
        f"{day.day}" if following and following.month == day.month else f"{day.day} {day:%B}"
        for day, following in zip(dates, [*dates[1:], None], strict=True)
    ]
    return f"{', '.join(words[:-1])} and {words[-1]}"
