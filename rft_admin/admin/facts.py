"""A row's own values as lines of its page: grouped as the screen says, empty ones named only."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from rft_admin.accounts.models import User
from rft_admin.admin import cells
from rft_admin.admin.forms import SYSTEM_COLUMNS
from rft_admin.admin.lookup import find_row
from rft_admin.admin.paths import Path
from rft_admin.admin.rights import can, visible

if TYPE_CHECKING:
    from rft_admin.admin.base import TableView

#: Who created a row and who changed it.
SIGNATURES = frozenset({"created_by_id", "updated_by_id"})


@dataclass(frozen=True)
class Fact:
    """One line of the details."""

    label: str
    value: Markup
    is_wide: bool = False


@dataclass(frozen=True)
class FactGroup:
    """Facts that are read together; without a title where there is but one group."""

    title: str
    facts: list[Fact]


@dataclass(frozen=True)
class Facts:
    """All facts of a row."""

    groups: list[FactGroup]
    #: What is seldom asked for.
    rest: list[Fact]
    #: The labels of what is not filled in.
    empty: list[str]


def facts_of(view: "TableView", row: Any) -> Facts:
    """Return the row's facts, without what stands in the record and in badges."""
    own = [name for name in _names(view) if name not in SYSTEM_COLUMNS]
    facts, empty = _facts(view, row, own)
    groups, rest = _groups(view, facts)
    return Facts(groups, rest, empty)


def record_of(view: "TableView", row: Any) -> list[Fact]:
    """Return what the system writes down of every row: number, created, changed, by whom.

    By whom is left out for whoever may not see people: a bare number tells nothing.
    """
    left_out = {"row_version"} if can("view", User) else {"row_version", *SIGNATURES}
    return [
        Fact(view.get_column_name(name), _shown(row, view.path(name)))
        for name in _names(view)
        if name in SYSTEM_COLUMNS and name not in left_out and getattr(row, name) is not None
    ]


def badges_of(view: "TableView", row: Any) -> list[Markup]:
    """Return the row's states, each saying what it is the state of: "Payment pending"."""
    badges = []
    for name in _names(view):
        value = getattr(row, name) if name.endswith(("status", "severity")) else None
        if value:
            of = view.one.capitalize() if name == "status" else view.get_column_name(name)
            badges.append(cells.badge(value, of=of))
    return badges


def _names(view: "TableView") -> list[str]:
    return visible(view.model, view.details_names)


def _facts(view: "TableView", row: Any, own: list[str]) -> tuple[dict[str, Fact], list[str]]:
    """Return the facts by their names, and the labels of what is not filled in."""
    facts = {label: Fact(label, value) for label, value in view.extra_facts(row)}
    empty: list[str] = []
    grouped = [name for _, names in view.fact_groups for name in names if "." in name]
    for name in own + visible(view.model, grouped):
        path = view.path(name)
        label, shown = view.get_column_name(name), _shown(row, path)
        if shown != cells.EMPTY:
            facts[name] = Fact(label, shown, path.kind in {"long", "json"})
        elif name in own:
            empty.append(label)
    return facts, empty


def _groups(view: "TableView", facts: dict[str, Fact]) -> tuple[list[FactGroup], list[Fact]]:
    """Return the facts as the screen groups them, and those that it does not name."""
    left = dict(facts)
    groups = []
    for title, names in view.fact_groups:
        found = [left.pop(name) for name in names if name in left]
        if found:
            groups.append(FactGroup(title, found))
    rest = sorted(left.values(), key=lambda fact: fact.is_wide)
    return (groups, rest) if groups else ([FactGroup("", rest)], [])


def _shown(row: Any, path: Path) -> Markup:
    """Return a value; a key upwards, which has no relationship, is looked up by itself."""
    if path.kind == "reference" and path.reference is None and path.column is not None:
        table = next(iter(path.column.foreign_keys)).column.table.name
        number = getattr(row, path.name)
        target = find_row(table, number) if number is not None else None
        return cells.show(target if target is not None else number, "reference")
    return cells.cell(row, path)
