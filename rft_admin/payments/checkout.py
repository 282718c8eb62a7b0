"""Opening the payment page: one open page per booking, and a hold that outlives it."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import select

from rft_admin.bookings import links, places
from rft_admin.bookings import settings as booking_settings
from rft_admin.bookings.models import Booking, BookingSource, BookingStatus
from rft_admin.catalogue.models import ScheduleStatus
from rft_admin.core.actor import Actor
from rft_admin.core.database import db, transact
from rft_admin.core.errors import DomainError
from rft_admin.core.formats import format_date
from rft_admin.payments import ledger, locks, recording, settings
from rft_admin.payments import stripe_gateway as gateway
from rft_admin.payments.gateway_objects import CheckoutRequest, CheckoutSession, GatewayRefused
from rft_admin.payments.models import PaymentTransaction, Provider, TransactionStatus
from rft_admin.payments.stripe_gateway import Patience

#: Beyond the hold: Stripe wants 30 minutes from the page's creation at its own clock.
SESSION_SPARE = timedelta(minutes=5)
#: The hold outlives the page by so much, so that a payment at the last second keeps its places.
HOLD_SPARE = timedelta(minutes=2)
#: Stripe's least and longest life of a page, with a minute for the clocks.
SHORTEST_SESSION = timedelta(minutes=31)
LONGEST_SESSION = timedelta(hours=24) - timedelta(minutes=1)
#: Retries never carry a hold past so many times the setting.
MOST_HOLDS = 3
#: A page with less than this left is replaced rather than shown again.
WORTH_REUSING = timedelta(minutes=10)
#: So long a page may be on its way to be opened by another request.
OPENING = timedelta(minutes=1)
_OPEN = (TransactionStatus.PENDING, TransactionStatus.PROCESSING, TransactionStatus.FAILED)


class OnlinePaymentOff(DomainError):
    """Card payments are switched off at the moment. Please contact us to pay another way."""

    status = 409


class NothingToPay(DomainError):
    """There is nothing left to pay for this booking."""

    status = 409


class BookingNotPayable(DomainError):
    """The booking is cancelled, so it can no longer be paid. Please book again."""

    status = 409


class PaymentTimeOver(DomainError):
    """The time to pay for this booking is over. Please book again."""

    status = 409


class PageOpening(DomainError):
    """The payment page is being opened already. Please try again in a few seconds."""

    status = 409


@dataclass(frozen=True, kw_only=True)
class _Attempt:
    """A stored try to open a page, or the page that stands in its way."""

    payment_id: int
    idempotency_key: str
    request: CheckoutRequest | None
    open_session_id: str | None = None
    amount: Decimal


def start_checkout(booking_id: int, *, now: datetime, by: Actor) -> str:
    """Return the address where the customer pays.

    Opens its own units of work around the calls to Stripe; call it outside one.

    :raises NothingToPay: if the booking is paid, also when that shows only now.
    :raises BookingNotPayable: if it is cancelled, or its date is.
    :raises PaymentTimeOver: if its hold cannot be carried further.
    :raises SoldOut: if its hold has expired and others have its places.
    :raises OnlinePaymentOff: if card payments are switched off.
    :raises GatewayAway: if Stripe does not answer; the booking is kept.
    """
    attempt = transact(lambda: _reserve(booking_id, now=now, replacing=None), by=by)
    if attempt.open_session_id is not None:
        page = gateway.retrieve_session(attempt.open_session_id, patience=Patience.REQUEST)
        if page.url and _is_worth_reusing(page, attempt, now=now):
            return page.url
        _close(page, now=now, by=by)
        closed = page.id
        attempt = transact(lambda: _reserve(booking_id, now=now, replacing=closed), by=by)
    return _open_page(attempt, by=by)


def _is_worth_reusing(page: CheckoutSession, attempt: _Attempt, *, now: datetime) -> bool:
    return (
        page.status == "open"
        and page.amount == attempt.amount
        and page.expires_at - now >= WORTH_REUSING
    )


def _close(page: CheckoutSession, *, now: datetime, by: Actor) -> None:
    """End an older page; if it turns out paid, that is written down and said.

    :raises NothingToPay: if it was paid.
    """
    if page.status == "open":
        try:
            gateway.expire_session(page.id, patience=Patience.REQUEST)
        except GatewayRefused as refusal:
            # It was paid or it expired between the two calls: fetching it tells which.
            if gateway.retrieve_session(page.id, patience=Patience.REQUEST).status == "open":
                raise refusal
    recording.apply_checkout(page.id, now=now, by=by, patience=Patience.REQUEST)


def _open_page(attempt: _Attempt, *, by: Actor) -> str:
    if attempt.request is None:
        raise PageOpening
    try:
        page = gateway.create_session(attempt.request, idempotency_key=attempt.idempotency_key)
    except DomainError as refusal:
        words = refusal.message
        transact(lambda: _note_refusal(attempt.payment_id, words), by=by)
        raise
    transact(lambda: _note_page(attempt.payment_id, page.id), by=by)
    if page.url is None:
        raise PaymentTimeOver
    return page.url


def _reserve(booking_id: int, *, now: datetime, replacing: str | None) -> _Attempt:
    """Store a try with its key and carry the hold, in one transaction under the booking's lock."""
    booking = locks.lock_booking(booking_id)
    due = _check_payable(booking)
    standing = _find_open_payment(booking)
    if standing is not None and standing.stripe_checkout_session_id not in (None, replacing):
        return _Attempt(
            payment_id=standing.id,
            idempotency_key="",
            request=None,
            open_session_id=standing.stripe_checkout_session_id,
            amount=due,
        )
    if standing is not None:
        _drop(standing, now=now)
    expires_at = _carry_hold(booking, now=now)
    payment = PaymentTransaction(
        booking=booking,
        amount=due,
        currency=gateway.CURRENCY,
        provider=Provider.STRIPE,
        status=TransactionStatus.PENDING,
        livemode=gateway.is_live(),
        idempotency_key=f"checkout-{uuid.uuid4()}",
        created_at=now,
    )
    db.session.add(payment)
    db.session.flush()
    return _Attempt(
        payment_id=payment.id,
        idempotency_key=payment.idempotency_key or "",
        request=_request(booking, payment, expires_at),
        amount=due,
    )


def _check_payable(booking: Booking) -> Decimal:
    """Return the pounds to be paid now."""
    if booking.is_cancelled or _is_called_off(booking):
        raise BookingNotPayable
    due = ledger.amount_due(booking)
    if due <= 0:
        raise NothingToPay
    if not settings.accept_online_payments():
        raise OnlinePaymentOff
    return due


def _is_called_off(booking: Booking) -> bool:
    return booking.course_schedule.status is ScheduleStatus.CANCELLED


def _find_open_payment(booking: Booking) -> PaymentTransaction | None:
    return db.session.scalar(
        select(PaymentTransaction)
        .where(
            PaymentTransaction.booking_id == booking.id,
            PaymentTransaction.provider == Provider.STRIPE,
            PaymentTransaction.status.in_(_OPEN),
        )
        .order_by(PaymentTransaction.id.desc())
        .limit(1)
    )


def _drop(standing: PaymentTransaction, *, now: datetime) -> None:
    """Give up a try whose page never came to light or has been closed.

    :raises PageOpening: if another request is opening it right now.
    """
    unopened = standing.stripe_checkout_session_id is None
    if unopened and standing.failure_message is None and now - standing.created_at < OPENING:
        raise PageOpening
    standing.status = TransactionStatus.CANCELLED


def _carry_hold(booking: Booking, *, now: datetime) -> datetime:
    """Return when the page is to expire; a pending booking's hold is carried beyond it.

    :raises PaymentTimeOver: if that would pass the most that retries may hold.
    :raises SoldOut: if the hold has expired and the places are gone.
    """
    minutes = timedelta(minutes=booking_settings.payment_hold_minutes())
    expires_at = now + min(minutes + SESSION_SPARE, LONGEST_SESSION)
    if booking.status is not BookingStatus.PENDING or booking.hold_expires_at is None:
        return expires_at
    if booking.source is BookingSource.PUBLIC:
        latest = booking.created_at + MOST_HOLDS * minutes
        expires_at = min(expires_at, latest - HOLD_SPARE)
    if expires_at - now < SHORTEST_SESSION:
        raise PaymentTimeOver
    if not booking.holds_places_at(now):
        places.take(booking.course_schedule_id, booking.number_of_places, now=now)
    booking.hold_expires_at = max(booking.hold_expires_at, expires_at + HOLD_SPARE)
    return expires_at


def _request(
    booking: Booking, payment: PaymentTransaction, expires_at: datetime
) -> CheckoutRequest:
    schedule = booking.course_schedule
    number = booking.number_of_places
    unit = "place" if number == 1 else "places"
    link = links.link_for(booking)
    return CheckoutRequest(
        amount=payment.amount,
        description=(
            f"{schedule.course.name}, {format_date(schedule.start_datetime)}, {number} {unit}"
        ),
        customer_email=booking.user.email,
        success_url=f"{link}&payment=returned",
        cancel_url=f"{link}&payment=left",
        expires_at=expires_at,
        metadata={
            "booking_id": str(booking.id),
            "booking_reference": booking.booking_reference,
            "payment_transaction_id": str(payment.id),
            "attempt_key": payment.idempotency_key or "",
        },
    )


def _note_page(payment_id: int, session_id: str) -> None:
    payment = locks.lock_payment(payment_id)
    payment.stripe_checkout_session_id = session_id
    db.session.flush()


def _note_refusal(payment_id: int, words: str) -> None:
    payment = locks.lock_payment(payment_id)
    payment.failure_message = words
    db.session.flush()
