"""Refunds: asked for, decided, begun. Sending them is `refund_sending`'s business."""

from datetime import datetime
from decimal import Decimal

from rft_admin.accounts import audit
from rft_admin.bookings import states
from rft_admin.bookings.models import Booking
from rft_admin.core.actor import Actor
from rft_admin.core.database import Json
from rft_admin.core.errors import DomainError, refuse_on
from rft_admin.core.formats import label_of
from rft_admin.core.money import ZERO, format_pounds, pounds
from rft_admin.messaging.models import Priority
from rft_admin.payments import (
    invoices,
    ledger,
    letters,
    locks,
    refund_opening,
    refund_sending,
    tariff,
)
from rft_admin.payments.models import (
    PaymentTransaction,
    Refund,
    RefundStatus,
)
from rft_admin.payments.refund_sending import complete_manual, send
from rft_admin.payments.tariff import RefundQuote

__all__ = [
    "approve",
    "cancel_and_refund",
    "complete_manual",
    "give_back",
    "reject",
    "request_refund",
    "retry",
    "send",
]

_APOLOGIES = {
    "no_place": (
        "Your payment reached us when your places were no longer free. We are sorry. "
        "Everything comes back, without a fee."
    ),
    "paid_twice": "This booking had been paid already. The second payment comes back in full.",
}


class RefundAbovePaid(DomainError):
    """That is more than what was paid and not yet given back."""

    field = "amount"


class NothingToRefund(DomainError):
    """Nothing that was paid for this booking is left to give back."""

    status = 409


class RefundOpen(DomainError):
    """A refund of this payment is being dealt with already. Finish that one first."""

    status = 409


class RefundDecided(DomainError):
    """The refund has been decided already."""

    status = 409


class ReasonNeeded(DomainError):
    """Please give a reason; the customer reads it."""

    field = "reason"


refuse_on("refunds_within_payment", RefundAbovePaid)
refuse_on("uq_refunds_open_per_payment", RefundOpen)


def cancel_and_refund(
    *,
    booking: Booking,
    reason: str,
    now: datetime,
    by: Actor,
    by_us: bool = False,
    tell: bool = True,
) -> Refund | None:
    """Cancel a booking and start what comes back by the terms it was sold under.

    Return the refund (the first, if several payments share it), or None if nothing comes back.

    :param by_us: the business cancels: everything comes back, at once.
    :param tell: send the letters of cancelling and of asking; a cancelled date has its own.
    :raises CannotChange: if the booking is over or cancelled already.
    """
    booking = locks.lock_booking(booking.id)
    quote = tariff.explain(booking, now, by_us=by_us)
    states.cancel(booking, reason=reason, now=now, by=by, tell=tell)
    _close_invoice(booking, now=now, by=by)
    if quote.net <= 0:
        return None
    return refund_opening.open_for_booking(booking, quote, reason=reason, tell=tell, now=now)


def request_refund(
    *,
    booking: Booking,
    reason: str,
    now: datetime,
    by: Actor,
    amount: Decimal | None = None,
) -> Refund:
    """Ask for a refund of a booking that stays as it is, or was cancelled before.

    :param amount: pounds to be sent; None is by the tariff.
    :raises NothingToRefund: if nothing is left, or the tariff gives nothing.
    :raises RefundAbovePaid: if the amount is more than what is left.
    :raises RefundOpen: if a refund of the payment waits already.
    """
    booking = locks.lock_booking(booking.id)
    if any(refund_opening.find_open(payment) for payment in ledger.list_payments(booking)):
        raise RefundOpen
    kept = ledger.amount_kept(booking)
    if kept <= 0:
        raise NothingToRefund
    if amount is None:
        quote = tariff.explain(booking, now)
    else:
        quote = _by_the_office(pounds(amount), kept, reason)
    refund = None
    if quote.net > 0:
        refund = refund_opening.open_for_booking(booking, quote, reason=reason, tell=True, now=now)
    if refund is None:
        raise NothingToRefund
    return refund


def approve(
    *,
    refund: Refund,
    now: datetime,
    by: Actor,
    amount: Decimal | None = None,
    reason: str | None = None,
) -> Refund:
    """Let a refund go out: a card's by a job, a manual payment's by the office.

    :param amount: other pounds to be sent than reckoned, with a reason.
    :raises RefundDecided: unless it waits for a decision.
    :raises RefundAbovePaid: if the amount is more than what is left of the payment.
    :raises ReasonNeeded: if another amount has no reason.
    """
    refund = _waiting(refund)
    with audit.acting("refund_approved"):
        if amount is not None and pounds(amount) != refund.net_refund:
            _change_amount(refund, pounds(amount), reason)
        refund_opening.let_go(refund, now=now)
        refund.approved_by_id = by.user_id
    letters.refund_approved(refund, now=now)
    return refund


def reject(*, refund: Refund, reason: str, now: datetime, by: Actor) -> Refund:
    """Turn a refund down; the customer is told why.

    :raises RefundDecided: unless it waits for a decision.
    :raises ReasonNeeded: if the reason is empty.
    """
    refund = _waiting(refund)
    if not reason.strip():
        raise ReasonNeeded
    with audit.acting("refund_rejected"):
        refund.status = RefundStatus.REJECTED
        refund.rejection_reason = reason.strip()
        refund.processed_by_id = by.user_id
        refund.processed_at = now
    letters.refund_rejected(refund, now=now)
    return refund


def retry(*, refund: Refund, now: datetime, by: Actor) -> Refund:
    """Send a failed refund again, as a new attempt with a new key.

    :raises RefundDecided: unless it failed.
    :raises RefundAbovePaid: if meanwhile less is left of the payment.
    """
    refund = locks.lock_refund(refund.id)
    if refund.status is not RefundStatus.FAILED:
        raise RefundDecided(f"Only a failed refund is sent again; {_state_words(refund)}")
    if refund.net_refund > ledger.refundable(refund.payment_transaction):
        raise RefundAbovePaid
    with audit.acting("refund_retried"):
        refund_sending.begin_attempt(refund, now=now)
        refund.processed_by_id = by.user_id
    refund_opening.queue_sending(refund, now=now)
    return refund


def give_back(
    payment: PaymentTransaction, booking: Booking, *, rule: str, now: datetime, by: Actor
) -> Refund | None:
    """Return a payment that cannot be kept, in full, by itself and once; apologise.

    :param rule: no_place | paid_twice
    """
    rest = ledger.refundable(payment)
    if rest <= 0 or refund_opening.find_open(payment) is not None:
        return None
    quote = RefundQuote(
        rule=rule,
        paid=rest,
        percent=100,
        amount=rest,
        fee=ZERO,
        days=0,
        words=[_APOLOGIES[rule], f"You get back {format_pounds(rest)}."],
        needs_approval=False,
    )
    refund = refund_opening.add(
        payment, booking, quote, net=rest, fee=ZERO, reason=quote.words[0], now=now
    )
    refund_opening.let_go(refund, now=now)
    letters.payment_returned(refund, now=now)
    refund_opening.tell_office(refund, "A payment could not be kept", Priority.URGENT, now=now)
    return refund


def _close_invoice(booking: Booking, *, now: datetime, by: Actor) -> None:
    invoice = invoices.find_live_invoice(booking)
    note = invoices.close_unpaid(booking, now=now, by=by)
    if invoice is not None and note is not None:
        letters.invoice_closed(invoice, note, now=now)


def _by_the_office(amount: Decimal, kept: Decimal, reason: str) -> RefundQuote:
    if amount <= 0 or amount > kept:
        raise RefundAbovePaid
    if not reason.strip():
        raise ReasonNeeded
    return RefundQuote(
        rule="office",
        paid=kept,
        percent=int(100 * amount / kept),
        amount=amount,
        fee=ZERO,
        days=0,
        words=[f"The office gives back {format_pounds(amount)}: {reason.strip()}"],
        needs_approval=True,
    )


def _waiting(refund: Refund) -> Refund:
    """Return the refund, locked and still to be decided."""
    refund = locks.lock_refund(refund.id)
    if refund.status is not RefundStatus.PENDING:
        raise RefundDecided(f"This refund has been decided already; {_state_words(refund)}")
    return refund


def _state_words(refund: Refund) -> str:
    return f"it is {label_of(refund.status).lower()}."


def _change_amount(refund: Refund, amount: Decimal, reason: str | None) -> None:
    """Send another amount than reckoned; the calculation keeps both, and why."""
    rest = ledger.refundable(refund.payment_transaction) + refund.net_refund
    if amount <= 0 or amount > rest:
        raise RefundAbovePaid(
            f"At most {format_pounds(rest)} of this payment is left to give back."
        )
    if not (reason or "").strip():
        raise ReasonNeeded
    calculation: Json = dict(refund.calculation)
    calculation["reckoned_net"] = str(refund.net_refund)
    calculation["words"] = [
        *calculation.get("words", []),
        f"The office decided otherwise: {format_pounds(amount)} instead of "
        f"{format_pounds(refund.net_refund)}. {(reason or '').strip()}",
    ]
    refund.calculation = calculation | {"amount": str(amount), "fee": "0.00", "net": str(amount)}
    refund.amount = refund.net_refund = amount
    refund.processing_fee = ZERO
