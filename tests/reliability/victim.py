"""`python -m tests.reliability.victim`: does what it is told, and dies where it is told.

Each line of its input is one order in JSON, done by a fork of its own: `act` and `args`, and either
`kill_at`, the number of a commit or a call to Stripe, each counted before and after it, or
`kill_after` seconds. Each line of its output says how that fork ended.
"""

import json
import os
import signal
import sys
import time
import uuid
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session
from stripe import RequestsClient

from rft_admin import create_app
from rft_admin.bookings import service as bookings
from rft_admin.bookings.models import Booking
from rft_admin.core import clock
from rft_admin.core.database import db, transact
from rft_admin.payments import changes, checkout, refunds, schedules, webhook
from rft_admin.payments import stripe_gateway as gateway
from rft_admin.payments.models import Refund
from tests.bookings import offers
from tests.bookings.offers import OFFICE, VISITOR


def book(schedule_id: int, email: str, key: str) -> None:
    """Place a booking."""
    order = offers.order(schedule_id, email=email, idempotency_key=key)
    transact(lambda: bookings.place_booking(order, now=clock.now(), by=VISITOR), by=VISITOR)


def pay(booking_id: int) -> None:
    """Open the payment page."""
    checkout.start_checkout(booking_id, now=clock.now(), by=VISITOR)


def receive_and_process(events: list[tuple[str, str]]) -> None:
    """Take events in, and let each take its effect, as the webhook and its jobs do."""
    for payload, signature in events:
        received = transact(partial(webhook.receive, payload.encode(), signature, now=clock.now()))
        if received is not None:
            webhook.process(received.id)


def refund(refund_id: int) -> None:
    """Approve a refund and send it."""

    def approve() -> None:
        waiting = db.session.get_one(Refund, refund_id)
        refunds.approve(refund=waiting, now=clock.now(), by=OFFICE)

    transact(approve, by=OFFICE)
    refunds.send(refund_id)


def cancel(booking_id: int) -> None:
    """Cancel a booking with its refund."""
    transact(
        lambda: refunds.cancel_and_refund(
            booking=db.session.get_one(Booking, booking_id),
            reason="ill",
            now=clock.now(),
            by=VISITOR,
        ),
        by=VISITOR,
    )


def transfer(booking_id: int, schedule_id: int) -> None:
    """Move a booking to another date."""
    transact(
        lambda: changes.transfer(
            booking=db.session.get_one(Booking, booking_id),
            schedule_id=schedule_id,
            now=clock.now(),
            by=OFFICE,
        ),
        by=OFFICE,
    )


def cancel_schedule(schedule_id: int) -> None:
    """Cancel a date."""
    schedules.cancel_schedule(
        schedule_id=schedule_id, reason="The trainer is ill.", now=clock.now(), by=OFFICE
    )


def careless_refund(intent_id: str) -> None:
    """Give ten pounds back under a key that nobody keeps, as the control."""
    gateway.create_refund(
        payment_intent_id=intent_id,
        amount=Decimal(10),
        metadata={},
        idempotency_key=str(uuid.uuid4()),
    )


ACTS: dict[str, Callable[..., None]] = {
    "book": book,
    "pay": pay,
    "webhook": receive_and_process,
    "refund": refund,
    "transfer": transfer,
    "cancel": cancel,
    "cancel_schedule": cancel_schedule,
    "careless_refund": careless_refund,
}


class Points:
    """Counts commits and calls to Stripe, before and after each, and dies at one of them."""

    def __init__(self, kill_at: int) -> None:
        self.passed = 0
        self._kill_at = kill_at

    def install(self) -> None:
        """Begin to count."""
        event.listen(db.engine, "commit", lambda connection: self.reach())
        event.listen(Session, "after_commit", lambda session: self.reach())
        request = RequestsClient.request

        def counted(client: RequestsClient, *args: Any, **kwargs: Any) -> Any:
            self.reach()
            answer = request(client, *args, **kwargs)
            self.reach()
            return answer

        RequestsClient.request = counted  # type: ignore[method-assign, assignment] # the SDK offers no hook

    def reach(self) -> None:
        """Count a point; die if it is the one."""
        self.passed += 1
        if self.passed == self._kill_at:
            os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Do every order that comes."""
    app = create_app()
    for line in sys.stdin:
        order = json.loads(line)
        reading, writing = os.pipe()
        started = time.monotonic()
        child = os.fork()
        if child == 0:
            with app.app_context():
                points = Points(order.get("kill_at", 0))
                points.install()
                ACTS[order["act"]](**order["args"])
            os.write(writing, str(points.passed).encode())
            os._exit(0)
        os.close(writing)
        if order.get("kill_after"):
            time.sleep(order["kill_after"])
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        passed = int(os.read(reading, 20) or 0)
        os.close(reading)
        was_killed = os.WIFSIGNALED(status)
        seconds = time.monotonic() - started
        answer = {"killed": was_killed, "passed": passed, "seconds": seconds, "status": status}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
