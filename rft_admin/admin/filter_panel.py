"""The form above a list: its filters by column, in one set of conditions or in several."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import render_template
from markupsafe import Markup

from rft_admin.admin.filters import ColumnFilter
from rft_admin.admin.listing import MOST_GROUPS, ActiveFilter, Listing, argument_of

if TYPE_CHECKING:
    from rft_admin.admin.view_rights import GuardedView


@dataclass(frozen=True)
class Input:
    """One filter in the form, with the values in use."""

    argument: str
    filter: ColumnFilter
    values: tuple[str, ...]

    @property
    def value(self) -> str:
        """The value of a filter that takes one."""
        return self.values[-1] if self.values else ""

    def words(self, value: str) -> str:
        """Return a value as people read it."""
        return str(dict(self.filter.options or ()).get(value, value))


@dataclass(frozen=True)
class Field:
    """A column's filters: one, or a pair of bounds."""

    label: str
    inputs: list[Input]


@dataclass(frozen=True)
class FilterSet:
    """Conditions that a row must all fulfil; a row that fits one set is shown."""

    number: int
    fields: list[Field]


@dataclass(frozen=True)
class Chip:
    """A condition in use, and the address's arguments without it."""

    words: str
    without: dict[str, Any]
    #: The first of a further set: "or" stands before it.
    begins_set: bool = False


def filter_sets(view: "GuardedView", listing: Listing, wanted: int) -> list[FilterSet]:
    """Return the sets of the form: those in use, or as many as are wanted.

    :param wanted: how many sets the address asks for.
    """
    used = max([active.group for active in listing.filters], default=1)
    count = min(max(used, wanted, 1), MOST_GROUPS)
    return [FilterSet(number, _fields(view, listing, number)) for number in range(1, count + 1)]


def fields_html(view: "GuardedView", sets: list[FilterSet]) -> Markup:
    """Return the form's fields.

    Without a filter in use they are the same for all who may use the same filters, and are made
    once: most lists are looked at so.
    """
    inputs = [one for field in sets[0].fields for one in field.inputs]
    if len(sets) > 1 or any(one.values for one in inputs):
        return _rendered(view, sets)
    usable = tuple(one.argument for one in inputs)
    if usable not in view.plain_filters:
        view.plain_filters[usable] = _rendered(view, sets)
    return view.plain_filters[usable]


def chips(listing: Listing) -> list[Chip]:
    """Return what narrows the list, each with the way to do without it."""
    found = []
    if listing.search:
        found.append(Chip(f"“{listing.search}”", listing.arguments(search=None)))
    if listing.period:
        found.append(Chip(listing.period.words, listing.arguments(date=None)))
    for group in listing.groups:
        for place, active in enumerate(group):
            without = listing.arguments(**listing.filter_arguments(without=active))
            is_first = place == 0 and active.group != listing.filters[0].group
            found.append(Chip(_words(active), without, begins_set=is_first))
    return found


def _fields(view: "GuardedView", listing: Listing, number: int) -> list[Field]:
    values: dict[str, list[str]] = {}
    for active in listing.filters:
        values.setdefault(active.argument, []).append(active.value)
    fields: dict[str, Field] = {}
    for name, entry in view.filter_arguments.items():
        argument = argument_of(name, number)
        if not entry.is_offered and argument not in values:
            continue
        field = fields.setdefault(str(entry.name), Field(str(entry.name), []))
        field.inputs.append(Input(argument, entry, tuple(values.get(argument, ()))))
    return list(fields.values())


def _rendered(view: "GuardedView", sets: list[FilterSet]) -> Markup:
    return Markup(render_template("admin/_filter_fields.html", admin_view=view, filter_sets=sets))  # noqa: S704 - a template escapes


def _words(active: ActiveFilter) -> str:
    return f"{active.filter.name} {active.filter.operation()} {active.value_words}"
