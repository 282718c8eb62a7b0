"""Actions in Chromium: choosing rows, a row's menu by keyboard, the bar, and all without script."""

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PHONE, Business, accessibility_faults, scrolls_sideways

#: The worker needs a moment for a hundred rows.
DONE_MILLISECONDS = 60_000


class TestChoosing:
    def test_goes_from_one_row_to_all_that_fit_and_tells_how_many(
        self, office: Page, business: Business
    ) -> None:
        office.goto(f"{business.web}/admin/bookings/")
        rows = office.locator("input[name=rowid]")
        count, bar = office.locator("[data-pick-count]"), office.locator("[data-bulk]")
        expect(count).to_be_empty()

        rows.first.check()
        expect(count).to_have_text("1 row chosen")
        assert bar.evaluate("bar => getComputedStyle(bar).position") == "sticky"
        expect(bar).to_be_in_viewport()
        office.check("input[data-pick-all]")
        expect(count).to_have_text(f"{rows.count()} rows chosen")
        office.check("[name=everything]")
        expect(count).to_have_text("All that fit are chosen")
        rows.first.uncheck()
        expect(count).to_have_text(f"{rows.count() - 1} rows chosen")
        expect(office.locator("[name=everything]")).not_to_be_checked()
        office.get_by_role("button", name="Choose none").click()

        expect(count).to_be_empty()
        expect(office.locator("input[data-pick-all]")).to_be_focused()

    def test_of_all_that_fit_ends_with_a_bar_and_each_rows_outcome(
        self, office: Page, business: Business
    ) -> None:
        office.goto(f"{business.web}/admin/bookings/?flt_status_is=completed")
        office.check("input[data-pick-all]")
        office.check("[name=everything]")
        office.select_option("#bulk-action", "resend_confirmation")
        office.get_by_role("button", name="Continue").click()
        heading = office.get_by_role("heading", level=1)
        expect(heading).to_have_text(re.compile(r"Resend confirmation: \d+ bookings"))
        number = re.findall(r"\d+", heading.inner_text())[0]
        faults = accessibility_faults(office)
        office.set_viewport_size(PHONE)
        faults += ["the confirmation scrolls sideways"] if scrolls_sideways(office) else []
        expect(office.locator(".confirm-row")).to_be_in_viewport()

        office.locator(".confirm-row button").click()
        bar = office.locator("progress")
        expect(bar).to_have_attribute("max", number)
        faults += accessibility_faults(office)
        expect(bar).to_have_count(0, timeout=DONE_MILLISECONDS)

        expect(office.locator(".sum-list")).to_contain_text(number)
        expect(office.locator("tbody .badge").first).to_have_text("Done")
        faults += accessibility_faults(office)
        faults += ["the result scrolls sideways"] if scrolls_sideways(office) else []
        assert int(number) > 50
        assert faults == [], faults


class TestRowMenu:
    def test_is_used_by_the_keyboard_alone(self, office: Page, business: Business) -> None:
        office.goto(f"{business.web}/admin/bookings/?flt_status_is=confirmed")
        opener = office.locator("[data-row-menu]").first
        opener.focus()
        opener.press("Enter")
        menu = office.locator(".row-menu-box")
        expect(menu.get_by_role("link", name="Edit")).to_be_focused()
        faults = accessibility_faults(office)
        office.keyboard.press("ArrowDown")
        expect(menu.get_by_role("button").first).to_be_focused()
        office.keyboard.press("Escape")
        expect(menu).to_have_count(0)
        expect(opener).to_be_focused()

        office.keyboard.press("Space")
        menu.get_by_role("button", name="Send reminder").press("Enter")

        expect(office.get_by_role("heading", level=1)).to_have_text("Send reminder")
        assert faults == [], faults

    def test_closes_by_a_click_outside(self, office: Page, business: Business) -> None:
        office.goto(f"{business.web}/admin/bookings/")
        office.locator("[data-row-menu]").first.click()
        expect(office.locator(".row-menu-box")).to_be_visible()

        office.get_by_role("heading", level=1).click()

        expect(office.locator(".row-menu-box")).to_have_count(0)


class TestWithoutJavaScript:
    @pytest.fixture
    def plain(self, browser: Browser, office_state: dict[str, Any]) -> Any:
        """The admin's phone with JavaScript switched off."""
        context = browser.new_context(
            viewport=PHONE, storage_state=office_state, java_script_enabled=False
        )
        yield context.new_page()
        context.close()

    def test_a_rows_menu_is_a_page_that_leads_to_the_confirmation(
        self, plain: Page, business: Business
    ) -> None:
        plain.goto(f"{business.web}/admin/bookings/?flt_status_is=confirmed")
        plain.locator("[data-row-menu]").first.click()
        expect(plain.get_by_role("heading", level=1)).to_have_text("What shall be done?")
        button = plain.get_by_role("button", name="Send reminder")
        box = button.bounding_box()

        button.click()

        assert box is not None
        assert box["height"] >= 44
        expect(plain.get_by_role("heading", level=1)).to_have_text("Send reminder")

    def test_all_that_fit_are_chosen_by_a_tick(self, plain: Page, business: Business) -> None:
        plain.goto(f"{business.web}/admin/bookings/?flt_status_is=completed")
        plain.check("[name=everything]")
        plain.select_option("#bulk-action", "resend_confirmation")

        plain.get_by_role("button", name="Continue").click()

        heading = plain.get_by_role("heading", level=1)
        expect(heading).to_have_text(re.compile(r"Resend confirmation: \d+ bookings"))
        assert not scrolls_sideways(plain)
