"""Refunds: who decides, what goes out once, and what Stripe says of it afterwards."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from stripe import RequestsClient

from rft_admin.bookings.models import Booking, BookingStatus, PaymentStatus
from rft_admin.bookings.states import CannotChange
from rft_admin.core import clock
from rft_admin.core.actor import Actor
from rft_admin.core.database import db
from rft_admin.payments import reconcile, refund_sending, refunds
from rft_admin.payments import service as payments
from rft_admin.payments.gateway_objects import GatewayAway
from rft_admin.payments.models import Refund, RefundStatus, TransactionStatus
from sandbox.stripe import StripeSandbox
from tests.bookings import offers
from tests.bookings.offers import OFFICE, VISITOR
from tests.payments import desk

#: A job's call is made once and repeated twice by the SDK itself.
TRIES_OF_THE_SDK = 3
BUSINESS = {"customer_type": "business", "company_name": "Example Ltd"}


def cancel(booking: Booking, **how: bool) -> Refund | None:
    return refunds.cancel_and_refund(
        booking=booking, reason="Cannot come", now=clock.now(), by=VISITOR, **how
    )


def waiting(stripe: StripeSandbox, days_ahead: int = 20) -> Refund:
    """Return a refund of £37.50 that waits for a decision."""
    refund = cancel(desk.paid_booking(stripe, days_ahead=days_ahead, **BUSINESS))
    assert refund is not None
    return refund


def approve(refund: Refund, **values: Decimal | str) -> Refund:
    return refunds.approve(refund=refund, now=clock.now(), by=OFFICE, **values)  # type: ignore[arg-type] # amount or reason


def sent(stripe: StripeSandbox) -> Refund:
    """Return an approved refund that went out."""
    refund = approve(waiting(stripe))
    refunds.send(refund.id)
    return refund


def by_transfer(amount: int = 75) -> Booking:
    booking = offers.booked(offers.schedule(days_ahead=20).id, **BUSINESS)
    payments.record_payment(
        booking=booking, amount=Decimal(amount), method="bank transfer", now=clock.now(), by=OFFICE
    )
    return booking


class TestCancelling:
    def test_refuses_a_booking_that_is_cancelled_already(self, stripe: StripeSandbox) -> None:
        refund = waiting(stripe)

        with pytest.raises(CannotChange):
            cancel(refund.booking)

    def test_an_unpaid_booking_has_nothing_to_give_back(self, stripe: StripeSandbox) -> None:
        booking = offers.booked(offers.schedule().id)

        assert cancel(booking) is None
        assert booking.status is BookingStatus.CANCELLED

    def test_a_late_cancellation_gives_nothing_back(self, stripe: StripeSandbox) -> None:
        booking = desk.paid_booking(stripe, days_ahead=5, **BUSINESS)

        assert cancel(booking) is None
        assert booking.payment_status is PaymentStatus.PAID

    def test_a_business_waits_for_the_office(self, stripe: StripeSandbox) -> None:
        offers.admin()
        refund = waiting(stripe)

        assert (refund.status, refund.net_refund) == (RefundStatus.PENDING, Decimal("37.50"))
        assert refund.calculation["words"][1] == "50 % of £75.00 is £37.50."
        assert desk.jobs("send_refund") == 0
        assert {"booking_cancelled", "refund_requested", "refund_requested_office"} <= set(
            desk.letters(refund.booking)
        )
        assert any(title.startswith("Refund requested") for title in desk.notices())

    def test_a_consumer_who_withdraws_gets_everything_without_anybody_deciding(
        self, stripe: StripeSandbox
    ) -> None:
        refund = cancel(desk.paid_booking(stripe))

        assert refund is not None
        assert (refund.status, refund.net_refund) == (RefundStatus.APPROVED, Decimal(75))
        assert refund.refund_due_by is not None
        assert desk.jobs("send_refund") == 1

    def test_cancelled_by_us_gives_everything_without_anybody_deciding(
        self, stripe: StripeSandbox
    ) -> None:
        refund = cancel(desk.paid_booking(stripe, days_ahead=5, **BUSINESS), by_us=True)

        assert refund is not None
        assert (refund.status, refund.net_refund) == (RefundStatus.APPROVED, Decimal(75))

    def test_spreads_over_two_payments_with_one_fee(self, stripe: StripeSandbox) -> None:
        booking = offers.booked(offers.schedule(days_ahead=60).id, **BUSINESS)
        for amount in (30, 45):
            payments.record_payment(
                booking=booking, amount=Decimal(amount), method="cash", now=clock.now(), by=OFFICE
            )

        cancel(booking)

        opened = db.session.scalars(select(Refund).order_by(Refund.id)).all()
        assert [(r.amount, r.processing_fee, r.net_refund) for r in opened] == [
            (Decimal(40), Decimal(10), Decimal(30)),
            (Decimal(35), Decimal(0), Decimal(35)),
        ]

    def test_tells_the_office_of_what_another_open_refund_keeps_back(
        self, stripe: StripeSandbox
    ) -> None:
        offers.admin()
        booking = desk.paid_booking(stripe, **BUSINESS)
        refunds.request_refund(
            booking=booking, amount=Decimal(5), reason="goodwill", now=clock.now(), by=OFFICE
        )

        assert cancel(booking) is None
        assert any("more to give back" in title for title in desk.notices())


class TestAsking:
    def ask(self, booking: Booking, amount: int | None = None, reason: str = "goodwill") -> Refund:
        return refunds.request_refund(
            booking=booking,
            amount=None if amount is None else Decimal(amount),
            reason=reason,
            now=clock.now(),
            by=OFFICE,
        )

    def test_refuses_where_nothing_was_paid(self, stripe: StripeSandbox) -> None:
        with pytest.raises(refunds.NothingToRefund):
            self.ask(offers.booked(offers.schedule().id))

    def test_refuses_by_the_tariff_where_it_gives_nothing(self, stripe: StripeSandbox) -> None:
        with pytest.raises(refunds.NothingToRefund):
            self.ask(desk.paid_booking(stripe, days_ahead=5, **BUSINESS))

    @pytest.mark.parametrize("amount", [0, -1, 76])
    def test_refuses_more_than_was_paid_and_nothing(
        self, stripe: StripeSandbox, amount: int
    ) -> None:
        with pytest.raises(refunds.RefundAbovePaid):
            self.ask(desk.paid_booking(stripe), amount)

    def test_refuses_an_amount_without_a_reason(self, stripe: StripeSandbox) -> None:
        with pytest.raises(refunds.ReasonNeeded):
            self.ask(desk.paid_booking(stripe), 10, reason=" ")

    def test_refuses_while_another_refund_waits(self, stripe: StripeSandbox) -> None:
        refund = waiting(stripe)

        with pytest.raises(refunds.RefundOpen):
            self.ask(refund.booking)

    def test_by_the_tariff_uses_its_sum(self, stripe: StripeSandbox) -> None:
        booking = desk.paid_booking(stripe, days_ahead=20, **BUSINESS)

        assert self.ask(booking).net_refund == Decimal("37.50")

    def test_by_the_office_uses_its_own(self, stripe: StripeSandbox) -> None:
        refund = self.ask(desk.paid_booking(stripe), 12)

        assert refund.net_refund == Decimal(12)
        assert refund.calculation["words"] == ["The office gives back £12.00: goodwill"]


class TestDeciding:
    def test_refuses_what_is_decided(self, stripe: StripeSandbox) -> None:
        refund = approve(waiting(stripe))

        with pytest.raises(refunds.RefundDecided, match="it is approved"):
            approve(refund)
        with pytest.raises(refunds.RefundDecided):
            refunds.reject(refund=refund, reason="no", now=clock.now(), by=OFFICE)

    def test_refuses_what_went_out_already(self, stripe: StripeSandbox) -> None:
        with pytest.raises(refunds.RefundDecided, match="it is completed"):
            approve(sent(stripe))

    def test_refuses_another_amount_above_what_was_paid(self, stripe: StripeSandbox) -> None:
        with pytest.raises(refunds.RefundAbovePaid, match="At most £75.00"):
            approve(waiting(stripe), amount=Decimal("75.01"), reason="kind")

    def test_refuses_another_amount_without_a_reason(self, stripe: StripeSandbox) -> None:
        with pytest.raises(refunds.ReasonNeeded):
            approve(waiting(stripe), amount=Decimal(75))

    def test_refuses_to_reject_without_a_reason(self, stripe: StripeSandbox) -> None:
        with pytest.raises(refunds.ReasonNeeded):
            refunds.reject(refund=waiting(stripe), reason=" ", now=clock.now(), by=OFFICE)

    def test_rejecting_tells_the_customer_why(self, stripe: StripeSandbox) -> None:
        refund = waiting(stripe)

        refunds.reject(refund=refund, reason="Too late", now=clock.now(), by=OFFICE)

        assert refund.status is RefundStatus.REJECTED
        assert refund.rejection_reason == "Too late"
        assert "refund_rejected" in desk.letters(refund.booking)

    def test_approving_queues_one_job_and_tells_the_customer(self, stripe: StripeSandbox) -> None:
        admin = offers.admin()
        refund = waiting(stripe)

        refunds.approve(refund=refund, now=clock.now(), by=Actor(user_id=admin.id, label="office"))

        assert refund.status is RefundStatus.APPROVED
        assert refund.approved_by_id == admin.id
        assert desk.jobs("send_refund") == 1
        assert "refund_approved" in desk.letters(refund.booking)

    def test_another_amount_is_kept_with_its_reason(self, stripe: StripeSandbox) -> None:
        refund = approve(waiting(stripe, days_ahead=60), amount=Decimal(75), reason="Bereavement")

        assert (refund.amount, refund.processing_fee, refund.net_refund) == (75, 0, 75)
        assert refund.calculation["reckoned_net"] == "65.00"
        assert "Bereavement" in refund.calculation["words"][-1]


class TestSending:
    def test_sends_nothing_that_nobody_approved(self, stripe: StripeSandbox) -> None:
        refund = waiting(stripe)

        refunds.send(refund.id)

        assert refund.status is RefundStatus.PENDING
        assert stripe.objects("refund") == []

    def test_a_manual_payment_is_not_sent_to_stripe(self, stripe: StripeSandbox) -> None:
        refund = cancel(by_transfer())
        assert refund is not None

        refunds.send(approve(refund).id)

        assert refund.status is RefundStatus.APPROVED

    def test_sends_once_and_completes_with_letter_and_ledger(self, stripe: StripeSandbox) -> None:
        refund = sent(stripe)
        refunds.send(refund.id)

        payment = refund.payment_transaction
        assert refund.status is RefundStatus.COMPLETED
        assert refund.completed_at is not None
        assert refund.attempt == 1
        assert payment.status is TransactionStatus.PARTIALLY_REFUNDED
        assert payment.amount_refunded == Decimal("37.50")
        assert refund.booking.payment_status is PaymentStatus.PARTIALLY_REFUNDED
        assert stripe.ledger()["refunds"] == 3750
        assert desk.letters(refund.booking).count("refund_completed") == 1

    def test_its_own_events_record_nothing_a_second_time(self, stripe: StripeSandbox) -> None:
        refund = sent(stripe)

        desk.deliver(stripe, order="shuffled", times=(1, 3), seed=3)

        assert db.session.scalars(select(Refund)).all() == [refund]
        assert desk.letters(refund.booking).count("refund_completed") == 1

    @pytest.mark.parametrize("fault", ["cut_before", "cut_after", "error_500", "error_500_after"])
    def test_a_broken_call_sends_once_when_it_is_repeated(
        self, stripe: StripeSandbox, fault: str
    ) -> None:
        refund = approve(waiting(stripe))
        stripe.add_fault(fault, "POST", "/v1/refunds", times=3)
        with pytest.raises(GatewayAway):
            refunds.send(refund.id)
        meanwhile = refund.status

        refunds.send(refund.id)

        assert meanwhile is RefundStatus.PROCESSING
        assert refund.status is RefundStatus.COMPLETED
        assert stripe.ledger()["refunds"] == 3750

    @pytest.mark.parametrize("fault", ["error_500_stored", "error_500_stored_after"])
    def test_does_not_wait_for_the_day_that_stripe_keeps_a_failure_and_sends_once(
        self, stripe: StripeSandbox, fault: str
    ) -> None:
        refund = approve(waiting(stripe))
        first = f"{refund.refund_reference}-1"
        stripe.add_fault(fault, "POST", "/v1/refunds", times=1)

        refunds.send(refund.id)

        calls = stripe.requests("POST", "/v1/refunds")
        assert {call["idempotency_key"] for call in calls if call["replayed"]} == {first}
        assert refund.status is RefundStatus.COMPLETED
        assert stripe.ledger()["refund_count"] == 1
        assert stripe.ledger()["refunds"] == 3750

    def test_waits_for_its_next_try_when_stripe_keeps_two_failures_and_sends_once(
        self, stripe: StripeSandbox
    ) -> None:
        refund = approve(waiting(stripe))
        first = f"{refund.refund_reference}-1"
        stripe.add_fault("error_500_stored", "POST", "/v1/refunds", times=TRIES_OF_THE_SDK + 1)
        with pytest.raises(GatewayAway):
            refunds.send(refund.id)
        meanwhile = refund.status

        refunds.send(refund.id)

        used = [call["idempotency_key"] for call in stripe.requests("POST", "/v1/refunds")]
        assert meanwhile is RefundStatus.PROCESSING
        assert list(dict.fromkeys(used)) == [first, f"{first}.2", f"{first}.3"]
        assert stripe.ledger()["refund_count"] == 1

    def test_leaves_another_key_to_the_run_that_was_quicker(
        self, stripe: StripeSandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        refund = approve(waiting(stripe))
        stripe.add_fault("error_500_stored", "POST", "/v1/refunds", times=1)
        ask = RequestsClient.request

        def overtaken(client: RequestsClient, method: str, url: str, *rest: Any) -> Any:
            if method == "get":
                refund.idempotency_key = "taken further"
                db.session.commit()
            return ask(client, method, url, *rest)

        monkeypatch.setattr(RequestsClient, "request", overtaken)
        with pytest.raises(GatewayAway):
            refunds.send(refund.id)

        assert refund.idempotency_key == "taken further"
        assert stripe.ledger()["refund_count"] == 0

    def test_sends_once_though_stripe_forgot_the_key_of_a_broken_call(
        self, stripe: StripeSandbox
    ) -> None:
        refund = approve(waiting(stripe))
        stripe.add_fault("cut_after", "POST", "/v1/refunds", times=3)
        with pytest.raises(GatewayAway):
            refunds.send(refund.id)
        stripe.forget_idempotency_keys()

        refunds.send(refund.id)

        assert stripe.ledger()["refund_count"] == 1

    def test_an_event_that_overtakes_our_own_note_completes_it(self, stripe: StripeSandbox) -> None:
        refund = approve(waiting(stripe))
        stripe.add_fault("cut_after", "POST", "/v1/refunds", times=3)
        with pytest.raises(GatewayAway):
            refunds.send(refund.id)

        desk.deliver(stripe)

        assert refund.status is RefundStatus.COMPLETED
        assert db.session.scalars(select(Refund)).all() == [refund]

    def test_a_refund_that_takes_time_completes_by_its_event(self, stripe: StripeSandbox) -> None:
        stripe.make_refunds_pending()
        refund = sent(stripe)
        meanwhile = refund.status

        stripe.complete_refund(refund.stripe_refund_id or "")
        desk.deliver(stripe)

        assert meanwhile is RefundStatus.PROCESSING
        assert refund.status is RefundStatus.COMPLETED

    def test_a_refusal_of_stripe_fails_it_and_tells_the_office(self, stripe: StripeSandbox) -> None:
        offers.admin()
        refund = approve(waiting(stripe))
        stripe.open_dispute(refund.payment_transaction.stripe_payment_intent_id or "")

        refunds.send(refund.id)

        assert refund.status is RefundStatus.FAILED
        assert "charged back" in (refund.failure_reason or "")
        assert "refund_failed" in desk.letters(refund.booking)
        assert any(title.startswith("Refund failed") for title in desk.notices())


class TestFailingLater:
    def test_refuses_to_retry_what_has_not_failed(self, stripe: StripeSandbox) -> None:
        with pytest.raises(refunds.RefundDecided, match="Only a failed refund"):
            refunds.retry(refund=sent(stripe), now=clock.now(), by=OFFICE)

    def test_refuses_to_retry_when_less_is_left(self, stripe: StripeSandbox) -> None:
        refund = self.failed(stripe)
        again = refunds.request_refund(
            booking=refund.booking, amount=Decimal(75), reason="x", now=clock.now(), by=OFFICE
        )
        approve(again)

        with pytest.raises(refunds.RefundAbovePaid):
            refunds.retry(refund=refund, now=clock.now(), by=OFFICE)

    def failed(self, stripe: StripeSandbox) -> Refund:
        refund = sent(stripe)
        stripe.fail_refund(refund.stripe_refund_id or "")
        desk.deliver(stripe, order="reversed")
        return refund

    def test_days_later_it_is_failed_and_the_money_is_ours_again(
        self, stripe: StripeSandbox
    ) -> None:
        refund = self.failed(stripe)

        assert refund.status is RefundStatus.FAILED
        assert refund.payment_transaction.status is TransactionStatus.SUCCEEDED
        assert refund.payment_transaction.amount_refunded == Decimal(0)
        assert "refund_failed" in desk.letters(refund.booking)

    def test_a_retry_is_a_new_attempt_with_a_new_key(self, stripe: StripeSandbox) -> None:
        refund = self.failed(stripe)
        first_key = refund.idempotency_key

        refunds.retry(refund=refund, now=clock.now(), by=OFFICE)
        refunds.send(refund.id)
        desk.deliver(stripe)

        assert refund.status is RefundStatus.COMPLETED
        assert refund.attempt == 2
        assert refund.idempotency_key != first_key
        assert stripe.ledger()["refund_count"] == 1


class TestFromOutside:
    def test_a_refund_made_in_the_dashboard_enters_as_completed(
        self, stripe: StripeSandbox
    ) -> None:
        booking = desk.paid_booking(stripe)
        intent = desk.the_payment(booking).stripe_payment_intent_id or ""

        stripe.refund_in_dashboard(intent, 2500)
        desk.deliver(stripe, order="shuffled", times=(1, 3), seed=5)

        refund = desk.the_refund(booking)
        assert (refund.status, refund.net_refund) == (RefundStatus.COMPLETED, Decimal(25))
        assert refund.calculation["rule"] == "outside"
        assert booking.payment_status is PaymentStatus.PARTIALLY_REFUNDED

    @pytest.mark.parametrize(
        ("decided", "status"), [(False, RefundStatus.REJECTED), (True, RefundStatus.FAILED)]
    )
    def test_it_overtakes_ours_that_is_not_out_yet(
        self, stripe: StripeSandbox, decided: bool, status: RefundStatus
    ) -> None:
        ours = waiting(stripe)
        if decided:
            approve(ours)

        stripe.refund_in_dashboard(ours.payment_transaction.stripe_payment_intent_id or "")
        desk.deliver(stripe)
        refunds.send(ours.id)

        assert ours.status is status
        assert ours.booking.payment_status is PaymentStatus.REFUNDED
        assert stripe.ledger()["refunds"] == 7500

    def test_one_of_a_payment_that_is_not_ours_changes_nothing(self, stripe: StripeSandbox) -> None:
        booking = desk.paid_booking(stripe)
        payment = desk.the_payment(booking)
        stripe.refund_in_dashboard(payment.stripe_payment_intent_id or "")
        payment.stripe_payment_intent_id = payment.stripe_checkout_session_id = None
        payment.idempotency_key = None
        db.session.flush()

        desk.deliver(stripe)

        assert db.session.scalars(select(Refund)).all() == []


class TestByHand:
    def test_refuses_a_card_payment(self, stripe: StripeSandbox) -> None:
        refund = approve(waiting(stripe))

        with pytest.raises(refund_sending.NotManual):
            refunds.complete_manual(refund=refund, now=clock.now(), by=OFFICE)

    def test_refuses_before_it_is_approved(self, stripe: StripeSandbox) -> None:
        refund = cancel(by_transfer())
        assert refund is not None

        with pytest.raises(refund_sending.NotApproved):
            refunds.complete_manual(refund=refund, now=clock.now(), by=OFFICE)

    def test_completes_by_the_person_who_paid_it_back(self, stripe: StripeSandbox) -> None:
        admin = offers.admin()
        refund = cancel(by_transfer())
        assert refund is not None
        approve(refund)

        refunds.complete_manual(
            refund=refund, now=clock.now(), by=Actor(user_id=admin.id, label="office")
        )

        assert refund.status is RefundStatus.COMPLETED
        assert refund.processed_by_id == admin.id
        assert any("pay back by hand" in title for title in desk.notices())


class TestStalled:
    def test_a_refund_whose_job_was_lost_gets_it_again(self, stripe: StripeSandbox) -> None:
        approve(waiting(stripe))

        reconcile.check_open_payments(clock.now() + timedelta(minutes=11))

        assert desk.jobs("send_refund") == 2

    def test_a_refund_on_its_way_is_asked_for(self, stripe: StripeSandbox) -> None:
        stripe.make_refunds_pending()
        refund = sent(stripe)
        stripe.complete_refund(refund.stripe_refund_id or "")

        reconcile.check_open_payments(clock.now() + timedelta(minutes=11))

        assert refund.status is RefundStatus.COMPLETED
