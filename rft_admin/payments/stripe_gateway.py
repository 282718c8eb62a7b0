"""The only file that speaks to Stripe: our own objects out, pounds outside, pence only here."""

import enum
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import stripe
from stripe import RequestsClient, StripeClient, StripeError, StripeObject
from stripe.params.checkout import SessionCreateParams

from rft_admin.core.database import Json
from rft_admin.core.environment import config
from rft_admin.core.money import pounds
from rft_admin.payments.gateway_objects import (
    BadSignature,
    Charge,
    CheckoutRequest,
    CheckoutSession,
    Dispute,
    Event,
    GatewayAway,
    GatewayRefund,
    GatewayRefused,
    PaymentIntent,
)

CURRENCY = "GBP"
_INTENT_PARTS = ["latest_charge.balance_transaction"]


class Patience(enum.Enum):
    """How long an answer is awaited: seconds to connect and to read, and how many retries.

    The platform's router gives a request 30 seconds; the SDK's own default is 80.
    """

    REQUEST = ((3.0, 7.0), 1)
    JOB = ((3.0, 15.0), 2)


def create_session(
    request: CheckoutRequest, *, idempotency_key: str, patience: Patience = Patience.REQUEST
) -> CheckoutSession:
    """Open a hosted payment page.

    :raises GatewayAway: if there is no answer; the same key may be used again.
    :raises GatewayRefused: if Stripe will not.
    """
    with _translated():
        return _session(
            _client(patience).v1.checkout.sessions.create(
                _session_params(request), {"idempotency_key": idempotency_key}
            )
        )


def retrieve_session(session_id: str, *, patience: Patience = Patience.JOB) -> CheckoutSession:
    """Return the payment page as it is now.

    :raises GatewayAway: if there is no answer.
    :raises GatewayRefused: if there is no such page.
    """
    with _translated():
        return _session(_client(patience).v1.checkout.sessions.retrieve(session_id))


def expire_session(session_id: str, *, patience: Patience = Patience.REQUEST) -> CheckoutSession:
    """Close an open payment page and return it.

    :raises GatewayRefused: if it is not open any more: it was paid, or it has expired.
    :raises GatewayAway: if there is no answer.
    """
    with _translated():
        return _session(_client(patience).v1.checkout.sessions.expire(session_id))


def retrieve_intent(intent_id: str, *, patience: Patience = Patience.JOB) -> PaymentIntent:
    """Return the payment as it is now, with its charge and Stripe's fee.

    :raises GatewayAway: if there is no answer.
    :raises GatewayRefused: if there is no such payment.
    """
    with _translated():
        return _intent(
            _client(patience).v1.payment_intents.retrieve(intent_id, {"expand": _INTENT_PARTS})
        )


def create_refund(
    *,
    payment_intent_id: str,
    amount: Decimal,
    metadata: dict[str, str],
    idempotency_key: str,
    patience: Patience = Patience.JOB,
) -> GatewayRefund:
    """Send money back (pounds).

    :raises GatewayAway: if there is no answer; repeating with the same key is safe for a day.
    :raises GatewayRefused: if Stripe will not.
    """
    with _translated():
        return _refund(
            _client(patience).v1.refunds.create(
                {
                    "payment_intent": payment_intent_id,
                    "amount": _pence(amount),
                    "reason": "requested_by_customer",
                    "metadata": metadata,
                },
                {"idempotency_key": idempotency_key},
            )
        )


def retrieve_refund(refund_id: str, *, patience: Patience = Patience.JOB) -> GatewayRefund:
    """Return the refund as it is now.

    :raises GatewayAway: if there is no answer.
    :raises GatewayRefused: if there is no such refund.
    """
    with _translated():
        return _refund(_client(patience).v1.refunds.retrieve(refund_id))


def list_refunds(
    payment_intent_id: str, *, patience: Patience = Patience.JOB
) -> list[GatewayRefund]:
    """Return every refund of a payment, wherever it was made.

    :raises GatewayAway: if there is no answer.
    """
    with _translated():
        pages = _client(patience).v1.refunds.list(
            {"payment_intent": payment_intent_id, "limit": 100}
        )
        return [_refund(refund) for refund in pages.auto_paging_iter()]


def retrieve_dispute(dispute_id: str, *, patience: Patience = Patience.JOB) -> Dispute:
    """Return the dispute as it is now.

    :raises GatewayAway: if there is no answer.
    :raises GatewayRefused: if there is no such dispute.
    """
    with _translated():
        return _dispute(_client(patience).v1.disputes.retrieve(dispute_id))


def read_event(payload: bytes, signature: str) -> Event:
    """Return what a webhook's body says, if Stripe signed it.

    :raises BadSignature: if it is forged, damaged, or too old.
    """
    try:
        _client(Patience.REQUEST).construct_event(
            payload, signature, config().stripe_webhook_secret
        )
    except (stripe.SignatureVerificationError, ValueError) as error:
        raise BadSignature from error
    said: Json = json.loads(payload)
    return Event(
        id=said["id"],
        type=said["type"],
        livemode=said["livemode"],
        object_id=said["data"]["object"]["id"],
        payload=said,
    )


def is_live() -> bool:
    """Return whether our key moves real money."""
    return config().stripe_secret_key.startswith(("sk_live_", "rk_live_"))


def _client(patience: Patience) -> StripeClient:
    return _client_for(config().stripe_secret_key, config().stripe_api_base, patience)


@cache
def _client_for(key: str, api_base: str, patience: Patience) -> StripeClient:
    timeout, retries = patience.value
    return StripeClient(
        key,
        base_addresses={"api": api_base},
        http_client=RequestsClient(timeout=timeout),
        max_network_retries=retries,
    )


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except StripeError as error:
        raise _refusal(error) from error


def _refusal(error: StripeError) -> GatewayAway | GatewayRefused:
    status = error.http_status or 0
    away = isinstance(error, stripe.APIConnectionError | stripe.RateLimitError)
    if away or status in (409, 429) or status >= 500:
        return GatewayAway()
    return GatewayRefused(
        f"The payment service refused: {error.user_message or type(error).__name__}",
        code=error.code,
    )


def _session_params(request: CheckoutRequest) -> SessionCreateParams:
    return {
        "mode": "payment",
        "allowed_payment_method_types": ["card"],
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": CURRENCY.lower(),
                    "unit_amount": _pence(request.amount),
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


def _pence(amount: Decimal) -> int:
    return int(pounds(amount) * 100)


def _pounds(pence: int) -> Decimal:
    return pounds(Decimal(pence) / 100)


def _plain(metadata: StripeObject | None) -> dict[str, str]:
    said = metadata.to_dict() if metadata is not None else {}
    return {str(key): str(value) for key, value in said.items()}


def _id_of(part: Any) -> str | None:
    """Return the id of a part that Stripe gives as an id or, expanded, as an object."""
    return part if part is None or isinstance(part, str) else str(part.id)


def _session(session: stripe.checkout.Session) -> CheckoutSession:
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


def _intent(intent: stripe.PaymentIntent) -> PaymentIntent:
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


def _refund(refund: stripe.Refund) -> GatewayRefund:
    return GatewayRefund(
        id=refund.id,
        status=refund.status or "pending",
        amount=_pounds(refund.amount),
        payment_intent_id=_id_of(refund.payment_intent),
        failure_reason=getattr(refund, "failure_reason", None),
        metadata=_plain(refund.metadata),
    )


def _dispute(dispute: stripe.Dispute) -> Dispute:
    due_by = dispute.evidence_details.due_by
    return Dispute(
        id=dispute.id,
        status=dispute.status,
        reason=dispute.reason,
        amount=_pounds(dispute.amount),
        payment_intent_id=_id_of(dispute.payment_intent),
        evidence_due_at=datetime.fromtimestamp(due_by, UTC) if due_by else None,
    )
