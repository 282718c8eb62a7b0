"""The order of a list, always ending in the id, and what comes after or before one of its rows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    false,
    literal,
    nulls_first,
    nulls_last,
    or_,
    tuple_,
)
from sqlalchemy.orm import aliased

from rft_admin.admin.paths import Path, is_required

if TYPE_CHECKING:
    from rft_admin.admin.listing import Listing
    from rft_admin.admin.view_rights import GuardedView

#: What a reference's column is sorted by.
SORTED_BY: dict[str, tuple[str, ...]] = {
    "booking_attendees": ("first_name", "last_name"),
    "bookings": ("booking_reference",),
    "course_schedules": ("start_datetime",),
    "courses": ("name",),
    "discount_codes": ("code",),
    "trainers": ("trainer_code",),
    "users": ("first_name", "last_name"),
    "venues": ("name",),
}
#: What a property is sorted by: the columns that it is made of.
MADE_OF: dict[str, tuple[str, ...]] = {
    "contact_name": ("contact_first_name", "contact_last_name"),
    "full_name": ("first_name", "last_name"),
}


@dataclass(frozen=True)
class SortKey:
    """One expression of an order: its direction, and whether some rows have no value for it."""

    expression: Any
    is_descending: bool
    is_nullable: bool

    def clause(self) -> ColumnElement[Any]:
        """Return the ORDER BY clause: rows without a value stand last, whatever the direction.

        A column that always has a value is ordered plainly, or no index would serve.
        """
        ordered: ColumnElement[Any]
        ordered = self.expression.desc() if self.is_descending else self.expression.asc()
        return nulls_last(ordered) if self.is_nullable else ordered

    def turned(self) -> ColumnElement[Any]:
        """Return the clause of the same order from its end."""
        ordered: ColumnElement[Any]
        ordered = self.expression.asc() if self.is_descending else self.expression.desc()
        return nulls_first(ordered) if self.is_nullable else ordered


@dataclass(frozen=True)
class Order:
    """The keys of an order, the id last, and the joins that they need."""

    #: Pairs of a relationship's attribute and the alias that it leads to.
    joins: tuple[tuple[Any, Any, bool], ...]
    keys: tuple[SortKey, ...]
    #: What the list asks of the first key's column, said again where it is joined: an index of
    #: the other table may then begin there, and is not read from its end.
    within: tuple[Any, ...] = ()

    def join(self, statement: Select[Any]) -> Select[Any]:
        """Return the statement with the tables that the keys stand in.

        A key that must be filled is joined from inside, so that an index of the other table may
        lead.
        """
        for attribute, alias, is_inner in self.joins:
            statement = statement.join(alias, attribute.of_type(alias), isouter=not is_inner)
        return statement.where(*self.within)

    def clauses(self, *, from_end: bool = False) -> list[ColumnElement[Any]]:
        """Return the ORDER BY clauses, or those of the same order from its end."""
        return [key.turned() if from_end else key.clause() for key in self.keys]

    def named(self, source: Any) -> list[SortKey]:
        """Return the keys as columns of a query that has them as `key_0`, `key_1`, …"""
        return [
            replace(key, expression=source.c[f"key_{number}"])
            for number, key in enumerate(self.keys)
        ]

    def beyond(self, values: Sequence[Any], *, before: bool) -> ColumnElement[bool]:
        """Return the condition on rows that follow, or precede, the row with these values."""
        if _is_plain(self.keys):
            left = tuple_(*(key.expression for key in self.keys))
            is_greater = self.keys[0].is_descending is before
            right = tuple_(*map(_literal, self.keys, values))
            return left > right if is_greater else left < right
        return _lexicographic(self.keys, values, before=before)


def order_of(view: "GuardedView", listing: "Listing") -> Order:
    """Return the asked order, else the view's own; the id ends it in the last key's direction.

    A list that is narrowed by its main date is ordered by it: in another order its rows may lie
    far from the beginning, with all others to be read before them.
    """
    joins: list[tuple[Any, Any, bool]] = []
    keys: list[SortKey] = []
    dated = listing.conditions_on(view.main_date)
    orders: Sequence[tuple[str, bool]] = view.default_order
    if listing.sort:
        orders = [(listing.sort, listing.descending)]
    elif dated:
        orders = [(view.main_date, True)]
    for text, is_descending in orders:
        owner = _join(view.model, view.path(text), joins)
        is_outer = any(not is_inner for _, _, is_inner in joins)
        for name in sorting_columns(view.path(text)):
            column = getattr(owner, name)
            is_nullable = is_outer or bool(column.property.columns[0].nullable)
            keys.append(SortKey(column, is_descending, is_nullable))
    is_descending = keys[-1].is_descending if keys else True
    if not any(key.expression is view.model.id for key in keys):
        keys.append(SortKey(view.model.id, is_descending, is_nullable=False))
    is_dated = bool(joins) and orders[0][0] == view.main_date
    within = [condition(keys[0].expression) for condition in dated] if is_dated else []
    return Order(tuple(joins), tuple(keys), tuple(within))


def in_order(view: "GuardedView", statement: Select[Any], listing: "Listing") -> Select[Any]:
    """Return the statement in the list's order."""
    order = order_of(view, listing)
    return order.join(statement).order_by(*order.clauses())


def sorting_columns(path: Path) -> tuple[str, ...]:
    """Return the columns that a path is sorted by; none if it cannot be sorted by."""
    if path.reference is not None:
        return SORTED_BY.get(path.reference.mapper.local_table.name, ())  # type: ignore[attr-defined] # every table of ours has a name
    if path.column is None:
        return MADE_OF.get(path.name, ())
    return () if path.kind == "json" else (path.name,)


def _join(model: Any, path: Path, joins: list[tuple[Any, Any, bool]]) -> Any:
    """Add the joins of a path and return whom its last columns belong to."""
    owner = model
    for step in path.loads:
        alias = aliased(step.mapper.class_)
        # Whatever hangs on a row that may be missing may be missing too.
        is_inner = is_required(step) and all(inner for _, _, inner in joins)
        joins.append((getattr(owner, step.key), alias, is_inner))
        owner = alias
    return owner


def _is_plain(keys: tuple[SortKey, ...]) -> bool:
    """Return whether the keys compare as one row: all filled, all in one direction."""
    return len({key.is_descending for key in keys}) == 1 and not any(k.is_nullable for k in keys)


def _lexicographic(
    keys: tuple[SortKey, ...], values: Sequence[Any], *, before: bool
) -> ColumnElement[bool]:
    alternatives: list[ColumnElement[bool]] = []
    for place, (key, value) in enumerate(zip(keys, values, strict=True)):
        same = [
            earlier.expression.is_not_distinct_from(_literal(earlier, earlier_value))
            for earlier, earlier_value in zip(keys[:place], values[:place], strict=True)
        ]
        alternatives.append(and_(*same, _past(key, value, before=before)))
    return or_(*alternatives)


def _past(key: SortKey, value: Any, *, before: bool) -> ColumnElement[bool]:
    """Return the condition that one key alone lies past a value; no value stands last."""
    column = key.expression
    if value is None:
        return column.is_not(None) if before else false()
    is_greater = key.is_descending is before
    edge = _literal(key, value)
    past: ColumnElement[bool] = column > edge if is_greater else column < edge
    return or_(past, column.is_(None)) if key.is_nullable and not before else past


def _literal(key: SortKey, value: Any) -> ColumnElement[Any]:
    return literal(value, key.expression.type)
