"""The office's stories: the first sign-in, the class, the certificate, the refund, the inquiry."""

from urllib.parse import urlsplit

import pytest

from rft_admin.bookings.models import Booking
from rft_admin.core.database import db
from rft_admin.delivery.models import Certificate
from rft_admin.payments.models import Refund
from seeds.reference import ADMIN_EMAIL
from tests.journeys.conftest import House, link_in, move_to_today, open_date, text_of
from tests.journeys.test_booking import EMAIL, book, pay
from tests.journeys.visitor import Page, Visitor

FIRST_PASSWORD, NEW_PASSWORD = "LexOnly321!", "a calm sentence about kettles"
OFFICE_EMAIL = "info@reactfasttraining.co.uk"


def sign_in(house: House, password: str = NEW_PASSWORD) -> tuple[Visitor, Page]:
    """Sign in to the admin."""
    visitor = house.visitor()
    page = visitor.open("/admin/")
    page = visitor.submit(page, page.form("password"), email=ADMIN_EMAIL, password=password)
    return visitor, page


@pytest.fixture
def office(house: House) -> Visitor:
    """The admin, signed in, with a password of his own."""
    visitor, page = sign_in(house, FIRST_PASSWORD)
    visitor.submit(
        page,
        page.form("new_password"),
        current_password=FIRST_PASSWORD,
        new_password=NEW_PASSWORD,
        confirm_password=NEW_PASSWORD,
    )
    return visitor


def act(office: Visitor, table: str, action: str, row_id: int, **fields: object) -> Page:
    """Run an action on one row: the confirmation page first, then for good."""
    listed = office.open(f"/admin/{table}/details/?id={row_id}")
    token = next(f.fields["csrf_token"][0] for f in listed.forms if "csrf_token" in f.fields)
    confirm = office._follow(
        "POST",
        f"/admin/{table}/action/",
        {"action": action, "rowid": str(row_id), "csrf_token": token},
    )
    assert confirm.status == 200, confirm.text
    return office.submit(confirm, confirm.form("confirmed"), **fields)


class TestSignIn:
    def test_sends_the_seeded_admin_to_a_new_password_first(self, house: House) -> None:
        visitor, page = sign_in(house, FIRST_PASSWORD)

        assert page.form("new_password")
        assert visitor.open("/admin/bookings/").form("new_password")

    def test_leads_to_today(self, office: Visitor) -> None:
        page = office.open("/admin/")

        assert page.status == 200
        assert "Today" in page.text

    def test_is_asked_of_strangers(self, house: House) -> None:
        page = house.visitor().open("/admin/bookings/")

        assert urlsplit(page.path).path == "/admin/sign-in"


class TestClass:
    def test_ends_with_a_certificate_that_anybody_can_check(
        self, house: House, office: Visitor
    ) -> None:
        schedule_id = open_date(house.app, days_ahead=40)
        _, payment = book(house, schedule_id)
        pay(house, payment.path)
        move_to_today(house.app, schedule_id)
        with house.app.app_context():
            booking = db.session.query(Booking).one()
            booking_id, attendee_id = booking.id, booking.attendees[0].id

        page = office.open(f"/admin/register/{schedule_id}/")
        assert "Dana Example" in page.text
        page = office.submit(
            page,
            page.form(f"status-{attendee_id}"),
            **{f"status-{attendee_id}": "present", f"assessment-{attendee_id}": "1"},
        )
        assert page.status == 200
        done = act(office, "bookings", "issue_certificate", booking_id)
        house.run_jobs()

        assert done.status == 200
        letter = house.letter_to(EMAIL, "certificate")
        attached = [part.get_content_type() for part in letter.iter_attachments()]
        assert attached == ["application/pdf"]
        with house.app.app_context():
            number = db.session.query(Certificate).one().certificate_number
        check = house.visitor().open(f"/verify/{number}")
        assert "Dana Example" in check.text
        assert "/verify/" in text_of(letter)


class TestRefund:
    def test_is_requested_approved_and_arrives(self, house: House, office: Visitor) -> None:
        schedule_id = open_date(house.app, days_ahead=20)
        _, payment = book(house, schedule_id, customer_type="business", company_name="Example Ltd")
        pay(house, payment.path)
        customer = house.visitor()
        mine = customer.open(link_in(house.letter_to(EMAIL, "confirmed"), "/bookings/"))

        cancel = customer.open(mine.path.partition("?")[0] + "/cancel")
        assert "£37.50" in cancel.text
        cancelled = customer.submit(cancel, cancel.form("csrf_token"))
        house.run_jobs()
        assert "cancelled" in cancelled.text.lower()
        assert house.letters_to(OFFICE_EMAIL)
        with house.app.app_context():
            refund_id = db.session.query(Refund).one().id

        act(office, "refunds", "approve_refund", refund_id)
        house.run_jobs()
        house.deliver_events()

        with house.app.app_context():
            refund = db.session.get(Refund, refund_id)
            assert (refund.status, str(refund.net_refund)) == ("completed", "37.50")
        assert house.stripe.ledger()["refunds"] == 3750
        assert "£37.50" in text_of(house.letters_to(EMAIL)[-1])


class TestInquiry:
    def test_is_answered_by_letter(self, house: House, office: Visitor) -> None:
        schedule_id = open_date(house.app, days_ahead=30)
        visitor = house.visitor()
        page = visitor.open(f"/inquire/{schedule_id}")
        sent = visitor.submit(
            page,
            page.form("questions"),
            first_name="Jo",
            last_name="Asking",
            email="jo@example.com",
            number_of_people=3,
            questions="Is there parking?",
        )
        house.run_jobs()
        assert sent.status == 200
        assert house.letters_to("jo@example.com")
        assert "Is there parking?" in text_of(house.letters_to(OFFICE_EMAIL)[-1])

        act(office, "booking_inquiries", "respond", 1, response="Yes, behind the house.")
        house.run_jobs()

        assert "Yes, behind the house." in text_of(house.letters_to("jo@example.com")[-1])
