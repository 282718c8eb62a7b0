"""The office's screens in Chromium: what JavaScript adds, and that all works without it."""

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PHONE, Business, accessibility_faults


class TestReferences:
    def test_are_suggested_while_one_types(self, office: Page, business: Business) -> None:
        office.goto(f"{business.web}/admin/course_schedules/new/")

        office.locator("#course_id").press_sequentially("emergency")
        expect(office.get_by_role("option").first).to_be_visible()
        office.locator("#course_id").press("ArrowDown")
        expect(office.get_by_role("option").first).to_have_attribute("aria-selected", "true")
        office.locator("#course_id").press("Enter")

        expect(office.locator("#course_id")).to_have_value(re.compile(r".+ \(#\d+\)"))
        assert accessibility_faults(office) == []


class TestWithoutJavaScript:
    @pytest.fixture
    def plain(self, browser: Browser, office_state: dict[str, Any]) -> Any:
        """The admin's phone with JavaScript switched off."""
        context = browser.new_context(
            viewport=PHONE, storage_state=office_state, java_script_enabled=False
        )
        yield context.new_page()
        context.close()

    def test_the_menu_opens_and_closes(self, plain: Page, business: Business) -> None:
        plain.goto(f"{business.web}/admin/")
        expect(plain.locator("#menu")).to_be_hidden()

        plain.get_by_label("Open the menu").click()
        expect(plain.locator("#menu")).to_be_visible()
        plain.get_by_label("Close the menu").click()

        expect(plain.locator("#menu")).to_be_hidden()

    def test_a_list_is_filtered_and_an_action_asks(self, plain: Page, business: Business) -> None:
        plain.goto(f"{business.web}/admin/bookings/")
        plain.get_by_text("Filters").click()
        plain.get_by_role("checkbox", name="Confirmed", exact=True).check()
        plain.get_by_role("button", name="Apply").click()
        expect(plain.locator(".chip")).to_contain_text("Confirmed")

        plain.locator("input[name=rowid]").first.check()
        plain.select_option("#bulk-action", "resend_confirmation")
        plain.get_by_role("button", name="Continue").click()

        expect(plain.get_by_role("heading", level=1)).to_have_text("Resend confirmation")
