"""Moved and made smaller: more to pay, or something back, by the terms as sold."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from rft_admin.bookings import service as bookings
from rft_admin.bookings.models import Booking, PaymentStatus
from rft_admin.core import clock
from rft_admin.core.settings import ValueType
from rft_admin.payments import billing, changes, invoices, ledger, refunds, tariff
from rft_admin.payments import service as payments
from rft_admin.payments.models import Invoice, RefundStatus
from tests.bookings import offers
from tests.bookings.offers import OFFICE
from tests.payments.desk import book_earlier, letters, set_setting

pytestmark = pytest.mark.usefixtures("session")


def paid(amount: Decimal | None = None, **order: Any) -> Booking:
    """Return a business's confirmed booking, in forty days, booked long ago and paid."""
    schedule = offers.schedule(days_ahead=order.pop("days_ahead", 40))
    terms = tariff.current_terms()
    booking = offers.confirmed(
        schedule.id, customer_type="business", company_name="Example Ltd", terms=terms, **order
    )
    book_earlier(booking, 30)
    sum_paid = booking.payment_amount if amount is None else amount
    if sum_paid:
        payments.record_payment(
            booking=booking, amount=sum_paid, method="cash", now=clock.now(), by=OFFICE
        )
    return booking


def move(booking: Booking, price: int) -> changes.Moved:
    target = offers.schedule(days_ahead=90, price_override=Decimal(price))
    return changes.transfer(booking=booking, schedule_id=target.id, now=clock.now(), by=OFFICE)


def to_pay(invoice: Invoice) -> str:
    """Return what the invoice asks for."""
    return str(invoice.content["totals"][-1]["amount"])


def give_up(booking: Booking, number: int) -> Any:
    ids = [place.id for place in booking.attendees if not place.is_cancelled][:number]
    return changes.cancel_places(
        booking=booking, attendee_ids=ids, reason="Ill", now=clock.now(), by=OFFICE
    )


class TestTransfer:
    def test_refuses_a_cheaper_date_while_a_refund_is_not_finished(self) -> None:
        booking = paid()
        refunds.request_refund(
            booking=booking, amount=Decimal(5), reason="Kindness", now=clock.now(), by=OFFICE
        )

        with pytest.raises(refunds.RefundOpen):
            move(booking, 60)

    def test_asks_for_the_rest_of_a_dearer_date_by_a_link_to_pay(self) -> None:
        booking = paid()
        old = invoices.find_live_invoice(booking)
        assert old is not None

        moved = move(booking, 95)

        new = invoices.find_live_invoice(booking)
        assert (moved.difference, moved.due, moved.refund) == (Decimal(20), Decimal(20), None)
        assert booking.payment_status is PaymentStatus.PENDING
        assert invoices.uncredited(old) == 0
        assert new is not None
        assert (new.total, to_pay(new)) == (Decimal(95), "£20.00")
        assert letters(booking)[-2:] == ["booking_transferred", "payment_link"]

    def test_asks_for_the_rest_by_an_invoice_where_the_booking_is_paid_so(self) -> None:
        order = offers.business_order(offers.schedule(days_ahead=40).id)
        booking = bookings.place_booking(order, now=clock.now(), by=OFFICE)
        billing.bill(booking, now=clock.now(), by=OFFICE)

        move(booking, 95)

        invoice = invoices.find_live_invoice(booking)
        assert invoice is not None
        assert (invoice.total, to_pay(invoice)) == (Decimal(95), "£95.00")
        assert letters(booking)[-2:] == ["booking_transferred", "invoice_issued"]

    def test_sends_no_link_while_card_payments_are_off(self) -> None:
        booking = paid()
        set_setting("payment.accept_online_payments", "false", ValueType.BOOLEAN)

        move(booking, 95)

        assert letters(booking)[-1] == "booking_transferred"

    def test_asks_nobody_who_has_not_paid_at_all_yet(self) -> None:
        booking = offers.booked(offers.schedule(days_ahead=40).id)

        move(booking, 95)

        assert letters(booking)[-1] == "booking_transferred"
        assert invoices.find_live_invoice(booking) is None

    def test_is_paid_again_with_the_difference_and_invoiced_as_it_now_is(self) -> None:
        booking = paid()
        move(booking, 95)

        payments.record_payment(
            booking=booking, amount=Decimal(20), method="cash", now=clock.now(), by=OFFICE
        )

        invoice = invoices.find_live_invoice(booking)
        assert booking.payment_status is PaymentStatus.PAID
        assert invoice is not None
        assert invoice.total == Decimal(95)

    def test_puts_up_what_was_paid_too_much(self) -> None:
        booking = paid()

        moved = move(booking, 60)

        assert moved.refund is not None
        assert (moved.refund.net_refund, moved.refund.status) == (
            Decimal(15),
            RefundStatus.PENDING,
        )
        assert (moved.due, booking.payment_status) == (Decimal(0), PaymentStatus.PAID)

    def test_takes_back_of_an_unpaid_invoice_what_is_not_to_be_paid(self) -> None:
        booking = paid(Decimal(0))
        invoices.issue_invoice(booking, now=clock.now(), by=OFFICE)

        moved = move(booking, 60)

        invoice = invoices.find_live_invoice(booking)
        assert (moved.refund, moved.due) == (None, Decimal(60))
        assert invoice is not None
        assert invoices.uncredited(invoice) == Decimal(60)

    def test_does_not_improve_the_tariff(self) -> None:
        booking = paid(days_ahead=10)
        assert tariff.explain(booking, clock.now()).percent == 25

        move(booking, 75)

        assert tariff.explain(booking, clock.now()).percent == 25


class TestPlaces:
    def test_give_back_their_own_price_by_the_tariff_with_the_fee_once(self) -> None:
        booking = paid(number_of_places=5)

        first, second = give_up(booking, 1), None
        refunds.approve(refund=first, now=clock.now(), by=OFFICE)
        refunds.complete_manual(refund=first, now=clock.now(), by=OFFICE)
        second = give_up(booking, 1)

        # £75 less 10 % for the group, which the others keep; £10 fee the first time only.
        assert (first.amount, first.processing_fee) == (Decimal("67.50"), Decimal(10))
        assert (second.amount, second.processing_fee) == (Decimal("67.50"), Decimal(0))
        assert booking.payment_amount == Decimal("202.50")
        assert booking.payment_status is PaymentStatus.PAID
        assert first.calculation["words"][0].startswith("1 place given up (")

    def test_are_explained_before_anybody_confirms(self) -> None:
        booking = paid(number_of_places=2, days_ahead=20)
        before = [place.id for place in booking.attendees]

        quote = changes.quote_places(booking, before[:1], now=clock.now())

        assert (quote.percent, quote.net) == (50, Decimal("37.50"))
        assert [place.is_cancelled for place in booking.attendees] == [False, False]

    def test_are_written_off_where_they_were_not_paid(self) -> None:
        booking = paid(Decimal(0), number_of_places=2)
        invoices.issue_invoice(booking, now=clock.now(), by=OFFICE)

        assert give_up(booking, 1) is None

        invoice = invoices.find_live_invoice(booking)
        assert ledger.amount_due(booking) == Decimal(75)
        assert invoice is not None
        assert invoices.uncredited(invoice) == Decimal(75)

    def test_give_back_only_what_was_paid_for_them(self) -> None:
        booking = paid(Decimal(100), number_of_places=2)

        refund = give_up(booking, 1)

        # £50 of the £75 were unpaid; the £25 come back less the fee.
        assert (refund.amount, refund.net_refund) == (Decimal(25), Decimal(15))
        assert (ledger.amount_due(booking), booking.payment_status) == (0, PaymentStatus.PAID)

    def test_give_nothing_back_shortly_before_the_course(self) -> None:
        booking = paid(number_of_places=2, days_ahead=5)

        assert give_up(booking, 1) is None
        assert booking.payment_status is PaymentStatus.PAID
        assert "refund_requested" not in letters(booking)

    def test_of_a_consumer_who_withdraws_come_back_in_full_at_once(self) -> None:
        schedule = offers.schedule(days_ahead=40)
        booking = offers.confirmed(schedule.id, number_of_places=2)
        payments.record_payment(
            booking=booking, amount=Decimal(150), method="cash", now=clock.now(), by=OFFICE
        )

        refund = give_up(booking, 1)

        assert (refund.net_refund, refund.status) == (Decimal(75), RefundStatus.APPROVED)
        assert refund.refund_due_by == clock.london_date(clock.now()) + timedelta(days=14)
