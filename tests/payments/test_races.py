"""Two at once: real connections, real commits, and a Stripe that remembers what it was asked."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import select

from rft_admin.bookings.models import Booking, BookingStatus
from rft_admin.core import clock
from rft_admin.core.database import db, transact
from rft_admin.core.errors import DomainError
from rft_admin.messaging.models import EmailLog
from rft_admin.payments import checkout, invoices, refunds, webhook
from rft_admin.payments.models import Invoice, Refund, RefundStatus, StripeEvent
from sandbox.stripe import StripeSandbox
from tests.bookings import offers
from tests.bookings.offers import OFFICE
from tests.payments import desk
from tests.payments.conftest import KEY, SECRET

#: Parallel writers of one number series.
WRITERS = 20


@pytest.fixture
def shop(committed_app: Flask, running_stripe: StripeSandbox) -> Iterator[Flask]:
    """An application whose commits are real, speaking to an empty Stripe."""
    running_stripe.reset()
    committed_app.config["RFT"] = replace(
        committed_app.config["RFT"],
        stripe_secret_key=KEY,
        stripe_webhook_secret=SECRET,
        stripe_api_base=running_stripe.base_url,
    )
    with committed_app.app_context():
        yield committed_app


def at_once(app: Flask, number: int, act: Callable[[int], object]) -> list[object]:
    """Run the act so many times at the same moment; return results and refusals."""
    gate = threading.Barrier(number)

    def run(index: int) -> object:
        with app.app_context():
            gate.wait()
            try:
                return act(index)
            except DomainError as refusal:
                return refusal

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(run, range(number)))


def book(**order: object) -> int:
    """Place and commit a booking; return its id."""
    return transact(lambda: offers.booked(offers.schedule(days_ahead=20).id, **order).id)


def pay(stripe: StripeSandbox, booking_id: int) -> None:
    booking = db.session.get_one(Booking, booking_id)
    page = desk.pay_page(booking)
    db.session.rollback()
    stripe.pay(page)
    desk.deliver(stripe)
    db.session.rollback()


def test_two_admins_approving_one_refund_send_the_money_once(
    shop: Flask, running_stripe: StripeSandbox
) -> None:
    booking_id = book(customer_type="business", company_name="Example Ltd")
    pay(running_stripe, booking_id)

    def cancel() -> int:
        refund = refunds.cancel_and_refund(
            booking=db.session.get_one(Booking, booking_id),
            reason="ill",
            now=clock.now(),
            by=OFFICE,
        )
        assert refund is not None
        return refund.id

    refund_id = transact(cancel)

    def approve(_: int) -> object:
        def use_case() -> None:
            refund = db.session.get_one(Refund, refund_id)
            refunds.approve(refund=refund, now=clock.now(), by=OFFICE)

        return transact(use_case)

    outcomes = at_once(shop, 4, approve)
    at_once(shop, 3, lambda _: refunds.send(refund_id))

    refused = [outcome for outcome in outcomes if outcome is not None]
    assert [type(outcome) for outcome in refused] == [refunds.RefundDecided] * 3
    assert running_stripe.ledger()["refund_count"] == 1
    assert db.session.get_one(Refund, refund_id).status is RefundStatus.COMPLETED
    completed = select(EmailLog).filter_by(template_name="refund_completed")
    assert len(db.session.scalars(completed).all()) == 1


def test_many_workers_on_the_same_events_confirm_and_thank_once(
    shop: Flask, running_stripe: StripeSandbox
) -> None:
    booking_id = book()
    page = desk.pay_page(db.session.get_one(Booking, booking_id))
    db.session.rollback()
    running_stripe.pay(page)
    running_stripe.deliver_all(post=lambda payload, headers: 200)
    for event in running_stripe.events():
        payload, headers = running_stripe.signed_event(event["id"])
        desk.receive(payload, headers["Stripe-Signature"])
    event_ids = db.session.scalars(select(StripeEvent.id)).all()
    db.session.rollback()

    at_once(shop, 6, lambda index: webhook.process(event_ids[index % len(event_ids)]))

    letters = select(EmailLog.template_name).filter_by(booking_id=booking_id)
    names = list(db.session.scalars(letters))
    assert db.session.get_one(Booking, booking_id).status is BookingStatus.CONFIRMED
    assert names.count("booking_confirmed") == 1
    assert names.count("payment_received") == 1
    assert len(db.session.scalars(select(Invoice)).all()) == 1


def test_a_double_click_on_pay_opens_one_page(shop: Flask, running_stripe: StripeSandbox) -> None:
    booking_id = book()

    outcomes = at_once(
        shop,
        4,
        lambda _: checkout.start_checkout(booking_id, now=clock.now(), by=OFFICE),
    )

    opened = running_stripe.objects("checkout.session")
    assert len([page for page in opened if page["status"] == "open"]) == 1
    assert any(isinstance(outcome, str) for outcome in outcomes)
    for outcome in outcomes:
        assert isinstance(outcome, str | checkout.PageOpening)


def test_parallel_writers_number_invoices_without_a_gap(shop: Flask) -> None:
    booking_ids = [
        transact(
            lambda: (
                offers.bookings.place_booking(
                    offers.business_order(offers.schedule().id), now=clock.now(), by=OFFICE
                ).id
            )
        )
        for _ in range(WRITERS)
    ]

    def issue(index: int) -> object:
        def use_case() -> str:
            booking = db.session.get_one(Booking, booking_ids[index])
            invoice = invoices.issue_invoice(booking, now=clock.now(), by=OFFICE)
            assert invoice is not None
            return invoice.invoice_number

        return transact(use_case)

    numbers = sorted(str(number) for number in at_once(shop, WRITERS, issue))

    assert [int(number[-5:]) for number in numbers] == list(range(1, WRITERS + 1))
