"""Twelve screens at a desk and in a hand: axe-core finds nothing, nothing scrolls sideways.

With RFT_SCREENSHOTS set, each is also stored as a picture in that directory.
"""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import (
    DESKTOP,
    PHONE,
    Business,
    accessibility_faults,
    scrolls_sideways,
    wait_for,
)

EMAIL = "robin@example.com"


class Album:
    """Looks at one page in both sizes, and keeps its pictures if asked to."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.faults: list[str] = []
        directory = os.environ.get("RFT_SCREENSHOTS")
        self._directory = Path(directory) if directory else None

    def look(self, name: str) -> None:
        """Check the present page in both sizes, without loading it again."""
        self.page.wait_for_load_state()
        for size in (DESKTOP, PHONE):
            self.page.set_viewport_size(size)
            width = size["width"]
            if scrolls_sideways(self.page):
                self.faults.append(f"{name} {width}: scrolls sideways")
            self.faults += [f"{name} {width}: {one}" for one in accessibility_faults(self.page)]
            if self._directory:
                self._directory.mkdir(parents=True, exist_ok=True)
                self._keep(self._directory / f"{name}-{width}.png", width)
        self.page.set_viewport_size(DESKTOP)

    def _keep(self, path: Path, width: int) -> None:
        """Store the whole page: the window as high as the page, so that nothing sticks midway."""
        height = self.page.evaluate("document.documentElement.scrollHeight")
        self.page.set_viewport_size({"width": width, "height": height})
        self.page.screenshot(path=path)


def fill_in(page: Page) -> None:
    """Fill in the booking form of one private person who comes himself."""
    page.fill("[name=first_name]", "Robin")
    page.fill("[name=last_name]", "Example")
    page.fill("[name=email]", EMAIL)
    page.fill("[name=phone]", "0113 496 0001")
    if page.locator("[name=early_start_request]").count():
        page.check("[name=early_start_request]")
    page.check("[name=accept_terms]")


def bookable(page: Page, business: Business) -> str:
    """Return the address of the first form that can be booked, far enough ahead."""
    page.goto(f"{business.web}/")
    found = page.locator("a[href^='/book/']").last.get_attribute("href")
    assert found
    return business.web + found


class TestCustomersScreens:
    def test_are_right_from_the_dates_to_the_confirmation(
        self, business: Business, desktop: Page
    ) -> None:
        album = Album(desktop)
        form = bookable(desktop, business)
        album.look("home")
        desktop.click("a[href^='/courses/'] >> nth=0")
        album.look("course")
        desktop.goto(form)
        album.look("form")
        desktop.evaluate("document.querySelectorAll('form').forEach(f => f.noValidate = true)")
        desktop.fill("[name=email]", "not an address")
        desktop.press("[name=email]", "Enter")
        desktop.wait_for_selector("[aria-invalid=true]")
        album.look("form-with-errors")
        fill_in(desktop)
        desktop.click("main form button[type=submit]:not([name=update]) >> nth=-1")
        desktop.wait_for_url(re.compile(r"/c/pay/"))
        album.look("payment")
        desktop.get_by_role("button", name=re.compile("Pay")).first.click()
        desktop.wait_for_url(re.compile(r"/bookings/"))
        wait_for(lambda: "confirmed" in desktop.inner_text("main").lower(), "confirmed booking")
        album.look("confirmed")
        business.letter(EMAIL, "confirmed")
        assert not album.faults

    def test_are_right_for_who_checks_a_certificate(
        self, business: Business, office: Page, desktop: Page
    ) -> None:
        office.goto(f"{business.web}/admin/certificates/")
        number = re.search(r"RFT-\d{4}-[0-9A-Z]{7}", office.inner_text("main"))
        assert number
        album = Album(desktop)

        desktop.goto(f"{business.web}/verify/{number[0]}")

        album.look("verify")
        assert not album.faults


class TestOfficesScreens:
    @pytest.mark.parametrize(
        ("name", "address"),
        [("admin-today", "/admin/"), ("bookings", "/admin/bookings/")],
    )
    def test_are_right(self, business: Business, office: Page, name: str, address: str) -> None:
        album = Album(office)

        office.goto(business.web + address)

        album.look(name)
        assert not album.faults

    def test_are_right_for_one_booking(self, business: Business, office: Page) -> None:
        album = Album(office)
        office.goto(f"{business.web}/admin/bookings/")

        office.click("main a[href*='/admin/bookings/details/'] >> nth=0")

        album.look("booking")
        assert not album.faults

    def test_are_right_for_the_register(self, business: Business, office: Page) -> None:
        album = Album(office)
        office.goto(f"{business.web}/admin/")

        office.click("main a[href*='/admin/register/'] >> nth=0")

        album.look("register")
        assert not album.faults

    def test_are_right_for_a_refund_to_be_approved(self, business: Business, office: Page) -> None:
        album = Album(office)
        office.goto(f"{business.web}/admin/refunds/")
        waiting = office.locator("tr", has_text=re.compile("Pending")).first
        waiting.locator("a[href*='/admin/refunds/details/']").first.click()

        office.locator("button[value=approve_refund]").first.click()

        album.look("refund")
        assert not album.faults
