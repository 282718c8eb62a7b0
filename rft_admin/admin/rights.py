"""The one question of the office: may the signed-in person do that, and with which rows."""

from collections.abc import Iterable
from functools import cache
from typing import Any

from sqlalchemy import Select

from rft_admin.accounts import permissions
from rft_admin.admin.actor import signed_in_user
from rft_admin.admin.paths import resolve
from rft_admin.core.database import Json, Model


def can(verb: str, model: type[Model], *, row: Any = None, field: str | None = None) -> bool:
    """Return whether the signed-in person may do that: list, view, edit, `action:cancel`, …"""
    return permissions.can(signed_in_user(), verb, model, row=row, field=field)


def scoped(model: type[Model], statement: Select[Any], verb: str = "list") -> Select[Any]:
    """Return the statement narrowed to the rows that the signed-in person may see."""
    return permissions.scope(signed_in_user(), model, statement, verb)


def visible(model: type[Model], names: Iterable[str], verb: str = "view") -> list[str]:
    """Return the paths of which the signed-in person may see every step.

    Whatever shows, sorts, filters, searches or exports by a path asks here first: an order or a
    search by a hidden field would tell it just as well.
    """
    user = signed_in_user()
    return [name for name in names if permissions.may_use(user, verb, _fields(model, name))]


def visible_changes(table: str, changes: Json) -> Json:
    """Return what a row's history may tell the signed-in person: hidden fields are left out."""
    hidden = permissions.hidden_fields(signed_in_user(), table)
    return {name: change for name, change in changes.items() if name not in hidden}


def sees_all_fields(model: type[Model]) -> bool:
    """Return whether the signed-in person may list a table and no field of it is hidden.

    For lines that are written by hand and may name any field.
    """
    return can("list", model) and not permissions.hidden_fields(signed_in_user(), model)


@cache
def _fields(model: type[Model], name: str) -> tuple[tuple[str, str], ...]:
    """Return the fields that a path leads over, each as its table and its name."""
    path = resolve(model, name)
    found: list[tuple[str, str]] = []
    owner = model
    for step in path.steps:
        found.extend((owner.__tablename__, str(column.key)) for column in step.local_columns)
        owner = step.mapper.class_
    own = path.column.key if path.column is not None else path.name
    return (*found, (owner.__tablename__, str(own)), (owner.__tablename__, path.name))
