"""What hangs on a row, found in the keys themselves: what goes with it, stays, or forbids it."""

import enum
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, Table, func, literal, select, union_all

from rft_admin.admin.lookup import model_of
from rft_admin.admin.naming import label_of_table
from rft_admin.admin.paths import label_at
from rft_admin.admin.registry import details_address, view_of
from rft_admin.admin.rights import can, scoped
from rft_admin.admin.titles import title_loads
from rft_admin.core.database import Model, db

#: Rows that are named; of more only the number is told.
MOST_NAMED = 5
#: How far down it is looked; no chain of keys here is longer.
DEEPEST = 6
OF_THE_RECORD = frozenset({"created_by_id", "updated_by_id"})


class Fate(enum.Enum):
    """What becomes of dependent rows when the row is deleted."""

    BLOCKS = "blocks"
    GOES = "goes"
    STAYS = "stays"


@dataclass(frozen=True)
class Named:
    """A dependent row and where it is shown."""

    title: str
    address: str | None


@dataclass(frozen=True)
class Dependents:
    """Rows of one table that point at the row, or at what goes with it."""

    words: str
    count: int
    fate: Fate
    #: The list of these rows, where there is one.
    address: str | None
    named: list[Named]
    #: What hangs on those that go.
    below: list["Dependents"] = field(default_factory=list)


def list_dependents(row: Any) -> list[Dependents]:
    """Return what hangs on the row, level by level; one query a level, and one a named group."""
    return _of(row.__tablename__, select(literal(row.id)), row.id, DEEPEST)


def only(found: list[Dependents], fate: Fate) -> list[Dependents]:
    """Return the groups of a fate, wherever they lie, as branches that lead to them."""
    kept = []
    for group in found:
        below = only(group.below, fate)
        if group.fate is fate or below:
            kept.append(
                Dependents(group.words, group.count, group.fate, group.address, group.named, below)
            )
    return kept


def _of(name: str, ids: Select[Any], row_id: int | None, depth: int) -> list[Dependents]:
    pointers = list(_pointers(name))
    counts = _counts(pointers, ids)
    return [
        _group(table, column, fate, counts[number], ids, row_id, depth)
        for number, (table, column, fate) in enumerate(pointers)
        if counts.get(number)
    ]


def _group(
    table: Table,
    column: str,
    fate: Fate,
    count: int,
    ids: Select[Any],
    row_id: int | None,
    depth: int,
) -> Dependents:
    view = view_of(table.name)
    words = (view.label if view else label_of_table(table.name)).lower()
    if column in OF_THE_RECORD:
        words += f" ({label_at(model_of(table.name), column).lower()})"
    pointing = select(table.c.id).where(table.c[column].in_(ids))
    below = _of(table.name, pointing, None, depth - 1) if fate is Fate.GOES and depth else []
    address = view.filter_url(column, row_id) if view and row_id is not None else None
    return Dependents(words, count, fate, address, _named(table, pointing), below)


def _pointers(name: str) -> Iterator[tuple[Table, str, Fate]]:
    """Yield every key that points at a table, and what its rule for deletion amounts to."""
    fates = {"CASCADE": Fate.GOES, "SET NULL": Fate.STAYS}
    for table in Model.metadata.sorted_tables:
        for constraint in table.foreign_key_constraints:
            if constraint.referred_table.name == name:
                column = next(iter(constraint.columns)).name
                yield table, column, fates.get(str(constraint.ondelete), Fate.BLOCKS)


def _counts(pointers: list[tuple[Table, str, Fate]], ids: Select[Any]) -> dict[int, int]:
    if not pointers:
        return {}
    statement = union_all(
        *(
            select(literal(number), func.count()).select_from(table).where(table.c[column].in_(ids))
            for number, (table, column, _) in enumerate(pointers)
        )
    )
    return dict(db.session.execute(statement).all())


def _named(table: Table, pointing: Select[Any]) -> list[Named]:
    """Return the first of the rows that the person may see."""
    model = model_of(table.name)
    if not can("list", model):
        return []
    statement = (
        select(model)
        .where(model.id.in_(pointing))
        .options(*title_loads(model))
        .order_by(model.id)
        .limit(MOST_NAMED)
    )
    found = db.session.scalars(scoped(model, statement)).unique()
    return [Named(str(one), details_address(one)) for one in found]
