"""How dates, times, money and labels are written for people, in one place for every door."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from rft_admin.core.clock import to_london
from rft_admin.core.money import format_pounds


def format_date(day: date | datetime) -> str:
    """Return for example Tuesday 3 March 2027."""
    local = to_london(day) if isinstance(day, datetime) else day
    return f"{local:%A} {local.day} {local:%B %Y}"


def format_short_date(day: date | datetime) -> str:
    """Return for example 3 Mar 2027."""
    local = to_london(day) if isinstance(day, datetime) else day
    return f"{local.day} {local:%b %Y}"


def format_month(day: date) -> str:
    """Return for example March 2027."""
    return f"{day:%B %Y}"


def format_time(moment: datetime) -> str:
    """Return the time of day in London, for example 09:30."""
    return f"{to_london(moment):%H:%M}"


def format_moment(moment: datetime) -> str:
    """Return day and time in London, for example 3 Mar 2027, 09:30."""
    return f"{format_short_date(moment)}, {format_time(moment)}"


def format_number(number: Decimal) -> str:
    """Return for example 4.5, 12 or 4.33: two places at most, and no zeros behind the point."""
    return f"{round(number, 2).normalize():f}"


def label_of(member: Enum | str) -> str:
    """Return the words people read for a status: its own label, else its value in words."""
    label = getattr(member, "label", None)
    text = str(member.value if isinstance(member, Enum) else member)
    return label if isinstance(label, str) else text.replace("_", " ").capitalize()


FILTERS: dict[str, Callable[..., Any]] = {
    "day": format_date,
    "short_day": format_short_date,
    "month": format_month,
    "clock": format_time,
    "moment": format_moment,
    "pounds": format_pounds,
    "label": label_of,
}
