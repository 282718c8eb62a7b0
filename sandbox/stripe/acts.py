"""What every use case of the sandbox is given, and how it tells the world: events."""

import time
from collections.abc import Iterable
from dataclasses import dataclass

import stripe

from sandbox.stripe.conformance import check_event
from sandbox.stripe.errors import Json
from sandbox.stripe.state import Transaction, new_id

#: What the application's webhook endpoint is subscribed to; other events are only recorded.
SUBSCRIBED = frozenset(
    {
        "checkout.session.completed",
        "checkout.session.async_payment_succeeded",
        "checkout.session.async_payment_failed",
        "checkout.session.expired",
        "payment_intent.succeeded",
        "payment_intent.payment_failed",
        "payment_intent.canceled",
        "charge.refunded",
        "refund.created",
        "refund.updated",
        "refund.failed",
        "charge.dispute.created",
        "charge.dispute.updated",
        "charge.dispute.closed",
    }
)
API_VERSION = stripe.api_version


@dataclass(frozen=True)
class Config:
    """Where the sandbox is reached, whom it tells, and what both sides know."""

    secret_key: str
    webhook_secret: str
    public_url: str
    #: Seconds until a test card's dispute, or a refund's late end, comes by itself; None: never.
    later_seconds: float | None = None


@dataclass(frozen=True)
class Act:
    """One use case under way: its transaction, its moment, and the request it answers."""

    tx: Transaction
    config: Config
    now: int
    request_id: str | None = None
    idempotency_key: str | None = None


def clock() -> int:
    """Return the present second since 1970."""
    return int(time.time())


def emit(act: Act, kind: str, subject: Json, *, previous: Json | None = None) -> Json:
    """Record an event with a snapshot of its subject, and put it into the outbox."""
    inside: Json = {"object": subject}
    if previous is not None:
        inside["previous_attributes"] = previous
    event = {
        "id": new_id("evt_3"),
        "object": "event",
        "api_version": API_VERSION,
        "created": act.now,
        "data": inside,
        "livemode": False,
        "pending_webhooks": int(kind in SUBSCRIBED),
        "request": {"id": act.request_id, "idempotency_key": act.idempotency_key},
        "type": kind,
    }
    check_event(event)
    act.tx.add(event)
    if kind in SUBSCRIBED:
        _post_out(act.tx, str(event["id"]))
    return event


def _post_out(tx: Transaction, event_id: str) -> None:
    due = time.time() + float(tx.switch("delivery_delay", 0))
    tx.sql("INSERT INTO deliveries (event_id, state, due) VALUES (?, 'pending', ?)", event_id, due)


def later(act: Act, what: str, subject: Json) -> None:
    """Have `what` happen to an object by itself after the configured time, if there is one."""
    if act.config.later_seconds is not None:
        act.tx.start_timer(what, subject["id"], act.now + act.config.later_seconds)


def change(act: Act, subject: Json, **changes: object) -> Json:
    """Save an object's changes and return what they replaced."""
    previous = {key: subject.get(key) for key in changes}
    subject.update(changes)
    act.tx.save(subject)
    return previous


def total(entries: Iterable[Json], member: str) -> int:
    """Return the sum of one member, in pence."""
    return sum(int(entry[member]) for entry in entries)
