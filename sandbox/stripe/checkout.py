"""Checkout sessions: made, found, expired."""

import re
from urllib.parse import urlsplit

from sandbox.stripe.acts import Act, change, emit
from sandbox.stripe.errors import ApiError, Json, conflict, invalid, missing
from sandbox.stripe.objects import new_line_item, new_session

#: Parameters the SDK knows and the sandbox plays; the others are refused, not ignored.
PLAYED = frozenset(
    {
        "adaptive_pricing", "allowed_payment_method_types", "billing_address_collection",
        "cancel_url", "client_reference_id", "custom_text", "customer_creation", "customer_email",
        "expand", "expires_at", "line_items", "locale", "metadata", "mode", "payment_intent_data",
        "payment_method_types", "phone_number_collection", "submit_type", "success_url", "ui_mode",
    }
)  # fmt: skip
_PLAYED_INTENT_DATA = frozenset(
    {
        "description", "metadata", "receipt_email", "statement_descriptor",
        "statement_descriptor_suffix", "transfer_group",
    }
)  # fmt: skip
#: Stripe's least amount in GBP (https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts).
LEAST_PENCE = 30
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+\Z")


def create_session(act: Act, params: Json) -> Json:
    """Open a session.

    :raises ApiError: 400, if Stripe would refuse it, or the sandbox does not play a parameter.
    """
    _check_played(params)
    check_metadata(params)
    check_metadata(params.get("payment_intent_data", {}))
    _check_expiry(params, act.now)
    _check_addresses(params)
    asked_items = params.get("line_items")
    if not asked_items:
        raise invalid(
            "Missing required param: line_items.", param="line_items", code="parameter_missing"
        )
    for position, asked in enumerate(asked_items):
        _check_item(asked, f"line_items[{position}]")
    items = [new_line_item(asked, now=act.now) for asked in asked_items]
    session = new_session(params, items=items, url_base=act.config.public_url, now=act.now)
    if session["amount_total"] < LEAST_PENCE:
        raise invalid(
            "The Checkout Session's total amount must convert to at least 30 pence.",
            code="amount_too_small",
        )
    intent_data = params.get("payment_intent_data", {})
    return act.tx.add(session, line_items=items, payment_intent_data=intent_data)


def _check_played(params: Json) -> None:
    nested = {f"payment_intent_data[{key}]" for key in params.get("payment_intent_data", {})}
    played = PLAYED | {f"payment_intent_data[{key}]" for key in _PLAYED_INTENT_DATA}
    for name in sorted((set(params) | nested) - played):
        raise invalid(f"The sandbox does not play this parameter: {name}", param=name)
    if params.get("mode") != "payment":
        raise invalid("The sandbox plays mode=payment only.", param="mode")
    if params.get("ui_mode", "hosted_page") != "hosted_page":
        raise invalid("The sandbox plays ui_mode=hosted_page only.", param="ui_mode")


def _check_expiry(params: Json, now: int) -> None:
    seconds = params.get("expires_at", now + 24 * 3600) - now
    if seconds < 30 * 60:
        told = "at least 30 minutes from Checkout Session creation."
    elif seconds > 24 * 3600:
        told = "less than 24 hours from Checkout Session creation."
    else:
        return
    raise invalid(f"The `expires_at` timestamp must be {told}", param="expires_at")


def _check_addresses(params: Json) -> None:
    if "success_url" not in params:
        raise invalid(
            "Missing required param: success_url.", param="success_url", code="parameter_missing"
        )
    for name in ("success_url", "cancel_url"):
        address = urlsplit(params.get(name, "https://x"))
        if address.scheme not in ("http", "https") or not address.netloc:
            raise invalid("Not a valid URL", param=name, code="url_invalid")
    email = params.get("customer_email")
    if email is not None and not _EMAIL.match(email):
        raise invalid(
            f"Invalid email address: {email}", param="customer_email", code="email_invalid"
        )


def check_metadata(params: Json) -> None:
    """Refuse more than 50 keys, keys over 40 characters, values over 500.

    https://docs.stripe.com/metadata#data
    :raises ApiError: 400.
    """
    metadata = params.get("metadata") or {}
    for key, value in metadata.items():
        if len(key) > 40 or len(value) > 500 or len(metadata) > 50:
            raise invalid(
                "Metadata can have up to 50 keys, with names up to 40 and values up to 500 "
                "characters long.",
                param=f"metadata[{key}]",
            )


def _check_item(asked: Json, where: str) -> None:
    price_data = asked.get("price_data")
    if price_data is None or "product_data" not in price_data or "unit_amount" not in price_data:
        raise invalid(
            "The sandbox plays line items with price_data, unit_amount and product_data only.",
            param=f"{where}[price_data]",
        )
    if price_data["unit_amount"] < 0 or asked.get("quantity", 1) < 1:
        raise invalid("Invalid non-negative integer", param=where, code="parameter_invalid_integer")


def find_session(act: Act, identifier: str) -> Json:
    """Return a session as the clock has left it.

    :raises ApiError: 404, if there is none.
    """
    session = act.tx.find("checkout.session", identifier)
    if session is None:
        raise missing("checkout.session", identifier, param="session")
    return session


def expire_due_sessions(act: Act) -> None:
    """Expire every open session whose time is over."""
    due = "json_extract(body, '$.status') = 'open' AND json_extract(body, '$.expires_at') <= ?"
    for session in act.tx.every("checkout.session", due, act.now):
        _expire(act, session)


def expire_session(act: Act, identifier: str) -> Json:
    """Expire an open session at once.

    :raises ApiError: 400, if it is complete or expired already.
    """
    session = find_session(act, identifier)
    if session["status"] != "open":
        raise conflict(
            'Only Checkout Sessions with a status in ["open"] can be expired. '
            f"This Checkout Session has a status of {session['status']}."
        )
    return _expire(act, session)


def _expire(act: Act, session: Json) -> Json:
    if session["payment_intent"]:
        intent = act.tx.get("payment_intent", session["payment_intent"])
        change(
            act,
            intent,
            status="canceled",
            canceled_at=act.now,
            cancellation_reason="expired",
            next_action=None,
        )
        emit(act, "payment_intent.canceled", intent)
    change(act, session, status="expired", url=None)
    emit(act, "checkout.session.expired", session)
    return session


def refuse_cancelling(act: Act, intent_id: str) -> ApiError:
    """Return Stripe's refusal to cancel an intent that belongs to a Checkout session.

    https://docs.stripe.com/api/payment_intents/cancel: "You can't cancel the PaymentIntent for a
    Checkout Session. Expire the Checkout Session instead."
    """
    intent = act.tx.find("payment_intent", intent_id)
    if intent is None:
        return missing("payment_intent", intent_id, param="intent")
    if intent["status"] in ("succeeded", "canceled"):
        told = f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}"
    else:
        told = "You can't cancel the PaymentIntent for a Checkout Session. Expire the session."
    return conflict(told, code="payment_intent_unexpected_state")
