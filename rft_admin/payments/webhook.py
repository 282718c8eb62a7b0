"""Stripe's events: stored once, then acted on by fetching the object again."""

import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial

from sqlalchemy.dialects.postgresql import insert

from rft_admin.accounts import audit
from rft_admin.core import clock, queue
from rft_admin.core.actor import Actor
from rft_admin.core.database import db, transact
from rft_admin.core.errors import DomainError
from rft_admin.payments import disputes, recording, refund_sending
from rft_admin.payments import stripe_gateway as gateway
from rft_admin.payments.gateway_objects import GatewayRefused
from rft_admin.payments.models import StripeEvent
from rft_admin.payments.recording import PaymentMismatch

logger = logging.getLogger(__name__)

BY = Actor(label="Stripe")
WRONG_MODE = "Refused: the event's livemode differs from our key's."


class CannotReplay(DomainError):
    """The content of this event has been removed, as its time was over."""

    status = 409


def receive(payload: bytes, signature: str, *, now: datetime) -> StripeEvent | None:
    """Store a verified event, once, and queue what it causes; None if it was stored before.

    An event of the other mode (test or live) is stored and refused. What cannot be stored
    raises, so that the door does not answer 200 and Stripe sends it again.

    :raises BadSignature: if Stripe did not sign it.
    """
    event = gateway.read_event(payload, signature)
    fits = event.livemode == gateway.is_live()
    stored_id = db.session.scalar(
        insert(StripeEvent)
        .values(
            stripe_event_id=event.id,
            event_type=event.type,
            object_id=event.object_id,
            payload=event.payload,
            livemode=event.livemode,
            processed_at=None if fits else now,
            error_message=None if fits else WRONG_MODE,
        )
        .on_conflict_do_nothing(index_elements=["stripe_event_id"])
        .returning(StripeEvent.id)
    )
    if stored_id is None:
        return None
    if fits:
        queue.defer("process_event", stripe_event_id=stored_id)
    return db.session.get(StripeEvent, stored_id)


def replay(event: StripeEvent, *, now: datetime, by: Actor) -> None:
    """Let a stored event take its effect again: its object is fetched anew, so it is harmless.

    :raises CannotReplay: if it is of the other mode, waits already, or has lost its content.
    """
    if event.livemode != gateway.is_live():
        raise CannotReplay(WRONG_MODE)
    if event.processed_at is None:
        raise CannotReplay("It waits for its turn already.")
    if not event.payload:
        raise CannotReplay
    with audit.acting("replayed"):
        event.processed_at = None
        event.error_message = None
        db.session.flush()
    queue.defer("process_event", stripe_event_id=event.id)


def process(event_id: int, *, now: datetime | None = None) -> None:
    """Let an event take its effect: the object is fetched again, so order and repeats are nothing.

    Opens its own units of work; call it outside one. What can never succeed is written on the
    event for the office.

    :raises GatewayAway: if Stripe does not answer; the job repeats it.
    """
    moment = now or clock.now()
    found = transact(lambda: _read(event_id), by=BY)
    if found is None:
        return
    event_type, object_id, intent_id = found
    error = None
    try:
        _act(event_type, object_id, intent_id, now=moment)
    except (PaymentMismatch, GatewayRefused) as refusal:
        logger.warning("event %s came to nothing: %s", event_id, type(refusal).__name__)
        error = refusal.message
    transact(lambda: _finish(event_id, error, now=moment), by=BY)


def _read(event_id: int) -> tuple[str, str, str] | None:
    """Return type, object and payment intent of an event that still waits."""
    event = db.session.get(StripeEvent, event_id)
    if event is None or event.processed_at is not None:
        return None
    about = event.payload.get("data", {}).get("object", {})
    return event.event_type, event.object_id, str(about.get("payment_intent") or "")


def _act(event_type: str, object_id: str, intent_id: str, *, now: datetime) -> None:
    handler = _HANDLERS.get(event_type)
    if handler is not None:
        handler(object_id, intent_id, now)


def _on_session(session_id: str, _intent_id: str, now: datetime) -> None:
    recording.apply_checkout(session_id, now=now, by=BY)


def _on_intent(intent_id: str, _: str, now: datetime) -> None:
    recording.apply_intent(intent_id, now=now, by=BY)


def _on_charge_refunded(_charge_id: str, intent_id: str, now: datetime) -> None:
    if not intent_id:
        return
    recording.apply_intent(intent_id, now=now, by=BY)
    for refund in gateway.list_refunds(intent_id):
        transact(partial(refund_sending.record_refund, refund, now=now, by=BY), by=BY)


def _on_refund(refund_id: str, intent_id: str, now: datetime) -> None:
    if intent_id:
        recording.apply_intent(intent_id, now=now, by=BY)
    refund = gateway.retrieve_refund(refund_id)
    transact(lambda: refund_sending.record_refund(refund, now=now, by=BY), by=BY)


def _on_dispute(dispute_id: str, intent_id: str, now: datetime) -> None:
    if intent_id:
        recording.apply_intent(intent_id, now=now, by=BY)
    dispute = gateway.retrieve_dispute(dispute_id)
    transact(lambda: disputes.record_dispute(dispute, now=now), by=BY)


def _finish(event_id: int, error: str | None, *, now: datetime) -> None:
    event = db.session.get_one(StripeEvent, event_id)
    event.processed_at = now
    event.error_message = error
    db.session.flush()
    if error is not None:
        disputes.tell_of_difference(
            f"An event of Stripe came to nothing: {event.event_type}", error, now=now
        )


_HANDLERS: dict[str, Callable[[str, str, datetime], None]] = {
    "checkout.session.completed": _on_session,
    "checkout.session.async_payment_succeeded": _on_session,
    "checkout.session.async_payment_failed": _on_session,
    "checkout.session.expired": _on_session,
    "payment_intent.succeeded": _on_intent,
    "payment_intent.payment_failed": _on_intent,
    "payment_intent.canceled": _on_intent,
    "charge.refunded": _on_charge_refunded,
    "refund.created": _on_refund,
    "refund.updated": _on_refund,
    "refund.failed": _on_refund,
    "charge.dispute.created": _on_dispute,
    "charge.dispute.updated": _on_dispute,
    "charge.dispute.closed": _on_dispute,
}
