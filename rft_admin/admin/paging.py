"""A page of a list: one query finds its place and loads its rows with all that they show."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY, Select, any_, literal, select, union

from rft_admin.admin import edges
from rft_admin.admin.counting import Summary
from rft_admin.admin.edges import UnreadableEdge
from rft_admin.admin.listing import Listing, branches
from rft_admin.admin.ordering import Order, order_of
from rft_admin.admin.paths import Path
from rft_admin.admin.titles import lean_loads
from rft_admin.core.database import db

if TYPE_CHECKING:
    from rft_admin.admin.view_rights import GuardedView

#: A page's number leads so many rows deep; beyond it lies the last page.
DEEPEST_ROW = 100_000


@dataclass(frozen=True)
class Page:
    """A page of rows, and the way to the pages around it."""

    rows: list[Any]
    summary: Summary
    #: From 0; None where nobody knows how many pages lie before.
    number: int | None
    page_size: int
    has_previous: bool
    has_next: bool
    #: The sort values of the first and of the last row, for the address.
    first_edge: str = ""
    last_edge: str = ""

    @property
    def place_words(self) -> str:
        """Which rows these are: "21–40 of 350"."""
        if self.number is None:
            return f"The last {len(self.rows)} of {self.summary.words}"
        first = self.number * self.page_size + 1
        return f"{first:,}–{first + len(self.rows) - 1:,} of {self.summary.words}"

    @property
    def last_number(self) -> int | None:
        """The last page's number, from 0; None where nobody counted so far."""
        if not self.summary.is_exact:
            return None
        return max(self.summary.count - 1, 0) // self.page_size

    @property
    def next_place(self) -> dict[str, Any]:
        """The address's arguments of the next page: the rows after the last one, by its key."""
        number = {} if self.number is None else {"page": self.number + 1}
        return {**number, "after": self.last_edge}

    @property
    def previous_place(self) -> dict[str, Any]:
        """The address's arguments of the page before: the first one has none."""
        if self.number is not None and self.number <= 1:
            return {"page": None}
        number = {} if self.number is None else {"page": self.number - 1}
        return {**number, "before": self.first_edge}


@dataclass(frozen=True)
class _Place:
    """Where the rows are looked for."""

    limit: int
    offset: int = 0
    #: Read from the list's end.
    from_end: bool = False
    #: The row next to the page, and whether it follows.
    edge: Sequence[Any] | None = None
    number: int | None = None


def fetch_page(view: "GuardedView", listing: Listing, paths: list[Path], summary: Summary) -> Page:
    """Return the page that is asked for; beyond the end lies the last one."""
    if summary.is_exact and not summary.count:
        return _page(listing, _Place(listing.page_size, number=0), [], summary)
    order = order_of(view, listing)
    sources = _sources(view, listing, summary)
    if _is_gathered(listing, summary):
        sources, order = _gathered(sources, order)
    place = _place(listing, order, summary)
    found = _load(view, sources, paths, order, place)
    again = _instead(listing, place, found, summary)
    if again is not None:
        place = again
        found = _load(view, sources, paths, order, place)
    return _page(listing, place, found, summary)


def _sources(view: "GuardedView", listing: Listing, summary: Summary) -> list[Select[Any]]:
    """Return the queries of ids among which the page is: what was found is not looked for again."""
    if summary.ids is None:
        return branches(view, listing)
    found = literal(list(summary.ids), ARRAY(view.model.id.type))
    return [select(view.model.id).where(view.model.id == any_(found))]


def _is_gathered(listing: Listing, summary: Summary) -> bool:
    """Return whether all rows that fit are found first, and put in order then.

    They are few enough to be counted. The database, which cannot know where in the order they lie,
    might read the whole table in that order until it has met enough of them. A search is left to
    it: its places are read one by one.
    """
    return summary.is_exact and summary.ids is None and listing.is_narrowed and not listing.search


def _gathered(sources: list[Select[Any]], order: Order) -> tuple[list[Select[Any]], Order]:
    """Return the same rows from a query that is answered by itself, and their order there."""
    labelled = [order.join(source.add_columns(*_labelled(order))) for source in sources]
    united = labelled[0] if len(labelled) == 1 else union(*labelled)
    kept = united.cte("fitting").prefix_with("MATERIALIZED")
    return [select(kept.c.id)], Order((), tuple(order.named(kept)))


def _labelled(order: Order) -> list[Any]:
    return [key.expression.label(f"key_{number}") for number, key in enumerate(order.keys)]


def _place(listing: Listing, order: Order, summary: Summary) -> _Place:
    size = listing.page_size
    if listing.edge is not None:
        try:
            values = edges.read(listing.edge.token, order.keys)
        except UnreadableEdge:
            return _Place(size, number=0)
        number = listing.page or None
        return _Place(size, from_end=listing.edge.is_before, edge=values, number=number)
    start = listing.page * size
    if listing.is_last or start > DEEPEST_ROW or (summary.is_exact and start >= summary.count > 0):
        return _last(listing, summary)
    return _Place(size, offset=start, number=listing.page)


def _instead(listing: Listing, place: _Place, found: list[Any], summary: Summary) -> _Place | None:
    """Return where to look instead when a place has no rows, or not enough before it."""
    first = _Place(listing.page_size, number=0)
    if place.edge is not None and place.from_end and len(found) <= place.limit:
        return first
    return _last(listing, summary) if not found and place != first else None


def _last(listing: Listing, summary: Summary) -> _Place:
    """Return the list's end: where the count is exact, the rows that its last page has."""
    size = listing.page_size
    if not summary.is_exact or summary.count == 0:
        return _Place(size, from_end=True)
    number = (summary.count - 1) // size
    return _Place(summary.count - number * size, from_end=True, number=number)


def _load(
    view: "GuardedView",
    sources: list[Select[Any]],
    paths: list[Path],
    order: Order,
    place: _Place,
) -> list[Any]:
    """Return the rows with their sort values, one more than asked for if there are more."""
    chosen = _chosen(sources, order, place).cte("chosen")
    keys = order.named(chosen)
    statement = (
        select(view.model, *(key.expression for key in keys))
        .join(chosen, chosen.c.id == view.model.id)
        .options(*lean_loads(view.model, paths))
        .order_by(*(key.clause() for key in keys))
    )
    return list(db.session.execute(statement).all())


def _chosen(sources: list[Select[Any]], order: Order, place: _Place) -> Select[Any]:
    """Return the ids and sort values of the page's rows, one more included.

    A search in several places takes the first rows of each, and of these the first.
    """
    keys = _labelled(order)
    wanted = place.limit + 1
    portions = []
    for branch in sources:
        portion = order.join(branch.add_columns(*keys))
        if place.edge is not None:
            portion = portion.where(order.beyond(place.edge, before=place.from_end))
        portion = portion.order_by(*order.clauses(from_end=place.from_end))
        portions.append(portion)
    if len(portions) == 1:
        return portions[0].limit(wanted).offset(place.offset or None)
    united = union(
        *(select(one.limit(wanted + place.offset).subquery()) for one in portions)
    ).subquery()
    named = order.named(united)
    clauses = [key.turned() if place.from_end else key.clause() for key in named]
    return select(united).order_by(*clauses).limit(wanted).offset(place.offset or None)


def _page(listing: Listing, place: _Place, found: list[Any], summary: Summary) -> Page:
    has_more = len(found) > place.limit
    # Rows read from the end stand in the list's order: the one too many is the first.
    kept = found[-place.limit :] if place.from_end else found[: place.limit]
    return Page(
        rows=[one[0] for one in kept],
        summary=summary,
        number=place.number,
        page_size=listing.page_size,
        has_previous=has_more if place.from_end else bool(place.edge or place.offset),
        has_next=(place.edge is not None) if place.from_end else has_more,
        first_edge=edges.written(kept[0][1:]) if kept else "",
        last_edge=edges.written(kept[-1][1:]) if kept else "",
    )
