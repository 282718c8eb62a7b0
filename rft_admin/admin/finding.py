"""One search over all tables that people look for things in."""

from dataclasses import dataclass
from typing import Any

from rft_admin.admin.listing import load_rows
from rft_admin.admin.registry import list_address, view_of
from rft_admin.admin.rights import can, scoped
from rft_admin.admin.search import clean_text, matching_ids
from rft_admin.core.database import db

#: Where is looked, in the order of the answer.
TABLES = (
    "bookings",
    "users",
    "booking_inquiries",
    "certificates",
    "course_schedules",
    "courses",
    "refunds",
    "payment_transactions",
    "trainers",
    "venues",
)
MOST_PER_TABLE = 6


@dataclass(frozen=True)
class Found:
    """What one table has."""

    view: Any
    rows: list[Any]
    address: str


def find_everywhere(text: str) -> list[Found]:
    """Return the newest rows of each table that fit the text and that the person may see."""
    text = clean_text(text)
    if not text:
        return []
    found = []
    for table in TABLES:
        view = view_of(table)
        if view is None or not can("list", view.model):
            continue
        statement = scoped(view.model, matching_ids(view.model, text))
        ids = db.session.scalars(
            statement.order_by(view.model.id.desc()).limit(MOST_PER_TABLE)
        ).all()
        if ids:
            rows = load_rows(view, list(ids), view.list_paths)
            found.append(Found(view, rows, list_address(table, search=text)))
    return found


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
