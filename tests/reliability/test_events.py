"""Stripe's events shuffled, repeated, lost and found again: the end is the same as in order."""

import itertools
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from rft_admin.bookings.models import Booking
from rft_admin.core.database import db, transact
from rft_admin.payments import stripe_gateway as gateway
from rft_admin.payments import webhook
from rft_admin.payments.models import Refund
from sandbox.stripe import StripeSandbox
from tests.bookings import offers
from tests.payments import desk
from tests.reliability.figures import Figures, scaled
from tests.reliability.shop import Shop, wait_until

pytestmark = pytest.mark.reliability

PAYMENTS = scaled(200, least=10)
#: Deliveries, repeats included; each event comes one to five times.
LEAST_DELIVERIES = PAYMENTS * 10
SEED = 20261122
EVENT_TYPES = (
    "checkout.session.completed",
    "payment_intent.succeeded",
    "charge.refunded",
    "refund.failed",
    "charge.dispute.created",
)
ORDERS = scaled(120, least=12)
#: Of each booking by its number: its state, its payment's, its refunds', its letters and papers.
END_STATE = """
    SELECT u.email, b.status, b.payment_status, b.confirmation_sent,
        (SELECT array_agg(p.status || ' ' || p.amount || ' ' || p.amount_refunded ORDER BY p.id)
           FROM payment_transactions p WHERE p.booking_id = b.id),
        (SELECT array_agg(r.status || ' ' || r.net_refund ORDER BY r.net_refund, r.status)
           FROM refunds r WHERE r.booking_id = b.id),
        (SELECT array_agg(e.template_name ORDER BY e.template_name)
           FROM email_logs e WHERE e.booking_id = b.id),
        (SELECT array_agg(i.kind || ' ' || i.total ORDER BY i.kind, i.total)
           FROM invoices i WHERE i.booking_id = b.id)
    FROM bookings b JOIN users u ON u.id = b.user_id ORDER BY u.email
"""
CONFIRMATIONS = """
    SELECT booking_id, count(*) FROM email_logs
    WHERE template_name = 'booking_confirmed' GROUP BY booking_id
"""
UNFINISHED = """
    SELECT (SELECT count(*) FROM stripe_events WHERE processed_at IS NULL)
         + (SELECT count(*) FROM procrastinate_jobs
             WHERE task_name IN ('process_event', 'send_refund') AND status IN ('todo', 'doing'))
"""


def test_any_order_and_number_ends_as_in_order(
    new_shop: Callable[[], Shop], figures: Figures
) -> None:
    orderly, wild = new_shop(), new_shop()
    for shop in (orderly, wild):
        trade(shop)
    waiting = count_waiting(wild)

    with orderly.processes("web", "worker") as running:
        wait_until(lambda: not orderly.stripe.deliver_all(), running)
        wait_until(lambda: orderly.scalar(UNFINISHED) == 0, running, seconds=600)
    with wild.processes("web", "worker", "worker") as running:
        posted = wild.stripe.deliver_all("shuffled", (1, 5), 0.1, seed=SEED, workers=4)
        lost = waiting - len(set(posted))
        wild.stripe.replay_dropped()
        posted += wild.stripe.deliver_all("shuffled", (1, 5), seed=SEED + 1, workers=4)
        # What a loaded machine answered too late is sent again, as Stripe does.
        wait_until(lambda: not wild.stripe.deliver_all(workers=4), running)
        while len(posted) < LEAST_DELIVERIES:
            posted += again(wild, posted)
        wait_until(lambda: wild.scalar(UNFINISHED) == 0, running, seconds=600)

    assert wild.scalar("SELECT count(*) FROM stripe_events") == waiting
    assert wild.scalar("SELECT count(*) FROM stripe_events WHERE error_message IS NOT NULL") == 0
    assert wild.rows(END_STATE) == orderly.rows(END_STATE)
    confirmations = dict(wild.rows(CONFIRMATIONS))
    assert len(confirmations) == PAYMENTS
    assert set(confirmations.values()) == {1}
    for shop in (orderly, wild):
        assert shop.broken_invariants() == []
        shop.assert_ledger_agrees()
    figures(
        f"events: {PAYMENTS} payments, {waiting} events, {len(posted)} deliveries shuffled, "
        f"{lost} lost and replayed, two workers: the same end as in order, "
        f"{sum(confirmations.values())} confirmations"
    )


def trade(shop: Shop) -> None:
    """Book and pay, with every kind of trouble afterwards; no event is delivered yet."""
    with shop.app.app_context():
        for number in range(PAYMENTS):
            buy(shop.stripe, number)


def buy(stripe: StripeSandbox, number: int) -> None:
    """Let one customer book and pay; what happens to the money then goes by his number."""
    email = f"customer-{number:04}@example.com"
    booking_id = transact(lambda: offers.booked(offers.schedule().id, email=email).id)
    page = desk.pay_page(db.session.get_one(Booking, booking_id))
    db.session.rollback()
    kind = number % 5
    if kind == 0:
        stripe.pay(page, "declined")
    stripe.pay(page)
    charge = next(c for c in reversed(stripe.objects("charge")) if c["paid"])
    intent_id = charge["payment_intent"]
    if kind == 1:
        stripe.refund_in_dashboard(intent_id, 2_500)
        stripe.refund_in_dashboard(intent_id, 1_000)
    elif kind == 2:
        stripe.refund_in_dashboard(intent_id)
    elif kind == 3:
        stripe.fail_refund(stripe.refund_in_dashboard(intent_id, 3_000)["id"])
        stripe.open_dispute(intent_id)


def again(shop: Shop, posted: list[str]) -> list[str]:
    """Deliver each event that came before once more."""
    return shop.stripe.deliver_all(list(dict.fromkeys(posted)), workers=4)


def count_waiting(shop: Shop) -> int:
    """Return how many events wait to be delivered."""
    return sum(bool(event["delivery"]) for event in shop.stripe.events())


def test_every_order_of_five_events_ends_alike(
    stripe: StripeSandbox, session: Session, figures: Figures
) -> None:
    chosen = chosen_orders()
    ends = Counter(end_of(stripe, order) for order in chosen)

    figures(f"events: {len(chosen)} orders of five events: {len(ends)} end state")
    assert len(ends) == 1, ends


def test_what_the_events_tell_themselves_depends_on_their_order(
    stripe: StripeSandbox, session: Session, figures: Figures, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: dict[str, tuple[Any, Any]] = {}
    fetch_payment, fetch_refunds = gateway.retrieve_intent, gateway.list_refunds

    def remember(event_type: str, intent_id: str) -> None:
        told[event_type] = (fetch_payment(intent_id), fetch_refunds(intent_id))

    def believe(event_type: str) -> None:
        payment, refunds = told[event_type]
        monkeypatch.setattr(gateway, "retrieve_intent", lambda *_, **__: payment)
        monkeypatch.setattr(gateway, "list_refunds", lambda *_, **__: refunds)

    chosen = chosen_orders()
    ends = Counter(end_of(stripe, order, made=remember, comes=believe) for order in chosen)

    figures(f"events, control: as each tells it, nothing fetched: {len(ends)} end states")
    assert len(ends) > 1


def chosen_orders() -> list[tuple[int, ...]]:
    """Return the orders of five events that are tried."""
    every = list(itertools.permutations(range(len(EVENT_TYPES))))
    return every if len(every) <= ORDERS else random.Random(SEED).sample(every, ORDERS)


def end_of(
    stripe: StripeSandbox,
    order: tuple[int, ...],
    *,
    made: Callable[[str, str], None] = lambda *_: None,
    comes: Callable[[str], None] = lambda _: None,
) -> Any:
    """Pay, refund, let the refund fail, dispute; deliver the five events in this order.

    :param made: called with the type and the payment of each event as it is made.
    :param comes: called with the type of each event before it is delivered.
    """
    stripe.reset()
    booking = offers.booked(offers.schedule().id)
    stripe.pay(desk.pay_page(booking))
    intent_id = stripe.objects("payment_intent")[0]["id"]
    made("checkout.session.completed", intent_id)
    made("payment_intent.succeeded", intent_id)
    refund = stripe.refund_in_dashboard(intent_id, 3_000)
    made("charge.refunded", intent_id)
    stripe.fail_refund(refund["id"])
    made("refund.failed", intent_id)
    stripe.open_dispute(intent_id)
    made("charge.dispute.created", intent_id)
    for place in order:
        comes(EVENT_TYPES[place])
        (event,) = stripe.events(EVENT_TYPES[place])
        payload, headers = stripe.signed_event(event["id"])
        received = desk.receive(payload, headers["Stripe-Signature"])
        assert received is not None
        webhook.process(received.id)
    payment = desk.the_payment(booking)
    refunds = db.session.scalars(select(Refund).filter_by(booking_id=booking.id)).all()
    errors = text("SELECT count(*) FROM stripe_events WHERE error_message IS NOT NULL")
    return (
        booking.status,
        booking.payment_status,
        payment.status,
        payment.amount_refunded,
        tuple(sorted((r.status, r.net_refund) for r in refunds)),
        tuple(sorted(desk.letters(booking))),
        db.session.scalar(errors),
    )
