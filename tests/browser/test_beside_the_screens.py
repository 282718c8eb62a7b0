"""What is no screen of a table: doors, errors, open menus, confirmations; and narrow windows."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import (
    DESKTOP,
    PHONE,
    Business,
    accessibility_faults,
    scrolls_sideways,
)

#: WCAG 1.4.10: as a window of 1280 pixels is at four times the size.
NARROW = {"width": 320, "height": 640}
WAYS = (("light", DESKTOP), ("dark", DESKTOP), ("light", PHONE), ("dark", PHONE))
OUTSIDE = ("/admin/sign-in", "/admin/forgot", "/no-such-page", "/verify/", "/my-booking")
INSIDE = ("/admin/no_such_page", "/admin/bookings/details/?id=999999999", "/admin/files/users/1")
#: What opens, by the selector of what opens it.
OPEN = {
    "/admin/bookings/": ("details.filters > summary", "tbody a[data-row-menu]"),
    "/admin/": (".topbar details.popover >> nth=0 >> summary", ".topbar details.popover >> nth=1"),
}
WIDE_PAGES = (
    *("/admin/", "/admin/bookings/", "/admin/bookings/details/?id=1", "/admin/courses/edit/?id=1"),
    *("/admin/search?q=example", "/admin/calendar/", "/admin/settings/", "/", "/admin/owed/"),
)


@pytest.fixture
def pages(browser: Browser, office_state: dict[str, Any]) -> Iterator[Callable[..., Page]]:
    """Return new windows; closed at the end."""
    opened = []

    def open_page(**options: Any) -> Page:
        opened.append(browser.new_context(**options))
        return opened[-1].new_page()

    yield open_page
    for context in opened:
        context.close()


@pytest.mark.parametrize(("scheme", "size"), WAYS)
def test_doors_and_errors_are_accessible(
    pages: Callable[..., Page],
    office_state: dict[str, Any],
    business: Business,
    scheme: str,
    size: dict[str, int],
) -> None:
    faults = []
    for addresses, state in ((OUTSIDE, None), (INSIDE, office_state)):
        page = pages(viewport=size, color_scheme=scheme, storage_state=state)
        for address in addresses:
            page.goto(business.web + address)
            faults += [f"{address}: {one}" for one in accessibility_faults(page)]
            faults += [f"{address} scrolls sideways"] if scrolls_sideways(page) else []

    assert faults == []


@pytest.mark.parametrize(("scheme", "size"), WAYS)
def test_open_menus_and_confirmations_are_accessible(
    pages: Callable[..., Page],
    office_state: dict[str, Any],
    business: Business,
    scheme: str,
    size: dict[str, int],
) -> None:
    page = pages(viewport=size, color_scheme=scheme, storage_state=office_state)
    faults = []
    for address, openers in OPEN.items():
        for opener in openers:
            page.goto(business.web + address)
            page.locator(opener).first.click()
            faults += [f"{opener}: {one}" for one in accessibility_faults(page)]
            faults += [f"{opener} scrolls sideways"] if scrolls_sideways(page) else []
    page.goto(f"{business.web}/admin/bookings/?scope=upcoming")
    page.locator("tbody td.main a").first.click()
    page.get_by_text("More actions").click()
    faults += [f"More actions: {one}" for one in accessibility_faults(page)]
    page.keyboard.press("Escape")
    page.locator("button[value=cancel]").click()
    page.locator("[name=confirmed]").wait_for(state="attached")
    faults += [f"confirmation: {one}" for one in accessibility_faults(page)]
    faults += ["confirmation scrolls sideways"] if scrolls_sideways(page) else []

    assert faults == []


def test_nothing_scrolls_sideways_at_four_times_the_size(
    pages: Callable[..., Page], office_state: dict[str, Any], business: Business
) -> None:
    page = pages(viewport=NARROW, storage_state=office_state)
    faults = []
    for address in WIDE_PAGES:
        page.goto(business.web + address)
        faults += [address] if scrolls_sideways(page) else []

    assert faults == []


def test_nothing_moves_for_whoever_wants_no_movement(
    pages: Callable[..., Page], office_state: dict[str, Any], business: Business
) -> None:
    page = pages(viewport=DESKTOP, storage_state=office_state, reduced_motion="reduce")
    moving = []
    for address in ("/admin/", "/admin/bookings/", "/"):
        page.goto(business.web + address)
        moving += page.evaluate(
            """() => Array.from(document.querySelectorAll("*")).filter(element => {
                const style = getComputedStyle(element);
                return [style.transitionDuration, style.animationDuration].some(
                    times => times.split(",").some(time => parseFloat(time) > 0.01));
            }).map(element => element.tagName + "." + element.className)"""
        )

    assert moving == []
