"""Does any of 10,000 addresses that nobody meant break a screen?

The small database is asked: the screens are the same, and an export of all rows is one of them.
"""

import random
import re
from urllib.parse import quote

from benchmarks.field import Field
from benchmarks.peers import FEW
from benchmarks.results import Chapter

ADDRESSES = 10_000
#: Where a table's screen listens, and what it reads from the address.
VIEWS = {
    "": ("page", "page_size", "sort", "desc", "search", "scope", "flt_0", "after", "before"),
    "details/": ("id",),
    "edit/": ("id", "url"),
    "new/": ("url", "booking_id", "course_schedule_id"),
    "delete/": ("id", "url"),
    "ajax/lookup/": ("name", "query", "limit", "offset"),
    "export/csv/": ("column", "search", "scope", "page", "sort"),
    "export/": ("column", "search", "scope"),
}
PAGES = {
    "": ("x",),
    "search": ("q",),
    "calendar/": ("month",),
    "register/1/": ("day",),
    "register/99999999999999/": (),
    "files/certificates/1": (),
}
HOSTILE = (
    "", "-1", "0", "1", "2147483648", "99999999999999999999", "abc", "1 OR 1=1", "%", "_", "\\",
    "'", '"', "\x00", "é", "😀", "1e9", "NaN", "2027-02-30", "9999-12-31", "0001-01-01", "2027-13",
    "../../etc/passwd", "<script>", "//example.com", "a" * 3000, "null", "[]", "{}", "true",
    "booking_reference", "user_id", "password_hash", "+", "&", "#", "\r\nX: y", "€1", "-0", "٣",
)  # fmt: skip


def answer(field: Field) -> list[Chapter]:
    """Return the chapter."""
    chapter = Chapter("Fuzzed addresses over all views")
    screens = _screens(field)
    wanted = ADDRESSES if field.options.seconds else ADDRESSES // 100
    dice = random.Random(20_270_301)
    statuses: dict[int, int] = {}
    broken: list[str] = []
    for _ in range(wanted):
        address = _address(dice, screens)
        status = field.browsers[FEW].get(address).status
        statuses[status] = statuses.get(status, 0) + 1
        if status >= 500:
            broken.append(address)
    told = ", ".join(f"{count} × {status}" for status, count in sorted(statuses.items()))
    chapter.tell("addresses", f"{wanted:,}: {told}")
    chapter.at_most("answers of 500 and above", len(broken), 0, "")
    for address in broken[:5]:
        chapter.tell("broken", f"`{address[:120]}`")
    return [chapter]


def _screens(field: Field) -> dict[str, tuple[str, ...]]:
    """Return every screen that the sidebar links, with the filters that its list offers."""
    page = field.ask(FEW, "/admin/").text
    tables = dict.fromkeys(re.findall(r'href="/admin/([a-z_]+)/"', page))
    lists = {table: field.ask(FEW, f"/admin/{table}/") for table in tables}
    return {
        table: tuple(set(re.findall(r'name="(flt_[a-z_]+)"', one.text)))
        for table, one in lists.items()
        if one.status == 200
    }


def _address(dice: random.Random, screens: dict[str, tuple[str, ...]]) -> str:
    if dice.random() < 0.1:
        page, names = dice.choice(list(PAGES.items()))
        return f"/admin/{page}{_query(dice, names)}"
    table, filters = dice.choice(list(screens.items()))
    view, names = dice.choice(list(VIEWS.items()))
    return f"/admin/{table}/{view}{_query(dice, names + filters)}"


def _query(dice: random.Random, names: tuple[str, ...]) -> str:
    chosen = dice.sample(names, min(len(names), dice.randint(0, 3)))
    pairs = [f"{name}={quote(dice.choice(HOSTILE), safe='')}" for name in chosen]
    return "?" + "&".join(pairs) if pairs else ""
