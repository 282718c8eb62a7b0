"""Stripe's events: stored once, obeyed once, in any order, and only if they fit our books."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from rft_admin.bookings import states
from rft_admin.bookings.models import Booking, BookingStatus, PaymentStatus
from rft_admin.bookings.placing import HOLD_EXPIRED
from rft_admin.core import clock
from rft_admin.core.database import db
from rft_admin.core.settings import ValueType
from rft_admin.payments import webhook
from rft_admin.payments.gateway_objects import BadSignature, GatewayAway
from rft_admin.payments.models import (
    Invoice,
    InvoiceKind,
    RefundStatus,
    StripeEvent,
    TransactionStatus,
)
from sandbox.stripe import StripeSandbox
from tests.bookings import offers
from tests.bookings.offers import OFFICE
from tests.payments import desk


def lapsed(booking: Booking) -> Booking:
    """Let the booking be cancelled as the tidy job does."""
    return states.cancel(booking, reason=HOLD_EXPIRED, now=clock.now(), by=OFFICE, tell=False)


def paid_late(stripe: StripeSandbox, booking: Booking) -> None:
    """Pay a booking that lost its places while its page was open."""
    page = desk.pay_page(booking)
    lapsed(booking)
    stripe.pay(page)


class TestReceiving:
    def test_refuses_what_stripe_did_not_sign(self, stripe: StripeSandbox) -> None:
        stripe.pay(desk.pay_page(offers.booked(offers.schedule().id)))
        payload, headers = stripe.signed_event(stripe.events()[0]["id"])

        with pytest.raises(BadSignature):
            desk.receive(payload + b" ", headers["Stripe-Signature"])

    def test_refuses_a_body_that_is_no_event(self, stripe: StripeSandbox) -> None:
        with pytest.raises(BadSignature):
            desk.receive(b"hello", "t=1,v1=abc")

    def test_stores_an_event_once_and_queues_one_job(self, stripe: StripeSandbox) -> None:
        stripe.pay(desk.pay_page(offers.booked(offers.schedule().id)))
        event_id = stripe.events("checkout.session.completed")[0]["id"]
        payload, headers = stripe.signed_event(event_id)

        first = desk.receive(payload, headers["Stripe-Signature"])
        second = desk.receive(payload, headers["Stripe-Signature"])

        assert first is not None
        assert first.event_type == "checkout.session.completed"
        assert second is None
        assert desk.jobs("process_event") == 1

    def test_stores_and_refuses_an_event_of_the_other_mode(self, stripe: StripeSandbox) -> None:
        booking = offers.booked(offers.schedule().id)
        stripe.pay(desk.pay_page(booking))
        event_id = stripe.events("checkout.session.completed")[0]["id"]
        stripe.set_livemode(event_id)
        payload, headers = stripe.signed_event(event_id)

        stored = desk.receive(payload, headers["Stripe-Signature"])

        assert stored is not None
        assert stored.error_message == webhook.WRONG_MODE
        assert desk.jobs("process_event") == 0
        webhook.process(stored.id)
        assert booking.status is BookingStatus.PENDING


class TestPaying:
    def test_confirms_the_booking_with_its_letters_and_invoice(self, stripe: StripeSandbox) -> None:
        offers.admin()
        booking = desk.paid_booking(stripe)

        payment = desk.the_payment(booking)
        assert booking.status is BookingStatus.CONFIRMED
        assert booking.payment_status is PaymentStatus.PAID
        assert booking.hold_expires_at is None
        assert payment.status is TransactionStatus.SUCCEEDED
        assert (payment.fee_amount, payment.net_amount) == (Decimal("1.33"), Decimal("73.67"))
        assert payment.stripe_charge_id
        assert payment.stripe_balance_transaction
        assert payment.payment_method == "card"
        assert desk.letters(booking).count("booking_confirmed") == 1
        assert desk.letters(booking).count("payment_received") == 1
        assert any(title.startswith("£75.00 paid for") for title in desk.notices())

    @pytest.mark.parametrize("seed", range(4))
    def test_ends_the_same_however_events_come_and_how_often(
        self, stripe: StripeSandbox, seed: int
    ) -> None:
        booking = offers.booked(offers.schedule().id)
        page = desk.pay_page(booking)
        stripe.pay(page, "declined")
        stripe.pay(page)

        desk.deliver(stripe, order="shuffled", times=(1, 4), seed=seed)

        assert booking.status is BookingStatus.CONFIRMED
        assert booking.payment_status is PaymentStatus.PAID
        assert desk.letters(booking).count("booking_confirmed") == 1
        assert desk.letters(booking).count("payment_received") == 1

    def test_leaves_the_confirming_to_the_office_when_told_so(self, stripe: StripeSandbox) -> None:
        desk.set_setting("booking.booking_auto_confirm", "false", ValueType.BOOLEAN)

        booking = desk.paid_booking(stripe)

        assert booking.status is BookingStatus.PENDING
        assert booking.payment_status is PaymentStatus.PAID
        assert booking.hold_expires_at is None

    def test_waits_for_a_payment_that_takes_days(self, stripe: StripeSandbox) -> None:
        booking = offers.booked(offers.schedule().id)
        page = desk.pay_page(booking)
        stripe.pay(page, "delayed")
        desk.deliver(stripe)
        meanwhile = desk.the_payment(booking).status

        stripe.settle(page)
        desk.deliver(stripe)

        assert meanwhile is TransactionStatus.PROCESSING
        assert booking.status is BookingStatus.CONFIRMED

    def test_writes_down_a_delayed_payment_that_failed(self, stripe: StripeSandbox) -> None:
        booking = offers.booked(offers.schedule().id)
        page = desk.pay_page(booking)
        stripe.pay(page, "delayed")
        stripe.settle(page, succeeded=False)

        desk.deliver(stripe)

        assert desk.the_payment(booking).status is TransactionStatus.FAILED
        assert booking.payment_status is PaymentStatus.FAILED

    def test_an_expired_page_ends_the_payment_and_nothing_else(self, stripe: StripeSandbox) -> None:
        booking = offers.booked(offers.schedule().id)
        stripe.expire(desk.pay_page(booking))

        desk.deliver(stripe)

        assert desk.the_payment(booking).status is TransactionStatus.CANCELLED
        assert booking.status is BookingStatus.PENDING

    def test_repeats_the_event_when_stripe_does_not_answer(self, stripe: StripeSandbox) -> None:
        booking = offers.booked(offers.schedule().id)
        stripe.pay(desk.pay_page(booking))
        stripe.add_fault("error_500", "GET", "*", times=20)

        with pytest.raises(GatewayAway):
            desk.deliver(stripe)
        stripe.clear_faults()
        desk.deliver(stripe)

        assert booking.status is BookingStatus.CONFIRMED

    def test_finds_the_payment_by_its_metadata_when_the_page_was_never_written_down(
        self, stripe: StripeSandbox
    ) -> None:
        booking = offers.booked(offers.schedule().id)
        stripe.pay(desk.pay_page(booking))
        desk.the_payment(booking).stripe_checkout_session_id = None
        db.session.flush()

        desk.deliver(stripe)

        assert booking.status is BookingStatus.CONFIRMED


class TestMismatch:
    def test_an_amount_that_does_not_fit_confirms_nothing_and_is_told(
        self, stripe: StripeSandbox
    ) -> None:
        offers.admin()
        booking = offers.booked(offers.schedule().id)
        stripe.pay(desk.pay_page(booking))
        desk.the_payment(booking).amount = Decimal(10)
        db.session.flush()

        desk.deliver(stripe)

        assert booking.status is BookingStatus.PENDING
        assert all(db.session.scalars(select(StripeEvent.error_message)).all())
        assert any("came to nothing" in title for title in desk.notices())

    def test_a_payment_of_another_business_on_the_account_changes_nothing(
        self, stripe: StripeSandbox
    ) -> None:
        booking = offers.booked(offers.schedule().id)
        stripe.pay(desk.pay_page(booking))
        payment = desk.the_payment(booking)
        payment.stripe_checkout_session_id, payment.idempotency_key = None, "another"
        db.session.flush()

        desk.deliver(stripe)

        assert payment.status is TransactionStatus.PENDING
        assert not any(db.session.scalars(select(StripeEvent.error_message)).all())

    def test_an_event_of_a_kind_nobody_asked_for_is_put_aside(self, stripe: StripeSandbox) -> None:
        event = StripeEvent(
            stripe_event_id="evt_1", event_type="customer.created", payload={}, livemode=False
        )
        db.session.add(event)
        db.session.flush()

        webhook.process(event.id)
        webhook.process(0)

        assert event.processed_at is not None


class TestComingLate:
    def test_takes_the_places_again_when_there_is_room(self, stripe: StripeSandbox) -> None:
        booking = offers.booked(offers.schedule().id)

        paid_late(stripe, booking)
        desk.deliver(stripe)

        assert booking.status is BookingStatus.CONFIRMED
        assert booking.cancelled_at is None

    def test_is_given_back_in_full_once_when_the_places_are_gone(
        self, stripe: StripeSandbox
    ) -> None:
        offers.admin()
        date = offers.schedule(max_capacity=1)
        booking = offers.booked(date.id)
        paid_late(stripe, booking)
        offers.confirmed(date.id)

        desk.deliver(stripe, times=(2, 3), seed=1)
        desk.send_waiting_refunds()
        desk.deliver(stripe)

        refund = desk.the_refund(booking)
        assert booking.status is BookingStatus.CANCELLED
        assert booking.payment_status is PaymentStatus.REFUNDED
        assert (refund.status, refund.net_refund) == (RefundStatus.COMPLETED, Decimal(75))
        assert stripe.ledger()["refunds"] == 7500
        assert desk.letters(booking).count("payment_returned") == 1
        assert any("could not be kept" in title for title in desk.notices())

    def test_an_expired_hold_that_nobody_tidied_is_given_back_when_others_came_first(
        self, stripe: StripeSandbox
    ) -> None:
        date = offers.schedule(max_capacity=1)
        booking = offers.booked(date.id)
        stripe.pay(desk.pay_page(booking))
        offers.lapse(booking)
        offers.confirmed(date.id)

        desk.deliver(stripe)

        assert desk.the_refund(booking).calculation["rule"] == "no_place"

    def test_a_booking_that_somebody_cancelled_stays_cancelled(self, stripe: StripeSandbox) -> None:
        booking = offers.booked(offers.schedule().id)
        page = desk.pay_page(booking)
        states.cancel(booking, reason="I cannot come.", now=clock.now(), by=OFFICE)
        stripe.pay(page)

        desk.deliver(stripe)

        assert booking.status is BookingStatus.CANCELLED
        assert desk.the_refund(booking).status is RefundStatus.APPROVED

    def test_a_second_payment_of_a_paid_booking_is_given_back_and_the_first_stays(
        self, stripe: StripeSandbox
    ) -> None:
        booking = offers.booked(offers.schedule().id)
        stripe.pay(desk.pay_page(booking))
        desk.the_payment(booking)
        desk.payments.record_payment(
            booking=booking, amount=Decimal(75), method="cash", now=clock.now(), by=OFFICE
        )

        desk.deliver(stripe)
        desk.send_waiting_refunds()

        refund = desk.the_refund(booking)
        assert booking.status is BookingStatus.CONFIRMED
        assert booking.payment_status is PaymentStatus.PAID
        assert refund.calculation["rule"] == "paid_twice"
        assert refund.status is RefundStatus.COMPLETED
        kinds = db.session.scalars(select(Invoice.kind).filter_by(booking_id=booking.id))
        assert list(kinds) == [InvoiceKind.INVOICE]


class TestDisputes:
    def test_a_dispute_is_written_down_with_its_deadline_and_told(
        self, stripe: StripeSandbox
    ) -> None:
        offers.admin()
        booking = desk.paid_booking(stripe)
        intent = desk.the_payment(booking).stripe_payment_intent_id or ""

        stripe.open_dispute(intent)
        desk.deliver(stripe, times=(2, 2))

        payment = desk.the_payment(booking)
        assert payment.status is TransactionStatus.DISPUTED
        assert "Evidence is due by" in (payment.failure_message or "")
        assert sum(title.startswith("Dispute over £75.00") for title in desk.notices()) == 1

    @pytest.mark.parametrize(
        ("won", "status"),
        [(True, TransactionStatus.SUCCEEDED), (False, TransactionStatus.DISPUTED)],
    )
    def test_a_dispute_that_is_won_frees_the_payment_and_a_lost_one_does_not(
        self, stripe: StripeSandbox, won: bool, status: TransactionStatus
    ) -> None:
        booking = desk.paid_booking(stripe)
        dispute = stripe.open_dispute(desk.the_payment(booking).stripe_payment_intent_id or "")
        desk.deliver(stripe)

        stripe.close_dispute(dispute["id"], won=won)
        desk.deliver(stripe)

        assert desk.the_payment(booking).status is status

    def test_a_dispute_of_a_payment_that_is_not_ours_changes_nothing(
        self, stripe: StripeSandbox
    ) -> None:
        booking = desk.paid_booking(stripe)
        payment = desk.the_payment(booking)
        stripe.open_dispute(payment.stripe_payment_intent_id or "")
        payment.stripe_payment_intent_id = None
        payment.idempotency_key = None
        payment.stripe_checkout_session_id = None
        db.session.flush()

        desk.deliver(stripe)

        assert payment.status is TransactionStatus.SUCCEEDED


def test_what_is_stored_of_an_event_is_what_stripe_sent(stripe: StripeSandbox) -> None:
    stripe.pay(desk.pay_page(offers.booked(offers.schedule().id)))
    payload, headers = stripe.signed_event(stripe.events("payment_intent.succeeded")[0]["id"])

    stored = desk.receive(payload, headers["Stripe-Signature"])

    assert stored is not None
    assert stored.payload == json.loads(payload)
    assert stored.created_at - clock.now() < timedelta(minutes=1)
