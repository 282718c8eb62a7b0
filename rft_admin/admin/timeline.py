"""One list of all that happened around a row, whatever table it stands in, the newest first."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby
from typing import Any

from markupsafe import Markup
from sqlalchemy import literal, select, union_all
from sqlalchemy.orm.interfaces import LoaderOption

from rft_admin.admin.rights import scoped, sees_all_fields
from rft_admin.admin.titles import title_loads
from rft_admin.core.clock import london_date
from rft_admin.core.database import Model, db

EVENTS_A_PAGE = 40


@dataclass(frozen=True)
class Told:
    """What a row of a source says of its moment."""

    icon: str
    words: Markup
    detail: Markup | str = ""
    #: good, warn, bad; empty where it is neither.
    tone: str = ""
    by: Markup | str = ""


@dataclass(frozen=True)
class Source:
    """Moments of one table that belong to the shown row."""

    model: type[Model]
    #: The column, or SQL expression, of the moment; rows without one are left out.
    at: Any
    #: Which rows belong to the shown one.
    belongs: Any
    #: Tells of all its rows on the page at once, so that it may load for all what it names.
    tell: Callable[[Sequence[Any]], list[Told]]
    #: What `tell` reads beyond the row's own columns and title.
    loads: tuple[LoaderOption, ...] = ()


@dataclass(frozen=True)
class Event:
    """One line of the timeline."""

    at: datetime
    told: Told


@dataclass(frozen=True)
class Timeline:
    """A page of events, by their day in London."""

    events: list[Event]
    page: int
    has_next: bool
    days: list[tuple[date, list[Event]]] = field(default_factory=list)


def each(tell: Callable[[Any], Told]) -> Callable[[Sequence[Any]], list[Told]]:
    """Return what tells of many rows by telling of each."""
    return lambda rows: [tell(row) for row in rows]


def read(sources: Sequence[Source], *, page: int = 0, size: int = EVENTS_A_PAGE) -> Timeline:
    """Return a page of events: one query for the moments, one for the rows of each source."""
    seen = [source for source in sources if sees_all_fields(source.model)]
    moments = _moments(seen, limit=size + 1, offset=page * size)
    told = _tell(seen, moments[:size])
    events = [
        Event(at, told[number, row_id])
        for at, number, row_id in moments[:size]
        if (number, row_id) in told
    ]
    return Timeline(events, page, len(moments) > size, list(_by_day(events)))


def _moments(
    sources: Sequence[Source], *, limit: int, offset: int
) -> list[tuple[datetime, int, int]]:
    if not sources:
        return []
    parts = [
        scoped(
            source.model,
            select(
                source.at.label("happened_at"),
                literal(number).label("source"),
                source.model.id.label("row_id"),
            ).where(source.belongs, source.at.is_not(None)),
        )
        for number, source in enumerate(sources)
    ]
    all_of_them = union_all(*parts).subquery()
    statement = (
        select(all_of_them)
        .order_by(
            all_of_them.c.happened_at.desc(),
            all_of_them.c.source.desc(),
            all_of_them.c.row_id.desc(),
        )
        .limit(limit)
        .offset(offset)
    )
    return [(row.happened_at, row.source, row.row_id) for row in db.session.execute(statement)]


def _tell(
    sources: Sequence[Source], moments: Sequence[tuple[datetime, int, int]]
) -> dict[tuple[int, int], Told]:
    told: dict[tuple[int, int], Told] = {}
    for number in sorted({number for _, number, _ in moments}):
        source = sources[number]
        statement = (
            select(source.model)
            .where(source.model.id.in_([row_id for _, of, row_id in moments if of == number]))
            .options(*title_loads(source.model), *source.loads)
        )
        rows = db.session.scalars(statement).unique().all()
        texts = zip(rows, source.tell(rows), strict=True)
        told.update({(number, row.id): text for row, text in texts})
    return told


def _by_day(events: Sequence[Event]) -> Iterator[tuple[date, list[Event]]]:
    for day, of_day in groupby(events, key=lambda event: london_date(event.at)):
        yield day, list(of_day)
