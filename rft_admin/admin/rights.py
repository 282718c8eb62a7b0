"""The one question of the office: may the signed-in person do that, and with which rows."""

from typing import Any

from sqlalchemy import Select

from rft_admin.accounts import permissions
from rft_admin.admin.actor import signed_in_user
from rft_admin.core.database import Model


def can(verb: str, model: type[Model], *, row: Any = None, field: str | None = None) -> bool:
    """Return whether the signed-in person may do that: list, view, edit, `action:cancel`, …"""
    return permissions.can(signed_in_user(), verb, model, row=row, field=field)


def scoped(model: type[Model], statement: Select[Any], verb: str = "list") -> Select[Any]:
    """Return the statement narrowed to the rows that the signed-in person may see."""
    return permissions.scope(signed_in_user(), model, statement, verb)


def visible(model: type[Model], names: list[str], verb: str = "view") -> list[str]:
    """Return the paths whose last field the signed-in person may see."""
    return [name for name in names if "." in name or can(verb, model, field=name)]
