"""How long do the form of a stored row and Today take, and how large is the form?"""

from functools import partial

from benchmarks.browsing import Answer
from benchmarks.field import Field
from benchmarks.measuring import alternate
from benchmarks.peers import EXACT, FEW, OURS, TUNED
from benchmarks.results import Chapter

MOST_FORM_KILOBYTES, MOST_FORM_QUERIES = 60, 4
MOST_TODAY_MS, MOST_TODAY_QUERIES = 150, 15
ROWS = 20


def answer(field: Field) -> list[Chapter]:
    """Return the chapters."""
    return [_edit_form(field), _today(field)]


def _edit_form(field: Field) -> Chapter:
    chapter = Chapter("The form of a stored booking")
    asks = {
        OURS: partial(field.ask, OURS, f"/admin/bookings/edit/?id={_some_id(field)}"),
        TUNED: partial(field.ask, TUNED, f"/admin/booking/edit/?id={_some_id(field)}"),
        EXACT: partial(field.ask, EXACT, f"/exact{ROWS}/office/booking/{_some_id(field)}/change/"),
        FEW: partial(field.ask, FEW, f"/admin/bookings/edit/?id={_some_id(field, is_small=True)}"),
    }
    times = alternate(asks, seconds=field.options.seconds)
    chapter.take(times)
    for name, words in ((OURS, "kB"), (FEW, f"kB at {field.databases.small.bookings:,} bookings")):
        chapter.at_most(words, times[name].answer.size / 1000, MOST_FORM_KILOBYTES, "kB")
    chapter.at_most("queries", _queries(times[OURS].answer), MOST_FORM_QUERIES, "")
    return chapter


def _some_id(field: Field, *, is_small: bool = False) -> int:
    database = field.databases.small if is_small else field.databases.large
    return int(
        str(database.scalar("SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY id) FROM bookings"))
    )


def _today(field: Field) -> Chapter:
    chapter = Chapter("Today")
    times = alternate(
        {name: partial(field.ask, name, "/admin/") for name in (OURS, FEW)},
        seconds=field.options.seconds,
    )
    chapter.take(times)
    chapter.at_most("time", chapter.milliseconds(OURS), MOST_TODAY_MS, "ms")
    chapter.at_most("queries", _queries(times[OURS].answer), MOST_TODAY_QUERIES, "")
    return chapter


def _queries(answer: Answer) -> int:
    return answer.queries or 0
