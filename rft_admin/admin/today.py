"""Today's work: what runs next, what waits, what went wrong, and how the business does."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from rft_admin.admin.classes import ClassDay, list_next_classes
from rft_admin.admin.listing import Listing, matching
from rft_admin.admin.ordering import in_order
from rft_admin.admin.registry import list_address, view_of
from rft_admin.admin.rights import can
from rft_admin.admin.titles import loads_for
from rft_admin.core import clock
from rft_admin.core.database import db
from rft_admin.core.formats import format_moment
from rft_admin.core.money import format_pounds
from rft_admin.payments import ledger, owed
from rft_admin.payments.models import PaymentTransaction, Refund, RefundStatus
from rft_admin.reporting import figures
from rft_admin.reporting.figures import CourseFill, MonthOfRevenue
from rft_admin.upkeep.size import DATABASE_SIZE, Size, size_of

WAITING_ROWS = 5
#: Counting stops here, as the lists do: "10,000+" is told instead.
MOST_COUNTED = 10_000


@dataclass(frozen=True)
class Counted:
    """A list whose rows are work or bad news."""

    table: str
    #: The list's tab.
    scope: str
    words: str
    #: alert: bad news; wait: somebody waits; empty: good to know.
    tone: str = ""
    #: What a person must be allowed to do before the list is his work; else to look at it.
    needed: str = "list"
    #: The pounds that it is about, as an expression, and the words behind them.
    money: Callable[[], Any] | None = None
    money_words: str = ""


COUNTED = (
    Counted("bookings", "pending", "bookings pending"),
    Counted(
        "bookings",
        "owed",
        "bookings owed for",
        "wait",
        money=lambda: ledger.due_of(owed.is_owed()),
        money_words="still to be paid",
    ),
    Counted(
        "bookings",
        "overdue",
        "payments overdue",
        "alert",
        money=lambda: ledger.due_of(owed.is_overdue(clock.now())),
        money_words="overdue",
    ),
    Counted(
        "refunds",
        "waiting",
        "refunds to decide",
        "wait",
        money=lambda: _sum_of_waiting_refunds(),
        money_words="asked back",
    ),
    Counted("reconciliation_differences", "open", "differences with Stripe", "alert"),
    Counted("booking_inquiries", "open", "inquiries open", "wait"),
    Counted("booking_inquiries", "held", "inquiries holding places", "wait"),
    Counted(
        "course_schedules", "to_decide", "dates to decide", "wait", needed="action:decide_to_run"
    ),
    Counted("special_requirements", "todo", "requirements to handle", "wait", needed="edit"),
    Counted(
        "course_schedules",
        "to_certify",
        "dates with certificates to issue",
        "wait",
        needed="action:issue_certificates",
    ),
    Counted("certificates", "expiring", "certificates expiring"),
    Counted("email_logs", "failed", "letters failed", "alert"),
    Counted("notifications", "faults", "faults of jobs", "alert", needed="create"),
)


@dataclass(frozen=True)
class Listed:
    """A list that waits, of which the first rows are shown."""

    table: str
    scope: str
    title: str
    #: The column that it is sorted by, ascending; empty: as the list is.
    sort: str = ""
    #: What is said of a row instead of the list's own line.
    tell: Callable[[Any], str] | None = None


LISTED = (
    Listed("refunds", "waiting", "Refunds to decide"),
    Listed(
        "booking_inquiries",
        "open",
        "Inquiries to answer",
        sort="hold_expires_at",
        tell=lambda row: _asked(row),
    ),
    Listed("course_schedules", "to_decide", "Too few people: run, move or cancel?"),
    Listed("special_requirements", "todo", "Requirements to handle"),
    Listed("email_logs", "failed", "Letters that did not go out"),
)


@dataclass(frozen=True)
class Figure:
    """A count and the list that it counts."""

    count: int
    words: str
    tone: str
    address: str
    #: "£230.00 still to be paid"; empty where there is nothing of the kind.
    note: str = ""

    @property
    def count_words(self) -> str:
        """The count as people read it."""
        return f"{MOST_COUNTED:,}+" if self.count > MOST_COUNTED else f"{self.count:,}"


@dataclass(frozen=True)
class Waiting:
    """The first rows of a list that waits, each with a line about it."""

    title: str
    rows: list[tuple[Any, str]]
    address: str


@dataclass(frozen=True)
class Insight:
    """How the business does: the two charts."""

    revenue: Sequence[MonthOfRevenue]
    fill: Sequence[CourseFill]

    @property
    def most_revenue(self) -> float:
        """What the chart's height stands for, in pounds: the best month, and never nothing."""
        return max([1.0, *(float(month.came) for month in self.revenue)])


@dataclass(frozen=True)
class Today:
    """All that the first page shows."""

    figures: list[Figure]
    classes_today: list[ClassDay]
    next_classes: list[ClassDay]
    waiting: list[Waiting]
    #: None for who may not see the money.
    insight: Insight | None
    size: Size | None


def today() -> Today:
    """Return today's work for the signed-in person."""
    now = clock.now()
    classes = list_next_classes(now)
    seen = [one for one in COUNTED if _may(one.table, one.needed)]
    counted, size = _count(seen, with_size=_may("settings", "list"))
    return Today(
        figures=counted,
        classes_today=[one for one in classes if one.is_on(now)],
        next_classes=[one for one in classes if not one.is_on(now)],
        waiting=_list_waiting(counted),
        insight=_insight(now) if can("list", PaymentTransaction) else None,
        size=size,
    )


def _may(table: str, verb: str) -> bool:
    """Return whether what waits in a list is the signed-in person's work."""
    view = view_of(table)
    return view is not None and can(verb, view.model)


def _insight(now: datetime) -> Insight:
    return Insight(figures.revenue_by_month(now), figures.fill_by_course(now))


def _count(counted: Sequence[Counted], *, with_size: bool) -> tuple[list[Figure], Size | None]:
    """Return the figures and the database's size: all by one query."""
    numbers = [_number_of(one) for one in counted]
    money = [one.money() for one in counted if one.money is not None]
    size = [DATABASE_SIZE] if with_size else []
    if not numbers:
        return [], None
    found = list(db.session.execute(select(*numbers, *money, *size)).one())
    sums = iter(found[len(numbers) :])
    figures_found = [
        _figure(one, count, next(sums) if one.money is not None else None)
        for one, count in zip(counted, found, strict=False)
    ]
    return figures_found, size_of(found[-1]) if with_size else None


def _number_of(one: Counted) -> Any:
    view = view_of(one.table)
    if view is None:
        raise RuntimeError(f"The table {one.table} has no screen.")
    ids = matching(view, Listing(scope=one.scope)).limit(MOST_COUNTED + 1).subquery()
    return select(func.count()).select_from(ids).scalar_subquery()


def _figure(one: Counted, count: int, money: Any) -> Figure:
    note = f"{format_pounds(money)} {one.money_words}" if money else ""
    tone = one.tone if count else ""
    return Figure(count, one.words, tone, list_address(one.table, scope=one.scope), note)


def _list_waiting(counted: Sequence[Figure]) -> list[Waiting]:
    """Return the lists that have rows; one query each."""
    filled = {figure.address for figure in counted if figure.count}
    found = []
    for one in LISTED:
        address = list_address(one.table, scope=one.scope)
        if address in filled:
            found.append(Waiting(one.title, _rows(one), address))
    return found


def _rows(one: Listed) -> list[tuple[Any, str]]:
    view = view_of(one.table)
    if view is None:
        raise RuntimeError(f"The table {one.table} has no screen.")
    listing = Listing(scope=one.scope, sort=one.sort or None)
    statement = in_order(view, matching(view, listing), listing)
    whole = statement.with_only_columns(view.model).options(*loads_for(view.model, view.list_paths))
    rows = db.session.scalars(whole.limit(WAITING_ROWS)).unique()
    return [(row, one.tell(row) if one.tell else view.describe_briefly(row)) for row in rows]


def _asked(inquiry: Any) -> str:
    """Return who asks for how many, and until when places are held: the first to run out on top."""
    people = f"{inquiry.first_name} · {inquiry.number_of_people} people"
    if inquiry.number_of_people == 1:
        people = f"{inquiry.first_name} · 1 person"
    held_until = inquiry.hold_expires_at
    if held_until is None or held_until <= clock.now():
        return people
    return f"{people}, places held until {format_moment(held_until)}"


def _sum_of_waiting_refunds() -> Any:
    asked = select(func.sum(Refund.net_refund)).where(Refund.status == RefundStatus.PENDING)
    return asked.scalar_subquery()
