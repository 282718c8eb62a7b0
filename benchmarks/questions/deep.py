"""How long do the last page and a list sorted by the booker's name take?"""

from functools import partial

from benchmarks.field import Field, references
from benchmarks.measuring import alternate
from benchmarks.peers import COUNTLESS, EXACT, FLOOR, OURS, STOCK, TUNED, ListAsk
from benchmarks.questions.lists import check_same
from benchmarks.results import Chapter

NAMES = (OURS, FLOOR, STOCK, TUNED, EXACT, COUNTLESS)
LAST_FASTER, SORT_FASTER = 20.0, 3.0
ROWS = 20


def answer(field: Field) -> list[Chapter]:
    """Return the chapters."""
    return [_last_page(field), _sorted_by_name(field)]


def _last_page(field: Field) -> Chapter:
    chapter = Chapter(f"The last page of {ROWS} rows")
    if not _offers(field, "last=1"):
        chapter.miss("Our list links no last page.")
        return chapter
    ask = ListAsk(page=(field.databases.large.bookings - 1) // ROWS, is_last=True)
    times = alternate(
        {name: partial(field.ask_list, name, ask) for name in NAMES},
        seconds=field.options.seconds,
    )
    check_same({name: references(times[name].answer) for name in NAMES}, rows=ROWS)
    chapter.take(times)
    chapter.at_least("as fast as Django with its exact count", chapter.ratio(EXACT), LAST_FASTER)
    return chapter


def _offers(field: Field, argument: str) -> bool:
    """Return whether our list links itself with an argument."""
    return argument in field.ask_list(OURS, ListAsk(rows=ROWS)).text


def _sorted_by_name(field: Field) -> Chapter:
    chapter = Chapter(f"The first {ROWS} rows by the booker's name")
    if not _offers(field, "sort=contact_name"):
        chapter.miss("Our list cannot be put into this order.")
        return chapter
    ask = ListAsk(by_name=True)
    times = alternate(
        {name: partial(field.ask_list, name, ask) for name in NAMES},
        seconds=field.options.seconds,
    )
    shown = {name: references(times[name].answer) for name in NAMES}
    check_same(shown, rows=ROWS, is_ordered=False)
    chapter.take(times)
    chapter.at_least("as fast as Django with its exact count", chapter.ratio(EXACT), SORT_FASTER)
    return chapter
