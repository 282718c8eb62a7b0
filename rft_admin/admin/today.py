"""Today's work: what runs next, what waits, what went wrong."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from rft_admin.admin.classes import ClassDay, list_next_classes
from rft_admin.admin.listing import Listing, in_order, load_rows, matching
from rft_admin.admin.registry import list_address, view_of
from rft_admin.admin.rights import can
from rft_admin.core import clock
from rft_admin.core.database import db
from rft_admin.upkeep.size import Size, database_size

WAITING_ROWS = 5

#: The figures on top: table, the list's scope, words, and whether they are bad news.
FIGURES = (
    ("bookings", "pending", "bookings pending", ""),
    ("bookings", "owed", "bookings owed for", "wait"),
    ("bookings", "overdue", "payments overdue", "alert"),
    ("refunds", "waiting", "refunds to decide", "wait"),
    ("reconciliation_differences", "open", "differences with Stripe", "alert"),
    ("booking_inquiries", "open", "inquiries open", "wait"),
    ("course_schedules", "to_decide", "dates to decide", "wait"),
    ("special_requirements", "todo", "requirements to handle", "wait"),
    ("certificates", "expiring", "certificates expiring", ""),
    ("email_logs", "failed", "letters failed", "alert"),
)
#: What a person must be allowed to do before the list is his work; else to look at it.
NEEDED = {
    ("course_schedules", "to_decide"): "action:decide_to_run",
    ("special_requirements", "todo"): "edit",
}
#: What is listed in full.
WAITING = (
    ("refunds", "waiting", "Refunds to decide"),
    ("booking_inquiries", "open", "Inquiries to answer"),
    ("course_schedules", "to_decide", "Too few people: run, move or cancel?"),
    ("special_requirements", "todo", "Requirements to handle"),
    ("email_logs", "failed", "Letters that did not go out"),
)


@dataclass(frozen=True)
class Figure:
    """A count and the list that it counts."""

    count: int
    words: str
    tone: str
    address: str


@dataclass(frozen=True)
class Waiting:
    """The first rows of a list that waits."""

    title: str
    rows: list[Any]
    address: str
    view: Any


@dataclass(frozen=True)
class Today:
    """All that the first page shows."""

    figures: list[Figure]
    classes_today: list[ClassDay]
    next_classes: list[ClassDay]
    waiting: list[Waiting]
    size: Size | None


def today() -> Today:
    """Return today's work for the signed-in person."""
    now = clock.now()
    classes = list_next_classes(now)
    figures = [_figure(*one) for one in FIGURES if _may(one[0], one[1])]
    return Today(
        figures=figures,
        classes_today=[one for one in classes if one.is_on(now)],
        next_classes=[one for one in classes if not one.is_on(now)],
        waiting=_waiting(figures),
        size=database_size() if _may("settings") else None,
    )


def _may(table: str, scope: str = "") -> bool:
    """Return whether what waits in a list is the signed-in person's work."""
    view = view_of(table)
    return view is not None and can(NEEDED.get((table, scope), "list"), view.model)


def _figure(table: str, scope: str, words: str, tone: str) -> Figure:
    view = view_of(table)
    if view is None:
        raise RuntimeError(f"The table {table} has no screen.")
    ids = matching(view, Listing(scope=scope)).subquery()
    count = int(db.session.scalar(select(func.count()).select_from(ids)) or 0)
    return Figure(count, words, tone if count else "", list_address(table, scope=scope))


def _waiting(figures: list[Figure]) -> list[Waiting]:
    counted = {figure.address for figure in figures if figure.count}
    found = []
    for table, scope, title in WAITING:
        view = view_of(table)
        address = list_address(table, scope=scope)
        if view is None or address not in counted:
            continue
        listing = Listing(scope=scope)
        ids = db.session.scalars(
            in_order(view, matching(view, listing), listing).limit(WAITING_ROWS)
        )
        rows = load_rows(view, list(ids), view.list_paths)
        found.append(Waiting(title, rows, address, view))
    return found
