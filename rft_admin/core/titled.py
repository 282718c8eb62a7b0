"""The title of a row: by which of its columns people tell it from others."""

from typing import Any, ClassVar

from sqlalchemy import Column, String, inspect
from sqlalchemy.dialects.postgresql import CITEXT

#: How the names of short texts end that tell rows apart, the best first.
TELLING_NAMES = ("name", "title", "reference", "code", "number")


class Titled:
    """A row with a title, made of its own columns where its model writes none."""

    #: The columns and relationships that the title reads, the weightiest first: lists load them
    #: with a reference and sort by them. Empty: the column that tells rows apart by its name.
    titled_by: ClassVar[tuple[str, ...]] = ()

    def __str__(self) -> str:
        values = [getattr(self, name) for name in title_names(type(self))]
        known = [str(value) for value in values if value not in (None, "")]
        return ", ".join(known) or f"{type(self).__name__} {getattr(self, 'id', '')}".strip()


def title_names(model: Any) -> tuple[str, ...]:
    """Return the columns and relationships that a model's title reads; none is possible."""
    if model.titled_by:
        return tuple(model.titled_by)
    columns = [attribute.columns[0] for attribute in inspect(model).column_attrs]
    telling = [column for column in columns if tells_apart(column)]
    telling.sort(key=lambda column: TELLING_NAMES.index(_ending(column)))
    return (telling[0].key,) if telling else ()


def names_its_title(model: Any) -> bool:
    """Return whether a model says what its title reads: one that writes its own may read more."""
    return bool(model.titled_by) or model.__str__ is Titled.__str__


def tells_apart(column: Column[Any]) -> bool:
    """Return whether a column's name says that people tell rows apart by it."""
    is_text = isinstance(column.type, String | CITEXT)
    return is_text and _ending(column) in TELLING_NAMES and not column.info.get("sensitive")


def _ending(column: Column[Any]) -> str:
    return column.key.rpartition("_")[2]
