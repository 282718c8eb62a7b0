"""Search within one table: a union of id queries, so that each column's own index serves."""

from typing import Any

from sqlalchemy import CompoundSelect, Select, Text, and_, cast, func, literal, select, union
from sqlalchemy.dialects.postgresql import CITEXT

from rft_admin.admin.paths import resolve, searched_columns
from rft_admin.admin.registry import find_view_class
from rft_admin.admin.rights import visible
from rft_admin.core.database import Model

LONGEST_TEXT = 200
MOST_WORDS = 5


def clean_text(text: str | None) -> str:
    """Return a search text without what PostgreSQL cannot take, at a sensible length."""
    return " ".join((text or "").replace("\x00", "").split())[:LONGEST_TEXT]


def matching_ids(model: type[Model], text: str) -> Select[Any]:
    """Return the ids of the rows of which every word of the text fits some searched column."""
    words = clean_text(text).split()[:MOST_WORDS]
    if not words:
        return select(model.id)
    return select(model.id).where(and_(*(model.id.in_(_fitting(model, word)) for word in words)))


def searched_paths(model: type[Model]) -> list[str]:
    """Return the paths that a table's search looks into, as far as the person may see them."""
    view_class = find_view_class(model.__tablename__)
    own = getattr(view_class, "column_searchable_list", None)
    return visible(model, own or searched_columns(model), "list")


def _fitting(model: type[Model], word: str) -> CompoundSelect[Any] | Select[Any]:
    pattern = f"%{_escaped(word)}%"
    queries = [_query(model, path, pattern) for path in searched_paths(model)]
    number = word.removeprefix("#")
    if number.isdecimal() and 0 < int(number[:11]) <= 2_147_483_647:
        queries.append(select(model.id).where(model.id == int(number)))
    return union(*queries) if queries else select(model.id).where(literal(value=False))


def _query(model: type[Model], text: str, pattern: str) -> Select[Any]:
    *steps, last = text.split(".")
    owner: Any = model
    statement = select(model.id)
    for name in steps:
        relationship = getattr(owner, name)
        statement = statement.join(relationship)
        owner = relationship.property.mapper.class_
    return statement.where(_searched(owner, last).ilike(pattern, escape="\\"))


def _searched(owner: Any, name: str) -> Any:
    if name in NAMES:
        first, last = NAMES[name]
        # Written as the trigram indexes of the names are.
        return (
            func.coalesce(getattr(owner, first), "") + " " + func.coalesce(getattr(owner, last), "")
            if owner.__tablename__ == "booking_attendees"
            else _name(owner, first, last)
        )
    column = resolve(owner, name).column
    attribute = getattr(owner, name)
    return (
        cast(attribute, Text)
        if column is not None and isinstance(column.type, CITEXT)
        else attribute
    )


def _name(owner: Any, first: str, last: str) -> Any:
    first_name, last_name = getattr(owner, first), getattr(owner, last)
    ending = func.coalesce(last_name, "") if last_name.property.columns[0].nullable else last_name
    return first_name + " " + ending


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


#: Properties that are searched as two columns joined by a space.
NAMES = {
    "full_name": ("first_name", "last_name"),
    "contact_name": ("contact_first_name", "contact_last_name"),
}
