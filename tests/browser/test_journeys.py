"""The three stories in a real browser: customer, office and trainer, each at his own window."""

import re
from datetime import datetime

from playwright.sync_api import Page, expect

from rft_admin.core.clock import LONDON
from tests.browser.conftest import Business, wait_for

LINK = re.compile(r"http://127\.0\.0\.1:\d+/\S+")


def book(page: Page, business: Business, email: str, name: str = "Kit Traveller") -> str:
    """Book and pay for one place on the last one-day date; return the address of its form."""
    first_name, last_name = name.split()
    page.goto(f"{business.web}/?course=emergency-first-aid-at-work")
    form = page.locator("a[href^='/book/']").last.get_attribute("href")
    assert form
    page.goto(business.web + form)
    page.fill("[name=first_name]", first_name)
    page.fill("[name=last_name]", last_name)
    page.fill("[name=email]", email)
    page.fill("[name=phone]", "0113 496 0002")
    if page.locator("[name=early_start_request]").count():
        page.check("[name=early_start_request]")
    page.check("[name=accept_terms]")
    page.click("main form button[type=submit]:not([name=update]) >> nth=-1")
    page.wait_for_url(re.compile(r"/c/pay/"))
    page.get_by_role("button", name=re.compile("Pay")).first.click()
    page.wait_for_url(re.compile(r"/bookings/"))
    wait_for(lambda: "confirmed" in page.inner_text("main").lower(), "confirmed booking")
    return form


def own_page(business: Business, email: str, subject: str = "confirmed") -> str:
    """Return the personal address that came by letter."""
    letter = business.letter(email, subject)
    return next(link for link in LINK.findall(letter["text"]) if "?t=" in link)


def find_row(office: Page, business: Business, table: str, words: str) -> None:
    """Find one row of a table by its search box, and open it."""
    office.goto(f"{business.web}/admin/{table}/?search={words}")
    office.click(f"main a[href*='/admin/{table}/details/'] >> nth=0")


def act(office: Page, action: str, **fields: str) -> None:
    """Press an action on a row's page, fill in what it asks, and confirm it."""
    button = office.locator(f"button[value={action}]")
    if not button.is_visible():
        office.get_by_text("More actions").click()
    button.click()
    for name, value in fields.items():
        office.fill(f"[name={name}]", value)
    office.locator("form:has([name=confirmed]) button").first.click()
    office.wait_for_load_state()


class TestFromBookingToCertificate:
    def test_ends_with_a_certificate_that_anybody_can_check(
        self, business: Business, desktop: Page, phone: Page, office: Page, office_phone: Page
    ) -> None:
        email = "kit.learner@example.com"
        form = book(desktop, business, email)
        schedule_id = form.rpartition("/")[2]
        letter = business.letter(email, "confirmed")
        assert any(one["type"].startswith("text/calendar") for one in letter["attachments"])
        phone.goto(own_page(business, email))
        assert "confirmed" in phone.inner_text("main").lower()

        # The course's days come: the office moves the date to today, early in the morning.
        office.goto(f"{business.web}/admin/course_schedules/edit/?id={schedule_id}")
        today = datetime.now(LONDON)
        office.get_by_role("tab", name=re.compile("^Days")).click()
        office.fill("[name=day_1_starts]", f"{today:%Y-%m-%d}T00:05")
        office.fill("[name=day_1_ends]", f"{today:%Y-%m-%d}T07:05")
        office.get_by_role("button", name=re.compile("^Save")).first.click()
        office.wait_for_url(re.compile(r"/admin/course_schedules/(\?|$|details)"))

        # The trainer marks on his phone: one tap for the person, one for the assessment.
        office_phone.goto(f"{business.web}/admin/register/{schedule_id}/")
        learner = office_phone.locator("fieldset.learner", has_text="Kit Traveller")
        learner.locator("label.present").tap()
        assessment = learner.locator("[name^=assessment-]")
        if assessment.first.evaluate("field => field.tagName") == "SELECT":
            assessment.select_option("1")
        else:
            learner.locator("label:has([name^=assessment-][value='1'])").tap()
        office_phone.get_by_role("button", name="Save", exact=True).tap()
        office_phone.wait_for_load_state()

        find_row(office, business, "bookings", email)
        act(office, "issue_certificate")
        letter = business.letter(email, "certificate")
        assert [one["type"] for one in letter["attachments"]] == ["application/pdf"]
        number = re.search(r"RFT-\d{4}-[0-9A-Z]{7}", letter["text"])
        assert number
        phone.goto(f"{business.web}/verify/{number[0]}")
        assert "Kit Traveller" in phone.inner_text("main")


class TestFromCancellationToRefund:
    def test_ends_with_the_money_on_its_way_and_a_letter(
        self, business: Business, desktop: Page, office: Page
    ) -> None:
        email = "kit.leaver@example.com"
        book(desktop, business, email)
        address = own_page(business, email)

        desktop.goto(address)
        desktop.click("a[href$='/cancel']")
        assert "£" in desktop.inner_text("main")
        desktop.locator("main form button[type=submit]").last.click()
        wait_for(lambda: "cancelled" in desktop.inner_text("main").lower(), "cancelled booking")
        # A private person who withdraws in time gets everything back; nobody has to approve it.
        letter = business.letter(email, "refund")
        assert "£" in letter["text"]
        office.goto(f"{business.web}/admin/refunds/?search={email}")
        wait_for(
            lambda: office.reload() and "Completed" in office.inner_text("main"),
            "completed refund",
        )


class TestFromHalfANameToWhoDidWhat:
    def test_finds_corrects_gives_back_and_can_tell_by_whom(
        self, business: Business, desktop: Page, office: Page
    ) -> None:
        email = "kit.misspelt@example.com"
        book(desktop, business, email, "Kit Pennyfarthing")

        # Half a name in the palette leads to the booking.
        office.goto(f"{business.web}/admin/")
        office.keyboard.press("Control+k")
        office.keyboard.type("nyfart")
        found = office.get_by_role("option", name=re.compile("Kit Pennyfarthing · ")).first
        found.click()
        office.wait_for_url(re.compile(r"/admin/bookings/details/"))
        booking = office.url

        # Its attendee is another person.
        office.get_by_role("link", name="Kit Pennyfarthing", exact=True).last.click()
        office.wait_for_url(re.compile(r"/admin/booking_attendees/details/"))
        office.get_by_role("link", name="Edit").click()
        office.fill("[name=first_name]", "Kitty")
        office.get_by_role("button", name="Save changes").click()
        expect(office.get_by_role("heading", name="Kitty Pennyfarthing")).to_be_visible()

        # A part of the price is asked for and approved.
        office.goto(booking)
        act(office, "request_refund", amount="20", reason="Parking was promised free")
        office.get_by_role("link", name="A refund waits for your decision").click()
        office.click("main a[href*='/admin/refunds/details/'] >> nth=0")
        act(office, "approve_refund")
        letter = business.letter(email, "refund")
        assert "£20.00" in letter["text"]

        # Who did what.
        office.goto(f"{booking}&tab=history")
        history = office.locator("ol.history")
        expect(history).to_contain_text("Kit → Kitty")
        expect(history.locator("li", has_text="Kit → Kitty")).to_contain_text("by Lex")
        office.goto(f"{booking}&tab=timeline")
        asked = office.locator("main li", has_text="asked for")
        expect(asked).to_contain_text("Parking was promised free")
        expect(asked.get_by_role("link", name="Lex")).to_be_visible()


class TestFromInquiryToAnswer:
    def test_ends_with_a_letter(self, business: Business, phone: Page, office: Page) -> None:
        email = "kit.asking@example.com"
        phone.goto(f"{business.web}/inquire")
        phone.fill("[name=first_name]", "Kit")
        phone.fill("[name=last_name]", "Asking")
        phone.fill("[name=email]", email)
        if phone.locator("[name=phone]").count():
            phone.fill("[name=phone]", "0113 496 0003")
        phone.fill("[name=number_of_people]", "8")
        phone.fill("[name=questions]", "Do you come to Wakefield?")
        phone.locator("main form button[type=submit]").last.tap()
        phone.wait_for_load_state()
        business.letter(email, "")

        find_row(office, business, "booking_inquiries", email)
        act(office, "respond", response="Yes, gladly.")

        answer = wait_for(
            lambda: next((x for x in business.letters() if "Yes, gladly." in x["text"]), None),
            "answer by letter",
        )
        assert email in str(answer["to"])
