"""Stripe's objects, fetched again, become our rows: the same end whoever tells first or twice."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.exc import DBAPIError

from rft_admin.bookings import states
from rft_admin.bookings.models import Booking, BookingStatus, PaymentStatus
from rft_admin.bookings.placing import HOLD_EXPIRED, REPLACED
from rft_admin.core.actor import SYSTEM, Actor
from rft_admin.core.database import db, transact
from rft_admin.core.errors import Busy, ChangedMeanwhile, DomainError, refusal_of
from rft_admin.core.formats import format_moment
from rft_admin.core.money import format_pounds
from rft_admin.messaging import notifications
from rft_admin.messaging.models import NotificationType, Priority
from rft_admin.payments import invoices, ledger, letters, locks, refunds
from rft_admin.payments import stripe_gateway as gateway
from rft_admin.payments.gateway_objects import CheckoutSession, PaymentIntent
from rft_admin.payments.models import PaymentTransaction, TransactionStatus
from rft_admin.payments.stripe_gateway import Patience

_STATUS_OF_INTENT = {
    "succeeded": TransactionStatus.SUCCEEDED,
    "processing": TransactionStatus.PROCESSING,
    "canceled": TransactionStatus.CANCELLED,
}


class PaymentMismatch(DomainError):
    """Stripe's payment does not fit ours: amount, currency, mode or booking differ."""


def apply_checkout(
    session_id: str, *, now: datetime, by: Actor = SYSTEM, patience: Patience = Patience.JOB
) -> None:
    """Fetch a payment page and its payment, and write down what they say.

    Opens its own unit of work after the network is done; call it outside one.

    :raises GatewayAway: if Stripe does not answer.
    :raises PaymentMismatch: if the objects do not fit our payment.
    """
    page = gateway.retrieve_session(session_id, patience=patience)
    intent = (
        gateway.retrieve_intent(page.payment_intent_id, patience=patience)
        if page.payment_intent_id
        else None
    )
    transact(lambda: record_page(page, intent, now=now, by=by), by=by)


def apply_intent(intent_id: str, *, now: datetime, by: Actor = SYSTEM) -> None:
    """Fetch a payment intent and write down what it says; see :func:`apply_checkout`."""
    intent = gateway.retrieve_intent(intent_id)
    transact(lambda: record_intent(intent, now=now, by=by), by=by)


def record_page(
    page: CheckoutSession, intent: PaymentIntent | None, *, now: datetime, by: Actor
) -> None:
    """Write down what a payment page says; a page that is not ours changes nothing.

    :raises PaymentMismatch: if it does not fit our payment.
    """
    payment_id = _find_payment_id(
        PaymentTransaction.stripe_checkout_session_id == page.id, page.metadata
    )
    if payment_id is None:
        return
    payment, booking = _locked(payment_id)
    _check(payment, page, now=now)
    payment.stripe_checkout_session_id = page.id
    payment.livemode = page.livemode
    if intent is not None:
        _check(payment, intent, now=now)
        _record(payment, booking, intent, now=now, by=by)
    if page.status == "expired" and payment.status in {
        TransactionStatus.PENDING,
        TransactionStatus.PROCESSING,
    }:
        payment.status = TransactionStatus.CANCELLED
    db.session.flush()


def record_intent(intent: PaymentIntent, *, now: datetime, by: Actor) -> None:
    """Write down what a payment intent says; one that is not ours changes nothing.

    :raises PaymentMismatch: if it does not fit our payment.
    """
    payment_id = _find_payment_id(
        PaymentTransaction.stripe_payment_intent_id == intent.id, intent.metadata
    )
    if payment_id is None:
        return
    payment, booking = _locked(payment_id)
    _check(payment, intent, now=now)
    _record(payment, booking, intent, now=now, by=by)
    db.session.flush()


def keep_places(booking: Booking, *, now: datetime, by: Actor) -> bool:
    """Confirm a booking that was paid, taking its places anew if they were lost.

    Return whether it has its places; a booking that somebody cancelled stays cancelled.
    """
    if not booking.is_cancelled:
        return _in_savepoint(lambda: states.settle(booking, now=now, by=by))
    if booking.cancellation_reason not in (HOLD_EXPIRED, REPLACED):
        return False
    return _in_savepoint(lambda: states.reinstate(booking, now=now, by=by))


def _in_savepoint(use_case: Callable[[], object]) -> bool:
    """Return whether the use case was possible; a refusal undoes it and nothing else."""
    try:
        with db.session.begin_nested():
            use_case()
            db.session.flush()
    except (Busy, ChangedMeanwhile):
        raise
    except DomainError:
        return False
    except DBAPIError as error:
        refusal = refusal_of(error)
        if refusal is None or isinstance(refusal, Busy):
            raise
        return False
    return True


def _find_payment_id(condition: ColumnElement[bool], metadata: dict[str, str]) -> int | None:
    found = db.session.scalar(select(PaymentTransaction.id).where(condition))
    if found is not None:
        return found
    said = metadata.get("payment_transaction_id", "")
    if not said.isdecimal():
        return None
    return db.session.scalar(
        select(PaymentTransaction.id).where(
            PaymentTransaction.id == int(said),
            PaymentTransaction.idempotency_key == metadata.get("attempt_key"),
        )
    )


def _locked(payment_id: int) -> tuple[PaymentTransaction, Booking]:
    payment = db.session.get_one(PaymentTransaction, payment_id)
    booking = locks.lock_booking(payment.booking_id)
    return locks.lock_payment(payment_id), booking


def _check(
    payment: PaymentTransaction, theirs: CheckoutSession | PaymentIntent, *, now: datetime
) -> None:
    fits = (
        theirs.amount == payment.amount
        and theirs.currency == payment.currency
        and theirs.livemode == gateway.is_live()
        and theirs.metadata.get("booking_id") == str(payment.booking_id)
    )
    if not fits:
        raise PaymentMismatch(
            f"{theirs.id} says {theirs.currency} {theirs.amount}, live {theirs.livemode}, booking "
            f"{theirs.metadata.get('booking_id')}; payment {payment.id} of booking "
            f"{payment.booking_id} is over {payment.currency} {payment.amount}."
        )


def _record(
    payment: PaymentTransaction,
    booking: Booking,
    intent: PaymentIntent,
    *,
    now: datetime,
    by: Actor,
) -> None:
    if payment.stripe_payment_intent_id not in (None, intent.id):
        raise PaymentMismatch(f"{intent.id} is not the payment that payment {payment.id} knows.")
    payment.stripe_payment_intent_id = intent.id
    _note_charge(payment, intent)
    status = _status_of(intent)
    if payment.is_settled or status is payment.status or not payment.can_become(status):
        return
    payment.status = status
    db.session.flush()
    if status is TransactionStatus.SUCCEEDED:
        payment.failure_message = None
        settle(payment, booking, now=now, by=by)
    elif status is TransactionStatus.FAILED:
        _note_failure(payment, booking, intent, now=now)


def _status_of(intent: PaymentIntent) -> TransactionStatus:
    if intent.status == "requires_payment_method" and intent.failure_message:
        return TransactionStatus.FAILED
    return _STATUS_OF_INTENT.get(intent.status, TransactionStatus.PENDING)


def _note_charge(payment: PaymentTransaction, intent: PaymentIntent) -> None:
    if intent.charge is None or intent.status != "succeeded":
        return
    payment.stripe_charge_id = intent.charge.id
    payment.payment_method = intent.charge.payment_method or payment.payment_method
    payment.stripe_balance_transaction = intent.charge.balance_transaction_id
    payment.fee_amount = intent.charge.fee
    payment.net_amount = intent.charge.net


def settle(payment: PaymentTransaction, booking: Booking, *, now: datetime, by: Actor) -> None:
    """Do what money that came in causes: confirm, or give it back where it cannot be kept."""
    already = ledger.amount_kept(booking) - payment.amount
    if already >= booking.payment_amount:
        refunds.give_back(payment, booking, rule="paid_twice", now=now, by=by)
        ledger.restate(payment, booking)
    elif keep_places(booking, now=now, by=by):
        ledger.restate(payment, booking)
        _tell_of_payment(payment, booking, now=now, by=by)
    else:
        ledger.restate(payment, booking)
        refunds.give_back(payment, booking, rule="no_place", now=now, by=by)


def _tell_of_payment(
    payment: PaymentTransaction, booking: Booking, *, now: datetime, by: Actor
) -> None:
    invoice = invoices.issue_invoice(booking, now=now, by=by)
    due = ledger.amount_due(booking)
    letters.payment_received(booking, payment, invoice, due=due, now=now)
    notifications.notify_office(
        type=NotificationType.PAYMENT_RECEIVED,
        title=f"{format_pounds(payment.amount)} paid for {booking.booking_reference}",
        message=f"Received {format_moment(now)} by {payment.payment_method}.",
        priority=Priority.LOW,
        action_url=f"/admin/payment_transactions/details/?id={payment.id}",
        booking_id=booking.id,
        now=now,
    )


def _note_failure(
    payment: PaymentTransaction, booking: Booking, intent: PaymentIntent, *, now: datetime
) -> None:
    first = payment.failure_message is None
    payment.failure_message = intent.failure_message
    if booking.status is BookingStatus.PENDING and ledger.amount_paid(booking) == 0:
        booking.payment_status = PaymentStatus.FAILED
    if first and not booking.is_cancelled:
        letters.payment_failed(booking, now=now)
