"""How long do tabs, dates, filters, suggestions and the search of everything take?"""

from collections.abc import Mapping
from functools import partial
from urllib.parse import urlencode

from benchmarks.field import Field
from benchmarks.measuring import alternate
from benchmarks.peers import COUNTLESS, EXACT, FEW, OURS
from benchmarks.questions.search import NOBODY, somebody
from benchmarks.results import Chapter
from rft_admin.admin.bookings import BookingView

ROWS = 20
MOST_LIST_MS, MOST_EVERYWHERE_MS = 60, 100
FASTER = 3.0
STATUS = "completed"


def answer(field: Field) -> list[Chapter]:
    """Return the chapters."""
    name, reference = somebody(field)
    return [
        _of_lists(field, "The tabs of bookings", _tabs()),
        _of_lists(field, "Bookings of a year, a month and a day", _dates(field)),
        _of_lists(field, "Filters of bookings", _filters(name)),
        _filter_beside_django(field),
        _suggestions(field, name),
        _everywhere(field, name, reference),
    ]


def _tabs() -> dict[str, dict[str, str]]:
    return {scope.label: {"scope": name} for name, scope in BookingView.scopes.items()}


def _dates(field: Field) -> dict[str, dict[str, str]]:
    """Return periods from the middle of all dates: their bookings are neither new nor old."""
    day = str(
        field.databases.large.scalar(
            "SELECT (percentile_disc(0.5) WITHIN GROUP (ORDER BY start_datetime))::date"
            " FROM course_schedules"
        )
    )
    return {
        "a year": {"date": day[:4]},
        "a month": {"date": day[:7]},
        "a month, by the booker's name": {"date": day[:7], "sort": "contact_name"},
        "a day": {"date": day},
        "a month's cancelled": {"date": day[:7], "scope": "cancelled"},
    }


def _filters(name: str) -> dict[str, dict[str, str]]:
    return {
        "completed": {"flt_status_is": STATUS},
        "no show, or of £200 and more": {"flt_status_is": "no_show", "flt2_total_from": "200"},
        "completed and of £200 and more": {"flt_status_is": STATUS, "flt_total_from": "200"},
        "from an inquiry": {"flt_source_is": "inquiry"},
        "of a course, confirmed": {"flt_course_is": "1", "flt_status_is": "confirmed"},
        "of an attendee": {"flt_attendee_contains": name},
        "a search within a tab": {"scope": "cancelled", "search": name},
        "a search for a mark alone": {"search": "%"},
    }


def _of_lists(field: Field, title: str, asks: Mapping[str, Mapping[str, str]]) -> Chapter:
    addresses = {
        words: f"/admin/bookings/?{urlencode({**arguments, 'page_size': ROWS})}"
        for words, arguments in asks.items()
    }
    return _of_ours(field, title, addresses, MOST_LIST_MS)


def _of_ours(field: Field, title: str, addresses: Mapping[str, str], most: float) -> Chapter:
    """Return the chapter of several addresses of ours, each on the large and the small database."""
    chapter = Chapter(title)
    asks = {
        words if name == OURS else f"{words}, on few": partial(field.ask, name, address)
        for words, address in addresses.items()
        for name in (OURS, FEW)
    }
    chapter.take(alternate(asks, seconds=field.options.seconds))
    slowest = max(addresses, key=chapter.milliseconds)
    chapter.at_most(f"the slowest: {slowest}", chapter.milliseconds(slowest), most, "ms")
    return chapter


def _filter_beside_django(field: Field) -> Chapter:
    chapter = Chapter("Bookings of one status, beside Django")
    ours = f"/admin/bookings/?flt_status_is={STATUS}&page_size={ROWS}"
    asks = {name: partial(field.ask, name, ours) for name in (OURS, FEW)}
    for name, site in ((EXACT, "exact"), (COUNTLESS, "countless")):
        address = f"/{site}{ROWS}/office/booking/?status__exact={STATUS}"
        asks[name] = partial(field.ask, name, address)
    chapter.take(alternate(asks, seconds=field.options.seconds))
    chapter.at_most("time", chapter.milliseconds(OURS), MOST_LIST_MS, "ms")
    chapter.at_least("as fast as Django with its exact count", chapter.ratio(EXACT), FASTER)
    return chapter


def _suggestions(field: Field, name: str) -> Chapter:
    """Return the chapter of what a form suggests for a payment's booking."""
    texts = {"nothing typed": "", "one letter": name[:1], "a name": name, "no hit": NOBODY}
    addresses = {
        words: "/admin/payment_transactions/ajax/lookup/?"
        + urlencode({"name": "booking_id", "query": text})
        for words, text in texts.items()
    }
    return _of_ours(field, "Suggestions of a booking", addresses, MOST_LIST_MS)


def _everywhere(field: Field, name: str, reference: str) -> Chapter:
    texts = {
        "a name": name,
        "half a name": name.split()[-1][:5],
        "two letters": name.split()[-1][:2],
        "a reference": reference,
        "an e-mail's end": "@example.com",
        "no hit": NOBODY,
        "a mark alone": "%",
    }
    addresses = {words: f"/admin/search?{urlencode({'q': text})}" for words, text in texts.items()}
    return _of_ours(field, "The search of everything", addresses, MOST_EVERYWHERE_MS)
