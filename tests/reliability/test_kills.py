"""`kill -9` around every commit and every call to Stripe, and at random moments; then go on."""

import json
import random
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from rft_admin.bookings import service as bookings
from rft_admin.bookings.models import Booking, BookingStatus, PaymentStatus
from rft_admin.core import clock
from rft_admin.core.database import db, transact
from rft_admin.payments import changes, checkout, refunds, schedules
from rft_admin.payments.models import Refund, RefundStatus
from tests.bookings import offers
from tests.bookings.offers import OFFICE, VISITOR
from tests.conftest import PROJECT
from tests.payments import desk
from tests.reliability.figures import SCALE, Figures, scaled
from tests.reliability.shop import Shop

pytestmark = pytest.mark.reliability

RANDOM_MOMENTS = scaled(200) if SCALE >= 1 else 7
#: Of an act that is one call to Stripe.
AFTER_THE_CALL = 2
#: An act takes about so long; a moment past its end kills nobody.
LONGEST_ACT_SECONDS = 0.2
SEED = 20261122
#: At a tenth of the size every so many points are tried.
STEP = 1 if SCALE >= 1 else 7
#: A page that nobody knows of blocks another for a minute.
NEXT_MINUTE = timedelta(minutes=2)


@dataclass(frozen=True)
class Story:
    """An act that may be broken off, and how everything goes on afterwards."""

    act: str
    args: dict[str, Any]
    go_on: Callable[[], None]


class Victim:
    """The process whose forks are killed."""

    def __init__(self, shop: Shop) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.reliability.victim"],
            cwd=PROJECT,
            env=shop.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def do(self, story: Story, **how: Any) -> dict[str, Any]:
        """Have an act done, with `kill_at` or `kill_after`; return how it ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"act": story.act, "args": story.args, **how}) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        assert answer["killed"] or answer["status"] == 0, answer
        return answer

    def end(self) -> None:
        """End the process."""
        self._process.communicate(timeout=60)


@pytest.fixture
def victim(shop: Shop) -> Iterator[Victim]:
    victim = Victim(shop)
    yield victim
    victim.end()


class Stories:
    """Sets the stage for each act; every story has customers and a date of its own."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    def tell(self, act: str) -> Story:
        """Set the stage for an act."""
        story: Story = getattr(self, act)()
        return story

    def book(self) -> Story:
        """A customer sends the form, and again when there is no answer."""
        schedule_id = transact(lambda: offers.schedule(max_capacity=1).id)
        email, key = f"{uuid.uuid4().hex}@example.com", str(uuid.uuid4())

        def go_on() -> None:
            order = offers.order(schedule_id, email=email, idempotency_key=key)
            booking_id = transact(
                lambda: bookings.place_booking(order, now=clock.now(), by=VISITOR).id
            )
            self._pay(booking_id)

        return Story("book", {"schedule_id": schedule_id, "email": email, "key": key}, go_on)

    def pay(self) -> Story:
        """A customer presses Pay, and again when there is no answer."""
        booking_id = self._booked()
        return Story("pay", {"booking_id": booking_id}, lambda: self._pay(booking_id))

    def webhook(self) -> Story:
        """Stripe tells of a payment, and again until somebody listens."""
        booking_id = self._booked()
        self.shop.stripe.pay(self._page(booking_id))
        told = [event for event in self.shop.stripe.events() if event["delivery"]]
        waiting = [event["id"] for event in told if event["delivery"]["state"] == "pending"]
        events = []
        for event_id in waiting:
            payload, headers = self.shop.stripe.signed_event(event_id)
            events.append((payload.decode(), headers["Stripe-Signature"]))
        return Story("webhook", {"events": events}, lambda: self._is_confirmed(booking_id))

    def refund(self) -> Story:
        """The office approves a refund, and again if it still waits."""
        booking_id = self._paid(customer_type="business", company_name="Example Ltd")
        refund_id = transact(lambda: self._cancel(booking_id))

        def go_on() -> None:
            if _refund(refund_id).status is RefundStatus.PENDING:
                transact(
                    lambda: refunds.approve(refund=_refund(refund_id), now=clock.now(), by=OFFICE)
                )
                _let_go_and_recover(self.shop)
            self._is_given_back(booking_id)

        return Story("refund", {"refund_id": refund_id}, go_on)

    def transfer(self) -> Story:
        """The office moves a booking to another date, and again if it has not moved."""
        booking_id = self._paid()
        schedule_id = transact(
            lambda: offers.schedule(course=_booking(booking_id).course_schedule.course).id
        )

        def go_on() -> None:
            if _booking(booking_id).course_schedule_id != schedule_id:
                transact(
                    lambda: changes.transfer(
                        booking=_booking(booking_id),
                        schedule_id=schedule_id,
                        now=clock.now(),
                        by=OFFICE,
                    )
                )
            assert _booking(booking_id).course_schedule_id == schedule_id
            assert desk.letters(_booking(booking_id)).count("booking_transferred") == 1
            self._is_confirmed(booking_id)

        args = {"booking_id": booking_id, "schedule_id": schedule_id}
        return Story("transfer", args, go_on)

    def cancel(self) -> Story:
        """A customer cancels, and again if the booking still stands."""
        booking_id = self._paid()

        def go_on() -> None:
            if _booking(booking_id).status is not BookingStatus.CANCELLED:
                transact(lambda: self._cancel(booking_id))
                _let_go_and_recover(self.shop)
            self._is_given_back(booking_id)

        return Story("cancel", {"booking_id": booking_id}, go_on)

    def cancel_schedule(self) -> Story:
        """The office cancels a date with two bookings, and goes on where it was broken off."""
        schedule_id = transact(lambda: offers.schedule().id)
        booking_ids = [self._paid(schedule_id=schedule_id) for _ in range(2)]

        def go_on() -> None:
            schedules.cancel_schedule(
                schedule_id=schedule_id, reason="The trainer is ill.", now=clock.now(), by=OFFICE
            )
            _let_go_and_recover(self.shop)
            for booking_id in booking_ids:
                self._is_given_back(booking_id)
                names = desk.letters(_booking(booking_id))
                assert names.count("schedule_cancelled") == 1

        return Story("cancel_schedule", {"schedule_id": schedule_id}, go_on)

    def _booked(self, schedule_id: int | None = None, **order: Any) -> int:
        def place() -> int:
            return offers.booked(schedule_id or offers.schedule().id, **order).id

        return transact(place)

    def _page(self, booking_id: int) -> str:
        url = checkout.start_checkout(booking_id, now=clock.now() + NEXT_MINUTE, by=VISITOR)
        return url.rpartition("/")[2]

    def _paid(self, schedule_id: int | None = None, **order: Any) -> int:
        booking_id = self._booked(schedule_id, **order)
        self._pay(booking_id)
        return booking_id

    def _pay(self, booking_id: int) -> None:
        self.shop.stripe.pay(self._page(booking_id))
        self.shop.deliver()
        self._is_confirmed(booking_id)

    def _cancel(self, booking_id: int) -> int:
        started = refunds.cancel_and_refund(
            booking=_booking(booking_id), reason="ill", now=clock.now(), by=VISITOR
        )
        assert started is not None
        return started.id

    def _is_confirmed(self, booking_id: int) -> None:
        booking = _booking(booking_id)
        assert (booking.status, booking.payment_status) == (
            BookingStatus.CONFIRMED,
            PaymentStatus.PAID,
        )
        assert desk.letters(booking).count("booking_confirmed") == 1
        assert desk.letters(booking).count("payment_received") == 1
        db.session.rollback()

    def _is_given_back(self, booking_id: int) -> None:
        booking = _booking(booking_id)
        given = db.session.scalars(select(Refund).filter_by(booking_id=booking_id)).one()
        assert booking.status is BookingStatus.CANCELLED
        assert given.status is RefundStatus.COMPLETED
        assert desk.letters(booking).count("refund_completed") == 1
        db.session.rollback()


def _booking(booking_id: int) -> Booking:
    return db.session.get_one(Booking, booking_id, populate_existing=True)


def _refund(refund_id: int) -> Refund:
    return db.session.get_one(Refund, refund_id, populate_existing=True)


ACTS = ("book", "pay", "webhook", "refund", "transfer", "cancel", "cancel_schedule")


def survive(shop: Shop, victim: Victim, story: Story, **how: Any) -> dict[str, Any]:
    """Break an act off, let the business recover by itself, go on, and look at all the money."""
    ending = victim.do(story, **how)
    _let_go_and_recover(shop)
    story.go_on()
    _let_go_and_recover(shop)
    assert shop.broken_invariants() == [], (story.act, how)
    shop.assert_ledger_agrees()
    _nobody_was_charged_twice(shop)
    return ending


def _let_go_and_recover(shop: Shop) -> None:
    """Recover as after a restart: nothing is held open here meanwhile."""
    db.session.rollback()
    shop.recover()


def _nobody_was_charged_twice(shop: Shop) -> None:
    paid = [c["metadata"]["booking_id"] for c in shop.stripe.objects("charge") if c["paid"]]
    assert max(Counter(paid).values(), default=0) <= 1, Counter(paid).most_common(3)
    returned = Counter(
        r["charge"] for r in shop.stripe.objects("refund") if r["status"] != "failed"
    )
    assert max(returned.values(), default=0) <= 1, returned.most_common(3)


def test_killed_around_every_commit_and_call(shop: Shop, victim: Victim, figures: Figures) -> None:
    with shop.app.app_context():
        stories = Stories(shop)
        for act in ACTS:
            points = survive(shop, victim, stories.tell(act))["passed"]
            tried = range(points, 0, -STEP)

            endings = [survive(shop, victim, stories.tell(act), kill_at=point) for point in tried]

            assert endings
            assert all(ending["killed"] for ending in endings)
            figures(
                f"kill -9: {act}: killed at {len(tried)} of {points} points before and after "
                "commits and calls to Stripe: no double charge or refund, invariants hold, "
                "all went on"
            )


def test_without_a_stored_key_a_kill_gives_back_twice(
    shop: Shop, victim: Victim, figures: Figures
) -> None:
    with shop.app.app_context():
        Stories(shop).tell("cancel")
    (intent,) = shop.stripe.objects("payment_intent")
    story = Story("careless_refund", {"intent_id": intent["id"]}, lambda: None)

    broken_off = victim.do(story, kill_at=AFTER_THE_CALL)
    victim.do(story)

    assert broken_off["killed"]
    figures(
        "kill -9, control: without a stored key a refund broken off is sent "
        f"{shop.stripe.ledger()['refund_count']} times"
    )
    assert shop.stripe.ledger()["refund_count"] == 2


def test_killed_at_random_moments(shop: Shop, victim: Victim, figures: Figures) -> None:
    dice = random.Random(SEED)
    killed = 0
    with shop.app.app_context():
        stories = Stories(shop)

        for number in range(RANDOM_MOMENTS):
            story = stories.tell(ACTS[number % len(ACTS)])
            moment = dice.uniform(0.001, LONGEST_ACT_SECONDS)
            killed += survive(shop, victim, story, kill_after=moment)["killed"]

    assert killed > 0
    figures(
        f"kill -9: {RANDOM_MOMENTS} random moments of {len(ACTS)} acts, {killed} before the end: "
        "no double charge or refund, invariants hold, all went on"
    )
