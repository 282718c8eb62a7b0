"""The panels of a row's page: rows of other tables that belong to it, counted and linked."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup
from sqlalchemy import Select, func, select

from rft_admin.admin import cells
from rft_admin.admin.lookup import titled
from rft_admin.admin.naming import label_of_column
from rft_admin.admin.paths import Path, resolve, value_at
from rft_admin.admin.registry import all_views, view_of
from rft_admin.admin.rights import can, scoped, visible
from rft_admin.admin.titles import loads_for
from rft_admin.core.database import Model, db

if TYPE_CHECKING:
    from rft_admin.admin.base import TableView

PANEL_ROWS = 10
#: Counting stops here: "1,000+" is told instead.
MOST_COUNTED = 1000


@dataclass(frozen=True)
class Computed:
    """A panel's column that no model has: reckoned for all rows at once."""

    label: str
    #: Returns the cells by the rows' ids.
    cells: Callable[[Sequence[Any]], Mapping[int, Markup]]
    kind: str = "text"


@dataclass(frozen=True)
class Panel:
    """Rows of another table that belong to the shown one."""

    title: str
    model: type[Model]
    #: The column that points here, over a relationship where it is another table's.
    key: str
    columns: tuple[str, ...]
    #: What the column is compared with: the shown row's id, or another of its values.
    by: str = "id"
    #: Narrows the rows further.
    only: Callable[[], Any] | None = None
    #: The list's tab that narrows like `only`; without one the panel's list shows more.
    scope: str = ""
    #: Columns to sort by, the descending ones with a minus before them; the id ends it.
    order: tuple[str, ...] = ("-id",)
    computed: tuple[Computed, ...] = ()
    #: How many rows it shows.
    most: int = PANEL_ROWS


@dataclass(frozen=True)
class FilledPanel:
    """A panel with its first rows."""

    title: str
    paths: list[Path | Computed]
    labels: list[str]
    rows: list[Any]
    count: int
    #: The cells of the computed columns, by column and row.
    reckoned: Mapping[Computed, Mapping[int, Markup]]
    #: What its keys without a relationship lead to, by table and id.
    named: Mapping[tuple[str, int], Any]
    #: The list narrowed to these rows, and the form for one more; None where there is none.
    list_url: str | None
    new_url: str | None

    def cell(self, row: Any, path: Path | Computed) -> Markup:
        """Return what stands in a column for a row."""
        if isinstance(path, Computed):
            return self.reckoned[path].get(row.id, cells.EMPTY)
        if _is_bare_key(path):
            value = value_at(row, path)
            return cells.show(self.named.get((_table(path), value), value), "reference")
        return cells.cell(row, path)

    @property
    def count_words(self) -> str:
        """The number of rows as people read it."""
        return f"{MOST_COUNTED:,}+" if self.count > MOST_COUNTED else f"{self.count:,}"

    @property
    def has_more(self) -> bool:
        """Whether there are more rows than the panel shows."""
        return self.count > len(self.rows)


@dataclass(frozen=True)
class Pointer:
    """A list of rows that name the shown one in a column that no panel shows."""

    words: str
    count_words: str
    address: str


def _is_bare_key(path: Path) -> bool:
    """Return whether a key has no relationship: what it leads to stands in another room."""
    return path.kind == "reference" and path.reference is None


def _table(path: Path) -> str:
    keys = path.column.foreign_keys if path.column is not None else ()
    return str(next(iter(keys)).column.table.name)


def _named(rows: Sequence[Any], paths: Sequence[Path]) -> dict[tuple[str, int], Any]:
    found: dict[tuple[str, int], Any] = {}
    for path in filter(_is_bare_key, paths):
        ids = {value_at(row, path) for row in rows} - {None}
        if ids:
            found |= titled(_table(path), ids)
    return found


def fill(view: "TableView", row: Any) -> tuple[list[FilledPanel], list[Pointer]]:
    """Return the panels that the person may see, and what else points at the row.

    One query counts everything; each panel that has rows takes one more.
    """
    panels = [panel for panel in view.panels if can("list", panel.model)]
    pointers = _pointers(view, panels)
    statements = [_of_panel(panel, row) for panel in panels]
    statements += [_of_pointer(*pointer, row.id) for pointer in pointers]
    counts = _count(statements)
    filled = [_fill(panel, row, count) for panel, count in zip(panels, counts, strict=False)]
    found = zip(pointers, counts[len(panels) :], strict=True)
    return filled, [_point(*pointer, row.id, count) for pointer, count in found if count]


def pointing_columns(table: str) -> list[tuple["TableView", str]]:
    """Return every screen's foreign keys to a table, as view and column."""
    return [
        (view, column.key)
        for view in all_views()
        for column in view.model.__table__.columns
        if any(key.column.table.name == table for key in column.foreign_keys)
    ]


def _pointers(view: "TableView", panels: Sequence[Panel]) -> list[tuple["TableView", str]]:
    shown = {(p.model.__tablename__, p.key) for p in panels if p.by == "id" and p.only is None}
    return [
        (other, name)
        for other, name in pointing_columns(view.model.__tablename__)
        if (other.model.__tablename__, name) not in shown
        and can("list", other.model)
        and can("list", other.model, field=name)
    ]


def _of_panel(panel: Panel, row: Any) -> Select[Any]:
    statement = select(panel.model.id).where(_belongs(panel, getattr(row, panel.by)))
    if panel.only is not None:
        statement = statement.where(panel.only())
    return scoped(panel.model, statement)


def _belongs(panel: Panel, value: Any) -> Any:
    *steps, last = panel.key.split(".")
    if not steps:
        return getattr(panel.model, last) == value
    step = getattr(panel.model, steps[0])
    return step.has(getattr(step.property.mapper.class_, last) == value)


def _of_pointer(view: "TableView", name: str, row_id: int) -> Select[Any]:
    model = view.model
    return scoped(model, select(model.id).where(getattr(model, name) == row_id))


def _count(statements: Sequence[Select[Any]]) -> list[int]:
    if not statements:
        return []
    capped = [
        select(func.count()).select_from(statement.limit(MOST_COUNTED + 1).subquery())
        for statement in statements
    ]
    return list(db.session.execute(select(*(one.scalar_subquery() for one in capped))).one())


def _fill(panel: Panel, row: Any, count: int) -> FilledPanel:
    names = visible(panel.model, list(panel.columns), "list")
    paths = [resolve(panel.model, name) for name in names]
    view = view_of(panel.model.__tablename__)
    labels = [view.get_column_name(n) if view else _label(n) for n in names]
    rows = _rows(panel, row, paths) if count else []
    return FilledPanel(
        title=panel.title,
        paths=[*paths, *panel.computed],
        labels=[*labels, *(column.label for column in panel.computed)],
        rows=rows,
        count=count,
        reckoned={column: column.cells(rows) for column in panel.computed} if rows else {},
        named=_named(rows, paths),
        list_url=_list_url(view, panel, row) if view and count else None,
        new_url=_new_url(view, panel, row),
    )


def _rows(panel: Panel, row: Any, paths: list[Path]) -> list[Any]:
    statement = (
        select(panel.model)
        .where(panel.model.id.in_(_ordered(_of_panel(panel, row), panel).limit(panel.most)))
        .options(*loads_for(panel.model, paths))
    )
    return list(db.session.scalars(_ordered(statement, panel)).unique())


def _ordered(statement: Select[Any], panel: Panel) -> Select[Any]:
    for name in panel.order:
        column = getattr(panel.model, name.lstrip("-"))
        statement = statement.order_by(
            (column.desc() if name.startswith("-") else column.asc()).nulls_last()
        )
    return statement.order_by(panel.model.id.desc())


def _list_url(view: "TableView", panel: Panel, row: Any) -> str | None:
    address = view.filter_url(panel.key, getattr(row, panel.by))
    return f"{address}&scope={panel.scope}" if address and panel.scope else address


def _new_url(view: "TableView | None", panel: Panel, row: Any) -> str | None:
    if view is None or panel.by != "id" or "." in panel.key or not view.may("create"):
        return None
    return view.address("create_view", **{panel.key: row.id})


def _point(view: "TableView", name: str, row_id: int, count: int) -> Pointer:
    words = f"{view.label}, {view.get_column_name(name).lower()}"
    counted = f"{MOST_COUNTED:,}+" if count > MOST_COUNTED else f"{count:,}"
    return Pointer(words, counted, view.filter_url(name, row_id) or "")


def _label(name: str) -> str:
    return label_of_column(name.rpartition(".")[2])
