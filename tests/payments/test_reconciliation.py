"""Our ledger beside Stripe's balance: healed where an event was lost, else a row."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from rft_admin.bookings.models import Booking, BookingStatus
from rft_admin.core import clock
from rft_admin.core.database import db
from rft_admin.payments import differences, reconciliation, refunds
from rft_admin.payments.findings import books_of, find_differences
from rft_admin.payments.gateway_objects import BalanceEntry, GatewayAway
from rft_admin.payments.models import (
    DifferenceKind,
    DifferenceStatus,
    ReconciliationDifference,
    Refund,
    RefundStatus,
    TransactionStatus,
)
from rft_admin.payments.reconciliation import Reconciliation
from sandbox.stripe import StripeSandbox
from tests.bookings import offers
from tests.bookings.offers import OFFICE
from tests.payments import desk


def compared() -> Reconciliation:
    return reconciliation.reconcile_nightly(now=clock.now())


def rows() -> list[ReconciliationDifference]:
    order = ReconciliationDifference.id
    return list(db.session.scalars(select(ReconciliationDifference).order_by(order)))


def refunded(stripe: StripeSandbox) -> tuple[Booking, Refund]:
    """Return a booking whose whole payment was sent back."""
    booking = desk.paid_booking(stripe)
    refund = refunds.cancel_and_refund(
        booking=booking, reason="ill", now=clock.now(), by=OFFICE, by_us=True
    )
    assert refund is not None
    desk.send_waiting_refunds()
    desk.deliver(stripe)
    return booking, refund


class TestEqualBooks:
    def test_have_no_difference_and_stripes_own_sum(self, stripe: StripeSandbox) -> None:
        desk.paid_booking(stripe)
        refunded(stripe)

        outcome = compared()

        assert rows() == []
        assert (outcome.entries, outcome.differences) == (3, 0)
        assert outcome.net == Decimal(stripe.ledger()["balance"]) / 100

    def test_leave_money_by_hand_and_unpaid_tries_aside(self, stripe: StripeSandbox) -> None:
        by_hand, tried = (offers.booked(offers.schedule().id) for _ in range(2))
        desk.payments.record_payment(
            booking=by_hand, amount=Decimal(75), method="cash", now=clock.now(), by=OFFICE
        )
        stripe.pay(desk.pay_page(tried), "declined")
        desk.deliver(stripe)

        assert compared().differences == 0

    def test_know_a_refund_that_failed_and_one_on_its_way(self, stripe: StripeSandbox) -> None:
        _, failed = refunded(stripe)
        assert failed.stripe_refund_id is not None
        stripe.fail_refund(failed.stripe_refund_id)
        desk.deliver(stripe)
        stripe.make_refunds_pending()
        _, waiting = refunded(stripe)

        outcome = compared()

        assert (failed.status, waiting.status) == (RefundStatus.FAILED, RefundStatus.PROCESSING)
        assert outcome.differences == 0

    def test_know_a_dispute_that_is_written_down(self, stripe: StripeSandbox) -> None:
        booking = desk.paid_booking(stripe)
        stripe.open_dispute(str(desk.the_payment(booking).stripe_payment_intent_id))
        desk.deliver(stripe)

        assert compared().differences == 0


class TestHealing:
    def test_takes_up_a_payment_whose_events_were_lost(self, stripe: StripeSandbox) -> None:
        booking = offers.booked(offers.schedule().id)
        stripe.pay(desk.pay_page(booking))

        outcome = compared()

        assert booking.status is BookingStatus.CONFIRMED
        assert (outcome.differences, rows()) == (0, [])

    def test_takes_up_a_refund_of_the_dashboard_whose_events_were_lost(
        self, stripe: StripeSandbox
    ) -> None:
        booking = desk.paid_booking(stripe)
        intent_id = str(desk.the_payment(booking).stripe_payment_intent_id)
        stripe.refund_in_dashboard(intent_id, 2500)

        assert compared().differences == 0
        assert desk.the_refund(booking).net_refund == Decimal("25.00")

    def test_takes_up_a_dispute_whose_events_were_lost(self, stripe: StripeSandbox) -> None:
        booking = desk.paid_booking(stripe)
        payment = desk.the_payment(booking)
        stripe.open_dispute(str(payment.stripe_payment_intent_id))

        assert compared().differences == 0
        assert payment.status is TransactionStatus.DISPUTED

    def test_takes_up_the_fee(self, stripe: StripeSandbox) -> None:
        payment = desk.the_payment(desk.paid_booking(stripe))
        payment.fee_amount = payment.net_amount = None
        db.session.flush()

        assert compared().differences == 0
        assert (payment.fee_amount, payment.net_amount) == (Decimal("1.33"), Decimal("73.67"))

    def test_finds_an_entry_that_lies_outside_the_days(self, stripe: StripeSandbox) -> None:
        payment = desk.the_payment(desk.paid_booking(stripe))
        later = clock.now() + timedelta(days=reconciliation.DAYS + 2)
        payment.created_at = later - timedelta(days=1)
        db.session.flush()

        outcome = reconciliation.reconcile_nightly(now=later)

        assert outcome.differences == 0

    def test_ends_when_stripe_is_silent(self, stripe: StripeSandbox) -> None:
        stripe.add_fault("error_500", "GET", "/v1/balance_transactions", times=9)

        with pytest.raises(GatewayAway):
            compared()

    def test_ends_when_stripe_falls_silent_half_way(self, stripe: StripeSandbox) -> None:
        stripe.pay(desk.pay_page(offers.booked(offers.schedule().id)))
        stripe.add_fault("error_500", "GET", "/v1/payment_intents/*", times=9)

        with pytest.raises(GatewayAway):
            compared()
        assert rows() == []


class TestDifferences:
    def test_a_charge_that_we_do_not_know_is_stored_and_told_once(
        self, stripe: StripeSandbox
    ) -> None:
        offers.admin()
        booking = offers.booked(offers.schedule().id)
        stripe.pay(desk.pay_page(booking))
        payment = desk.the_payment(booking)
        payment.stripe_checkout_session_id, payment.idempotency_key = None, "another"
        db.session.flush()

        first, second = compared(), compared()

        difference = rows()[0]
        assert [first.new, second.new, len(rows())] == [1, 0, 1]
        assert difference.kind is DifferenceKind.MISSING_HERE
        assert (difference.our_amount, difference.stripe_amount) == (None, Decimal(75))
        assert difference.explanation == "Stripe took £75.00; we have no such payment."
        told = [title for title in desk.notices() if "differ" in title]
        assert told == [f"Our books and Stripe's differ: {difference.stripe_object_id}"]

    def test_an_amount_that_differs_is_a_row_even_though_it_never_confirmed(
        self, stripe: StripeSandbox
    ) -> None:
        booking = offers.booked(offers.schedule().id)
        stripe.pay(desk.pay_page(booking))
        payment = desk.the_payment(booking)
        payment.amount = Decimal(10)
        db.session.flush()

        assert compared().differences == 1
        assert rows()[0].kind is DifferenceKind.MISSING_HERE

    def test_an_amount_or_fee_changed_in_our_books_is_a_row_to_the_penny(
        self, stripe: StripeSandbox
    ) -> None:
        payment = desk.the_payment(desk.paid_booking(stripe))
        payment.amount, payment.fee_amount = Decimal("75.01"), Decimal("1.34")
        db.session.flush()

        compared()

        found = {row.kind: (row.our_amount, row.stripe_amount) for row in rows()}
        assert found == {
            DifferenceKind.AMOUNT: (Decimal("75.01"), Decimal("75.00")),
            DifferenceKind.FEE: (Decimal("1.34"), Decimal("1.33")),
        }
        assert {row.payment_transaction_id for row in rows()} == {payment.id}

    def test_a_payment_that_stripe_never_took_is_a_row(self, stripe: StripeSandbox) -> None:
        payment = desk.the_payment(desk.paid_booking(stripe))
        stripe.reset()

        compared()

        assert [row.kind for row in rows()] == [DifferenceKind.MISSING_AT_STRIPE]
        assert (rows()[0].our_amount, rows()[0].stripe_amount) == (payment.amount, None)

    def test_a_refund_that_stripe_never_sent_is_a_row(self, stripe: StripeSandbox) -> None:
        _, refund = refunded(stripe)
        stripe.reset()

        compared()

        of_refund = [row for row in rows() if row.refund_id == refund.id]
        assert [(row.kind, row.our_amount) for row in of_refund] == [
            (DifferenceKind.MISSING_AT_STRIPE, Decimal("-75.00"))
        ]

    def test_a_refund_whose_id_was_lost_gets_it_again(self, stripe: StripeSandbox) -> None:
        _, refund = refunded(stripe)
        at_stripe, refund.stripe_refund_id = refund.stripe_refund_id, None
        db.session.flush()

        assert compared().differences == 0
        assert refund.stripe_refund_id == at_stripe

    def test_a_refund_of_another_sum_is_a_row(self, stripe: StripeSandbox) -> None:
        _, refund = refunded(stripe)
        refund.amount = refund.net_refund = Decimal("74.00")
        db.session.flush()

        compared()

        row = rows()[0]
        assert (row.kind, row.our_amount) == (DifferenceKind.AMOUNT, Decimal("-74.00"))
        assert (row.stripe_amount, row.refund_id) == (Decimal("-75.00"), refund.id)

    @pytest.mark.usefixtures("session")
    def test_what_stripe_books_of_its_own_is_a_row(self) -> None:
        fee = entry("stripe_fee", "-2.00")
        unknown = [entry("adjustment", "-75.00"), entry("refund", "-5.00")]

        found = find_differences(
            books_of([fee, *unknown]), start=offers.NOW, end=offers.NOW + timedelta(days=1)
        )

        assert {(one.kind, one.stripe_amount) for one in found} == {
            (DifferenceKind.UNEXPECTED, Decimal("-2.00")),
            (DifferenceKind.MISSING_HERE, Decimal("-75.00")),
            (DifferenceKind.MISSING_HERE, Decimal("-5.00")),
        }

    def test_one_that_is_gone_is_closed_by_the_next_comparison(self, stripe: StripeSandbox) -> None:
        payment = desk.the_payment(desk.paid_booking(stripe))
        payment.amount = Decimal("75.01")
        db.session.flush()
        compared()
        payment.amount = Decimal("75.00")
        db.session.flush()

        compared()

        assert [(row.status, row.note) for row in rows()] == [
            (DifferenceStatus.RESOLVED, differences.GONE)
        ]


class TestResolving:
    def difference(self, stripe: StripeSandbox) -> ReconciliationDifference:
        payment = desk.the_payment(desk.paid_booking(stripe))
        payment.amount = Decimal("75.01")
        db.session.flush()
        compared()
        return rows()[0]

    def test_refuses_without_a_note(self, stripe: StripeSandbox) -> None:
        with pytest.raises(differences.NoteNeeded):
            differences.resolve(self.difference(stripe), reason=" ", now=clock.now(), by=OFFICE)

    def test_keeps_who_and_what_once_and_for_all(self, stripe: StripeSandbox) -> None:
        difference = self.difference(stripe)

        differences.resolve(difference, reason="A slip.", now=clock.now(), by=OFFICE)
        again = compared()

        assert (difference.status, difference.note) == (DifferenceStatus.RESOLVED, "A slip.")
        assert difference.resolved_at is not None
        assert again.new == 0
        with pytest.raises(differences.DifferenceResolved):
            differences.resolve(difference, reason="Again", now=clock.now(), by=OFFICE)


class TestPayouts:
    def test_are_written_on_the_payments_and_refunds_they_are_made_of(
        self, stripe: StripeSandbox
    ) -> None:
        kept = desk.the_payment(desk.paid_booking(stripe, number_of_places=2))
        booking, refund = refunded(stripe)
        payout = stripe.make_payout()
        later = desk.the_payment(desk.paid_booking(stripe))

        outcome = compared()

        marks = {kept.stripe_payout, desk.the_payment(booking).stripe_payout, refund.stripe_payout}
        assert marks == {payout["id"]}
        assert later.stripe_payout is None
        assert outcome.differences == 0

    def test_a_payout_that_is_not_its_sum_is_a_row(self, stripe: StripeSandbox) -> None:
        desk.paid_booking(stripe)
        stripe.make_payout()
        with stripe.store.transaction() as tx:
            own = tx.some("balance_transaction", "json_extract(body, '$.type') = 'payout'")[0]
            tx.save(own | {"amount": -7366, "net": -7366})

        compared()

        row = rows()[0]
        assert (row.kind, row.our_amount) == (DifferenceKind.PAYOUT, Decimal("73.67"))
        assert row.stripe_amount == Decimal("73.66")


def entry(kind: str, amount: str) -> BalanceEntry:
    """Return a movement of which we know nothing."""
    return BalanceEntry(
        id=f"txn_{kind}",
        type=kind,
        amount=Decimal(amount),
        fee=Decimal(0),
        net=Decimal(amount),
        source_id=f"source_{kind}",
        payment_intent_id=None,
    )
