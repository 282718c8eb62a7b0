"""Column paths: "course_schedule.course.name" read from a model's own metadata."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Boolean, Column, Date, DateTime, Float, Integer, Numeric, String, inspect
from sqlalchemy.dialects.postgresql import CITEXT, JSONB
from sqlalchemy.orm import Mapper, RelationshipProperty

from rft_admin.admin.naming import label_of_column
from rft_admin.core.database import INFO, EnumText, Model
from rft_admin.core.titled import tells_apart

#: Texts that are shown and edited in their own way.
KINDS_OF_TEXT = frozenset({"long", "email", "phone", "postcode", "link"})
#: Those that are searched wherever they stand.
SEARCHED_KINDS = frozenset({"email", "phone", "postcode"})
#: Contact details.
PERSONAL_KINDS = frozenset({"email", "phone"})


class UnknownType(RuntimeError):
    """A column's type has no way yet to be shown and edited; found at the start, not by a user."""


@dataclass(frozen=True)
class Path:
    """Where a shown value stands: the relationships to walk, then the last name."""

    text: str
    #: The relationships before the last name.
    steps: tuple[RelationshipProperty[Any], ...]
    #: The last name's column; None for a property of the model.
    column: Column[Any] | None
    #: The relationship that a foreign key's column stands for, or the last name itself.
    reference: RelationshipProperty[Any] | None
    #: The model that the last name belongs to.
    owner: type[Model]

    @property
    def name(self) -> str:
        """The last name."""
        return self.text.rpartition(".")[2]

    @property
    def kind(self) -> str:
        """How the value is shown, filtered and edited."""
        if self.reference is not None or (self.column is not None and self.column.foreign_keys):
            return "reference"
        if self.column is None:
            return "text"
        return kind_of(self.column)

    @property
    def shown_as(self) -> str:
        """How the value is shown: as its column's `info["shown_as"]` says, else by its kind."""
        own = self.column.info.get("shown_as") if self.column is not None else None
        return str(own or self.kind)

    @property
    def is_personal(self) -> bool:
        """Whether it is a contact detail or a fact of health: who exports it is written down."""
        if self.column is None:
            return False
        own = self.column.info.get("personal", False)
        return bool(own) or self.kind in PERSONAL_KINDS

    @property
    def label(self) -> str:
        """What people read above it: as its column's `info["label"]` says, else by its name."""
        own = self.column.info.get("label") if self.column is not None else None
        return str(own or label_of_column(self.name))

    @property
    def loads(self) -> tuple[RelationshipProperty[Any], ...]:
        """The relationships that must be loaded to show the value."""
        return self.steps + ((self.reference,) if self.reference is not None else ())


def kind_of(column: Column[Any]) -> str:
    """Return how a column's values are shown, filtered and edited.

    :raises UnknownType: if that is not known: a new type needs a decision, not a silent gap.
    """
    if isinstance(column.type, EnumText):
        return "status"
    for types, kind in _KINDS:
        if isinstance(column.type, types):
            return _number_kind(column) if kind == "number" else kind
    if not isinstance(column.type, String | CITEXT):
        raise UnknownType(f"{column}: state how a column of the type {column.type!r} is edited.")
    kind = str(column.info.get("shown_as"))
    return kind if kind in KINDS_OF_TEXT else "text"


def check_info(model: type[Model]) -> None:
    """Refuse metadata that nothing reads: a label misspelt as "lable" is told at the start.

    :raises RuntimeError: naming the column.
    """
    for attribute in inspect(model).column_attrs:
        if unknown := set(attribute.columns[0].info) - set(INFO):
            raise RuntimeError(f"{model.__name__}.{attribute.key}: unknown info {sorted(unknown)}.")


@cache
def resolve(model: type[Model], text: str) -> Path:
    """Return what a dotted path means, seen from a model.

    :raises AttributeError: if a name of the path is unknown: a mistake in a registration.
    """
    mapper: Mapper[Any] = inspect(model)
    steps: list[RelationshipProperty[Any]] = []
    *names, last = text.split(".")
    for name in names:
        step = mapper.relationships[name]
        steps.append(step)
        mapper = step.mapper
    owner = mapper.class_
    if last in mapper.relationships:
        return Path(text, tuple(steps), None, mapper.relationships[last], owner)
    if last in mapper.columns:
        column = mapper.columns[last]
        return Path(text, tuple(steps), column, find_reference(mapper, column), owner)
    if not hasattr(owner, last):
        raise AttributeError(f"{owner.__name__} has no {last!r} (in the path {text!r}).")
    return Path(text, tuple(steps), None, None, owner)


def label_at(model: type[Model], text: str) -> str:
    """Return what people read above a path; a name that the model has no more keeps its words."""
    try:
        return resolve(model, text).label
    except (AttributeError, KeyError):
        return label_of_column(text.rpartition(".")[2])


def find_reference(mapper: Mapper[Any], column: Column[Any]) -> RelationshipProperty[Any] | None:
    """Return the many-to-one relationship that a foreign key's column carries, if there is one."""
    for relationship in mapper.relationships:
        if relationship.direction.name == "MANYTOONE" and relationship.local_columns == {column}:
            return relationship
    return None


def value_at(row: Any, path: Path) -> Any:
    """Return the value a path shows for a row: None where a step is missing."""
    for step in path.steps:
        if row is None:
            return None
        row = getattr(row, step.key)
    if row is None:
        return None
    return getattr(row, path.reference.key if path.reference is not None else path.name)


def is_required(relationship: RelationshipProperty[Any]) -> bool:
    """Return whether every row has the other: its key is NOT NULL, so an inner join loses none."""
    is_upward = relationship.direction.name == "MANYTOONE"
    return is_upward and not any(column.nullable for column in relationship.local_columns)


def reached(model: type[Model], path: Path, condition: Callable[[Any], Any]) -> Any:
    """Return a condition on a path's last column, as one on the model: by EXISTS over the steps."""
    found = condition(getattr(path.owner, path.name))
    owner: Any = model
    attributes = []
    for step in path.steps:
        attributes.append(getattr(owner, step.key))
        owner = step.mapper.class_
    for attribute in reversed(attributes):
        found = attribute.has(found)
    return found


def shown_columns(model: type[Model]) -> list[str]:
    """Return the names of all columns that people may see: secrets are left out."""
    mapper: Mapper[Any] = inspect(model)
    return [
        attribute.key
        for attribute in mapper.column_attrs
        if not attribute.columns[0].info.get("sensitive")
    ]


def searched_columns(model: type[Model]) -> list[str]:
    """Return what a search looks into where nothing names it: short texts that tell rows apart.

    Names, titles, codes and whatever is unique; addresses, phones and postcodes.
    """
    columns = inspect(model).columns
    return [name for name in shown_columns(model) if _is_searched(columns[name])]


def _is_searched(column: Column[Any]) -> bool:
    if not isinstance(column.type, String | CITEXT):
        return False
    kind = kind_of(column)
    if kind != "text":
        return kind in SEARCHED_KINDS
    return bool(column.unique) or tells_apart(column)


def _number_kind(column: Column[Any]) -> str:
    is_money = isinstance(column.type, Numeric) and column.type.scale == 2
    return "money" if is_money and column.type.precision == 10 else "number"  # type: ignore[attr-defined] # narrowed by is_money


_KINDS: tuple[tuple[Any, str], ...] = (
    (Boolean, "flag"),
    (DateTime, "moment"),
    (Date, "date"),
    ((Integer, Numeric, Float), "number"),
    (JSONB, "json"),
)
