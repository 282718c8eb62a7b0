"""How do sixteen people at once fare on one process with eight threads?"""

import random
import threading
import time
from collections.abc import Callable
from contextlib import closing

from benchmarks.browsing import Browser
from benchmarks.field import PEERS_BY_NAME, Field
from benchmarks.measuring import percentile
from benchmarks.peers import EXACT, OURS, ListAsk
from benchmarks.results import Chapter

PEOPLE = 16
MOST_P95_MS = 300
AT_LEAST_DJANGO = 2.0
#: A share of --seconds' usual value: sixteen people fill a second well.
SECONDS_OF_ALL = 2.0


def answer(field: Field) -> list[Chapter]:
    """Return the chapter."""
    chapter = Chapter(f"{PEOPLE} people at once, one process with 8 threads")
    seconds = max(1.0, field.options.seconds * SECONDS_OF_ALL)
    rates = {}
    for name in (OURS, EXACT):
        _rush(field, name, min(2.0, seconds))
        taken, failed = _rush(field, name, seconds)
        rates[name] = len(taken) / seconds
        p95 = percentile(taken, 0.95) * 1000
        middle = percentile(taken, 0.5) * 1000
        chapter.tell(name, f"{rates[name]:.1f} requests/s, median {middle:.0f}, p95 {p95:.0f} ms")
        if failed:
            raise RuntimeError(f"{name} failed {failed} times in the rush.")
        if name == OURS:
            chapter.at_most("p95", p95, MOST_P95_MS, "ms")
    chapter.at_least(
        "requests per second beside Django's", rates[OURS] / rates[EXACT], AT_LEAST_DJANGO
    )
    return [chapter]


def _rush(field: Field, name: str, seconds: float) -> tuple[list[float], int]:
    """Return what each answer took, and how many failed."""
    taken: list[float] = []
    failed: list[int] = []
    end = time.monotonic() + seconds
    people = [
        threading.Thread(target=_person, args=(field, name, number, end, taken, failed))
        for number in range(PEOPLE)
    ]
    for one in people:
        one.start()
    for one in people:
        one.join()
    return taken, len(failed)


def _person(
    field: Field, name: str, number: int, end: float, taken: list[float], failed: list[int]
) -> None:
    """Open one list after another: the newest bookings, an older page, one customer's."""
    choose = _addresses(field, name, random.Random(number))  # the same for every peer
    with closing(field.newcomer(name)) as browser:
        while time.monotonic() < end:
            _ask(browser, choose(), taken, failed)


def _addresses(field: Field, name: str, dice: random.Random) -> Callable[[], str]:
    address = PEERS_BY_NAME[name].list_address
    pages = max(1, min(10, field.databases.large.bookings // 20))
    return lambda: address(ListAsk(rows=20, page=dice.randrange(pages)))


def _ask(browser: Browser, address: str, taken: list[float], failed: list[int]) -> None:
    one = browser.get(address)
    taken.append(one.seconds)
    if one.status != 200:
        failed.append(one.status)
