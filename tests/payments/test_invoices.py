"""Invoices and credit notes: numbered without gaps, frozen, and only with what the law wants."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO

import pytest
from flask import Flask
from pypdf import PdfReader
from sqlalchemy import select
from sqlalchemy.orm import Session

from config import Environment
from rft_admin.bookings.models import Booking
from rft_admin.core import clock
from rft_admin.core.database import db
from rft_admin.core.files import StoredFile
from rft_admin.payments import invoice_content, invoices, refunds
from rft_admin.payments import service as payments
from rft_admin.payments.models import Invoice, InvoiceKind
from tests.bookings import offers
from tests.bookings.offers import OFFICE, VISITOR
from tests.payments import desk

pytestmark = pytest.mark.usefixtures("session")


def on_invoice(**order: object) -> Booking:
    """Return an employer's confirmed booking of five places, to be paid later."""
    date = offers.schedule(days_ahead=60)
    asked = offers.business_order(
        date.id, number_of_places=5, purchase_order="PO #7 $x_y_", **order
    )
    return offers.bookings.place_booking(asked, now=offers.NOW, by=VISITOR)


def issued(booking: Booking) -> Invoice:
    invoice = invoices.issue_invoice(booking, now=clock.now(), by=OFFICE)
    assert invoice is not None
    return invoice


def text_of(invoice: Invoice) -> str:
    return "\n".join(page.extract_text() for page in reader(invoice).pages)


def reader(invoice: Invoice) -> PdfReader:
    stored = db.session.get_one(StoredFile, invoice.stored_file_id)
    return PdfReader(BytesIO(stored.content))


def record(booking: Booking, amount: str, method: str = "bank transfer") -> None:
    payments.record_payment(
        booking=booking, amount=Decimal(amount), method=method, now=clock.now(), by=OFFICE
    )


def set_legal() -> None:
    desk.set_setting("business.legal_name", "Example Person")
    desk.set_setting("business.legal_address", "1 Example Street\nLeeds\nLS1 1AA")


class TestRefusing:
    def test_production_issues_none_without_legal_name_and_address(self, app: Flask) -> None:
        offers.admin()
        booking = on_invoice()
        with pytest.MonkeyPatch.context() as patch:
            live = replace(app.config["RFT"], environment=Environment.PRODUCTION)
            patch.setitem(app.config, "RFT", live)

            assert invoices.issue_invoice(booking, now=clock.now(), by=OFFICE) is None
            assert any("legal name or address is missing" in title for title in desk.notices())

            set_legal()
            assert invoices.issue_invoice(booking, now=clock.now(), by=OFFICE) is not None

    def test_a_free_booking_has_none(self) -> None:
        date = offers.schedule(price_override=Decimal(0))
        booking = offers.booked(date.id)

        assert invoices.issue_invoice(booking, now=clock.now(), by=OFFICE) is None

    def test_a_refund_without_an_invoice_has_no_credit_note(self) -> None:
        booking = offers.confirmed(offers.schedule().id)
        record(booking, "75.00")
        invoice = db.session.scalars(select(Invoice)).one()
        refund = refunds.request_refund(
            booking=booking, amount=Decimal(5), reason="x", now=clock.now(), by=OFFICE
        )
        db.session.delete(invoice)
        db.session.flush()

        assert invoices.credit_note(refund, now=clock.now(), by=OFFICE) is None


class TestIssuing:
    def test_is_issued_once(self) -> None:
        booking = on_invoice()

        assert issued(booking) is issued(booking)

    def test_numbers_have_no_gap_and_begin_anew_each_year(self) -> None:
        numbers = [issued(on_invoice()).invoice_number for _ in range(2)]
        next_year = invoices.issue_invoice(
            on_invoice(), now=datetime(2031, 1, 1, 12, tzinfo=UTC), by=OFFICE
        )

        year = clock.london_date(clock.now()).year
        assert numbers == [f"INV-{year}-00001", f"INV-{year}-00002"]
        assert next_year is not None
        assert next_year.invoice_number == "INV-2031-00001"

    def test_prints_lines_totals_due_date_and_what_was_typed_as_it_was_typed(self) -> None:
        set_legal()
        desk.set_setting("business.bank_details", "Sort code 00-00-00\nAccount 00000000")

        invoice = issued(on_invoice())

        printed = text_of(invoice)
        for words in (
            "Example Person", "LS1 1AA", "Example Ltd", "PO #7 $x_y_", "£375.00", "-£37.50",
            "£337.50", "To be paid by", "Sort code 00-00-00", invoice.invoice_number,
        ):  # fmt: skip
            assert words in printed
        assert invoice.total == Decimal("337.50")
        assert invoice.due_date is not None
        assert "VAT" not in printed

    def test_says_whom_to_ask_while_no_bank_details_are_entered(self) -> None:
        invoice = issued(on_invoice())

        printed = text_of(invoice)

        assert "write to info@reactfasttraining.co.uk for our bank details" in printed
        assert f"Please quote {invoice.invoice_number}." in printed

    def test_prints_the_vat_inside_the_price_once_registered(self) -> None:
        desk.set_setting("business.vat_number", "GB 123 4567 89")

        printed = text_of(issued(on_invoice()))

        assert "GB 123 4567 89" in printed
        assert "of which VAT at 20 %" in printed
        assert "£56.25" in printed

    def test_a_paid_one_says_so_and_asks_for_nothing(self) -> None:
        booking = offers.confirmed(offers.schedule().id)
        record(booking, "75.00", "cash")

        invoice = db.session.scalars(select(Invoice)).one()
        assert "nothing left to pay" in text_of(invoice)

    def test_is_tagged_for_screen_readers_and_the_archive(self) -> None:
        pdf = reader(issued(on_invoice()))

        assert pdf.trailer["/Root"]["/MarkInfo"]["/Marked"]
        assert pdf.trailer["/Root"]["/Lang"] == "en-GB"
        metadata = pdf.trailer["/Root"]["/Metadata"].get_object().get_data().decode()
        assert "pdfuaid:part" in metadata
        assert "pdfaid:part" in metadata

    def test_a_group_price_that_does_not_divide_prints_no_single_price(self) -> None:
        booking = on_invoice()
        booking.price_per_place, booking.discount_applied = Decimal("33.33"), Decimal(0)
        booking.payment_amount = Decimal("100.00")

        content = invoice_content.for_invoice(
            booking, number="INV-1", paid=Decimal(0), due_date=None, now=clock.now()
        )

        assert content["lines"][0]["each"] == ""
        assert content["lines"][0]["amount"] == "£100.00"


class TestCrediting:
    def test_a_refund_takes_its_sum_back_once(self) -> None:
        booking = on_invoice()
        invoice = issued(booking)
        record(booking, "337.50")
        refund = refunds.cancel_and_refund(
            booking=booking, reason="ill", now=clock.now(), by=OFFICE, by_us=True
        )
        assert refund is not None

        refunds.complete_manual(refund=refund, now=clock.now(), by=OFFICE)
        again = invoices.credit_note(refund, now=clock.now(), by=OFFICE)

        credit = db.session.scalars(select(Invoice).filter_by(kind=InvoiceKind.CREDIT_NOTE)).one()
        assert credit is again
        assert credit.invoice_number.startswith("CRN-")
        assert (credit.total, credit.credits_invoice_id) == (Decimal("337.50"), invoice.id)
        assert invoice.invoice_number in text_of(credit)
        assert "refund_completed" in desk.letters(booking)

    def test_an_unpaid_invoice_is_closed_by_a_credit_note(self) -> None:
        booking = on_invoice()
        invoice = issued(booking)

        refunds.cancel_and_refund(booking=booking, reason="ill", now=clock.now(), by=OFFICE)

        credit = db.session.scalars(select(Invoice).filter_by(credits_invoice_id=invoice.id)).one()
        assert credit.total == Decimal("337.50")
        assert credit.refund_id is None
        assert invoices.find_live_invoice(booking) is None

    def test_cancelling_without_an_invoice_credits_nothing(self, session: Session) -> None:
        booking = offers.booked(offers.schedule().id)

        assert invoices.close_unpaid(booking, now=clock.now(), by=OFFICE) is None
        assert session.scalars(select(Invoice)).all() == []
