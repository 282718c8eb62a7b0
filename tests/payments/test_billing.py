"""Paying by invoice: billed before the payment, reminded of in time, closed when cancelled."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import select

from config import Environment
from rft_admin.bookings.models import Booking, BookingStatus, PaymentStatus
from rft_admin.core import clock
from rft_admin.core.database import db
from rft_admin.messaging.models import EmailLog
from rft_admin.payments import billing, invoices, ledger, refunds
from rft_admin.payments import service as payments
from rft_admin.payments.models import Invoice
from rft_admin.payments.owed import (
    is_overdue,
    is_owed,
    list_owed,
    total_overdue,
    total_owed,
)
from tests.bookings import offers
from tests.bookings.offers import OFFICE, VISITOR
from tests.payments import desk

pytestmark = pytest.mark.usefixtures("session")


def on_invoice(places: int = 2, **order: object) -> Booking:
    """Return an employer's confirmed booking, to be paid in a fortnight."""
    asked = offers.business_order(offers.schedule().id, number_of_places=places, **order)
    return offers.bookings.place_booking(asked, now=offers.NOW, by=VISITOR)


def billed(**order: object) -> tuple[Booking, Invoice]:
    """Return such a booking with its invoice."""
    booking = on_invoice(**order)
    invoice = billing.bill(booking, now=offers.NOW, by=OFFICE)
    assert invoice is not None
    return booking, invoice


def from_due(invoice: Invoice, days: int) -> datetime:
    """Return noon so many days after the invoice's due date."""
    assert invoice.due_date is not None
    return clock.london_midnight(invoice.due_date + timedelta(days=days)) + timedelta(hours=12)


def pay(booking: Booking, amount: str) -> None:
    payments.record_payment(
        booking=booking,
        amount=Decimal(amount),
        method="bank transfer",
        now=offers.NOW,
        by=OFFICE,
    )


def letter(booking: Booking, template: str) -> EmailLog:
    """Return the latest letter of this name."""
    found = select(EmailLog).filter_by(booking_id=booking.id, template_name=template)
    letters = db.session.scalars(found.order_by(EmailLog.id.desc())).all()
    return letters[0]


def owed(condition: object) -> list[int]:
    return list(db.session.scalars(select(Booking.id).where(condition)))  # type: ignore[arg-type] # a condition


@pytest.fixture
def production(app: Flask) -> Iterator[None]:
    """Be in production, where an invoice needs the legal name and address."""
    with pytest.MonkeyPatch.context() as patch:
        live = replace(app.config["RFT"], environment=Environment.PRODUCTION)
        patch.setitem(app.config, "RFT", live)
        yield


class TestBilling:
    def test_bills_nothing_that_is_paid_by_card(self) -> None:
        booking = offers.confirmed(offers.schedule().id)

        assert billing.bill(booking, now=offers.NOW, by=OFFICE) is None
        assert invoices.find_live_invoice(booking) is None

    @pytest.mark.usefixtures("production")
    def test_waits_for_the_legal_name_and_bills_by_the_job_then(self) -> None:
        booking = on_invoice()

        assert billing.bill(booking, now=offers.NOW, by=OFFICE) is None
        assert billing.remind(now=offers.NOW) == 0
        assert "invoice_issued" not in desk.letters(booking)

        desk.set_setting("business.legal_name", "Example Person")
        desk.set_setting("business.legal_address", "1 Example Street")
        billing.remind(now=offers.NOW)
        billing.remind(now=offers.NOW)

        assert desk.letters(booking).count("invoice_issued") == 1

    def test_sends_the_invoice_once_before_it_is_paid(self) -> None:
        desk.set_setting("business.bank_details", "Sort code 00-00-00")
        booking, invoice = billed(purchase_order="PO-7")

        assert billing.bill(booking, now=offers.NOW, by=OFFICE) is None

        sent = letter(booking, "invoice_issued")
        assert desk.letters(booking).count("invoice_issued") == 1
        assert sent.attachments == [{"kind": "stored_file", "id": invoice.stored_file_id}]
        for words in (invoice.invoice_number, "£150.00", "PO-7", "Sort code 00-00-00"):
            assert words in sent.body_text
            assert words in sent.body_html
        assert booking.status is BookingStatus.CONFIRMED
        assert booking.payment_status is PaymentStatus.PENDING


class TestReminderDue:
    @pytest.mark.parametrize(
        ("days", "reminder"),
        [(-4, None), (-3, -3), (0, -3), (1, None), (2, None), (3, 3), (9, 3), (10, 10), (99, 10)],
    )
    def test_follows_the_days_from_the_due_date(self, days: int, reminder: int | None) -> None:
        due = date(2027, 3, 28)

        assert billing.reminder_due(due, due + timedelta(days=days)) == reminder


class TestReminding:
    @pytest.mark.parametrize("days", [-4, 1])
    def test_is_silent_between_the_days(self, days: int) -> None:
        booking, invoice = billed()

        assert billing.remind(now=from_due(invoice, days)) == 0
        assert "invoice_reminder" not in desk.letters(booking)

    def test_is_silent_on_the_day_of_issue(self) -> None:
        _, invoice = billed()
        invoice.due_date = clock.london_date(offers.NOW)
        db.session.flush()

        assert billing.remind(now=offers.NOW) == 0

    def test_is_silent_once_paid_cancelled_or_credited(self) -> None:
        paid, invoice = billed()
        pay(paid, "150.00")
        cancelled, _ = billed()
        refunds.cancel_and_refund(booking=cancelled, reason="x", now=offers.NOW, by=OFFICE)
        credited, _ = billed()
        invoices.close_unpaid(credited, now=offers.NOW, by=OFFICE)

        assert billing.remind(now=from_due(invoice, 3)) == 0

    def test_reminds_three_times_however_often_the_job_runs(self) -> None:
        offers.admin()
        booking, invoice = billed()

        sent = [billing.remind(now=from_due(invoice, days)) for days in (-3, -3, 3, 4, 10, 11, 30)]

        assert sent == [1, 0, 1, 0, 1, 0, 0]
        assert desk.letters(booking).count("invoice_reminder") == 3
        assert invoice.last_reminder_days == 10
        overdue = [title for title in desk.notices() if "overdue" in title]
        assert overdue == [f"£150.00 overdue for {booking.booking_reference}"]

    def test_says_before_that_it_is_due_and_afterwards_that_it_was(self) -> None:
        booking, invoice = billed()
        pay(booking, "50.00")

        billing.remind(now=from_due(invoice, -3))
        before = letter(booking, "invoice_reminder")
        billing.remind(now=from_due(invoice, 3))
        after = letter(booking, "invoice_reminder")

        assert before.subject == f"Invoice {invoice.invoice_number} is due soon: £100.00"
        assert after.subject == f"Invoice {invoice.invoice_number} is overdue: £100.00"
        assert "is due by" in before.body_text
        assert "which was due by" in after.body_text
        assert "Still to pay: £100.00" in after.body_text


class TestPartPayments:
    def test_refuses_more_than_is_left_with_a_sentence(self) -> None:
        booking, _ = billed()
        pay(booking, "100.00")

        with pytest.raises(payments.AmountWrong, match=r"up to £50\.00.*Pay back by hand"):
            pay(booking, "50.01")

    def test_leave_the_rest_owed_until_the_sum_is_reached(self) -> None:
        booking, invoice = billed()

        pay(booking, "100.00")
        assert ledger.amount_due(booking) == Decimal("50.00")
        assert owed(is_owed()) == [booking.id]
        assert "Still to pay: £50.00" in letter(booking, "payment_received").body_text

        pay(booking, "50.00")
        assert booking.payment_status is PaymentStatus.PAID
        assert owed(is_owed()) == []
        assert "Still to pay" not in letter(booking, "payment_received").body_text
        assert invoices.issue_invoice(booking, now=offers.NOW, by=OFFICE) is invoice


class TestOwed:
    def test_lists_what_takes_place_unpaid_and_apart_what_is_overdue(self) -> None:
        offers.booked(offers.schedule().id)
        offers.booked(offers.schedule(price_override=Decimal(0)).id)
        due, late = on_invoice(), on_invoice()
        late.payment_due_at = clock.now() - timedelta(days=2)
        db.session.flush()

        assert sorted(owed(is_owed())) == [due.id, late.id]
        assert owed(is_overdue(clock.now())) == [late.id]

    def test_tells_the_rest_of_each_and_their_sum_the_longest_overdue_first(self) -> None:
        offers.booked(offers.schedule(price_override=Decimal(0)).id)
        untouched, (part_paid, invoice), late = on_invoice(), billed(), on_invoice(places=1)
        pay(part_paid, "100.00")
        late.payment_due_at = clock.now() - timedelta(days=2)
        untouched.payment_due_at = None
        db.session.flush()

        lines = list_owed(clock.now())

        assert [(line.booking.id, line.paid, line.rest, line.days_late) for line in lines] == [
            (late.id, Decimal(0), Decimal(75), 2),
            (part_paid.id, Decimal(100), Decimal(50), 0),
            (untouched.id, Decimal(0), Decimal(150), 0),
        ]
        assert [line.invoice for line in lines] == [None, invoice, None]
        assert total_owed() == Decimal(275)
        assert total_overdue(clock.now()) == Decimal(75)

    def test_knows_a_confirmed_booking_whose_card_was_declined(self) -> None:
        booking = on_invoice()
        booking.payment_status = PaymentStatus.FAILED
        db.session.flush()

        assert owed(is_owed()) == [booking.id]
        assert total_owed() == Decimal(150)

    def test_shows_so_many_and_sums_up_all(self) -> None:
        for _ in range(3):
            on_invoice()

        assert len(list_owed(clock.now(), most=2)) == 2
        assert total_owed() == Decimal(450)

    def test_is_not_overdue_on_the_due_date_itself(self) -> None:
        booking = on_invoice()
        booking.payment_due_at = clock.london_midnight(date(2027, 3, 28)) + timedelta(hours=1)
        db.session.flush()

        on_the_day = clock.london_midnight(date(2027, 3, 28)) + timedelta(hours=20)
        assert owed(is_overdue(on_the_day)) == []
        assert owed(is_overdue(on_the_day + timedelta(hours=5))) == [booking.id]


class TestCancelling:
    def test_closes_what_is_unpaid_by_a_credit_note_that_is_sent(self) -> None:
        booking, invoice = billed()
        pay(booking, "100.00")

        refunds.cancel_and_refund(
            booking=booking, reason="No need", now=offers.NOW, by=OFFICE, by_us=True
        )

        closed = letter(booking, "invoice_closed")
        note = db.session.scalars(select(Invoice).filter_by(credits_invoice_id=invoice.id)).one()
        assert (note.total, note.refund_id) == (Decimal("50.00"), None)
        assert note.invoice_number in closed.body_text
        assert closed.attachments == [{"kind": "stored_file", "id": note.stored_file_id}]
        assert desk.the_refund(booking).net_refund == Decimal("100.00")

    def test_sends_no_credit_note_where_nothing_was_billed(self) -> None:
        booking = on_invoice()

        refunds.cancel_and_refund(booking=booking, reason="No need", now=offers.NOW, by=OFFICE)

        assert "invoice_closed" not in desk.letters(booking)

    def test_bills_anew_when_it_is_reinstated(self) -> None:
        booking, invoice = billed()
        refunds.cancel_and_refund(booking=booking, reason="No need", now=offers.NOW, by=OFFICE)
        offers.bookings.reinstate(booking, now=offers.NOW, by=OFFICE)

        again = billing.bill(booking, now=offers.NOW, by=OFFICE)

        assert again is not None
        assert again.invoice_number != invoice.invoice_number
