"""The quarter's plan: which course on which day, where, by whom, and which parties book it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from rft_admin.catalogue.schedules import DayTimes
from rft_admin.core.clock import LONDON, add_years

EFAW = "emergency-first-aid-at-work"
FAW = "first-aid-at-work"
PAEDIATRIC = "paediatric-first-aid"
LEEDS = "Leeds City Centre Training Venue"
SHEFFIELD = "Sheffield Business Park"
BRADFORD = "Bradford Community Centre"
YORK = "York Conference Centre"
ON_SITE = "Client On-Site Training"

#: Days of a course after its first: three weeks in a row, or two days in a row.
FURTHER_DAYS = {EFAW: (), FAW: (7, 14), PAEDIATRIC: (1,)}
STARTS = time(9, 30)
ENDS = time(16, 30)
BREAK_MINUTES = 60
SATURDAY = 5


@dataclass(frozen=True)
class Party:
    """People who book together, and what becomes of their booking."""

    size: int
    #: The name of a function of `seeds.demo.fates`.
    fate: str = "paid"
    #: Days before the course at which they book; None is any day.
    lead: int | None = None
    is_business: bool = False
    code: str = ""
    requirement: str = ""


@dataclass(frozen=True)
class PlannedDate:
    """A dated course to be: its first day counted from today, or from today years ago."""

    offset: int
    course: str
    venue: str
    #: "lex" or "robin".
    trainer: str
    parties: tuple[Party, ...] = ()
    years_ago: int = 0
    min_places: int = 4
    #: planned | draft | cancelled | private
    kind: str = "planned"
    #: What happens to certificates afterwards: "", "reissue" or "revoke".
    afterwards: str = ""


def _parties(*sizes: int) -> tuple[Party, ...]:
    return tuple(Party(size) for size in sizes)


def _business(size: int, fate: str, lead: int | None = None) -> Party:
    return Party(size, fate, lead, is_business=True)


PAST = (
    PlannedDate(-86, EFAW, LEEDS, "lex", (*_parties(1, 2, 1), _business(5, "invoice_paid"))),
    PlannedDate(-83, PAEDIATRIC, SHEFFIELD, "robin", (*_parties(1, 1, 2), Party(1, "no_show"))),
    PlannedDate(
        -79, FAW, YORK, "lex", (*_parties(2, 1), _business(4, "invoice_paid")), afterwards="reissue"
    ),
    PlannedDate(
        -72, EFAW, BRADFORD, "robin", (*_parties(1, 1, 3), _business(2, "cancelled_early", 60))
    ),
    PlannedDate(-66, EFAW, LEEDS, "lex", (*_parties(2, 2, 1), Party(1, "hold_expired"))),
    PlannedDate(
        -58, PAEDIATRIC, LEEDS, "robin", (*_parties(1, 2), _business(3, "cancelled_half", 45))
    ),
    PlannedDate(
        -51,
        EFAW,
        SHEFFIELD,
        "lex",
        (*_parties(1, 1, 1, 6), Party(1, "withdrawn", 30)),
        afterwards="revoke",
    ),
    PlannedDate(-44, EFAW, YORK, "robin", (*_parties(2, 1), _business(4, "invoice_owed"))),
    PlannedDate(-40, FAW, LEEDS, "lex", (*_parties(1, 2, 1), _business(3, "invoice_paid"))),
    PlannedDate(
        -33,
        EFAW,
        BRADFORD,
        "robin",
        (*_parties(1, 2), Party(2, code="DEMO10"), Party(1, "no_show")),
    ),
    PlannedDate(
        -26, PAEDIATRIC, SHEFFIELD, "lex", (*_parties(1, 1, 2), _business(2, "refund_rejected", 50))
    ),
    PlannedDate(-19, EFAW, LEEDS, "robin", (*_parties(1, 3, 1), Party(2, "goodwill"))),
    PlannedDate(-12, EFAW, SHEFFIELD, "lex", (*_parties(2, 1, 1), _business(5, "invoice_part"))),
    PlannedDate(-6, EFAW, YORK, "robin", (*_parties(1, 2, 1), Party(1, "card_declined"))),
)
#: Running now: a class to mark today, one in its second day, one in its second week.
PRESENT = (
    PlannedDate(
        0,
        EFAW,
        LEEDS,
        "lex",
        (*_parties(1, 2), Party(1, requirement="dietary"), _business(4, "invoice_owed")),
    ),
    PlannedDate(-1, PAEDIATRIC, SHEFFIELD, "robin", _parties(1, 1, 2, 1)),
    PlannedDate(-5, FAW, BRADFORD, "robin", (*_parties(1, 2), _business(3, "invoice_paid"))),
)
COMING = (
    PlannedDate(2, EFAW, YORK, "lex", (*_parties(2, 1), Party(1, requirement="accessibility"))),
    PlannedDate(5, PAEDIATRIC, LEEDS, "robin", (*_parties(1, 2), Party(1, "refund_pending", 25))),
    # Full.
    PlannedDate(9, EFAW, SHEFFIELD, "lex", (*_parties(1, 2, 3), _business(6, "invoice_owed"))),
    # Below its minimum: run, move or cancel?
    PlannedDate(7, EFAW, BRADFORD, "robin", _parties(1, 1), min_places=6),
    # Two places left.
    PlannedDate(
        16,
        FAW,
        YORK,
        "lex",
        (*_parties(1, 2, 1), _business(5, "invoice_owed"), Party(1, requirement="medical")),
    ),
    PlannedDate(
        19,
        EFAW,
        LEEDS,
        "robin",
        (*_parties(1, 2), Party(1, "held_now"), _business(2, "refund_pending", 40)),
    ),
    PlannedDate(
        23,
        EFAW,
        SHEFFIELD,
        "lex",
        (Party(2, code="DEMO10"), Party(1), _business(3, "refund_approved", 45)),
    ),
    PlannedDate(26, PAEDIATRIC, YORK, "robin", (*_parties(1, 1), Party(1, "withdrawn", 36))),
    PlannedDate(
        30,
        EFAW,
        BRADFORD,
        "lex",
        (*_parties(1, 2, 1), _business(2, "invoice_owed")),
        kind="cancelled",
    ),
    PlannedDate(
        37,
        EFAW,
        LEEDS,
        "lex",
        (
            *_parties(1, 1),
            _business(2, "invoice_cancelled"),
            _business(2, "refund_pending", 65),
        ),
    ),
    PlannedDate(44, FAW, SHEFFIELD, "robin", (*_parties(1, 2), _business(2, "offline_awaited"))),
    PlannedDate(51, EFAW, ON_SITE, "lex", (_business(10, "invoice_owed"),), kind="private"),
    PlannedDate(58, PAEDIATRIC, LEEDS, "robin", _parties(1)),
    PlannedDate(72, EFAW, YORK, "lex", kind="draft"),
)
#: Certificates of these expire soon, or have expired.
LONG_AGO = (
    PlannedDate(9, EFAW, LEEDS, "lex", _parties(1, 2), years_ago=3),
    PlannedDate(24, EFAW, YORK, "lex", _parties(1, 1, 2), years_ago=3),
    PlannedDate(80, PAEDIATRIC, LEEDS, "lex", _parties(2), years_ago=3),
    PlannedDate(-18, EFAW, SHEFFIELD, "lex", _parties(1, 2, 1), years_ago=3),
    PlannedDate(-60, EFAW, BRADFORD, "lex", _parties(1, 1), years_ago=3),
)
#: Today's and the running ones first: the others make room for them.
DATES = (*PRESENT, *COMING, *PAST, *LONG_AGO)


class Diary:
    """Finds the days of a planned date on which trainer and venue are free."""

    def __init__(self, today: date) -> None:
        self._today = today
        self._taken: set[tuple[str, date]] = set()

    def days_of(self, planned: PlannedDate) -> list[DayTimes]:
        """Return the days, moved to weekdays that are free, away from today."""
        wanted = self._today + timedelta(days=planned.offset)
        first = add_years(wanted, -planned.years_ago)
        if planned in PRESENT:
            return self._take(planned, first)
        step = timedelta(days=-1 if first < self._today else 1)
        while not self._is_free(planned, first):
            first += step
        return self._take(planned, first)

    def _is_free(self, planned: PlannedDate, first: date) -> bool:
        days = list(_dates_of(planned, first))
        weekend = any(day.weekday() >= SATURDAY for day in days)
        return not weekend and not self._taken.intersection(self._claims(planned, days))

    def _take(self, planned: PlannedDate, first: date) -> list[DayTimes]:
        days = list(_dates_of(planned, first))
        self._taken.update(self._claims(planned, days))
        return [
            DayTimes(
                starts_at=datetime.combine(day, STARTS, LONDON),
                ends_at=datetime.combine(day, ENDS, LONDON),
                break_minutes=BREAK_MINUTES,
            )
            for day in days
        ]

    def _claims(self, planned: PlannedDate, days: Iterable[date]) -> set[tuple[str, date]]:
        return {(name, day) for day in days for name in (planned.trainer, planned.venue)}


def _dates_of(planned: PlannedDate, first: date) -> list[date]:
    return [first + timedelta(days=days) for days in (0, *FURTHER_DAYS[planned.course])]
