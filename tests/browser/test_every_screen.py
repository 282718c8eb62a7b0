"""Every screen of the office: axe-core finds nothing, nothing scrolls sideways, nothing is refused.

The browser reports each thing that the content security policy stops, and each script's error.
"""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import ConsoleMessage, Page

from tests.browser.conftest import (
    DESKTOP,
    PHONE,
    Business,
    accessibility_faults,
    scrolls_sideways,
)

#: Beside the tables' own.
PAGES = ("", "calendar/", "search?q=example", "owed/", "password")
#: What leads on from a row's page: to its other tabs, its form, its deletion.
ON_A_ROW = ("tab=timeline", "tab=history", "/edit/", "/delete/")


class Inspector:
    """Looks at pages and collects what is wrong with them."""

    def __init__(self, page: Page, web: str) -> None:
        self.page = page
        self.web = web
        self.faults: list[str] = []
        self.seen = 0
        self._where = ""
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.faults.append(f"{self._where}: {error}"))

    def look(self, address: str, *, sizes: tuple[dict[str, int], ...] = (DESKTOP,)) -> None:
        """Open an address and check it at each size; sideways it is checked at both."""
        self._where = address
        self.page.set_viewport_size(DESKTOP)
        answer = self.page.goto(self.web + address)
        status = answer.status if answer else 0
        if status != 200:
            self.faults.append(f"{address}: answered {status}")
        self.seen += 1
        for size in (DESKTOP, PHONE):
            self.page.set_viewport_size(size)
            where = f"{address} at {size['width']}"
            if scrolls_sideways(self.page):
                self.faults.append(f"{where}: scrolls sideways")
            if size in sizes:
                self.faults += [f"{where}: {one}" for one in accessibility_faults(self.page)]

    def links(self, part: str) -> list[str]:
        """Return the addresses of the page's links that contain a text, each once, in order."""
        found = self.page.locator(f"main a[href*='{part}']").evaluate_all(
            "links => links.map(link => link.getAttribute('href'))"
        )
        return list(dict.fromkeys(found))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.faults.append(f"{self._where}: {message.text}")


@pytest.fixture
def inspector(business: Business, office: Page) -> Iterator[Inspector]:
    """An inspector who is signed in as the admin."""
    yield Inspector(office, business.web)
    office.emulate_media(color_scheme="light")
    office.set_viewport_size(DESKTOP)


def tables(inspector: Inspector) -> list[str]:
    """Return the addresses of all lists, as the sidebar has them."""
    inspector.page.goto(f"{inspector.web}/admin/")
    found = inspector.page.locator("aside a[href^='/admin/']").evaluate_all(
        "links => links.map(link => link.getAttribute('href'))"
    )
    return [one for one in dict.fromkeys(found) if re.fullmatch(r"/admin/[a-z_]+/", one)]


class TestEveryScreen:
    def test_of_a_table_is_right_in_light(self, inspector: Inspector) -> None:
        lists = [one for one in tables(inspector) if one.removeprefix("/admin/") not in PAGES]
        assert len(lists) >= 22

        for address in lists:
            inspector.look(address, sizes=(DESKTOP, PHONE))
            further = inspector.links(f"{address}details/")[:1]
            further += inspector.links(f"{address}new/")[:1]
            further += inspector.links(f"{address}export/")[:1]
            for one in further:
                inspector.look(one)
                for part in ON_A_ROW if "/details/" in one else ():
                    for onward in inspector.links(part)[:1]:
                        inspector.look(onward)
                        inspector.page.goto(inspector.web + one)

        assert not inspector.faults, "\n".join(inspector.faults)
        assert inspector.seen > 90

    def test_beside_the_tables_is_right(self, inspector: Inspector) -> None:
        for path in PAGES:
            inspector.look(f"/admin/{path}", sizes=(DESKTOP, PHONE))

        inspector.page.goto(f"{inspector.web}/admin/")
        inspector.look(inspector.links("/admin/register/")[0], sizes=(DESKTOP, PHONE))
        assert not inspector.faults, "\n".join(inspector.faults)

    def test_is_right_in_the_dark(self, inspector: Inspector) -> None:
        inspector.page.emulate_media(color_scheme="dark")

        inspector.look("/admin/", sizes=(DESKTOP, PHONE))
        inspector.look("/admin/bookings/", sizes=(DESKTOP, PHONE))
        booking = inspector.links("/admin/bookings/details/")[0]
        for one in (booking, f"{booking}&tab=history", booking.replace("details", "edit")):
            inspector.look(one, sizes=(DESKTOP, PHONE))

        assert not inspector.faults, "\n".join(inspector.faults)
