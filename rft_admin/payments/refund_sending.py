"""A refund on its way: claimed, sent once per attempt, and what Stripe says of it afterwards."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select

from rft_admin.accounts import audit
from rft_admin.core import clock
from rft_admin.core.actor import SYSTEM, Actor
from rft_admin.core.database import db, transact
from rft_admin.core.errors import DomainError
from rft_admin.core.money import ZERO, format_pounds
from rft_admin.core.references import random_reference
from rft_admin.messaging import notifications
from rft_admin.messaging.models import NotificationType, Priority
from rft_admin.payments import invoices, ledger, letters, locks
from rft_admin.payments import stripe_gateway as gateway
from rft_admin.payments.gateway_objects import (
    GatewayAway,
    GatewayRefund,
    GatewayRefused,
    GatewayStuck,
)
from rft_admin.payments.models import (
    OPEN_REFUND_STATUSES,
    PaymentTransaction,
    Provider,
    Refund,
    RefundStatus,
)

_FAILED = frozenset({"failed", "canceled"})


class NotManual(DomainError):
    """A card payment goes back through Stripe; only a manual one is paid back by hand."""

    status = 409


class NotApproved(DomainError):
    """Only an approved refund can be paid back."""

    status = 409


@dataclass(frozen=True, kw_only=True)
class _Claim:
    """A refund that is to be sent, in plain values that outlive the transaction."""

    refund_id: int
    attempt: int
    key: str
    payment_intent_id: str
    net: Decimal
    booking_id: int
    #: An earlier run may have reached Stripe: ask before sending.
    maybe_sent: bool


def send(refund_id: int, *, now: datetime | None = None, by: Actor = SYSTEM) -> None:
    """Send an approved refund to Stripe and write down the answer; twice sends once.

    Opens its own units of work around the call; call it outside one. Each attempt has one key,
    and a repeated run asks Stripe for the refund that bears our id before it sends, because
    Stripe forgets keys after a day. Where Stripe keeps a failure of its own under the key, the
    attempt goes on with another, unless the failed call has sent the money after all.

    :raises GatewayAway: if Stripe does not answer; the job repeats it.
    """
    moment = now or clock.now()
    claim = transact(lambda: _claim(refund_id, now=moment), by=by)
    if claim is None:
        return
    try:
        answer = _find_sent(claim) if claim.maybe_sent else None
        answer = answer or _create_even_if_stuck(claim, by=by)
    except GatewayRefused as refusal:
        words = refusal.message
        transact(lambda: _note_refusal(claim, words, now=moment), by=by)
        return
    transact(lambda: record_refund(answer, now=moment, by=by), by=by)


def begin_attempt(refund: Refund, *, now: datetime) -> None:
    """Turn an approved or failed refund into one on its way, with the attempt's own key."""
    refund.status = RefundStatus.PROCESSING
    refund.attempt += 1
    refund.idempotency_key = f"{refund.refund_reference}-{refund.attempt}"
    refund.stripe_refund_id = None
    refund.failure_reason = None
    refund.processed_at = now
    db.session.flush()


def record_refund(answer: GatewayRefund, *, now: datetime, by: Actor) -> None:
    """Write down what Stripe says of a refund, ours or made in its dashboard.

    One of another business on the same account changes nothing.
    """
    refund_id = _find_refund_id(answer)
    if refund_id is None:
        _record_from_outside(answer, now=now, by=by)
        return
    refund = locks.lock_refund(refund_id)
    if refund.status in {RefundStatus.PROCESSING, RefundStatus.COMPLETED}:
        _apply(refund, answer, now=now, by=by)


def complete_manual(*, refund: Refund, now: datetime, by: Actor) -> Refund:
    """Write down that the office has paid a manual payment back.

    :raises NotManual: if the payment was by card.
    :raises NotApproved: unless the refund is approved.
    """
    refund = locks.lock_refund(refund.id)
    if refund.payment_transaction.provider is not Provider.MANUAL:
        raise NotManual
    if refund.status is not RefundStatus.APPROVED:
        raise NotApproved
    with audit.acting("refund_paid_back"):
        refund.processed_by_id = by.user_id
        refund.processed_at = now
        _complete(refund, now=now, by=by)
    return refund


def _claim(refund_id: int, *, now: datetime) -> _Claim | None:
    """Take the refund for sending; None if there is nothing (more) to send."""
    refund = locks.lock_refund(refund_id)
    intent_id = refund.payment_transaction.stripe_payment_intent_id
    maybe_sent = refund.status is RefundStatus.PROCESSING
    if intent_id is None or refund.stripe_refund_id is not None:
        return None
    if refund.status is RefundStatus.APPROVED:
        begin_attempt(refund, now=now)
        refund.processed_by_id = refund.approved_by_id
    if refund.status is not RefundStatus.PROCESSING:
        return None
    return _Claim(
        refund_id=refund.id,
        attempt=refund.attempt,
        key=refund.idempotency_key or "",
        payment_intent_id=intent_id,
        net=refund.net_refund,
        booking_id=refund.booking_id,
        maybe_sent=maybe_sent,
    )


def _find_sent(claim: _Claim) -> GatewayRefund | None:
    wanted = (str(claim.refund_id), str(claim.attempt))
    return next(
        (
            refund
            for refund in gateway.list_refunds(claim.payment_intent_id)
            if (refund.metadata.get("refund_id"), refund.metadata.get("attempt")) == wanted
        ),
        None,
    )


def _create_even_if_stuck(claim: _Claim, *, by: Actor) -> GatewayRefund:
    """Send; where Stripe can only repeat a failure, ask what became of it and use another key.

    An answer that is repeated belongs to a call that is over: what it did shows in the list, and
    the attempt in the metadata stays the same, so whichever call has sent the money is found.
    """
    try:
        return _create(claim)
    except GatewayStuck:
        return _find_sent(claim) or _create(
            replace(claim, key=transact(lambda: _another_key(claim), by=by))
        )


def _another_key(claim: _Claim) -> str:
    """Store and return the attempt's next key.

    :raises GatewayAway: if another run has taken the refund further meanwhile.
    """
    refund = locks.lock_refund(claim.refund_id)
    still_ours = refund.status is RefundStatus.PROCESSING and refund.stripe_refund_id is None
    if not still_ours or refund.idempotency_key != claim.key:
        raise GatewayAway
    first, _, number = claim.key.partition(".")
    refund.idempotency_key = f"{first}.{int(number or 1) + 1}"
    db.session.flush()
    return refund.idempotency_key


def _create(claim: _Claim) -> GatewayRefund:
    return gateway.create_refund(
        payment_intent_id=claim.payment_intent_id,
        amount=claim.net,
        metadata={
            "refund_id": str(claim.refund_id),
            "attempt": str(claim.attempt),
            "booking_id": str(claim.booking_id),
        },
        idempotency_key=claim.key,
    )


def _find_refund_id(answer: GatewayRefund) -> int | None:
    found = db.session.scalar(select(Refund.id).where(Refund.stripe_refund_id == answer.id))
    if found is not None:
        return found
    said = answer.metadata.get("refund_id", "")
    if not said.isdecimal():
        return None
    return db.session.scalar(
        select(Refund.id)
        .join(PaymentTransaction, Refund.payment_transaction_id == PaymentTransaction.id)
        .where(
            Refund.id == int(said),
            PaymentTransaction.stripe_payment_intent_id == answer.payment_intent_id,
        )
    )


def _apply(refund: Refund, answer: GatewayRefund, *, now: datetime, by: Actor) -> None:
    said_attempt = answer.metadata.get("attempt")
    if said_attempt is not None and said_attempt != str(refund.attempt):
        return
    refund.stripe_refund_id = answer.id
    if answer.status in _FAILED:
        _fail(refund, answer.failure_reason or answer.status, now=now)
    elif answer.status == "succeeded" and refund.status is RefundStatus.PROCESSING:
        _complete(refund, now=now, by=by)
    db.session.flush()


def _complete(refund: Refund, *, now: datetime, by: Actor) -> None:
    refund.status = RefundStatus.COMPLETED
    refund.completed_at = now
    ledger.restate(refund.payment_transaction, refund.booking)
    credit_note = invoices.credit_note(refund, now=now, by=by)
    letters.refund_completed(refund, credit_note, now=now)
    _tell_office(refund, "Refund sent", Priority.LOW, now=now)


def _fail(refund: Refund, reason: str, *, now: datetime) -> None:
    refund.status = RefundStatus.FAILED
    refund.failure_reason = reason
    refund.completed_at = None
    ledger.restate(refund.payment_transaction, refund.booking)
    letters.refund_failed(refund, now=now)
    _tell_office(refund, "Refund failed", Priority.URGENT, now=now)


def _note_refusal(claim: _Claim, words: str, *, now: datetime) -> None:
    refund = locks.lock_refund(claim.refund_id)
    if refund.status is RefundStatus.PROCESSING and refund.attempt == claim.attempt:
        _fail(refund, words, now=now)


def _record_from_outside(answer: GatewayRefund, *, now: datetime, by: Actor) -> None:
    """Enter a refund that somebody made in Stripe's dashboard."""
    payment = db.session.scalar(
        select(PaymentTransaction).where(
            PaymentTransaction.stripe_payment_intent_id == answer.payment_intent_id
        )
    )
    if answer.payment_intent_id is None or payment is None or answer.status in _FAILED:
        return
    booking = locks.lock_booking(payment.booking_id)
    payment = locks.lock_payment(payment.id)
    if _find_refund_id(answer) is not None:
        return
    _yield_to_outside(payment, now=now)
    words = f"Made in Stripe's dashboard: {format_pounds(answer.amount)}."
    refund = Refund(
        booking=booking,
        user_id=booking.user_id,
        payment_transaction=payment,
        refund_reference=random_reference("REF"),
        amount=answer.amount,
        processing_fee=ZERO,
        net_refund=answer.amount,
        status=RefundStatus.PROCESSING,
        reason="Made in Stripe's dashboard",
        calculation={"rule": "outside", "net": str(answer.amount), "words": [words]},
        attempt=1,
        requested_at=now,
        processed_at=now,
    )
    db.session.add(refund)
    db.session.flush()
    _apply(refund, answer, now=now, by=by)


def _yield_to_outside(payment: PaymentTransaction, *, now: datetime) -> None:
    """End an unfinished refund of ours: the money went back another way, or the office decides."""
    ours = db.session.scalar(
        select(Refund).where(
            Refund.payment_transaction_id == payment.id,
            Refund.status.in_(OPEN_REFUND_STATUSES),
        )
    )
    if ours is None:
        return
    ours = locks.lock_refund(ours.id)
    words = "Money was given back in Stripe's dashboard meanwhile. Please check and ask again."
    if ours.status is RefundStatus.PENDING:
        ours.status = RefundStatus.REJECTED
        ours.rejection_reason = words
    else:
        ours.status = RefundStatus.FAILED
        ours.failure_reason = words
    ours.processed_at = now
    db.session.flush()
    _tell_office(ours, "Refund overtaken by one in Stripe's dashboard", Priority.URGENT, now=now)


def _tell_office(refund: Refund, what: str, priority: Priority, *, now: datetime) -> None:
    notifications.notify_office(
        type=NotificationType.REFUND_PROCESSED,
        title=f"{what}: {format_pounds(refund.net_refund)} for {refund.booking.booking_reference}",
        message=refund.failure_reason or "",
        priority=priority,
        action_url=f"/admin/refunds/details/?id={refund.id}",
        booking_id=refund.booking_id,
        now=now,
    )
