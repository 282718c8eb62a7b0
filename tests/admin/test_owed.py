"""Tests of the page that says what is owed."""

from decimal import Decimal

from sqlalchemy.orm import Session

from rft_admin.core import clock
from rft_admin.payments import billing
from rft_admin.payments import service as payments
from tests.admin.conftest import Office
from tests.bookings import offers
from tests.bookings.offers import OFFICE, VISITOR


class TestOwed:
    def test_is_refused_to_an_instructor_who_sees_no_link_to_it(self, classroom: Office) -> None:
        assert classroom.get("/admin/owed/").status_code == 403
        assert "/admin/owed/" not in classroom.get("/admin/").text

    def test_says_when_nothing_is_owed(self, office: Office) -> None:
        assert "Nothing is owed" in office.get("/admin/owed/").text

    def test_shows_the_rest_of_a_part_payment_and_the_sum(
        self, office: Office, session: Session
    ) -> None:
        order = offers.business_order(offers.schedule().id, number_of_places=2)
        booking = offers.bookings.place_booking(order, now=clock.now(), by=VISITOR)
        invoice = billing.bill(booking, now=clock.now(), by=OFFICE)
        assert invoice is not None
        payments.record_payment(
            booking=booking, amount=Decimal(100), method="cash", now=clock.now(), by=OFFICE
        )
        session.commit()

        page = office.get("/admin/owed/").text

        assert "<strong>£50.00</strong><span>still to be paid" in page
        assert "<strong>£0.00</strong><span>of it overdue" in page
        for words in (booking.booking_reference, invoice.invoice_number, "Example Ltd"):
            assert words in page
        for label, sum_shown in (("Total", "£150.00"), ("Paid", "£100.00")):
            assert f'data-label="{label}">{sum_shown}</td>' in page
        assert 'data-label="Still to pay"><strong>£50.00</strong></td>' in page

    def test_is_one_click_from_everywhere(self, office: Office) -> None:
        assert 'href="/admin/owed/"' in office.get("/admin/").text
