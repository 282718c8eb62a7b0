"""Stripe is asked what became of everything that is not final, and before a hold is tidied."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import select

from rft_admin.bookings import holds
from rft_admin.bookings.models import Booking
from rft_admin.core import queue
from rft_admin.core.actor import SYSTEM, Actor
from rft_admin.core.database import db, transact
from rft_admin.core.errors import DomainError
from rft_admin.payments import recording, refund_sending
from rft_admin.payments import stripe_gateway as gateway
from rft_admin.payments.gateway_objects import GatewayAway, GatewayRefused
from rft_admin.payments.models import (
    PaymentTransaction,
    Provider,
    Refund,
    RefundStatus,
    TransactionStatus,
)

logger = logging.getLogger(__name__)

#: After so long a payment page is over, whatever was tried on it.
PAGE_LIFE = timedelta(hours=25)
#: A job that has not come in so long was lost.
JOB_GRACE = timedelta(minutes=10)
_UNFINISHED = (TransactionStatus.PENDING, TransactionStatus.PROCESSING)


def check_open_payments(now: datetime, *, by: Actor = SYSTEM) -> int:
    """Ask Stripe about every payment and refund that is not final; return how many were asked.

    Opens its own units of work; call it outside one.

    :raises GatewayAway: if Stripe does not answer; the next run asks again.
    """
    payment_ids = transact(lambda: _list_unfinished_payments(now), by=by)
    for payment_id in payment_ids:
        _attempt(partial(check_payment, payment_id, now=now, by=by))
    refund_ids = transact(lambda: _list_unfinished_refunds(now), by=by)
    for refund_id in refund_ids:
        _attempt(partial(_check_refund, refund_id, now=now, by=by))
    return len(payment_ids) + len(refund_ids)


def check_payment(payment_id: int, *, now: datetime, by: Actor = SYSTEM) -> None:
    """Ask Stripe what became of one payment; a try that never had a page is given up.

    :raises GatewayAway: if Stripe does not answer.
    """
    session_id = transact(lambda: _session_of(payment_id, now=now), by=by)
    if session_id is not None:
        recording.apply_checkout(session_id, now=now, by=by)


def tidy_holds(*, now: datetime, by: Actor = SYSTEM) -> int:
    """Cancel pending bookings whose hold has expired, after asking Stripe; return how many.

    One booking per transaction; a booking that Stripe cannot tell of now waits for the next run.
    """
    tidied = 0
    for booking_id in transact(_list_expired, by=by):
        if _ask_about(booking_id, now=now, by=by):
            tidied += transact(partial(_expire, booking_id, now, by), by=by)
    return tidied


def _attempt(check: Callable[[], None]) -> None:
    """Let one stubborn object not stop the others; silence of Stripe stops them all."""
    try:
        check()
    except GatewayAway:
        raise
    except DomainError as refusal:
        logger.warning("could not be checked at Stripe: %s", type(refusal).__name__)


def _list_unfinished_payments(now: datetime) -> list[int]:
    declined = (PaymentTransaction.status == TransactionStatus.FAILED) & (
        PaymentTransaction.created_at > now - PAGE_LIFE
    )
    return list(
        db.session.scalars(
            select(PaymentTransaction.id)
            .where(
                PaymentTransaction.provider == Provider.STRIPE,
                PaymentTransaction.status.in_(_UNFINISHED) | declined,
            )
            .order_by(PaymentTransaction.id)
        )
    )


def _session_of(payment_id: int, *, now: datetime) -> str | None:
    payment = db.session.get_one(
        PaymentTransaction, payment_id, with_for_update={"key_share": True}
    )
    unopened = payment.stripe_checkout_session_id is None
    if unopened and payment.status in _UNFINISHED and now - payment.created_at > PAGE_LIFE:
        payment.status = TransactionStatus.CANCELLED
        db.session.flush()
    return payment.stripe_checkout_session_id


def _list_unfinished_refunds(now: datetime) -> list[int]:
    lost = (Refund.status == RefundStatus.APPROVED) & (Refund.approved_at < now - JOB_GRACE)
    waiting = (Refund.status == RefundStatus.PROCESSING) & (Refund.processed_at < now - JOB_GRACE)
    return list(
        db.session.scalars(
            select(Refund.id)
            .join(PaymentTransaction, Refund.payment_transaction_id == PaymentTransaction.id)
            .where(PaymentTransaction.provider == Provider.STRIPE, lost | waiting)
            .order_by(Refund.id)
        )
    )


def _check_refund(refund_id: int, *, now: datetime, by: Actor) -> None:
    """Ask Stripe about a refund on its way; one that was never sent gets its job again."""
    stripe_refund_id = transact(lambda: _stripe_id_or_job(refund_id), by=by)
    if stripe_refund_id is not None:
        answer = gateway.retrieve_refund(stripe_refund_id)
        transact(lambda: refund_sending.record_refund(answer, now=now, by=by), by=by)


def _stripe_id_or_job(refund_id: int) -> str | None:
    refund = db.session.get_one(Refund, refund_id)
    if refund.stripe_refund_id is None:
        queue.defer("send_refund", refund_id=refund_id)
    return refund.stripe_refund_id


def _list_expired() -> list[int]:
    return [booking.id for booking in holds.list_expired_holds()]


def _ask_about(booking_id: int, *, now: datetime, by: Actor) -> bool:
    """Return whether Stripe was asked about all the booking's payments and has answered."""
    payment_ids = transact(lambda: _list_payments_of(booking_id), by=by)
    try:
        for payment_id in payment_ids:
            check_payment(payment_id, now=now, by=by)
    except GatewayRefused as refusal:
        # A page that Stripe does not know was never paid.
        return refusal.code == "resource_missing"
    except DomainError as refusal:
        logger.warning("booking %s cannot be tidied yet: %s", booking_id, type(refusal).__name__)
        return False
    return True


def _list_payments_of(booking_id: int) -> list[int]:
    return list(
        db.session.scalars(
            select(PaymentTransaction.id)
            .where(
                PaymentTransaction.booking_id == booking_id,
                PaymentTransaction.provider == Provider.STRIPE,
                PaymentTransaction.status.in_((*_UNFINISHED, TransactionStatus.FAILED)),
            )
            .order_by(PaymentTransaction.id)
        )
    )


def _expire(booking_id: int, now: datetime, by: Actor) -> bool:
    return holds.expire_hold(db.session.get_one(Booking, booking_id), now=now, by=by)
