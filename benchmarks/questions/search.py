"""How long does a search for a name, for a reference, and for nothing take?"""

from functools import partial

from benchmarks.field import Field, references
from benchmarks.measuring import alternate
from benchmarks.peers import COUNTLESS, EXACT, FLOOR, OURS, STOCK, ListAsk
from benchmarks.questions.lists import MOST_OF_FLOOR, check_same
from benchmarks.results import Chapter

NAMES = (OURS, FLOOR, STOCK, EXACT, COUNTLESS)
HIT, NO_HIT = 35.0, 150.0
NOBODY = "Zyxwvut Qqqqq"


def answer(field: Field) -> list[Chapter]:
    """Return the chapters."""
    name, reference = somebody(field)
    return [
        _of(field, "A search for a name", name, HIT),
        _of(field, "A search for a reference", reference, HIT),
        _of(field, "A search without a hit", NOBODY, NO_HIT),
    ]


def somebody(field: Field) -> tuple[str, str]:
    """Return the whole name and a reference of a customer from the middle of the table."""
    middle = field.databases.large.bookings // 2
    number = f"TST-{middle:08X}"
    name = field.databases.large.scalar(
        "SELECT contact_first_name || ' ' || contact_last_name FROM bookings"
        " WHERE booking_reference = %s",
        number,
    )
    return str(name), number


def _of(field: Field, title: str, text: str, faster: float) -> Chapter:
    chapter = Chapter(title)
    ask = ListAsk(search=text)
    times = alternate(
        {name: partial(field.ask_list, name, ask) for name in NAMES},
        seconds=field.options.seconds,
    )
    shown = {name: references(times[name].answer) for name in NAMES}
    # The words of the search stand on the page, so a reference is shown in any case.
    check_same(shown, rows=len(shown[OURS]))
    chapter.take(times)
    chapter.tell("bookings found", str(len(shown[OURS]) if text != NOBODY else 0))
    chapter.at_least("as fast as Django with its exact count", chapter.ratio(EXACT), faster)
    chapter.at_most("the floor's time", 1 / chapter.ratio(FLOOR), MOST_OF_FLOOR)
    return chapter
