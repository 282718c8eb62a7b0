"""Which table has which screen: filled at import by one line per table, read by every link."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from flask import has_request_context, url_for

from rft_admin.admin.rights import can
from rft_admin.core.database import Model

if TYPE_CHECKING:
    from rft_admin.admin.base import TableView

#: The sidebar's groups, in their order; each table stands in one.
GROUPS = ("Bookings", "Courses", "Learners", "Money", "Letters", "Insight", "System")

_classes: dict[str, tuple[type[Model], type["TableView"]]] = {}


def screen(model: type[Model]) -> Callable[[type["TableView"]], type["TableView"]]:
    """Return a decorator that makes a view class the screen of a model."""

    def keep(view_class: type["TableView"]) -> type["TableView"]:
        register(model, view_class)
        return view_class

    return keep


def register(model: type[Model], view_class: type["TableView"]) -> None:
    """Make a view class the screen of a model: its table appears at /admin/<table>/.

    :raises ValueError: if the table has a screen already.
    """
    table = model.__tablename__
    if table in _classes:
        raise ValueError(f"The table {table} is registered twice.")
    _classes[table] = (model, view_class)


def registered() -> Iterator[tuple[str, type[Model], type["TableView"]]]:
    """Return every table with its model and view class, in the order of registration."""
    for table, (model, view_class) in _classes.items():
        yield table, model, view_class


def find_view_class(table: str) -> type["TableView"] | None:
    """Return the view class of a table, or None if it has no screen."""
    entry = _classes.get(table)
    return entry[1] if entry else None


def endpoint(table: str, view: str = "index_view") -> str:
    """Return Flask's endpoint of one view of a table's screen."""
    return f"admin_{table}.{view}"


def list_address(table: str, **arguments: Any) -> str:
    """Return the address of a table's list."""
    return url_for(endpoint(table), **arguments)


def details_address(row: Any) -> str | None:
    """Return the address of a row's details; None without a screen, or without the right."""
    if row is None or find_view_class(row.__tablename__) is None:
        return None
    if has_request_context() and not can("view", type(row)):
        return None
    return url_for(endpoint(row.__tablename__, "details_view"), id=row.id)
