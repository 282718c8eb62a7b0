"""A statement whose columns are the texts of a file: formatted and made safe by PostgreSQL."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    and_,
    case,
    cast,
    collate,
    func,
    inspect,
)
from sqlalchemy.orm import RelationshipProperty, aliased

from rft_admin.admin.cells import FORMULA_STARTS
from rft_admin.admin.exports.titles import NAMES, TITLES, at_london, joined_names
from rft_admin.admin.paths import Path
from rft_admin.core.database import Model

#: In the order of bytes all starts of formulas come before it.
FIRST_LETTER = "A"
#: Values that no spreadsheet takes for a formula, whatever they are.
HARMLESS_KINDS = frozenset({"status", "flag", "money", "number", "moment", "date"})


def text_statement(
    model: type[Model], matching: Select[Any], paths: list[Path]
) -> Select[Any] | None:
    """Return the statement, by descending id; None if a title of these paths is unknown in SQL.

    :param matching: the ids that match, in no order.
    """
    if not all(_is_known(path) for path in paths):
        return None
    joins = _Joins(matching)
    own = joins.row(model)
    texts = [_text(own, path).label(f"text_{number}") for number, path in enumerate(paths)]
    statement = joins.statement.with_only_columns(*texts, maintain_column_froms=True)
    return statement.order_by(model.id.desc())


def _is_known(path: Path) -> bool:
    if path.reference is not None:
        return path.reference.mapper.local_table.name in TITLES  # type: ignore[attr-defined] # every table of ours has a name
    return path.column is not None or path.name in NAMES


class _Joins:
    """The statement as it grows: each relationship is joined once, however many columns use it."""

    def __init__(self, statement: Select[Any]) -> None:
        self.statement = statement
        self._rows: dict[tuple[str, ...], _Row] = {}

    def row(self, model: Any) -> "_Row":
        """Return the row that the statement is about."""
        return _Row(self, model, (), is_always_there=True)

    def follow(self, row: "_Row", step: RelationshipProperty[Any]) -> "_Row":
        """Return the row that a relationship refers to."""
        place = (*row.place, step.key)
        if place not in self._rows:
            entity: Any = aliased(step.mapper.class_)
            inner = row.is_always_there and bool(step.innerjoin)
            on = getattr(row.entity, step.key).of_type(entity)
            self.statement = self.statement.join(on, isouter=not inner)
            self._rows[place] = _Row(self, entity, place, is_always_there=inner)
        return self._rows[place]


@dataclass(frozen=True)
class _Row:
    """A joined row; see :class:`titles.Row`."""

    joins: _Joins
    entity: Any
    #: The relationships that lead here.
    place: tuple[str, ...]
    is_always_there: bool

    def column(self, name: str) -> Any:
        """Return a column."""
        return getattr(self.entity, name)

    def title_of(self, name: str) -> ColumnElement[Any]:
        """Return the title of the row that a relationship refers to; NULL where there is none."""
        other = self.joins.follow(self, inspect(self.entity).mapper.relationships[name])
        return other.title()

    def title(self) -> ColumnElement[Any]:
        """Return this row's title."""
        table = inspect(self.entity).mapper.local_table.name
        words = TITLES[table](self)
        # Of a row that is not there nothing may be said, not even that its name is to follow.
        return words if self.is_always_there else case((self.column("id").is_not(None), words))


def _text(own: _Row, path: Path) -> ColumnElement[Any]:
    row = own
    for step in path.steps:
        row = own.joins.follow(row, step)
    if path.reference is not None:
        return _disarmed(row.title_of(path.reference.key))
    if path.column is None:
        return _disarmed(joined_names(row, *NAMES[path.name]))
    text = _formatted(row.column(path.name), path.kind)
    return text if path.kind in HARMLESS_KINDS else _disarmed(text)


def _formatted(column: Any, kind: str) -> ColumnElement[Any]:
    if kind == "flag":
        return case((column.is_(True), "yes"), (column.is_(False), "no"))
    if kind == "moment":
        # As text in the style ISO, which `rows` sets: to_char takes twice the time.
        return cast(func.date_trunc("second", at_london(column)), Text)
    return cast(column, Text)


def _disarmed(text: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the text with an apostrophe before what a spreadsheet takes for a formula."""
    # Nearly every text begins with a letter: one comparison of bytes spares the others.
    may_be_one = collate(text, "C") < FIRST_LETTER
    is_one = and_(may_be_one, func.left(text, 1).in_(FORMULA_STARTS))
    return case((is_one, func.concat("'", text)), else_=text)
