"""The office by keyboard alone: the palette, the shortcuts, and how to switch them off."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import Business, accessibility_faults


class TestPalette:
    def test_finds_a_row_and_opens_it(self, business: Business, office: Page) -> None:
        office.goto(f"{business.web}/admin/")

        office.keyboard.press("Control+k")
        office.keyboard.type("carter")
        expect(office.get_by_role("option").first).to_contain_text("Carter")
        assert accessibility_faults(office) == []
        office.keyboard.press("ArrowDown")
        office.keyboard.press("Enter")

        office.wait_for_url(re.compile(r"/admin/[a-z_]+/details/\?id=\d+"))
        expect(office.locator("main")).to_contain_text("Carter")

    def test_goes_to_a_screen_and_closes_with_escape(
        self, business: Business, office: Page
    ) -> None:
        office.goto(f"{business.web}/admin/")

        office.keyboard.press("Control+k")
        expect(office.get_by_role("combobox").first).to_be_focused()
        office.keyboard.press("Escape")
        expect(office.locator("dialog[open]")).to_have_count(0)
        office.keyboard.press("Control+k")
        office.keyboard.type("venues")
        office.get_by_role("option", name=re.compile("Venues")).first.wait_for()
        office.keyboard.press("Enter")

        office.wait_for_url(f"{business.web}/admin/venues/")


class TestShortcuts:
    def test_lead_to_a_screen_and_walk_its_rows(self, business: Business, office: Page) -> None:
        office.goto(f"{business.web}/admin/")

        office.keyboard.press("g")
        office.keyboard.press("b")
        office.wait_for_url(f"{business.web}/admin/bookings/")
        rows = office.locator("main table.cards tbody tr")
        office.keyboard.press("j")
        office.keyboard.press("j")
        office.keyboard.press("x")
        expect(rows.nth(1).locator("input[name=rowid]")).to_be_checked()
        reference = rows.nth(1).locator("td.main a").inner_text()
        office.keyboard.press("Enter")

        office.wait_for_url(re.compile(r"/admin/bookings/details/"))
        expect(office.get_by_role("heading", level=1)).to_have_text(reference)

    def test_edit_the_row_in_focus(self, business: Business, office: Page) -> None:
        office.goto(f"{business.web}/admin/venues/")

        office.keyboard.press("j")
        name = office.locator("main table.cards td.main a").first.inner_text()
        office.keyboard.press("e")

        office.wait_for_url(re.compile(r"/admin/venues/edit/\?id=\d+"))
        expect(office.locator("[name=name]")).to_have_value(name)

    def test_wait_while_one_types(self, business: Business, office: Page) -> None:
        office.goto(f"{business.web}/admin/bookings/")

        office.locator("#list-search").press_sequentially("gbn?")

        expect(office.locator("#list-search")).to_have_value("gbn?")
        expect(office.locator("dialog[open]")).to_have_count(0)
        assert office.url == f"{business.web}/admin/bookings/"

    def test_are_listed_and_can_be_switched_off(self, business: Business, office: Page) -> None:
        office.goto(f"{business.web}/admin/bookings/")

        office.keyboard.press("?")
        expect(office.locator("dialog[open]")).to_contain_text("Next row")
        assert accessibility_faults(office) == []
        office.get_by_role("button", name="Switch them off").click()
        office.wait_for_load_state()
        office.keyboard.press("?")
        office.keyboard.press("n")

        expect(office.locator("dialog[open]")).to_have_count(0)
        assert office.url == f"{business.web}/admin/bookings/"
