"""Disputes: their deadline kept, alerts in time and once; and events that are read again."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from rft_admin.bookings.models import BookingStatus
from rft_admin.core import clock
from rft_admin.core.database import db
from rft_admin.payments import disputes, webhook
from rft_admin.payments.models import PaymentTransaction, StripeEvent, TransactionStatus
from sandbox.stripe import StripeSandbox
from tests.bookings import offers
from tests.bookings.offers import OFFICE
from tests.payments import desk


def disputed(stripe: StripeSandbox) -> tuple[PaymentTransaction, str]:
    """Return a payment that its holder denies, and the dispute's id."""
    payment = desk.the_payment(desk.paid_booking(stripe))
    dispute = stripe.open_dispute(str(payment.stripe_payment_intent_id))
    desk.deliver(stripe)
    return payment, dispute["id"]


def before_due(payment: PaymentTransaction, **how_long: float) -> datetime:
    assert payment.dispute_evidence_due_at is not None
    return payment.dispute_evidence_due_at - timedelta(**how_long)


def alerts() -> int:
    return sum(title.startswith("Evidence for a dispute is due by") for title in desk.notices())


class TestDeadline:
    def test_is_kept_with_the_state_as_it_changes(self, stripe: StripeSandbox) -> None:
        payment, dispute_id = disputed(stripe)
        due_at = payment.dispute_evidence_due_at

        assert payment.dispute_status == "needs_response"
        assert due_at is not None
        assert due_at > clock.now() + timedelta(days=8)

        stripe.close_dispute(dispute_id, won=True)
        desk.deliver(stripe)

        assert payment.dispute_status == "won"
        assert payment.status is TransactionStatus.SUCCEEDED


class TestAlerts:
    def test_are_silent_long_before_and_after_the_deadline(self, stripe: StripeSandbox) -> None:
        offers.admin()
        payment, _ = disputed(stripe)

        assert disputes.warn_of_deadlines(now=before_due(payment, days=7, minutes=1)) == 0
        assert disputes.warn_of_deadlines(now=before_due(payment, minutes=-1)) == 0
        assert alerts() == 0

    def test_go_out_seven_and_two_days_before_and_once_each(self, stripe: StripeSandbox) -> None:
        offers.admin()
        payment, _ = disputed(stripe)

        sent = [
            disputes.warn_of_deadlines(now=before_due(payment, days=days)) for days in (7, 6, 2, 1)
        ]

        assert sent == [1, 0, 1, 0]
        assert alerts() == 2
        assert payment.dispute_alert_days == 2

    def test_skip_the_first_when_it_is_late_for_it(self, stripe: StripeSandbox) -> None:
        payment, _ = disputed(stripe)

        assert disputes.warn_of_deadlines(now=before_due(payment, days=1)) == 1
        assert payment.dispute_alert_days == 2

    def test_begin_anew_when_the_deadline_moves(self, stripe: StripeSandbox) -> None:
        payment, dispute_id = disputed(stripe)
        disputes.warn_of_deadlines(now=before_due(payment, days=1))
        dispute = webhook.gateway.retrieve_dispute(dispute_id)
        payment.dispute_evidence_due_at = before_due(payment, days=3)
        db.session.flush()

        disputes.record_dispute(dispute, now=clock.now())

        assert payment.dispute_alert_days is None
        assert disputes.warn_of_deadlines(now=before_due(payment, days=7)) == 1

    def test_are_silent_once_the_evidence_is_handed_in(self, stripe: StripeSandbox) -> None:
        payment, dispute_id = disputed(stripe)
        stripe.answer_dispute(dispute_id)
        desk.deliver(stripe)

        assert payment.dispute_status == "under_review"
        assert disputes.warn_of_deadlines(now=before_due(payment, days=2)) == 0


class TestReplaying:
    def paid_event(self, stripe: StripeSandbox) -> StripeEvent:
        booking = offers.booked(offers.schedule().id)
        stripe.pay(desk.pay_page(booking))
        event_id = stripe.events("checkout.session.completed")[0]["id"]
        payload, headers = stripe.signed_event(event_id)
        event = desk.receive(payload, headers["Stripe-Signature"])
        assert event is not None
        return event

    def test_refuses_an_event_of_the_other_mode(self, stripe: StripeSandbox) -> None:
        event = self.paid_event(stripe)
        event.livemode, event.processed_at = True, clock.now()
        db.session.flush()

        with pytest.raises(webhook.CannotReplay, match="livemode"):
            webhook.replay(event, now=clock.now(), by=OFFICE)

    def test_refuses_what_waits_already(self, stripe: StripeSandbox) -> None:
        with pytest.raises(webhook.CannotReplay, match="waits"):
            webhook.replay(self.paid_event(stripe), now=clock.now(), by=OFFICE)

    def test_refuses_what_has_lost_its_content(self, stripe: StripeSandbox) -> None:
        event = self.paid_event(stripe)
        event.payload, event.processed_at = {}, clock.now()
        db.session.flush()

        with pytest.raises(webhook.CannotReplay, match="has been removed"):
            webhook.replay(event, now=clock.now(), by=OFFICE)

    def test_makes_good_what_came_to_nothing(self, stripe: StripeSandbox) -> None:
        event = self.paid_event(stripe)
        payment = db.session.scalars(select(PaymentTransaction)).one()
        right, payment.amount = payment.amount, payment.amount - 1
        db.session.flush()
        webhook.process(event.id)
        assert event.error_message
        payment.amount = right
        db.session.flush()

        webhook.replay(event, now=clock.now(), by=OFFICE)
        webhook.process(event.id)

        assert event.error_message is None
        assert payment.booking.status is BookingStatus.CONFIRMED
        assert desk.jobs("process_event") == 2

    def test_of_what_has_taken_effect_changes_nothing(self, stripe: StripeSandbox) -> None:
        event = self.paid_event(stripe)
        webhook.process(event.id)
        booking = db.session.scalars(select(PaymentTransaction)).one().booking

        webhook.replay(event, now=clock.now(), by=OFFICE)
        webhook.process(event.id)

        assert desk.letters(booking).count("booking_confirmed") == 1
        assert desk.letters(booking).count("payment_received") == 1
