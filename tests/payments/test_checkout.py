"""The payment page: refused where it must be, one at a time, and a hold that outlives it."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from rft_admin.bookings.models import BookingStatus, PaymentStatus
from rft_admin.bookings.places import SoldOut
from rft_admin.core import clock
from rft_admin.core.database import db
from rft_admin.core.settings import ValueType
from rft_admin.payments import checkout
from rft_admin.payments import service as payments
from rft_admin.payments.gateway_objects import GatewayAway
from rft_admin.payments.models import PaymentTransaction, TransactionStatus
from sandbox.stripe import StripeSandbox
from tests.bookings import offers
from tests.bookings.offers import OFFICE, VISITOR
from tests.payments import desk


class TestRefusing:
    def test_refuses_a_booking_that_is_cancelled(self, stripe: StripeSandbox) -> None:
        booking = offers.booked(offers.schedule().id)
        offers.bookings.cancel(booking, reason="no", now=clock.now(), by=OFFICE)

        with pytest.raises(checkout.BookingNotPayable):
            desk.pay_page(booking)

    def test_refuses_a_booking_that_is_paid(self, stripe: StripeSandbox) -> None:
        booking = desk.paid_booking(stripe)

        with pytest.raises(checkout.NothingToPay):
            desk.pay_page(booking)

    def test_refuses_when_card_payments_are_switched_off(self, stripe: StripeSandbox) -> None:
        booking = offers.booked(offers.schedule().id)
        desk.set_setting("payment.accept_online_payments", "false", ValueType.BOOLEAN)

        with pytest.raises(checkout.OnlinePaymentOff):
            desk.pay_page(booking)

    def test_refuses_when_the_hold_expired_and_others_took_the_places(
        self, stripe: StripeSandbox
    ) -> None:
        date = offers.schedule(max_capacity=1)
        booking = offers.lapse(offers.booked(date.id))
        offers.booked(date.id)

        with pytest.raises(SoldOut):
            desk.pay_page(booking)

    def test_refuses_to_carry_a_hold_past_three_times_the_setting(
        self, stripe: StripeSandbox
    ) -> None:
        booking = offers.booked(offers.schedule().id)
        booking.created_at = clock.now() - timedelta(minutes=60)

        with pytest.raises(checkout.PaymentTimeOver):
            desk.pay_page(booking)

    def test_keeps_the_booking_when_stripe_is_away(self, stripe: StripeSandbox) -> None:
        booking = offers.booked(offers.schedule().id)
        stripe.add_fault("error_500", "POST", "/v1/checkout/sessions", times=9)

        with pytest.raises(GatewayAway):
            desk.pay_page(booking)

        assert booking.status is BookingStatus.PENDING
        assert desk.the_payment(booking).failure_message
        stripe.clear_faults()
        assert desk.pay_page(booking).startswith("cs_")


class TestOpening:
    def test_asks_for_the_whole_price_and_names_our_rows(self, stripe: StripeSandbox) -> None:
        booking = offers.booked(offers.schedule().id, number_of_places=5)

        desk.pay_page(booking)

        page = stripe.objects("checkout.session")[0]
        payment = desk.the_payment(booking)
        assert page["amount_total"] == 33750
        assert page["currency"] == "gbp"
        assert page["metadata"]["booking_id"] == str(booking.id)
        assert page["metadata"]["payment_transaction_id"] == str(payment.id)
        assert page["id"] == payment.stripe_checkout_session_id
        assert payment.amount == Decimal("337.50")

    def test_lets_the_hold_outlive_the_page(self, stripe: StripeSandbox) -> None:
        booking = offers.booked(offers.schedule().id)
        now = clock.now()

        payments.start_checkout(booking.id, now=now, by=VISITOR)

        expires_at = stripe.objects("checkout.session")[0]["expires_at"]
        assert expires_at == int((now + timedelta(minutes=35)).timestamp())
        assert booking.hold_expires_at == now + timedelta(minutes=37)

    def test_takes_the_places_anew_when_the_hold_expired_and_there_is_room(
        self, stripe: StripeSandbox
    ) -> None:
        booking = offers.lapse(offers.booked(offers.schedule().id))

        desk.pay_page(booking)

        assert booking.holds_places_at(clock.now())

    def test_opens_a_page_for_an_invoice_booking_without_a_hold(
        self, stripe: StripeSandbox
    ) -> None:
        date = offers.schedule()
        order = offers.business_order(date.id)
        booking = offers.bookings.place_booking(order, now=clock.now(), by=VISITOR)

        desk.pay_page(booking)

        assert booking.hold_expires_at is None
        assert booking.status is BookingStatus.CONFIRMED

    def test_caps_a_day_long_hold_at_what_stripe_takes(self, stripe: StripeSandbox) -> None:
        desk.set_setting("booking.payment_hold_minutes", "1440", ValueType.NUMBER)
        booking = offers.booked(offers.schedule().id)

        desk.pay_page(booking)

        page = stripe.objects("checkout.session")[0]
        assert page["expires_at"] - page["created"] < 24 * 3600


class TestRetrying:
    def test_shows_the_open_page_again(self, stripe: StripeSandbox) -> None:
        booking = offers.booked(offers.schedule().id)

        first, second = desk.pay_page(booking), desk.pay_page(booking)

        assert first == second
        assert len(stripe.objects("checkout.session")) == 1

    def test_replaces_a_page_that_is_nearly_over_and_closes_it(self, stripe: StripeSandbox) -> None:
        booking = offers.booked(offers.schedule().id)
        first = desk.pay_page(booking)
        soon = clock.now() + timedelta(minutes=5)
        stripe.set_expires_at(first, int(soon.timestamp()))

        second = desk.pay_page(booking)

        states = {page["id"]: page["status"] for page in stripe.objects("checkout.session")}
        assert states == {first: "expired", second: "open"}
        assert statuses(booking.id) == [TransactionStatus.CANCELLED, TransactionStatus.PENDING]

    def test_says_that_it_is_paid_when_the_older_page_turns_out_paid(
        self, stripe: StripeSandbox
    ) -> None:
        booking = offers.booked(offers.schedule().id)
        stripe.pay(desk.pay_page(booking))

        with pytest.raises(checkout.NothingToPay):
            desk.pay_page(booking)

        assert booking.status is BookingStatus.CONFIRMED
        assert booking.payment_status is PaymentStatus.PAID

    def test_opens_a_new_page_after_the_older_one_expired(self, stripe: StripeSandbox) -> None:
        booking = offers.booked(offers.schedule().id)
        first = desk.pay_page(booking)
        stripe.expire(first)

        assert desk.pay_page(booking) != first

    def test_refuses_while_another_request_opens_the_page(self, stripe: StripeSandbox) -> None:
        booking = offers.booked(offers.schedule().id)
        add_unopened(booking.id, clock.now())

        with pytest.raises(checkout.PageOpening):
            desk.pay_page(booking)

    def test_gives_up_a_page_that_never_came_to_light(self, stripe: StripeSandbox) -> None:
        booking = offers.booked(offers.schedule().id)
        lost = add_unopened(booking.id, clock.now() - timedelta(minutes=2))

        desk.pay_page(booking)

        assert lost.status is TransactionStatus.CANCELLED

    def test_a_declined_card_is_followed_by_a_good_one_on_the_same_page(
        self, stripe: StripeSandbox
    ) -> None:
        booking = offers.booked(offers.schedule().id)
        page = desk.pay_page(booking)
        stripe.pay(page, "declined")
        desk.deliver(stripe)
        declined = booking.payment_status

        again = desk.pay_page(booking)
        stripe.pay(again)
        desk.deliver(stripe)

        assert declined is PaymentStatus.FAILED
        assert again == page
        assert booking.payment_status is PaymentStatus.PAID
        assert desk.letters(booking).count("payment_failed") == 1


def statuses(booking_id: int) -> list[TransactionStatus]:
    found = select(PaymentTransaction.status).filter_by(booking_id=booking_id)
    return list(db.session.scalars(found.order_by(PaymentTransaction.id)))


def add_unopened(booking_id: int, created_at: datetime) -> PaymentTransaction:
    payment = PaymentTransaction(
        booking_id=booking_id,
        amount=Decimal(75),
        idempotency_key=f"key-{created_at}",
        created_at=created_at,
    )
    db.session.add(payment)
    db.session.flush()
    return payment
