"""Deletion: only of what has no history; the page names what hinders it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import flash, redirect, request
from sqlalchemy import Table, func, select
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response as BaseResponse

from rft_admin.admin.actor import current_actor_from_request
from rft_admin.admin.details import view_of
from rft_admin.admin.lookup import model_of
from rft_admin.admin.naming import label_of_table
from rft_admin.admin.paths import label_at
from rft_admin.core.database import Model, db, transact

if TYPE_CHECKING:
    from rft_admin.admin.base import TableView


@dataclass(frozen=True)
class Blocker:
    """Rows of another table that point at the row."""

    words: str
    count: int
    #: The list of these rows, where there is one.
    address: str | None


def handle(view: "TableView", row: Any) -> str | tuple[str, int] | BaseResponse:
    """Answer the question or carry it out: 303 when done, 409 when history hinders it."""
    blockers = list_blockers(row)
    confirmed = request.method == "POST" and request.form.get("confirmed") == "1"
    if confirmed and request.form.get("deactivate") == "1" and hasattr(row, "is_active"):
        return _deactivate(view, row.id)
    if not confirmed:
        return _page(view, row, blockers)
    if blockers:
        return _page(view, row, blockers), 409
    title = str(row)
    try:
        transact(lambda: _delete(view, row.id), by=current_actor_from_request())
    except IntegrityError:
        # Somebody pointed at the row since the page was shown.
        row = view.get_one(row.id, "delete")
        return _page(view, row, list_blockers(row)), 409
    flash(f"{view.one.capitalize()} “{title}” deleted.", "success")
    return redirect(view.address("index_view"), code=303)


def list_blockers(row: Any) -> list[Blocker]:
    """Return what points at the row and would be lost or left without it."""
    blockers: list[Blocker] = []
    for table, column in _pointers(row.__tablename__):
        count = db.session.scalar(
            select(func.count()).select_from(table).where(table.c[column] == row.id)
        )
        if count:
            view = view_of(table.name)
            words = label_of_table(table.name)
            if column in {"created_by_id", "updated_by_id"}:
                words += f" ({label_at(model_of(table.name), column).lower()})"
            address = view.filter_url(column, row.id) if view else None
            blockers.append(Blocker(words, count, address))
    return blockers


def _pointers(name: str) -> list[tuple[Table, str]]:
    found = []
    for table in Model.metadata.sorted_tables:
        for constraint in table.foreign_key_constraints:
            is_kept = constraint.ondelete not in {"CASCADE", "SET NULL"}
            if constraint.referred_table.name == name and is_kept:
                found.append((table, next(iter(constraint.columns)).name))
    return found


def _page(view: "TableView", row: Any, blockers: list[Blocker]) -> str:
    page: str = view.render(
        "admin/delete.html",
        row=row,
        blockers=blockers,
        can_deactivate=getattr(row, "is_active", False),
    )
    return page


def _delete(view: "TableView", row_id: int) -> None:
    db.session.delete(view.get_one(row_id, "delete"))
    db.session.flush()


def _deactivate(view: "TableView", row_id: int) -> BaseResponse:
    def use_case() -> str:
        row = view.get_one(row_id, "delete")
        row.is_active = False
        return str(row)

    title = transact(use_case, by=current_actor_from_request())
    flash(f"{view.one.capitalize()} “{title}” deactivated.", "success")
    return redirect(view.details_url(row_id), code=303)
