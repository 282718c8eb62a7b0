"""Stripe cut off, slow, broken or busy at each call: one charge, one refund, a good end."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from stripe import HTTPClient

from rft_admin.bookings import states
from rft_admin.bookings.models import Booking, BookingStatus, PaymentStatus
from rft_admin.bookings.placing import HOLD_EXPIRED
from rft_admin.core import clock
from rft_admin.core.database import db, transact
from rft_admin.core.errors import DomainError
from rft_admin.payments import checkout, refunds, webhook
from rft_admin.payments.gateway_objects import GatewayAway
from rft_admin.payments.models import Refund, RefundStatus, StripeEvent
from sandbox.stripe import StripeSandbox
from tests.bookings import offers
from tests.bookings.offers import OFFICE, VISITOR
from tests.payments import desk
from tests.reliability.figures import SCALE, Figures
from tests.reliability.test_kills import NEXT_MINUTE

pytestmark = pytest.mark.reliability

FAULTS = (
    "error_500",
    "error_500_after",
    "error_500_stored",
    "error_500_stored_after",
    "error_429",
    "cut_before",
    "cut_after",
    "slow",
    "slow_after",
)
#: Each call that paying and giving back make, as Stripe sees it.
CALLS = (
    ("POST", "/v1/checkout/sessions"),
    ("GET", "/v1/checkout/sessions/*"),
    ("GET", "/v1/payment_intents/*"),
    ("POST", "/v1/refunds"),
    ("GET", "/v1/refunds*"),
)
#: Once: the SDK's own retry may hide it. Often: it may not.
TIMES = (1, 5) if SCALE >= 1 else (5,)
#: Slow, but within the patience; beyond it a call is as good as cut.
SLOW_SECONDS = 0.1
#: The same act is tried so often, as a person or the queue does.
MOST_TRIES = 8


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the SDK's own retries follow at once."""
    monkeypatch.setattr(HTTPClient, "INITIAL_DELAY", 0.01)
    monkeypatch.setattr(HTTPClient, "MAX_DELAY", 0.01)


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call[0]} {call[1]}")
def test_trouble_at_one_call_charges_and_refunds_once(
    stripe: StripeSandbox, session: Session, figures: Figures, call: tuple[str, str]
) -> None:
    struck = 0
    for kind in FAULTS:
        for times in TIMES:
            stripe.reset()
            stripe.add_fault(kind, *call, times=times, seconds=SLOW_SECONDS)

            booking = live_through(stripe)

            assert stripe.ledger()["succeeded_charges"] == 1, kind
            assert stripe.ledger()["refund_count"] == 1, kind
            assert stripe.ledger()["refunds"] == int(booking.payment_amount * 100), kind
            assert desk.letters(booking).count("booking_confirmed") == 1
            struck += sum(request["fault"] == kind for request in stripe.requests())
    figures(
        f"Stripe in trouble at {call[0]} {call[1]}: {len(FAULTS)} kinds, struck {struck} times: "
        "always one charge and one refund"
    )
    assert struck >= len(FAULTS)


def live_through(stripe: StripeSandbox) -> Booking:
    """Book, pay, cancel and get everything back, each step tried again as it would be."""
    booking = offers.booked(offers.schedule().id)
    later = clock.now()
    for _ in range(MOST_TRIES):
        try:
            url = checkout.start_checkout(booking.id, now=later, by=VISITOR)
            break
        except DomainError:
            later += NEXT_MINUTE
    stripe.pay(url.rpartition("/")[2])
    take_events(stripe)
    assert booking.status is BookingStatus.CONFIRMED
    transact(
        lambda: refunds.cancel_and_refund(
            booking=booking, reason="ill", now=clock.now(), by=VISITOR
        )
    )
    refund = desk.the_refund(booking)
    assert send(refund)
    take_events(stripe)
    assert refund.status is RefundStatus.COMPLETED
    assert booking.payment_status is PaymentStatus.REFUNDED
    return booking


def send(refund: Refund) -> bool:
    """Send a refund as its job does, again and again; return whether Stripe took it."""
    for _ in range(MOST_TRIES):
        try:
            refunds.send(refund.id)
        except GatewayAway:
            continue
        return True
    return False


def take_events(stripe: StripeSandbox) -> None:
    """Let the events arrive; a job that finds Stripe away comes back."""
    posted: list[tuple[bytes, str]] = []

    def post(payload: bytes, headers: dict[str, str]) -> int:
        posted.append((payload, headers["Stripe-Signature"]))
        return 200

    stripe.deliver_all(post=post)
    for payload, signature in posted:
        desk.receive(payload, signature)
    unfinished = select(StripeEvent.id).where(StripeEvent.processed_at.is_(None))
    for event_id in db.session.scalars(unfinished.order_by(StripeEvent.id)).all():
        for _ in range(MOST_TRIES):
            try:
                webhook.process(event_id)
                break
            except GatewayAway:
                continue


def test_a_decline_then_a_success_confirms_once(
    stripe: StripeSandbox, session: Session, figures: Figures
) -> None:
    booking = offers.booked(offers.schedule().id)
    page = desk.pay_page(booking)
    stripe.pay(page, "declined")
    take_events(stripe)
    declined = booking.payment_status

    stripe.pay(page)
    take_events(stripe)

    assert declined is PaymentStatus.FAILED
    assert booking.status is BookingStatus.CONFIRMED
    assert desk.letters(booking).count("payment_failed") == 1
    assert desk.letters(booking).count("booking_confirmed") == 1
    assert stripe.ledger()["succeeded_charges"] == 1
    figures("a decline, then a success: one charge, one confirmation, one letter of the decline")


@pytest.mark.parametrize("has_room", [True, False], ids=["with room", "without room"])
def test_a_payment_after_the_hold_keeps_its_place_or_comes_back(
    stripe: StripeSandbox, session: Session, figures: Figures, has_room: bool
) -> None:
    schedule = offers.schedule(max_capacity=1)
    booking = offers.booked(schedule.id)
    page = desk.pay_page(booking)
    states.cancel(booking, reason=HOLD_EXPIRED, now=clock.now(), by=OFFICE, tell=False)
    if not has_room:
        offers.confirmed(schedule.id)
    stripe.pay(page)

    take_events(stripe)
    desk.send_waiting_refunds()
    take_events(stripe)

    returned = db.session.scalars(select(Refund).filter_by(booking_id=booking.id)).all()
    assert booking.status is (BookingStatus.CONFIRMED if has_room else BookingStatus.CANCELLED)
    assert [refund.status for refund in returned] == ([] if has_room else [RefundStatus.COMPLETED])
    assert stripe.ledger()["refund_count"] == len(returned)
    assert desk.letters(booking).count("booking_confirmed") == int(has_room)
    words = "kept its place" if has_room else "came back in full, once"
    figures(f"a payment after the hold, {'with' if has_room else 'without'} room: {words}")
