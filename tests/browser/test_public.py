"""The customer's door in Chromium: with and without JavaScript, on a desk and on a phone."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import (
    DESKTOP,
    Business,
    accessibility_faults,
    scrolls_sideways,
)

#: The card that the sandbox declines.
DECLINED = "4000 0000 0000 0002"
READABLE = ("/", "/inquire", "/verify", "/verify/RFT-2026-NONE", "/bookings/find", "/terms")


def assert_sound(page: Page) -> None:
    """Refuse a page that shuts somebody out or is wider than its window."""
    assert accessibility_faults(page) == []
    assert not scrolls_sideways(page)


def open_form(page: Page, business: Business) -> None:
    """Go from the list of dates to the form of a date far enough ahead to have much room."""
    page.goto(business.web)
    rows = page.locator(".date", has_text="Places available")
    rows.get_by_role("link", name=re.compile("^Book")).last.click()
    page.wait_for_url("**/book/*")


def fill_in(page: Page, email: str) -> None:
    """Type what a private person types."""
    page.get_by_label("First name").first.fill("Dana")
    page.get_by_label("Last name").first.fill("Example")
    page.locator("#email").fill(email)
    page.get_by_label("Phone").fill("0113 496 0000")
    page.get_by_label("I accept the").check()
    if page.locator("#early_start_request").count():
        page.locator("#early_start_request").check()


class TestReading:
    @pytest.mark.parametrize("path", READABLE)
    def test_is_sound_on_a_desk(self, business: Business, desktop: Page, path: str) -> None:
        desktop.goto(business.web + path)

        assert_sound(desktop)

    @pytest.mark.parametrize("path", READABLE)
    def test_is_sound_on_a_phone(self, business: Business, phone: Page, path: str) -> None:
        phone.goto(business.web + path)

        assert_sound(phone)

    def test_loads_nothing_from_elsewhere(self, business: Business, desktop: Page) -> None:
        asked: list[str] = []
        desktop.on("request", lambda request: asked.append(request.url))

        desktop.goto(business.web)
        desktop.wait_for_load_state("networkidle")

        assert [url for url in asked if not url.startswith(business.web)] == []


class TestForm:
    def test_leads_from_each_fault_to_its_field(self, business: Business, phone: Page) -> None:
        open_form(phone, business)
        phone.locator("#email").fill("not an address")

        phone.locator("#send button").click()

        summary = phone.locator(".faults")
        expect(summary).to_be_focused()
        expect(phone.locator("#email")).to_have_value("not an address")
        assert_sound(phone)
        summary.get_by_role("link", name=re.compile("e-mail")).click()
        expect(phone.locator("#email")).to_be_in_viewport()

    def test_prices_as_the_number_changes(self, business: Business, desktop: Page) -> None:
        open_form(desktop, business)
        expect(desktop.get_by_role("button", name="Update")).to_be_hidden()

        desktop.locator("#number_of_places").fill("5")
        desktop.locator("#number_of_places").press("Tab")

        expect(desktop.locator(".person")).to_have_count(4)
        expect(desktop.locator("#summary")).to_contain_text("Group discount")
        expect(desktop.locator("#first_name")).to_have_value("")
        assert_sound(desktop)

    def test_keeps_names_when_the_number_changes(self, business: Business, desktop: Page) -> None:
        open_form(desktop, business)
        desktop.locator("#number_of_places").fill("2")
        desktop.locator("#number_of_places").press("Tab")
        desktop.locator("#attendees-0-first_name").fill("Bo")

        desktop.locator("#number_of_places").fill("3")
        desktop.locator("#number_of_places").press("Tab")

        expect(desktop.locator(".person")).to_have_count(2)
        expect(desktop.locator("#attendees-0-first_name")).to_have_value("Bo")


class TestBooking:
    def test_goes_from_declined_to_paid_to_cancelled(
        self, business: Business, desktop: Page
    ) -> None:
        open_form(desktop, business)
        fill_in(desktop, "dana-public@example.com")
        desktop.locator("#send button").click()
        desktop.locator("#number").fill(DECLINED)
        desktop.get_by_role("button", name=re.compile("^Pay £")).click()
        expect(desktop.locator("body")).to_contain_text("declined")
        desktop.get_by_role("link", name="Back").click()
        desktop.get_by_role("button", name=re.compile("by card")).click()

        desktop.get_by_role("button", name=re.compile("^Pay £")).click()

        desktop.wait_for_url("**/payment**")
        expect(desktop.get_by_role("heading", level=1)).to_contain_text(
            "your booking is confirmed", timeout=30_000
        )
        assert_sound(desktop)
        desktop.get_by_role("link", name="Go to my booking").click()
        assert "t=" not in desktop.url
        assert_sound(desktop)
        desktop.get_by_role("link", name="Cancel this booking").click()
        expect(desktop.locator(".big-number")).to_be_visible()
        assert_sound(desktop)
        desktop.get_by_role("button", name=re.compile("^Cancel the booking")).click()
        expect(desktop.get_by_role("heading", level=1)).to_have_text("This booking is cancelled")
        assert_sound(desktop)

    def test_works_without_javascript(self, business: Business, browser: Browser) -> None:
        context = browser.new_context(viewport=DESKTOP, java_script_enabled=False)
        page = context.new_page()
        open_form(page, business)
        fill_in(page, "plain-public@example.com")
        page.locator("#number_of_places").fill("2")

        page.get_by_role("button", name="Update").click()
        page.locator("#attendees-0-first_name").fill("Bo")
        page.locator("#send button").click()
        page.get_by_role("button", name=re.compile("^Pay £")).click()

        page.wait_for_url("**/payment**")
        expect(page.get_by_role("heading", level=1)).to_contain_text(
            "your booking is confirmed", timeout=30_000
        )
        page.get_by_role("link", name="Go to my booking").click()
        expect(page.locator(".people")).to_contain_text("Bo")
        context.close()

    def test_makes_one_booking_of_a_double_click(self, business: Business, desktop: Page) -> None:
        open_form(desktop, business)
        fill_in(desktop, "twice-public@example.com")

        desktop.locator("#send button").dblclick()

        desktop.wait_for_url(lambda url: "/book/" not in url)
        business.letter("twice-public@example.com", "")
        letters = [x for x in business.letters() if "twice-public@example.com" in str(x["to"])]
        assert len(letters) == 1
