"""The only room that speaks to Stripe: our own objects out, pounds outside, pence only here."""

import json
from datetime import datetime
from decimal import Decimal

import stripe
from stripe.params import BalanceTransactionListParams, BalanceTransactionListParamsCreated

from rft_admin.core.database import Json
from rft_admin.core.environment import config
from rft_admin.payments.gateway_objects import (
    BadSignature,
    BalanceEntry,
    CheckoutRequest,
    CheckoutSession,
    Dispute,
    Event,
    GatewayRefund,
    PaymentIntent,
)
from rft_admin.payments.stripe_gateway.client import Patience, client_with, translated
from rft_admin.payments.stripe_gateway.wire import (
    CURRENCY,
    pence,
    read_dispute,
    read_entry,
    read_intent,
    read_refund,
    read_session,
    session_params,
)

__all__ = [
    "CURRENCY",
    "Patience",
    "create_refund",
    "create_session",
    "expire_session",
    "is_live",
    "list_entries",
    "list_entries_of_payout",
    "list_entries_of_source",
    "list_refunds",
    "read_event",
    "retrieve_dispute",
    "retrieve_intent",
    "retrieve_refund",
    "retrieve_session",
]

_INTENT_PARTS = ["latest_charge.balance_transaction"]


def create_session(
    request: CheckoutRequest, *, idempotency_key: str, patience: Patience = Patience.REQUEST
) -> CheckoutSession:
    """Open a hosted payment page.

    :raises GatewayAway: if there is no answer; the same key may be used again.
    :raises GatewayRefused: if Stripe will not.
    """
    with translated():
        return read_session(
            client_with(patience).v1.checkout.sessions.create(
                session_params(request), {"idempotency_key": idempotency_key}
            )
        )


def retrieve_session(session_id: str, *, patience: Patience = Patience.JOB) -> CheckoutSession:
    """Return the payment page as it is now.

    :raises GatewayAway: if there is no answer.
    :raises GatewayRefused: if there is no such page.
    """
    with translated():
        return read_session(client_with(patience).v1.checkout.sessions.retrieve(session_id))


def expire_session(session_id: str, *, patience: Patience = Patience.REQUEST) -> CheckoutSession:
    """Close an open payment page and return it.

    :raises GatewayRefused: if it is not open any more: it was paid, or it has expired.
    :raises GatewayAway: if there is no answer.
    """
    with translated():
        return read_session(client_with(patience).v1.checkout.sessions.expire(session_id))


def retrieve_intent(intent_id: str, *, patience: Patience = Patience.JOB) -> PaymentIntent:
    """Return the payment as it is now, with its charge and Stripe's fee.

    :raises GatewayAway: if there is no answer.
    :raises GatewayRefused: if there is no such payment.
    """
    with translated():
        return read_intent(
            client_with(patience).v1.payment_intents.retrieve(intent_id, {"expand": _INTENT_PARTS})
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
    with translated():
        return read_refund(
            client_with(patience).v1.refunds.create(
                {
                    "payment_intent": payment_intent_id,
                    "amount": pence(amount),
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
    with translated():
        return read_refund(client_with(patience).v1.refunds.retrieve(refund_id))


def list_refunds(
    payment_intent_id: str, *, patience: Patience = Patience.JOB
) -> list[GatewayRefund]:
    """Return every refund of a payment, wherever it was made.

    :raises GatewayAway: if there is no answer.
    """
    with translated():
        pages = client_with(patience).v1.refunds.list(
            {"payment_intent": payment_intent_id, "limit": 100}
        )
        return [read_refund(refund) for refund in pages.auto_paging_iter()]


def retrieve_dispute(dispute_id: str, *, patience: Patience = Patience.JOB) -> Dispute:
    """Return the dispute as it is now.

    :raises GatewayAway: if there is no answer.
    :raises GatewayRefused: if there is no such dispute.
    """
    with translated():
        return read_dispute(client_with(patience).v1.disputes.retrieve(dispute_id))


def list_entries(
    start: datetime, end: datetime, *, patience: Patience = Patience.JOB
) -> list[BalanceEntry]:
    """Return every movement of our balance in `[start, end)`, at Stripe's clock.

    :raises GatewayAway: if there is no answer.
    """
    created: BalanceTransactionListParamsCreated = {
        "gte": int(start.timestamp()),
        "lt": int(end.timestamp()),
    }
    return _entries({"created": created}, patience)


def list_entries_of_payout(
    payout_id: str, *, patience: Patience = Patience.JOB
) -> list[BalanceEntry]:
    """Return the movements that a payout pays out, its own not among them.

    :raises GatewayAway: if there is no answer.
    """
    entries = _entries({"payout": payout_id}, patience)
    return [entry for entry in entries if entry.source_id != payout_id]


def list_entries_of_source(
    source_id: str, *, patience: Patience = Patience.JOB
) -> list[BalanceEntry]:
    """Return every movement that a charge, a refund, a dispute or a payout has caused.

    :raises GatewayAway: if there is no answer.
    """
    return _entries({"source": source_id}, patience)


def _entries(params: BalanceTransactionListParams, patience: Patience) -> list[BalanceEntry]:
    params = {**params, "limit": 100, "expand": ["data.source"]}
    with translated():
        pages = client_with(patience).v1.balance_transactions.list(params)
        return [read_entry(entry) for entry in pages.auto_paging_iter()]


def read_event(payload: bytes, signature: str) -> Event:
    """Return what a webhook's body says, if Stripe signed it.

    :raises BadSignature: if it is forged, damaged, or too old.
    """
    try:
        client_with(Patience.REQUEST).construct_event(
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
