"""Which table has which screen: filled at import by one line per table, read by every link."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from flask import current_app, g, has_request_context, url_for

from rft_admin.accounts.models import Role
from rft_admin.accounts.permissions import Grant, add_grant, is_granted
from rft_admin.admin.naming import label_of_table
from rft_admin.admin.rights import can
from rft_admin.core.database import Model

if TYPE_CHECKING:
    from rft_admin.admin.base import TableView

#: The sidebar's groups, in their order; each table stands in one.
GROUPS = ("Bookings", "Courses", "Learners", "Money", "Letters", "Insight", "System")

_models: dict[str, type[Model]] = {}
_classes: dict[str, type["TableView"]] = {}
#: What a line states of a table that needs no class of its own, until the office is opened.
_stated: dict[str, dict[str, Any]] = {}


def screen(
    model: type[Model],
    *,
    admin: frozenset[str] | None = None,
    instructor: frozenset[str] | None = None,
) -> Callable[[type["TableView"]], type["TableView"]]:
    """Return a decorator that makes a view class the screen of a model; see `register`."""

    def keep(view_class: type["TableView"]) -> type["TableView"]:
        register(model, view_class, admin=admin, instructor=instructor)
        return view_class

    return keep


def register(
    model: type[Model],
    view_class: type["TableView"] | None = None,
    *,
    admin: frozenset[str] | None = None,
    instructor: frozenset[str] | None = None,
    **stated: Any,
) -> None:
    """Make a table a screen: it appears at /admin/<table>/, by its model's metadata.

    :param view_class: what differs from the metadata; without one, `stated` says what little does:
        `register(Equipment, group="Courses", icon="box", admin=ALL)`.
    :param admin: what admins may do, `LOOK`, `WRITE` or `ALL`, for a table that
        `accounts.permissions` does not name. Without it nobody may do anything.
    :param instructor: the same for instructors, who then see every row.

    :raises ValueError: if the table has a screen already, or another grant.
    """
    table = model.__tablename__
    if table in _models:
        raise ValueError(f"The table {table} is registered twice.")
    for role, verbs in ((Role.ADMIN, admin), (Role.INSTRUCTOR, instructor)):
        if verbs is not None:
            add_grant(role, table, Grant(verbs))
    _models[table] = model
    if view_class is not None:
        _classes[table] = view_class
    else:
        words = stated.get("title") or label_of_table(table)
        _stated[table] = {"question": f"Which {words.lower()} are there?", **stated}


def open_screens(plain: type["TableView"]) -> Iterator[tuple[str, type[Model], type["TableView"]]]:
    """Return every table with its model and view class, in the order of registration.

    :param plain: what a table without a class of its own is a screen by.

    :raises RuntimeError: if nobody may see a table, or its group is none: told at the start.
    """
    for table, model in _models.items():
        if table not in _classes:
            _classes[table] = type(f"{model.__name__}View", (plain,), _stated[table])
        if _classes[table].group not in GROUPS:
            raise RuntimeError(f"{table}: the sidebar has no group {_classes[table].group!r}.")
        if not is_granted(table):
            raise RuntimeError(f"{table}: nobody may see it; say `admin=` where it is registered.")
        yield table, model, _classes[table]


def find_view_class(table: str) -> type["TableView"] | None:
    """Return the view class of a table, or None if it has no screen."""
    return _classes.get(table)


def all_views() -> list["TableView"]:
    """Return the screens of this application, in the sidebar's order."""
    views: dict[str, TableView] = current_app.extensions["rft_admin_views"]
    return list(views.values())


def view_of(table: str) -> "TableView | None":
    """Return the screen of a table, or None if it has none."""
    views: dict[str, TableView] = current_app.extensions["rft_admin_views"]
    return views.get(table)


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
    start = _details_start(type(row))
    return None if start is None else f"{start}{row.id}"


def _details_start(model: type[Model]) -> str | None:
    """Return what the addresses of a table's details begin with, asked once in a request."""
    view = endpoint(model.__tablename__, "details_view")
    if not has_request_context():
        return url_for(view, id=0).removesuffix("0")
    known: dict[str, str | None] = g.setdefault("details_starts", {})
    if view not in known:
        may_view = can("view", model)
        known[view] = url_for(view, id=0).removesuffix("0") if may_view else None
    return known[view]
