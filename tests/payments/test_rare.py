"""What happens rarely: two requests crossing, objects that are not ours, refusals half way."""

from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from rft_admin.bookings.models import BookingStatus, PaymentStatus
from rft_admin.core import clock
from rft_admin.core.database import db
from rft_admin.core.errors import Busy, NotFound
from rft_admin.payments import (
    checkout,
    disputes,
    ledger,
    locks,
    recording,
    refund_sending,
    refunds,
    schedules,
    webhook,
)
from rft_admin.payments import stripe_gateway as gateway
from rft_admin.payments.gateway_objects import PaymentIntent
from rft_admin.payments.models import (
    DifferenceKind,
    Invoice,
    NumberSeries,
    ReconciliationDifference,
    RefundStatus,
    StripeEvent,
    TransactionStatus,
)
from rft_admin.payments.recording import PaymentMismatch
from sandbox.stripe import StripeSandbox
from tests.bookings import offers
from tests.bookings.offers import OFFICE, VISITOR
from tests.payments import desk

RAISE = """
    DO $$ BEGIN
        RAISE EXCEPTION 'too much' USING ERRCODE = 'check_violation',
            CONSTRAINT = 'refunds_within_payment';
    END $$
"""


@pytest.mark.usefixtures("session")
class TestLocking:
    def test_refuses_rows_that_are_not_there(self) -> None:
        for lock in (locks.lock_booking, locks.lock_payment, locks.lock_refund):
            with pytest.raises(NotFound):
                lock(0)


class TestCheckout:
    def test_a_page_paid_while_it_is_closed_counts_as_paid(self, stripe: StripeSandbox) -> None:
        booking = offers.booked(offers.schedule().id)
        page_id = desk.pay_page(booking)
        seen_open = gateway.retrieve_session(page_id)
        stripe.pay(page_id)

        checkout._close(seen_open, now=clock.now(), by=VISITOR)

        assert booking.status is BookingStatus.CONFIRMED

    def test_another_request_that_opened_a_page_meanwhile_wins(self) -> None:
        crossed = checkout._Attempt(
            payment_id=1,
            idempotency_key="",
            request=None,
            open_session_id="cs_other",
            amount=Decimal(75),
        )

        with pytest.raises(checkout.PageOpening):
            checkout._open_page(crossed, by=VISITOR)

    def test_the_office_may_hold_places_longer_than_a_visitor(self, stripe: StripeSandbox) -> None:
        booking = offers.booked(offers.schedule().id, source="admin")
        booking.created_at = clock.now() - (checkout.MOST_HOLDS * checkout.LONGEST_SESSION)
        db.session.flush()

        assert desk.pay_page(booking)


class TestRecording:
    def test_an_intent_of_others_changes_nothing(self, stripe: StripeSandbox) -> None:
        foreign = PaymentIntent(
            id="pi_foreign",
            status="succeeded",
            amount=Decimal(75),
            currency="GBP",
            livemode=False,
            metadata={},
            failure_message=None,
            charge=None,
        )

        recording.record_intent(foreign, now=clock.now(), by=OFFICE)

        assert desk.notices() == []

    def test_a_second_intent_for_one_payment_does_not_fit(self, stripe: StripeSandbox) -> None:
        booking = offers.booked(offers.schedule().id)
        page_id = desk.pay_page(booking)
        stripe.pay(page_id)
        desk.the_payment(booking).stripe_payment_intent_id = "pi_other"
        db.session.flush()

        with pytest.raises(PaymentMismatch, match="is not the payment"):
            recording.apply_checkout(page_id, now=clock.now())

    def test_a_declined_card_leaves_an_invoiced_booking_as_it_is(
        self, stripe: StripeSandbox
    ) -> None:
        booking = offers.bookings.place_booking(
            offers.business_order(offers.schedule().id), now=offers.NOW, by=VISITOR
        )
        stripe.pay(desk.pay_page(booking), "declined")

        desk.deliver(stripe)

        assert booking.payment_status is PaymentStatus.PENDING
        assert desk.letters(booking).count("payment_failed") == 1

    def test_a_declined_card_of_a_cancelled_booking_is_not_written_about(
        self, stripe: StripeSandbox
    ) -> None:
        booking = offers.booked(offers.schedule().id)
        page_id = desk.pay_page(booking)
        offers.bookings.cancel(booking, reason="no", now=clock.now(), by=OFFICE)
        stripe.pay(page_id, "declined")

        desk.deliver(stripe)

        assert desk.the_payment(booking).status is TransactionStatus.FAILED
        assert "payment_failed" not in desk.letters(booking)


@pytest.mark.usefixtures("session")
class TestSavepoint:
    def test_passes_on_that_it_is_busy(self) -> None:
        def wait() -> None:
            raise Busy

        with pytest.raises(Busy):
            recording._in_savepoint(wait)

    def test_passes_on_a_fault_of_the_database(self) -> None:
        with pytest.raises(DBAPIError):
            recording._in_savepoint(lambda: db.session.execute(text("SELECT 1 / 0")))

    def test_tells_of_a_refusal_of_the_database(self) -> None:
        assert not recording._in_savepoint(lambda: db.session.execute(text(RAISE)))


class TestRefunds:
    def test_a_payment_is_given_back_by_itself_once(self, stripe: StripeSandbox) -> None:
        booking = desk.paid_booking(stripe)
        payment = desk.the_payment(booking)

        results = [
            refunds.give_back(payment, booking, rule="no_place", now=clock.now(), by=OFFICE)
            for _ in range(2)
        ]

        assert results[0] is desk.the_refund(booking)
        assert results[1] is None

    def test_a_refusal_that_comes_after_the_success_changes_nothing(
        self, stripe: StripeSandbox
    ) -> None:
        booking = desk.paid_booking(stripe)
        refunds.give_back(
            desk.the_payment(booking), booking, rule="no_place", now=clock.now(), by=OFFICE
        )
        refund = desk.the_refund(booking)
        claim = refund_sending._claim(refund.id, now=clock.now())
        assert claim is not None
        refunds.send(refund.id)

        refund_sending._note_refusal(claim, "Too late.", now=clock.now())

        assert refund.status is RefundStatus.COMPLETED

    def test_one_entered_by_another_run_meanwhile_is_not_entered_twice(
        self, stripe: StripeSandbox
    ) -> None:
        booking = desk.paid_booking(stripe)
        intent_id = str(desk.the_payment(booking).stripe_payment_intent_id)
        made = gateway.retrieve_refund(stripe.refund_in_dashboard(intent_id)["id"])

        for _ in range(2):
            refund_sending._record_from_outside(made, now=clock.now(), by=OFFICE)

        assert desk.the_refund(booking).stripe_refund_id == made.id

    def test_a_disputed_payment_stays_disputed_when_part_of_it_goes_back(
        self, stripe: StripeSandbox
    ) -> None:
        booking = desk.paid_booking(stripe)
        payment = desk.the_payment(booking)
        payment.status = TransactionStatus.DISPUTED

        ledger.restate(payment, booking)

        assert payment.status is TransactionStatus.DISPUTED


class TestDisputes:
    def test_a_dispute_that_comes_before_its_payment_is_noted_only(
        self, stripe: StripeSandbox
    ) -> None:
        payment = desk.the_payment(desk.paid_booking(stripe))
        opened = stripe.open_dispute(str(payment.stripe_payment_intent_id))
        payment.status = TransactionStatus.PENDING
        db.session.flush()

        disputes.record_dispute(gateway.retrieve_dispute(opened["id"]), now=clock.now())

        assert payment.status is TransactionStatus.PENDING
        assert payment.dispute_status == "needs_response"


class TestCancellingADate:
    def test_leaves_a_booking_that_was_cancelled_meanwhile(self, stripe: StripeSandbox) -> None:
        booking = offers.booked(offers.schedule().id)
        offers.bookings.cancel(booking, reason="I am ill.", now=clock.now(), by=OFFICE)

        schedules._cancel_one(booking.id, "The trainer is ill.", now=clock.now(), by=OFFICE)

        assert booking.cancellation_reason == "I am ill."
        assert "schedule_cancelled" not in desk.letters(booking)


class TestEventsWithoutAPayment:
    def test_are_read_from_their_own_object(self, stripe: StripeSandbox) -> None:
        booking = desk.paid_booking(stripe)
        payment = desk.the_payment(booking)
        intent_id = str(payment.stripe_payment_intent_id)
        refund = stripe.refund_in_dashboard(intent_id, 500)
        dispute = stripe.open_dispute(intent_id)
        events = [
            StripeEvent(
                stripe_event_id=f"evt_{number}",
                event_type=kind,
                object_id=object_id,
                payload={},
                livemode=False,
            )
            for number, (kind, object_id) in enumerate(
                (
                    ("charge.refunded", str(payment.stripe_charge_id)),
                    ("refund.created", refund["id"]),
                    ("charge.dispute.created", dispute["id"]),
                )
            )
        ]
        db.session.add_all(events)
        db.session.flush()

        for event in events:
            webhook.process(event.id)

        assert [event.error_message for event in events] == [None, None, None]
        assert desk.the_refund(booking).net_refund == Decimal("5.00")
        assert payment.status is TransactionStatus.DISPUTED


class TestNames:
    def test_say_what_a_row_is(self, stripe: StripeSandbox) -> None:
        booking = desk.paid_booking(stripe)
        payment = desk.the_payment(booking)
        refund = refunds.give_back(payment, booking, rule="no_place", now=clock.now(), by=OFFICE)
        assert refund is not None

        assert str(payment) == f"£75.00 by card, payment {payment.id}"
        assert str(refund) == refund.refund_reference
        assert refund.is_open
        assert refund.can_become(RefundStatus.PROCESSING)
        assert str(NumberSeries(name="INV-2027")) == "INV-2027"
        assert str(Invoice(invoice_number="INV-2027-00001")) == "INV-2027-00001"
        event = StripeEvent(event_type="refund.created", stripe_event_id="evt_1")
        assert str(event) == "refund.created evt_1"
        row = ReconciliationDifference(kind=DifferenceKind.MISSING_HERE, stripe_object_id="ch_1")
        assert str(row) == "ch_1, missing here"
