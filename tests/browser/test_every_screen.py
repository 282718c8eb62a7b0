"""Every screen of the office: axe-core finds nothing, nothing scrolls sideways, nothing is refused.

The browser reports each thing that the content security policy stops, and each script's error.
"""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

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
#: How the pictures are taken: at a desk, in the dark, in a hand.
WAYS = (("1280", "light", DESKTOP), ("dark", "dark", DESKTOP), ("390", "light", PHONE))
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
        # A refused form's own status is no fault of the page.
        if message.type == "error" and "status of 4" not in message.text:
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


class TestAlbum:
    """The ten screens that are kept as pictures: at a desk, in the dark, in a hand."""

    def test_is_right_in_the_dark_and_in_a_hand(self, inspector: Inspector) -> None:
        album = Album(inspector)
        page, web = inspector.page, inspector.web

        album.look("office-today", "/admin/")
        album.look("office-bookings", "/admin/bookings/")
        booking = inspector.links("/admin/bookings/details/")[1]
        album.look("office-booking", booking)
        page.goto(f"{web}/admin/users/?scope=customers")
        album.look("office-customer", inspector.links("/admin/users/details/")[2])
        page.goto(web + booking)
        album.look("office-schedule", inspector.links("/admin/course_schedules/details/")[0])
        album.look("office-history", f"{booking}&tab=history")
        edit = booking.replace("/details/", "/edit/")
        album.look("office-edit", edit)
        album.look_here("office-conflict", lambda: run_into_a_conflict(page, web + edit))
        album.look_here("office-action", lambda: ask_to_cancel(page, web))
        album.look_here("office-palette", lambda: open_palette(page, web))

        assert not inspector.faults, "\n".join(inspector.faults)


class Album:
    """Looks at a screen in three ways, and keeps its pictures where RFT_SCREENSHOTS says."""

    def __init__(self, inspector: Inspector) -> None:
        self._inspector = inspector
        self._page = inspector.page
        directory = os.environ.get("RFT_SCREENSHOTS")
        self._directory = Path(directory) if directory else None

    def look(self, name: str, address: str) -> None:
        """Open an address and look at it."""
        self.look_here(name, lambda: self._page.goto(self._inspector.web + address))

    def look_here(self, name: str, reach: Callable[[], object]) -> None:
        """Reach a screen, then look at it in light, in the dark and in a hand."""
        self._page.set_viewport_size(DESKTOP)
        self._page.emulate_media(color_scheme="light")
        reach()
        for way, scheme, size in WAYS:
            # Without motion: colours that are still changing are nobody's fault.
            self._page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            self._page.set_viewport_size(size)
            where = f"{name}-{way}"
            if scrolls_sideways(self._page):
                self._inspector.faults.append(f"{where}: scrolls sideways")
            if way != "1280":
                faults = accessibility_faults(self._page)
                self._inspector.faults += [f"{where}: {one}" for one in faults]
            if self._directory:
                self._page.screenshot(path=self._directory / f"{where}.png")


def run_into_a_conflict(page: Page, address: str) -> None:
    """Save a form that somebody else has saved since it was opened."""
    page.goto(address)
    other = page.context.new_page()
    other.goto(address)
    other.fill("[name=company_name]", "Northern Example Ltd")
    other.click("main form button.primary >> nth=-1")
    other.wait_for_url(re.compile(r"/admin/bookings/(details/|\?|$)"))
    other.close()
    page.fill("[name=company_name]", "Example & Daughters")
    page.click("main form button.primary >> nth=-1")
    page.get_by_text(re.compile("changed", re.IGNORECASE)).first.wait_for()


def ask_to_cancel(page: Page, web: str) -> None:
    """Open the question before an upcoming booking is cancelled."""
    page.goto(f"{web}/admin/bookings/?scope=upcoming")
    page.locator("main a[href*='/admin/bookings/details/']").first.click()
    page.locator("button[value=cancel]").first.click()
    page.locator("[name=reason]").wait_for()


def open_palette(page: Page, web: str) -> None:
    """Open the palette and type a name."""
    page.goto(f"{web}/admin/")
    page.keyboard.press("Control+k")
    page.keyboard.type("carter")
    page.locator("[role=option]").first.wait_for()
