"""How many rows a list has and what they sum up to, in one query and at a bounded price."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ARRAY,
    Float,
    Integer,
    Select,
    case,
    cast,
    column,
    func,
    null,
    select,
    table,
    true,
    union,
)

from rft_admin.admin.listing import Listing, branches
from rft_admin.admin.paths import Path
from rft_admin.core.database import Model, db

if TYPE_CHECKING:
    from rft_admin.admin.view_rights import GuardedView

#: Counting what is narrowed stops here: "10,000+" is told instead.
COUNT_CAP = 10_000
#: A whole table of more rows is estimated: the planner's own figure is told instead.
EXACT_TO = 50_000
#: So few rows are named one by one: their page then asks for them, and looks for nothing again.
FEW = 200


class Certainty(enum.Enum):
    """How a count was come by."""

    EXACT = "exact"
    #: There are more than these.
    CAPPED = "capped"
    #: As the database's statistics say.
    ESTIMATED = "estimated"


@dataclass(frozen=True)
class Summary:
    """How many rows fit, and the sums of some of their columns."""

    count: int
    certainty: Certainty
    #: Column and sum; None where there were too many rows to add up.
    sums: tuple[tuple[Path, Any], ...] = ()
    #: The first and the last value of the view's main date; None without rows.
    span: tuple[Any, Any] | None = field(default=None)
    #: The ids of all rows, in no order, where the table is narrowed to few.
    ids: tuple[int, ...] | None = None

    @property
    def is_exact(self) -> bool:
        """Whether the count is the very number."""
        return self.certainty is Certainty.EXACT

    @property
    def words(self) -> str:
        """The count as people read it."""
        if self.certainty is Certainty.ESTIMATED:
            return f"about {_rounded(self.count):,}"
        return f"{self.count:,}" + ("" if self.is_exact else "+")


def summarise(
    view: "GuardedView",
    listing: Listing,
    *,
    summed: Sequence[Path] = (),
    span: Select[Any] | None = None,
) -> Summary:
    """Return the count and the sums of what the listing asks for.

    :param summed: own columns of the table.
    :param span: a query of the first and the last main date.
    """
    portions = branches(view, listing)
    if not portions:
        return Summary(0, Certainty.EXACT, tuple((path, None) for path in summed))
    counted = _counted(view, listing, portions, summed).subquery("counted")
    columns: list[Any] = [counted]
    source: Any = counted
    if span is not None:
        dates = span.subquery("span")
        columns.append(dates)
        source = source.join(dates, true())
    found = tuple(db.session.execute(select(*columns).select_from(source)).one())
    estimate, count, ids, *rest = found
    sums, ends = rest[: len(summed)], rest[len(summed) :]
    is_whole = estimate is not None
    limit = EXACT_TO if is_whole else COUNT_CAP
    if is_whole and estimate > EXACT_TO:
        count, certainty = int(estimate), Certainty.ESTIMATED
    else:
        certainty = Certainty.CAPPED if count > limit else Certainty.EXACT
        count = min(count, limit)
    if certainty is not Certainty.EXACT:
        sums = [None] * len(summed)
    return Summary(
        count,
        certainty,
        tuple(zip(summed, sums, strict=True)),
        (ends[0], ends[1]) if ends and ends[0] is not None else None,
        None if ids is None else tuple(ids),
    )


def _counted(
    view: "GuardedView", listing: Listing, portions: list[Select[Any]], summed: Sequence[Path]
) -> Select[Any]:
    """Return a query of one row: the estimate, the count, the ids if they are few, the sums.

    Of a whole table the estimate comes first, and above the threshold nothing is counted: the
    condition stands inside, so that the scan is not even begun.
    """
    columns = [getattr(view.model, path.name) for path in summed]
    is_whole = not listing.is_narrowed and portions[0].whereclause is None
    if not is_whole:
        rows = _narrowed(view.model, portions, columns).subquery("matching")
        few = case((func.count(rows.c.id) <= FEW, func.array_agg(rows.c.id))).label("ids")
        return _totals([cast(null(), Float).label("estimate")], rows, few)
    return _counted_whole(view.model, tuple(columns))


@cache
def _counted_whole(model: type[Model], columns: tuple[Any, ...]) -> Select[Any]:
    """Return the query of a whole table: the same each time, so it is put together once."""
    known = _estimate(model.__tablename__).subquery("known")
    rows = (
        select(model.id, *columns)
        .where(known.c.estimate <= EXACT_TO)
        .limit(EXACT_TO + 1)
        .correlate(known)
        .subquery("matching")
    )
    totals = _totals([], rows, cast(null(), ARRAY(Integer)).label("ids")).lateral("totals")
    return select(known.c.estimate, *totals.c).select_from(known.join(totals, true()))


def _totals(leading: list[Any], rows: Any, ids: Any) -> Select[Any]:
    id_column, *summed = rows.c
    sums = [func.sum(one).label(f"sum_{number}") for number, one in enumerate(summed)]
    return select(*leading, func.count(id_column).label("found"), ids, *sums)


def _narrowed(model: type[Model], portions: list[Select[Any]], columns: list[Any]) -> Any:
    """Return the first rows that fit, up to one above the cap, each once."""
    firsts = [
        portion.with_only_columns(model.id, *columns).limit(COUNT_CAP + 1) for portion in portions
    ]
    return firsts[0] if len(firsts) == 1 else union(*(select(one.subquery()) for one in firsts))


def _estimate(name: str) -> Select[Any]:
    # -1 of a table that was never analysed counts as small: it is then counted.
    known = table("pg_class", column("reltuples", Float), column("oid"))
    return select(known.c.reltuples.label("estimate")).where(known.c.oid == func.to_regclass(name))


def _rounded(count: int) -> int:
    """Return the count with three digits that say something."""
    power = max(len(str(count)) - 3, 0)
    return round(count, -power)
