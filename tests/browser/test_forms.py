"""The office's forms in Chromium: by keyboard, on a phone, by two people, and after a pause."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Dialog, Page, expect

from tests.browser.conftest import (
    ADMIN,
    PASSWORD,
    PHONE,
    Business,
    accessibility_faults,
    scrolls_sideways,
)
from tests.conftest import PROJECT

STATIC = PROJECT / "rft_admin" / "static" / "admin"


@pytest.fixture
def contexts(
    browser: Browser, office_state: dict[str, Any]
) -> Iterator[Callable[..., BrowserContext]]:
    """Further browsers of the office, closed at the end."""
    opened: list[BrowserContext] = []

    def open_context(**options: Any) -> BrowserContext:
        opened.append(browser.new_context(**{"storage_state": office_state, **options}))
        return opened[-1]

    yield open_context
    for context in opened:
        context.close()


def new_venue(page: Page, business: Business, name: str) -> str:
    """Store a venue and return the address of its form."""
    page.goto(f"{business.web}/admin/venues/new/")
    page.fill("#name", name)
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/details/**")
    return page.url.replace("/details/", "/edit/")


class TestNewRelated:
    def test_is_made_and_chosen_by_the_keyboard_alone(
        self, office: Page, business: Business
    ) -> None:
        office.goto(f"{business.web}/admin/course_schedules/new/")
        dialog = office.get_by_role("dialog", name="New venue")

        office.get_by_role("link", name="New venue").press("Enter")
        expect(dialog.get_by_label("Name")).to_be_focused()
        office.keyboard.type("Keyboard hall")
        dialog.get_by_label("Postcode").fill("nonsense")
        office.keyboard.press("Enter")
        expect(dialog.get_by_role("alert")).to_contain_text("Please check the postcode")
        assert accessibility_faults(office) == []
        dialog.get_by_label("Postcode").fill("ls1 4dy")
        office.keyboard.press("Enter")

        expect(office.locator("#venue_id")).to_have_value(re.compile(r"Keyboard hall \(#\d+\)"))
        expect(office.locator("#venue_id")).to_be_focused()


class TestGuard:
    def test_asks_before_what_was_typed_is_left_and_not_after_saving(
        self, office: Page, business: Business
    ) -> None:
        path = new_venue(office, business, "Guarded hall")
        asked: list[str] = []

        def stay(dialog: Dialog) -> None:
            asked.append(dialog.type)
            dialog.dismiss()

        office.on("dialog", stay)
        office.goto(path)
        # Still inside the field: no change event has come yet.
        office.locator("#name").press_sequentially("!")
        office.get_by_role("link", name="Courses", exact=True).click()
        expect(office).to_have_url(path)
        assert asked == ["beforeunload"]

        office.get_by_role("button", name="Save changes").click()

        office.wait_for_url("**/details/**")
        assert asked == ["beforeunload"]


class TestTwoPeople:
    def test_are_shown_both_values_and_choose_without_javascript(
        self, office: Page, business: Business, contexts: Callable[..., BrowserContext]
    ) -> None:
        path = new_venue(office, business, "Hall of two")
        mine = contexts(viewport=PHONE, java_script_enabled=False).new_page()
        mine.goto(path)
        mine.fill("#name", "My hall")
        office.goto(path)
        office.fill("#name", "Their hall")
        office.get_by_role("button", name="Save changes").click()
        office.wait_for_url("**/details/**")

        mine.get_by_role("button", name="Save changes").click()
        expect(mine.get_by_role("heading", level=1)).to_have_text("Changed meanwhile")
        name = mine.get_by_role("group", name=re.compile("^Name"))
        for text in ("Hall of two", "Their hall", "My hall"):
            expect(name).to_contain_text(text)
        assert not scrolls_sideways(mine)
        name.get_by_label("Here").check()
        mine.get_by_role("button", name="Save as chosen").click()

        expect(mine.get_by_role("heading", level=1)).to_have_text("My hall")

    def test_see_a_page_that_is_accessible(
        self, office: Page, business: Business, contexts: Callable[..., BrowserContext]
    ) -> None:
        path = new_venue(office, business, "Accessible hall")
        mine = contexts().new_page()
        for page, name in ((mine, "My hall"), (office, "Their hall")):
            page.goto(path)
            page.fill("#name", name)
        office.get_by_role("button", name="Save changes").click()
        office.wait_for_url("**/details/**")

        mine.get_by_role("button", name="Save changes").click()

        expect(mine.get_by_role("heading", level=1)).to_have_text("Changed meanwhile")
        assert accessibility_faults(mine) == []


class TestPause:
    def test_brings_the_form_back_after_the_sign_in(
        self, office: Page, business: Business, contexts: Callable[..., BrowserContext]
    ) -> None:
        path = new_venue(office, business, "Hall before the pause")
        paused = contexts(storage_state=None)
        page = paused.new_page()
        page.goto(path)
        _sign_in(page)
        page.fill("#name", "Typed before the pause")
        page.fill("#facilities", "Lift\nParking")
        _end_session(contexts(storage_state=paused.storage_state()).new_page(), business)

        page.get_by_role("button", name="Save changes").click()
        expect(page.get_by_role("status")).to_contain_text("your form comes back")
        _sign_in(page)

        expect(page.locator("#name")).to_have_value("Typed before the pause")
        expect(page.locator("#facilities")).to_have_value("Lift\nParking")
        expect(page.get_by_role("status").first).to_contain_text("Nothing of it is saved yet")
        office.goto(path)
        expect(office.locator("#name")).to_have_value("Hall before the pause")
        page.get_by_role("button", name="Save changes").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Typed before the pause")


class TestForms:
    @pytest.mark.parametrize("table", ["course_schedules", "venues", "users", "bookings"])
    def test_are_accessible_and_fit_a_phone(
        self, office_phone: Page, business: Business, table: str
    ) -> None:
        office_phone.goto(f"{business.web}/admin/{table}/edit/?id=1")

        assert accessibility_faults(office_phone) == []
        assert not scrolls_sideways(office_phone)


class TestTariff:
    def test_gets_another_band_in_a_blank_line(self, office: Page, business: Business) -> None:
        office.goto(f"{business.web}/admin/settings/?search=Refund%20tariff%20of")
        office.get_by_role("link", name="Refund tariff of private courses", exact=True).click()
        office.get_by_role("link", name="Edit").click()
        faults = accessibility_faults(office)
        number = office.locator("table.bands tbody tr").count() - 1

        office.get_by_label(f"Line {number}: from how many days").fill("90")
        office.get_by_label(f"Line {number}: per cent").fill("100")
        office.get_by_label(f"Line {number}: less which fee").select_option("Another sum")
        office.get_by_label(f"Line {number}: another sum").fill("25")
        office.get_by_role("button", name="Save changes").click()

        expect(office.get_by_text("90 days or more before the first course day")).to_be_visible()
        assert faults == []


class TestJson:
    def test_is_checked_while_one_types(self, desktop: Page) -> None:
        """By itself: no table of the business's has JSON that a person edits."""
        desktop.set_content("<label>Value <textarea class=code></textarea></label>")
        desktop.evaluate((STATIC / "json.js").read_text())
        area = desktop.get_by_label("Value")

        area.fill('{"days": 30,\n "course" 1}')

        expect(desktop.get_by_text("Not JSON yet: look at line 2")).to_be_visible()
        area.fill("{}")
        expect(desktop.get_by_text("Not JSON yet")).to_have_count(0)


def _sign_in(page: Page) -> None:
    page.fill("[name=email]", ADMIN)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url("**/edit/**")


def _end_session(page: Page, business: Business) -> None:
    page.goto(f"{business.web}/admin/")
    page.get_by_label("Your account").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in")


class TestParts:
    """The parts of a long form: tabs with the script, one below another without it."""

    @pytest.fixture
    def form(self, business: Business) -> str:
        return f"{business.web}/admin/courses/edit/?id=1"

    def test_are_tabs_for_the_keyboard(self, office: Page, form: str) -> None:
        office.goto(form)
        expect(office.get_by_role("tab", selected=True)).to_have_text("The course")
        expect(office.get_by_label("Valid (years)")).not_to_be_visible()

        office.get_by_role("tab", name="The course").press("ArrowLeft")
        expect(office.get_by_role("tab", name="On the website")).to_be_focused()
        office.keyboard.press("Home")
        office.keyboard.press("ArrowRight")
        office.keyboard.press("ArrowRight")

        expect(office.get_by_role("tabpanel", name="Certificate")).to_be_visible()
        expect(office.get_by_label("Valid (years)")).to_be_visible()
        assert office.url.endswith("#part-3")
        assert accessibility_faults(office) == []
        office.get_by_label("Requires identity check").click()
        expect(office.get_by_role("tab", selected=True)).to_have_text(re.compile("changed"))

    def test_open_at_the_fault_and_by_its_link(self, office: Page, form: str) -> None:
        office.goto(form)
        office.get_by_role("tab", name="Hours, places and price").click()
        office.locator("#price").fill("-4")
        office.get_by_role("tab", name="On the website").click()
        office.get_by_role("button", name="Save changes").click()

        expect(office.get_by_role("alert")).to_contain_text("no amount below nothing")
        expect(office.get_by_role("tab", selected=True)).to_contain_text("to be looked at")
        expect(office.locator("#price")).to_be_visible()
        office.get_by_role("tab", name="The course").click()
        office.get_by_role("alert").get_by_role("link", name="Price").click()
        expect(office.locator("#price")).to_be_focused()

    def test_are_found_by_the_browsers_search_and_on_paper(self, office: Page, form: str) -> None:
        office.goto(form)
        hidden = office.locator("#part-3")
        assert hidden.get_attribute("hidden") == "until-found"

        # What Chromium sends to the part in which it has found something.
        hidden.dispatch_event("beforematch")
        expect(office.get_by_label("Valid (years)")).to_be_visible()
        office.emulate_media(media="print")
        for name in ("slug", "price", "display_order"):
            expect(office.locator(f"#{name}")).to_be_visible()

    def test_stand_below_one_another_without_the_script(
        self, contexts: Callable[..., BrowserContext], form: str
    ) -> None:
        page = contexts(java_script_enabled=False, viewport=PHONE).new_page()
        page.goto(form)

        for name in ("slug", "price", "certification_validity_years", "display_order"):
            expect(page.locator(f"#{name}")).to_be_visible()
        page.get_by_role("link", name="Certificate", exact=True).click()
        expect(page.locator("#part-3")).to_be_in_viewport()
        assert not scrolls_sideways(page)
