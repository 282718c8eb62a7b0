"""How long does a list of 20 and of 100 rows take, and how many statements?"""

from functools import partial

from benchmarks.field import Field, references
from benchmarks.measuring import alternate
from benchmarks.peers import COUNTLESS, EXACT, FEW, FLOOR, OURS, STOCK, TUNED, ListAsk
from benchmarks.results import Chapter

NAMES = (OURS, FLOOR, STOCK, TUNED, EXACT, COUNTLESS)
#: Rows; most queries; times as fast as Django with its exact count.
TARGETS = ((20, 4, 3.0), (100, 6, 2.0))
MOST_OF_FLOOR = 2.0
MOST_OF_FEW = 1.3


def answer(field: Field) -> list[Chapter]:
    """Return the chapters."""
    return [_of_rows(field, *target) for target in TARGETS]


def _of_rows(field: Field, rows: int, queries: int, faster: float) -> Chapter:
    chapter = Chapter(f"A list of {rows} rows")
    ask = ListAsk(rows=rows)
    times = alternate(
        {name: partial(field.ask_list, name, ask) for name in (*NAMES, FEW)},
        seconds=field.options.seconds,
    )
    check_same({name: references(times[name].answer) for name in NAMES}, rows=rows)
    chapter.take(times)
    fastest = min(chapter.milliseconds(name) for name in (STOCK, TUNED, EXACT, COUNTLESS))
    chapter.at_most("queries", times[OURS].answer.queries or 0, queries, "")
    chapter.at_most("beside the fastest peer", chapter.milliseconds(OURS) / fastest, 1)
    chapter.at_least("as fast as Django with its exact count", chapter.ratio(EXACT), faster)
    chapter.at_most("the floor's time", 1 / chapter.ratio(FLOOR), MOST_OF_FLOOR)
    chapter.at_most(
        f"the time at {field.databases.small.bookings:,} bookings",
        1 / chapter.ratio(FEW),
        MOST_OF_FEW,
    )
    return chapter


def check_same(shown: dict[str, list[str]], *, rows: int, is_ordered: bool = True) -> None:
    """Check that all show the same bookings.

    :param is_ordered: False where the order leaves ties to each.
    :raises RuntimeError: naming who shows what.
    """
    for name, found in shown.items():
        if not _is_same(name, found, shown[OURS], is_ordered=is_ordered) or len(found) < rows:
            raise RuntimeError(
                f"{name} shows {len(found)} rows, {found[:3]}…; ours {shown[OURS][:3]}…;"
                f" {rows} were asked for."
            )


def _is_same(name: str, found: list[str], ours: list[str], *, is_ordered: bool) -> bool:
    if name == FLOOR:
        # The floor renders rows as they come, with the one that tells us of another page.
        return set(ours) <= set(found) and len(found) <= len(ours) + 1
    return found == ours if is_ordered else sorted(found) == sorted(ours)
