"""Stripe's objects as ours, and ours as Stripe's parameters: pence there, pounds here."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import stripe
from stripe import StripeObject
from stripe.params.checkout import SessionCreateParams

from rft_admin.core.money import pounds
from rft_admin.payments.gateway_objects import (
    BalanceEntry,
    Charge,
    CheckoutRequest,
    CheckoutSession,
    Dispute,
    GatewayRefund,
    PaymentIntent,
)

CURRENCY = "GBP"


def session_params(request: CheckoutRequest) -> SessionCreateParams:
    """Return the parameters of a hosted payment page."""
    return {
        "mode": "payment",
        "allowed_payment_method_types": ["card"],
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": CURRENCY.lower(),
                    "unit_amount": pence(request.amount),
                    "product_data": {"name": request.description},
                },
            }
        ],
        "customer_email": request.customer_email,
        "success_url": request.success_url,
        "cancel_url": request.cancel_url,
        "expires_at": int(request.expires_at.timestamp()),
        "metadata": request.metadata,
        "payment_intent_data": {"metadata": request.metadata, "description": request.description},
    }


def pence(amount: Decimal) -> int:
    """Return pounds as pence."""
    return int(pounds(amount) * 100)


def _pounds(pence: int) -> Decimal:
    return pounds(Decimal(pence) / 100)


def _plain(metadata: StripeObject | None) -> dict[str, str]:
    said = metadata.to_dict() if metadata is not None else {}
    return {str(key): str(value) for key, value in said.items()}


def _id_of(part: Any) -> str | None:
    """Return the id of a part that Stripe gives as an id or, expanded, as an object."""
    return part if part is None or isinstance(part, str) else str(part.id)


def read_session(session: stripe.checkout.Session) -> CheckoutSession:
    """Return a payment page as ours."""
    return CheckoutSession(
        id=session.id,
        url=session.url,
        status=session.status or "open",
        payment_status=session.payment_status,
        payment_intent_id=_id_of(session.payment_intent),
        amount=_pounds(session.amount_total or 0),
        currency=(session.currency or "").upper(),
        livemode=session.livemode,
        metadata=_plain(session.metadata),
        expires_at=datetime.fromtimestamp(session.expires_at, UTC),
    )


def read_intent(intent: stripe.PaymentIntent) -> PaymentIntent:
    """Return a payment intent as ours."""
    charge = intent.latest_charge
    failure = intent.last_payment_error
    return PaymentIntent(
        id=intent.id,
        status=intent.status,
        amount=_pounds(intent.amount),
        currency=intent.currency.upper(),
        livemode=intent.livemode,
        metadata=_plain(intent.metadata),
        failure_message=failure.message if failure else None,
        charge=_charge(charge) if isinstance(charge, stripe.Charge) else None,
    )


def _charge(charge: stripe.Charge) -> Charge:
    entry = charge.balance_transaction
    booked = entry if isinstance(entry, stripe.BalanceTransaction) else None
    details = charge.payment_method_details
    return Charge(
        id=charge.id,
        amount=_pounds(charge.amount),
        amount_refunded=_pounds(charge.amount_refunded),
        payment_method=details.type if details else None,
        is_disputed=charge.disputed,
        balance_transaction_id=_id_of(entry),
        fee=_pounds(booked.fee) if booked else None,
        net=_pounds(booked.net) if booked else None,
    )


def read_refund(refund: stripe.Refund) -> GatewayRefund:
    """Return a refund as ours."""
    return GatewayRefund(
        id=refund.id,
        status=refund.status or "pending",
        amount=_pounds(refund.amount),
        payment_intent_id=_id_of(refund.payment_intent),
        failure_reason=getattr(refund, "failure_reason", None),
        metadata=_plain(refund.metadata),
    )


def read_dispute(dispute: stripe.Dispute) -> Dispute:
    """Return a dispute as ours."""
    due_by = dispute.evidence_details.due_by
    return Dispute(
        id=dispute.id,
        status=dispute.status,
        reason=dispute.reason,
        amount=_pounds(dispute.amount),
        payment_intent_id=_id_of(dispute.payment_intent),
        evidence_due_at=datetime.fromtimestamp(due_by, UTC) if due_by else None,
    )


def read_entry(entry: stripe.BalanceTransaction) -> BalanceEntry:
    """Return a movement of the balance as ours; its source may be expanded."""
    return BalanceEntry(
        id=entry.id,
        type=entry.type,
        amount=_pounds(entry.amount),
        fee=_pounds(entry.fee),
        net=_pounds(entry.net),
        source_id=_id_of(entry.source) or entry.id,
        payment_intent_id=_id_of(getattr(entry.source, "payment_intent", None)),
    )
