"""Those beside whom ours is measured, and how each is asked for the same list."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

OURS, FEW, FLOOR = "ours", "ours on few", "floor"
STOCK, TUNED = "Flask-Admin stock", "Flask-Admin tuned"
EXACT, COUNTLESS = "Django exact count", "Django no count"


@dataclass(frozen=True)
class ListAsk:
    """What is wanted of the list of bookings: the newest first, unless by the booker's name."""

    rows: int = 20
    search: str = ""
    #: From 0.
    page: int = 0
    #: The page is the last one, which ours is asked for by that word.
    is_last: bool = False
    by_name: bool = False


@dataclass(frozen=True)
class Peer:
    """A program that shows the same list from the same tables."""

    name: str
    #: As gunicorn names it.
    application: str
    #: The address of a list.
    list_address: Callable[[ListAsk], str]


def ours_address(ask: ListAsk) -> str:
    """Return the address of our list; the floor answers it too."""
    wanted: dict[str, object] = {"page_size": ask.rows}
    if ask.search:
        wanted["search"] = ask.search
    if ask.by_name:
        wanted["sort"] = "contact_name"
    if ask.is_last:
        wanted["last"] = 1
    elif ask.page:
        wanted["page"] = ask.page
    return f"/admin/bookings/?{urlencode(wanted)}"


def flask_admin_address(ask: ListAsk) -> str:
    """Return the address of a Flask-Admin's list; its second column is the first name."""
    wanted: dict[str, object] = {"page_size": ask.rows, "page": ask.page}
    if ask.search:
        wanted["search"] = ask.search
    if ask.by_name:
        wanted["sort"] = 1
    return f"/admin/booking/?{urlencode(wanted)}"


def django_address(site: str) -> Callable[[ListAsk], str]:
    """Return how a site of Django's is asked; counted from 0, columns 1 and 2 are the name."""

    def address(ask: ListAsk) -> str:
        wanted: dict[str, object] = {}
        if ask.search:
            wanted["q"] = ask.search
        if ask.by_name:
            wanted["o"] = "1.2"
        if ask.page:
            wanted["p"] = ask.page + 1
        return f"/{site}{ask.rows}/office/booking/?{urlencode(wanted)}"

    return address


DJANGO = "benchmarks.peers.django_admin.wsgi:app"
PEERS = (
    Peer(OURS, "benchmarks.peers.ours:app", ours_address),
    Peer(FLOOR, "benchmarks.peers.floor:app", ours_address),
    Peer(STOCK, "benchmarks.peers.flask_admin_stock:app", flask_admin_address),
    Peer(TUNED, "benchmarks.peers.flask_admin_tuned:app", flask_admin_address),
    # One process of Django's has the sites of both.
    Peer(EXACT, DJANGO, django_address("exact")),
    Peer(COUNTLESS, DJANGO, django_address("countless")),
)
