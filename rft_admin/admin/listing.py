"""A page of a list: what was asked, clamped to sense; ids first, then the rows with their loads."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, func, select
from werkzeug.datastructures import MultiDict

from rft_admin.admin.filters import ColumnFilter
from rft_admin.admin.paths import Path
from rft_admin.admin.rights import scoped
from rft_admin.admin.search import clean_text, matching_ids
from rft_admin.admin.titles import loads_for
from rft_admin.core.database import db

if TYPE_CHECKING:
    from rft_admin.admin.base import TableView

#: Counting stops here: "10,000+" is told instead.
COUNT_CAP = 10_000
DEEPEST_PAGE = 20_000


@dataclass(frozen=True)
class ActiveFilter:
    """A filter in use: the address's argument, the filter and the typed value."""

    argument: str
    filter: ColumnFilter
    value: str

    @property
    def value_words(self) -> str:
        """The value as people read it."""
        return str(dict(self.filter.options or ()).get(self.value, self.value))


@dataclass(frozen=True)
class Listing:
    """What a list's address asks for."""

    #: From 0.
    page: int = 0
    page_size: int = 20
    #: A path of the list, or None for the default order.
    sort: str | None = None
    descending: bool = False
    search: str = ""
    scope: str = ""
    filters: tuple[ActiveFilter, ...] = ()
    #: Sentences about filters that made no sense.
    faults: tuple[str, ...] = ()

    def arguments(self, **changes: Any) -> dict[str, Any]:
        """Return the address's arguments, some of them changed; None leaves one out."""
        known: dict[str, Any] = {
            "search": self.search or None,
            "scope": self.scope or None,
            "sort": self.sort,
            "desc": 1 if self.descending else None,
            "page_size": self.page_size if self.page_size != 20 else None,
            "page": self.page or None,
        }
        known.update({active.argument: active.value for active in self.filters})
        known.update(changes)
        return {name: value for name, value in known.items() if value is not None}


@dataclass(frozen=True)
class Page:
    """A page of rows, and how many there are in all."""

    rows: list[Any]
    count: int
    #: The count stopped at its cap: there are more.
    is_capped: bool
    has_next: bool
    #: The first row's number, from 1; 0 on an empty page.
    first: int = field(default=0)

    @property
    def count_words(self) -> str:
        """The count as people read it."""
        return f"{self.count:,}" + ("+" if self.is_capped else "")


def read_listing(view: "TableView", arguments: MultiDict[str, str]) -> Listing:
    """Return what the address asks for; what makes no sense falls back, never an error."""
    sort = arguments.get("sort", "")
    size = _whole(arguments.get("page_size"), view.page_size)
    active, faults = _read_filters(view, arguments)
    scope = arguments.get("scope", "")
    return Listing(
        page=min(_whole(arguments.get("page"), 0), DEEPEST_PAGE),
        page_size=size if size in view.page_size_options else view.page_size,
        sort=sort if view.can_sort_by(sort) else None,
        descending=arguments.get("desc") == "1",
        search=clean_text(arguments.get("search")),
        scope=scope if scope in view.scopes else "",
        filters=active,
        faults=faults,
    )


def matching(view: "TableView", listing: Listing) -> Select[Any]:
    """Return the ids that the person may see and the listing asks for, in no order."""
    statement = scoped(view.model, select(view.model.id))
    if listing.scope:
        statement = statement.where(view.scopes[listing.scope].condition())
    if listing.search:
        statement = statement.where(view.model.id.in_(matching_ids(view.model, listing.search)))
    for active in listing.filters:
        statement = active.filter.apply(statement, active.filter.clean(active.value))
    return statement


def fetch_page(view: "TableView", listing: Listing, paths: list[Path]) -> Page:
    """Return the page: one query to count, one for the ids, one for the rows with their loads."""
    statement = matching(view, listing)
    count = _count(statement)
    ordered = in_order(view, statement, listing)
    start = listing.page * listing.page_size
    ids = db.session.scalars(ordered.limit(listing.page_size + 1).offset(start)).all()
    rows = load_rows(view, list(ids[: listing.page_size]), paths)
    return Page(
        rows=rows,
        count=min(count, COUNT_CAP),
        is_capped=count > COUNT_CAP,
        has_next=len(ids) > listing.page_size,
        first=start + 1 if rows else 0,
    )


def load_rows(view: "TableView", ids: list[int], paths: list[Path]) -> list[Any]:
    """Return the rows of these ids, in their order, with what the paths show."""
    if not ids:
        return []
    statement = (
        select(view.model).where(view.model.id.in_(ids)).options(*loads_for(view.model, paths))
    )
    found = {row.id: row for row in db.session.scalars(statement).unique()}
    return [found[row_id] for row_id in ids if row_id in found]


def in_order(view: "TableView", statement: Select[Any], listing: Listing) -> Select[Any]:
    """Return the statement in the asked order, else the view's own; the id always ends it."""
    orders = [(listing.sort, listing.descending)] if listing.sort else view.default_order
    for text, descending in orders:
        statement, columns = _sorted_by(view, statement, text)
        statement = statement.order_by(
            *((column.desc() if descending else column.asc()).nulls_last() for column in columns)
        )
    return statement.order_by(view.model.id.desc())


def _sorted_by(
    view: "TableView", statement: Select[Any], text: str
) -> tuple[Select[Any], list[Any]]:
    path = view.path(text)
    owner: Any = view.model
    for step in path.loads:
        statement = statement.outerjoin(getattr(owner, step.key))
        owner = step.mapper.class_
    if path.reference is not None:
        return statement, [getattr(owner, name) for name in SORTED_BY[owner.__tablename__]]
    return statement, [getattr(owner, path.name)]


def _count(statement: Select[Any]) -> int:
    capped = statement.limit(COUNT_CAP + 1).subquery()
    return int(db.session.scalar(select(func.count()).select_from(capped)) or 0)


def _read_filters(
    view: "TableView", arguments: MultiDict[str, str]
) -> tuple[tuple[ActiveFilter, ...], tuple[str, ...]]:
    active: list[ActiveFilter] = []
    faults: list[str] = []
    for argument, value in arguments.items():
        if not argument.startswith("flt") or "_" not in argument or not value.strip():
            continue
        entry = (view.filter_arguments or {}).get(argument.split("_", 1)[1])
        if entry is None:
            continue
        if entry.validate(value):
            active.append(ActiveFilter(argument, entry, value))
        else:
            faults.append(f"“{value[:60]}” does not fit the filter {entry.name}.")
    return tuple(active), tuple(faults)


def _whole(text: str | None, otherwise: int) -> int:
    is_number = text is not None and text.isascii() and text.isdecimal() and len(text) < 10
    return int(text) if is_number and text else otherwise


#: What a reference's column is sorted by.
SORTED_BY: dict[str, tuple[str, ...]] = {
    "booking_attendees": ("last_name", "first_name"),
    "bookings": ("booking_reference",),
    "course_schedules": ("start_datetime",),
    "courses": ("name",),
    "discount_codes": ("code",),
    "trainers": ("trainer_code",),
    "users": ("first_name", "last_name"),
    "venues": ("name",),
}
