"""What a list's address asks for, clamped to sense, and the rows that fit it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, and_, or_, select
from werkzeug.datastructures import MultiDict

from rft_admin.admin.drilling import Period, read_period
from rft_admin.admin.edges import Edge
from rft_admin.admin.filters import ColumnFilter
from rft_admin.admin.paths import reached
from rft_admin.admin.rights import scoped
from rft_admin.admin.search import clean_text, fault_of, matching_ids, searched_in
from rft_admin.admin.titles import loads_for
from rft_admin.core.database import db

if TYPE_CHECKING:
    from rft_admin.admin.view_rights import GuardedView

#: Arguments that say which page is shown; they go when anything else changes.
PLACE = ("page", "after", "before", "last")
#: Sets of conditions, of which a row fits one: "these, or those".
MOST_GROUPS = 4
MOST_VALUES = 20


@dataclass(frozen=True)
class ActiveFilter:
    """A filter in use, with one of its values."""

    argument: str
    filter: ColumnFilter
    value: str
    #: Which set of conditions it belongs to, from 1.
    group: int = 1

    @property
    def value_words(self) -> str:
        """The value as people read it."""
        return str(dict(self.filter.options or ()).get(self.value, self.value))

    def holds(self, column: Any) -> Any:
        """Return the condition on the filter's column, or on another name of it."""
        return self.filter.condition(column, self.filter.clean(self.value))


@dataclass(frozen=True)
class Listing:
    """What a list's address asks for."""

    #: From 0.
    page: int = 0
    page_size: int = 20
    #: The size that the address need not name.
    usual_size: int = 20
    #: A path of the list, or None for the default order.
    sort: str | None = None
    descending: bool = False
    search: str = ""
    scope: str = ""
    #: A year, month or day of the view's main date.
    period: Period | None = None
    filters: tuple[ActiveFilter, ...] = ()
    #: The row next to the page; None where the page is found by its number.
    edge: Edge | None = None
    #: The last page, read from the end.
    is_last: bool = False
    #: Sentences about filters, or a search, that made no sense.
    faults: tuple[str, ...] = ()

    @property
    def is_narrowed(self) -> bool:
        """Whether it asks for less than the whole table."""
        return bool(self.search or self.scope or self.period or self.filters)

    @property
    def groups(self) -> list[tuple[ActiveFilter, ...]]:
        """The sets of conditions in use, each of which is enough."""
        numbers = sorted({active.group for active in self.filters})
        return [tuple(a for a in self.filters if a.group == number) for number in numbers]

    def conditions_on(self, path: str) -> list[Callable[[Any], Any]]:
        """Return what the period, and filters that each row must fit, ask of a path's column.

        :param path: the main date's, which the period is of; empty where there is none.
        """
        found: list[Callable[[Any], Any]] = [self.period.holds] if self.period else []
        single = self.groups[0] if len(self.groups) == 1 else ()
        of_path = [active for active in single if active.filter.path.text == path]
        if len({active.argument for active in of_path}) == len(of_path):
            found += [active.holds for active in of_path]
        return found

    def arguments(self, **changes: Any) -> dict[str, Any]:
        """Return the address's arguments, some of them changed; None leaves one out.

        The place within the list goes as soon as anything changes, unless the change names one.
        """
        known: dict[str, Any] = {
            "search": self.search or None,
            "scope": self.scope or None,
            "date": self.period.text if self.period else None,
            "sort": self.sort,
            "desc": 1 if self.descending else None,
            "page_size": self.page_size if self.page_size != self.usual_size else None,
            **self.filter_arguments(),
        }
        if not changes:
            known |= self._place()
        known.update(changes)
        return {name: value for name, value in known.items() if value is not None}

    def export_arguments(self) -> dict[str, Any]:
        """Return the arguments of all that fits, whatever page is shown."""
        return self.arguments(page=None)

    def filter_arguments(self, *, without: ActiveFilter | None = None) -> dict[str, Any]:
        """Return the filters' part of the address, without one of them."""
        values: dict[str, list[str]] = {}
        for active in self.filters:
            values.setdefault(active.argument, [])
            if active is not without:
                values[active.argument].append(active.value)
        found: dict[str, Any] = {}
        for argument, several in values.items():
            # One value stands for itself, so that the address reads as it was typed.
            found[argument] = (several if len(several) > 1 else several[0]) if several else None
        return found

    def _place(self) -> dict[str, Any]:
        edge = (
            {}
            if self.edge is None
            else {"before" if self.edge.is_before else "after": self.edge.token}
        )
        return {"page": self.page or None, "last": 1 if self.is_last else None, **edge}


def read_listing(view: "GuardedView", arguments: MultiDict[str, str]) -> Listing:
    """Return what the address asks for; what makes no sense falls back, never an error."""
    sort = arguments.get("sort", "")
    size = _whole(arguments.get("page_size"), view.page_size)
    active, faults = _read_filters(view, arguments)
    search = clean_text(arguments.get("search"))
    scope = arguments.get("scope", "")
    return Listing(
        page=_whole(arguments.get("page"), 0),
        page_size=size if size in view.page_size_options else view.page_size,
        usual_size=view.page_size,
        sort=sort if view.can_sort_by(sort) else None,
        descending=arguments.get("desc") == "1",
        search=search,
        scope=scope if scope in view.scopes else "",
        period=read_period(arguments.get("date", "")) if view.main_date else None,
        filters=active,
        edge=_read_edge(arguments),
        is_last=arguments.get("last") == "1",
        faults=(*faults, *filter(None, [fault_of(search)])),
    )


def matching(view: "GuardedView", listing: Listing) -> Select[Any]:
    """Return the ids that the person may see and the listing asks for, in no order."""
    statement = narrowed(view, listing)
    if listing.search:
        statement = statement.where(view.model.id.in_(matching_ids(view.model, listing.search)))
    return statement


def branches(view: "GuardedView", listing: Listing) -> list[Select[Any]]:
    """Return statements that together find what `matching` finds, some rows perhaps twice.

    Each looks for the searched words in one place, or is of one set of filters, so that the
    database may choose for each whether to read the list's order or another index. Without a place
    where the words stand there is none.
    """
    if listing.search:
        statement = narrowed(view, listing)
        conditions = searched_in([view.model], listing.search).get(view.model, [])
        return [statement.where(one) for one in conditions]
    if len(listing.groups) > 1:
        sets = [replace(listing, filters=group) for group in listing.groups]
        return [narrowed(view, one) for one in sets]
    return [narrowed(view, listing)]


def narrowed(view: "GuardedView", listing: Listing) -> Select[Any]:
    """Return the ids that fit all but the search."""
    statement = scoped(view.model, select(view.model.id))
    if listing.scope:
        statement = statement.where(view.scopes[listing.scope].condition())
    if listing.period is not None:
        path = view.path(view.main_date)
        statement = statement.where(reached(view.model, path, listing.period.holds))
    groups = [and_(*_conditions(group)) for group in listing.groups]
    return statement.where(or_(*groups)) if groups else statement


def load_rows(view: "GuardedView", ids: list[int], paths: list[Any]) -> list[Any]:
    """Return the rows of these ids, in their order, with what the paths show."""
    if not ids:
        return []
    statement = (
        select(view.model).where(view.model.id.in_(ids)).options(*loads_for(view.model, paths))
    )
    found = {row.id: row for row in db.session.scalars(statement).unique()}
    return [found[row_id] for row_id in ids if row_id in found]


def _conditions(group: tuple[ActiveFilter, ...]) -> Iterator[Any]:
    """Yield the conditions of a set: several values of one filter are alternatives."""
    values: dict[str, list[ActiveFilter]] = {}
    for active in group:
        values.setdefault(active.argument, []).append(active)
    for several in values.values():
        yield or_(*(active.filter.where(active.filter.clean(active.value)) for active in several))


def _read_filters(
    view: "GuardedView", arguments: MultiDict[str, str]
) -> tuple[tuple[ActiveFilter, ...], tuple[str, ...]]:
    known = view.filter_arguments
    active: dict[tuple[str, str], ActiveFilter] = {}
    faults: list[str] = []
    for argument, value in arguments.items(multi=True):
        prefix, _, name = argument.partition("_")
        entry = known.get(name)
        if not prefix.startswith("flt") or entry is None or not value.strip():
            continue
        if not entry.validate(value):
            faults.append(f"“{value[:60]}” does not fit the filter {entry.name}.")
        elif len(active) < MOST_VALUES:
            group = min(max(_whole(prefix[3:], 1), 1), MOST_GROUPS)
            argument = argument_of(name, group)
            active[argument, value] = ActiveFilter(argument, entry, value, group)
    return tuple(active.values()), tuple(faults)


def argument_of(name: str, group: int) -> str:
    """Return a filter's argument in the address: `flt_status_is`, in the second set `flt2_…`."""
    return f"flt_{name}" if group == 1 else f"flt{group}_{name}"


def _read_edge(arguments: MultiDict[str, str]) -> Edge | None:
    for name in ("after", "before"):
        if arguments.get(name):
            return Edge(arguments[name], is_before=name == "before")
    return None


def _whole(text: str | None, otherwise: int) -> int:
    is_number = text is not None and text.isascii() and text.isdecimal() and len(text) < 10
    return int(text) if is_number and text else otherwise
