"""Rows of other tables by a few typed letters, within what the person may see."""

from collections.abc import Iterable
from functools import cache
from typing import Any

from sqlalchemy import literal, select, true
from sqlalchemy.orm import aliased, outerjoin

from rft_admin.admin.rights import can, scoped
from rft_admin.admin.search import MOST_FOLLOWED, clean_text, newest_of, searched_in
from rft_admin.admin.titles import title_loads
from rft_admin.core.database import Model, db

MOST = 50


def find_row(table: str, row_id: int) -> Any:
    """Return a row of a table if the person may see it, else None."""
    model = model_of(table)
    statement = select(model).where(model.id == row_id).options(*title_loads(model))
    return db.session.scalar(scoped(model, statement))


def find_rows(wanted: list[tuple[str, int]]) -> list[Any]:
    """Return a row for each table and id, None where there is none to see: one query for all."""
    if not wanted:
        return []
    joined: Any = select(literal(1).label("one")).subquery()
    rows = []
    for table, row_id in wanted:
        model = model_of(table)
        row = aliased(model)
        seen = scoped(model, select(model.id).where(model.id == row_id))
        joined = outerjoin(joined, row, row.id.in_(seen))
        rows.append(row)
    return list(db.session.execute(select(*rows).select_from(joined)).one())


def titled(table: str, ids: Iterable[int]) -> dict[tuple[str, int], Any]:
    """Return those rows of a table that the person may see, ready to say what they are called.

    By table and id; of a table without a screen there are none.
    """
    model = find_model(table)
    if model is None or not can("list", model):
        return {}
    rows = select(model).where(model.id.in_(ids)).options(*title_loads(model))
    return {(table, row.id): row for row in db.session.scalars(scoped(model, rows)).unique()}


def look_up(table: str, text: str, *, limit: int = 10, offset: int = 0) -> list[tuple[int, str]]:
    """Return ids and titles of the rows that fit the text, the newest first.

    Sizes that make no sense are clamped, never an error.
    """
    model = model_of(table)
    if not can("list", model):
        return []
    text = clean_text(text)
    conditions: list[Any] = [true()]
    if text:
        conditions = searched_in([model], text, followed=MOST_FOLLOWED).get(model, [])
    limit, offset = max(1, min(limit, MOST)), max(0, min(offset, 10_000))
    ids = newest_of(model, conditions, limit=limit, offset=offset)
    return [(row.id, f"{row} (#{row.id})") for row in _rows(model, ids)]


def _rows(model: type[Model], ids: list[int]) -> list[Any]:
    """Return the rows of these ids with what their titles need, the newest first."""
    if not ids:
        return []
    statement = select(model).where(model.id.in_(ids)).options(*title_loads(model))
    return list(db.session.scalars(statement.order_by(model.id.desc())))


def find_model(table: str) -> type[Model] | None:
    """Return the model of a table; None where the name is no table's, as some of the audit's."""
    return _models().get(table)


@cache
def _models() -> dict[str, type[Model]]:
    return {
        mapper.class_.__tablename__: mapper.class_
        for mapper in Model.registry.mappers
        if issubclass(mapper.class_, Model)
    }


def model_of(table: str) -> type[Model]:
    """Return the model of a table, whether it has a screen or not."""
    return next(
        mapper.class_
        for mapper in Model.registry.mappers
        if mapper.local_table.name == table  # type: ignore[attr-defined] # every mapper of ours has a named table
    )
