"""Deletion: only of what has no history; the page names all that hangs on the row."""

from typing import TYPE_CHECKING, Any

from flask import flash, redirect, request
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response as BaseResponse

from rft_admin.admin.actions import Done, Order
from rft_admin.admin.actor import current_actor_from_request
from rft_admin.admin.dependents import Fate, list_dependents, only
from rft_admin.admin.doing import do_and_tell
from rft_admin.core import clock
from rft_admin.core.database import db, transact
from rft_admin.core.errors import DomainError

if TYPE_CHECKING:
    from rft_admin.admin.base import TableView

Answer = str | tuple[str, int] | BaseResponse


def handle(view: "TableView", row: Any) -> Answer:
    """Answer the question or carry it out: 303 when done, 409 when history hinders it."""
    confirmed = request.method == "POST" and request.form.get("confirmed") == "1"
    if not confirmed:
        return _page(view, row)
    if request.form.get("deactivate") == "1" and hasattr(row, "is_active"):
        return _deactivate(view, row)
    if only(list_dependents(row), Fate.BLOCKS):
        return _page(view, row), 409
    title, row_id = str(row), row.id
    try:
        transact(lambda: _delete(view, row_id), by=current_actor_from_request())
    except IntegrityError:
        # Somebody pointed at the row since the page was shown.
        return _page(view, view.get_one(row_id, "delete")), 409
    flash(f"{view.one.capitalize()} “{title}” deleted.", "success")
    return redirect(view.address("index_view"), code=303)


def _page(view: "TableView", row: Any, refusal: str = "") -> str:
    found = list_dependents(row)
    page: str = view.render(
        "admin/delete.html",
        row=row,
        refusal=refusal,
        blocking=only(found, Fate.BLOCKS),
        going=[group for group in found if group.fate is Fate.GOES],
        staying=only(found, Fate.STAYS),
        can_deactivate=getattr(row, "is_active", False),
    )
    return page


def _delete(view: "TableView", row_id: int) -> None:
    db.session.delete(view.get_one(row_id, "delete"))
    db.session.flush()


def _deactivate(view: "TableView", row: Any) -> Answer:
    """Take the row out of use, by the screen's own action where it has one: it knows the rules."""
    row_id, title = row.id, str(row)
    action = view.actions_by_name.get("deactivate")
    by = current_actor_from_request()

    def use_case() -> Done:
        if action is not None:
            return do_and_tell(view, action, row_id, Order(values={}, by=by, now=clock.now()))
        view.get_one(row_id, "delete").is_active = False
        return Done(f"{view.one.capitalize()} “{title}” is out of use.")

    try:
        done = transact(use_case, by=by)
    except DomainError as refusal:
        return _page(view, view.get_one(row_id, "delete"), refusal.message), refusal.status
    flash(done.words, "success")
    return redirect(view.details_url(row_id), code=303)
