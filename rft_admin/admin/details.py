"""The details page: what a row says, what belongs to it, and what happened to it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import current_app
from markupsafe import Markup
from sqlalchemy import select

from rft_admin.accounts import audit
from rft_admin.accounts.models import AdminActivityLog
from rft_admin.admin import cells
from rft_admin.admin.actions import Action
from rft_admin.admin.forms import SYSTEM_COLUMNS
from rft_admin.admin.lookup import find_row
from rft_admin.admin.paths import Path, label_at, resolve
from rft_admin.admin.registry import find_view_class
from rft_admin.admin.rights import can, scoped, visible
from rft_admin.admin.titles import loads_for
from rft_admin.core.database import Model, db

if TYPE_CHECKING:
    from rft_admin.admin.base import TableView

PANEL_ROWS = 10
HISTORY_ROWS = 30


@dataclass(frozen=True)
class Panel:
    """Rows of another table that point at the shown one."""

    title: str
    model: type[Model]
    #: The column that points here.
    key: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class FilledPanel:
    """A panel with its rows."""

    title: str
    paths: list[Path]
    labels: list[str]
    rows: list[Any]
    has_more: bool
    #: The list narrowed to these rows, and the form for one more; None where there is none.
    list_url: str | None
    new_url: str | None


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
class Description:
    """All that a details page shows."""

    badges: list[Markup]
    groups: list[FactGroup]
    #: What is seldom asked for: folded away where the screen groups its facts.
    rest: list[Fact]
    record: list[Fact]
    #: The labels of what is not filled in.
    empty: list[str]
    panels: list[FilledPanel]
    #: What could belong here but does not yet.
    empty_panels: list[FilledPanel]
    actions: list[Action]
    history: list[AdminActivityLog]


def describe(view: "TableView", row: Any) -> Description:
    """Return the page's content for the signed-in person."""
    names = visible(view.model, view.details_names)
    own = [name for name in names if name not in SYSTEM_COLUMNS]
    facts, empty = _facts(view, row, own)
    groups, rest = _groups(view, facts)
    panels = [_fill(panel, row) for panel in view.panels if can("list", panel.model)]
    return Description(
        badges=_badges(view, row, own),
        groups=groups,
        rest=rest,
        record=[
            Fact(view.get_column_name(name), _shown(row, view.path(name)))
            for name in names
            if name in SYSTEM_COLUMNS and name != "row_version"
        ],
        empty=empty,
        panels=[panel for panel in panels if panel.rows],
        empty_panels=[panel for panel in panels if not panel.rows],
        actions=[
            action
            for action in view.actions
            if view.may(f"action:{action.name}") and action.hindrance(row) is None
        ],
        history=_history(view, row),
    )


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


def _badges(view: "TableView", row: Any, own: list[str]) -> list[Markup]:
    """Return the row's states, each saying what it is the state of: "Payment pending"."""
    badges = []
    for name in own:
        value = getattr(row, name) if name.endswith(("status", "severity")) else None
        if value:
            of = view.one.capitalize() if name == "status" else view.get_column_name(name)
            badges.append(cells.badge(value, of=of))
    return badges


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


def view_of(table: str) -> "TableView | None":
    """Return the screen of a table, or None if it has none."""
    views: dict[str, TableView] = current_app.extensions["rft_admin_views"]
    return views.get(table)


def _shown(row: Any, path: Path) -> Markup:
    """Return a value; a key upwards, which has no relationship, is looked up by itself."""
    if path.kind == "reference" and path.reference is None and path.column is not None:
        table = next(iter(path.column.foreign_keys)).column.table.name
        number = getattr(row, path.name)
        target = find_row(table, number) if number is not None else None
        return cells.show(target if target is not None else number, "reference")
    return cells.cell(row, path)


def _history(view: "TableView", row: Any) -> list[AdminActivityLog]:
    if not can("list", AdminActivityLog):
        return []
    return audit.list_history(view.model.__tablename__, row.id)[:HISTORY_ROWS]


def _fill(panel: Panel, row: Any) -> FilledPanel:
    model = panel.model
    names = visible(model, list(panel.columns), "list")
    paths = [resolve(model, name) for name in names]
    statement = (
        select(model)
        .where(getattr(model, panel.key) == row.id)
        .options(*loads_for(model, paths))
        .order_by(model.id.desc())
        .limit(PANEL_ROWS + 1)
    )
    rows = list(db.session.scalars(scoped(model, statement)).unique())
    view = view_of(model.__tablename__) if find_view_class(model.__tablename__) else None
    return FilledPanel(
        title=panel.title,
        paths=paths,
        labels=[view.get_column_name(n) if view else label_at(model, n) for n in names],
        rows=rows[:PANEL_ROWS],
        has_more=len(rows) > PANEL_ROWS,
        list_url=view.filter_url(panel.key, row.id) if view and rows else None,
        new_url=_new_url(view, panel, row),
    )


def _new_url(view: "TableView | None", panel: Panel, row: Any) -> str | None:
    if view is None or not view.may("create"):
        return None
    return view.address("create_view", **{panel.key: row.id})
