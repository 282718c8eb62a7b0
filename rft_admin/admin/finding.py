"""One search over all tables that people look for things in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import literal, select, union_all

from rft_admin.admin.listing import load_rows
from rft_admin.admin.registry import all_views, list_address
from rft_admin.admin.rights import can, scoped
from rft_admin.admin.search import (
    MOST_FOLLOWED,
    clean_text,
    newest_of,
    searched_in,
    unique_texts,
)
from rft_admin.core.database import db

if TYPE_CHECKING:
    from rft_admin.admin.base import TableView

#: What is sought most stands first in the answer; the others follow in the sidebar's order.
FIRST = (
    "bookings",
    "users",
    "booking_inquiries",
    "certificates",
    "course_schedules",
    "courses",
    "refunds",
    "payment_transactions",
)
#: What stands in these is written by the system, and is nothing that people look for by its name.
NOT_SOUGHT = frozenset({"Letters", "Insight", "System"})
MOST_PER_TABLE = 6


@dataclass(frozen=True)
class Found:
    """What one table has."""

    view: Any
    rows: list[Any]
    address: str


def find_everywhere(text: str) -> list[Found]:
    """Return the newest rows of each table that fit the text and that the person may see.

    What has the text for its reference, number or address stands before everything else.
    """
    text = clean_text(text)
    if not text:
        return []
    views = list_sought()
    exact = _find_exact(views, text)
    fitting = searched_in([view.model for view in views], text, followed=MOST_FOLLOWED)
    # Sorting keeps the tables' order among those that have a hit, and among those that have none.
    views.sort(key=lambda view: view.model.__tablename__ not in exact)
    found = []
    for view in views:
        newest = newest_of(view.model, fitting.get(view.model, []), limit=MOST_PER_TABLE)
        ids = exact.get(view.model.__tablename__, []) + newest
        ids = list(dict.fromkeys(ids))[:MOST_PER_TABLE]
        address = list_address(view.model.__tablename__, search=text)
        if not ids and (instead := view.instead(text)):
            ids = newest_of(view.model, [instead.condition], limit=MOST_PER_TABLE)
            address = instead.address
        if ids:
            found.append(Found(view, load_rows(view, ids, view.list_paths), address))
    return found


def list_sought() -> list["TableView"]:
    """Return the screens in which the person may look for things, in the order of the answer."""
    sought = [
        view
        for view in all_views()
        if view.is_sought and view.group not in NOT_SOUGHT and can("list", view.model)
    ]
    places = {table: place for place, table in enumerate(FIRST)}
    return sorted(sought, key=lambda view: places.get(view.model.__tablename__, len(FIRST)))


def _find_exact(views: Sequence["TableView"], text: str) -> dict[str, list[int]]:
    """Return the rows that the text names, by table: one query over unique columns."""
    parts: list[Any] = [
        scoped(
            view.model,
            select(literal(view.model.__tablename__).label("found_in"), view.model.id).where(
                getattr(view.model, name).in_({text, text.upper()})
            ),
        )
        for view in views
        for name in unique_texts(view.model)
    ]
    exact: dict[str, list[int]] = {}
    for table, row_id in db.session.execute(union_all(*parts)) if parts else ():
        exact.setdefault(table, []).append(row_id)
    return exact


def all_rows(found: list[Found]) -> list[dict[str, Any]]:
    """Return the rows as plain values for a program."""
    return [
        {
            "table": one.view.model.__tablename__,
            "id": row.id,
            "label": one.view.label,
            "title": str(row),
            "about": one.view.describe_briefly(row),
            "address": one.view.details_url(row.id),
        }
        for one in found
        for row in one.rows
    ]
