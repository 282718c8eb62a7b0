"""A row's menu: every action with it, and why some of them cannot be done now."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import make_response, request

from rft_admin.admin.actions import Action
from rft_admin.admin.choosing import safe_return
from rft_admin.admin.exposing import Answer

if TYPE_CHECKING:
    from rft_admin.admin.base import TableView


@dataclass(frozen=True)
class Entry:
    """An action in a row's menu, and what hinders it."""

    action: Action
    hindrance: str | None


def show(view: "TableView", row: Any) -> Answer:
    """Return the menu: a piece for the list's script, else a page that works without it."""
    is_piece = request.args.get("piece") == "1"
    response = make_response(
        view.render(
            "admin/_row_menu.html" if is_piece else "admin/row_menu.html",
            row=row,
            entries=entries_of(view, row),
            return_url=safe_return(request.args.get("url")) or view.address("index_view"),
        )
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def entries_of(view: "TableView", row: Any) -> list[Entry]:
    """Return the row's actions: what can be done first, the dangerous last."""
    entries = [Entry(action, action.hindrance(row)) for action in view.offered_actions()]
    return sorted(entries, key=lambda entry: bool(entry.hindrance))
