"""The page of a quote: closed to strangers, clear about the terms, accepted once."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from rft_admin.bookings import quotes
from rft_admin.bookings.models import Booking, BookingInquiry, BookingStatus
from rft_admin.catalogue.schedules import DayTimes
from rft_admin.core import clock
from rft_admin.core.actor import Actor
from rft_admin.core.tokens import sign_row
from rft_admin.payments.models import Invoice
from tests.factories import CourseFactory, InquiryFactory
from tests.public.conftest import at, send

OFFICE = Actor(label="office")


def quoted(days_ahead: int = 60, **values: Any) -> BookingInquiry:
    """Return an inquiry for six people with a quote of £480, valid for a week."""
    inquiry: BookingInquiry = InquiryFactory(number_of_people=6, **values)
    day = DayTimes(starts_at=at(days_ahead), ends_at=at(days_ahead, 16, 30), break_minutes=60)
    offer = quotes.QuoteOffer(
        course_id=CourseFactory().id,
        days=[day],
        site_address="1 Example Street, Leeds",
        total=Decimal(480),
        valid_until=clock.london_date(clock.now()) + timedelta(days=7),
    )
    return quotes.send_quote(inquiry, offer, now=clock.now(), by=OFFICE)


def address_of(inquiry: BookingInquiry) -> str:
    token = sign_row(quotes.LINK, inquiry.id, version=inquiry.quoted_schedule_id or 0)
    return f"/quotes/{inquiry.inquiry_reference}?t={token}"


@pytest.fixture
def business(session: Session) -> BookingInquiry:
    """A company's quote."""
    return quoted(company_name="Example Ltd")


class TestRefusals:
    @pytest.mark.parametrize("rest", ["", "?t=forged"])
    def test_is_closed_to_strangers(
        self, client: FlaskClient, business: BookingInquiry, rest: str
    ) -> None:
        path = f"/quotes/{business.inquiry_reference}{rest}"

        assert client.get(path).status_code == 404

    def test_needs_the_terms(self, client: FlaskClient, business: BookingInquiry) -> None:
        answer = send(client, address_of(business), {"payment_method": "invoice"})

        assert answer.status_code == 422
        assert "Please accept the quote and the terms." in answer.text

    def test_says_when_it_is_over(
        self, client: FlaskClient, business: BookingInquiry, session: Session
    ) -> None:
        business.quoted_until = clock.london_date(clock.now()) - timedelta(days=1)
        session.flush()

        page = client.get(address_of(business)).text

        assert "This quote is no longer open" in page
        assert 'name="accept_terms"' not in page

    def test_offers_no_invoice_to_a_private_person(
        self, client: FlaskClient, session: Session
    ) -> None:
        page = client.get(address_of(quoted())).text

        assert 'value="invoice"' not in page

    def test_asks_a_private_person_for_an_early_start(
        self, client: FlaskClient, session: Session
    ) -> None:
        inquiry = quoted(days_ahead=10)
        answers = {"payment_method": "card", "accept_terms": "y"}

        refused = send(client, address_of(inquiry), answers)
        taken = send(client, address_of(inquiry), answers | {"early_start_request": "y"})

        assert (refused.status_code, taken.status_code) == (422, 303)


class TestAccept:
    def test_shows_date_site_total_last_day_and_the_private_terms(
        self, client: FlaskClient, business: BookingInquiry
    ) -> None:
        page = client.get(address_of(business)).text

        for words in ("1 Example Street", "£480.00", "Valid until", "46 days or more"):
            assert words in page

    def test_by_invoice_books_bills_and_opens_the_bookings_page(
        self, client: FlaskClient, business: BookingInquiry, session: Session
    ) -> None:
        answers = {"payment_method": "invoice", "accept_terms": "y", "purchase_order": "PO-7"}

        answer = send(client, address_of(business), answers, follow_redirects=True)

        booking = session.scalars(select(Booking)).one()
        assert "Your booking is confirmed" in answer.text
        assert booking.terms_snapshot["private"] is True
        assert session.scalars(select(Invoice.total)).all() == [Decimal(480)]
        assert "This quote is accepted" in client.get(address_of(business)).text

    def test_by_card_waits_on_the_bookings_page_when_stripe_is_away(
        self, client: FlaskClient, session: Session
    ) -> None:
        inquiry = quoted()
        answers = {"payment_method": "card", "accept_terms": "y"}

        answer = send(client, address_of(inquiry), answers, follow_redirects=True)

        assert "Pay £480.00 by card" in answer.text
        booking = session.scalars(select(Booking)).one()
        assert (booking.status, booking.hold_expires_at) == (BookingStatus.PENDING, None)
