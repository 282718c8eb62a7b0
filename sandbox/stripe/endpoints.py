"""Stripe's addresses the sandbox plays, each with the SDK's type of its parameters."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from stripe import params as p

from sandbox.stripe import checkout, refunds
from sandbox.stripe.acts import Act
from sandbox.stripe.errors import ApiError, Json
from sandbox.stripe.reading import as_list, expanded, list_page, retrieve

#: (act, params, the id in the path or "", the path) to the answer.
Handler = Callable[[Act, Json, str, str], Json]


@dataclass(frozen=True)
class Endpoint:
    """One method and path; `{id}` stands for an identifier."""

    method: str
    path: str
    params_type: type
    handler: Handler


def find_endpoint(method: str, path: str) -> tuple[Endpoint, str]:
    """Return the endpoint of a request, and the id in its path ("" where there is none).

    :raises ApiError: 404, if Stripe, or the sandbox, has no such address.
    """
    for endpoint in ENDPOINTS:
        pattern = re.escape(endpoint.path).replace(r"\{id\}", r"([\w]+)")
        match = re.fullmatch(pattern, path)
        if match and endpoint.method == method:
            return endpoint, "".join(match.groups())
    raise ApiError(
        404,
        f"Unrecognized request URL ({method}: {path}), or one the sandbox does not play.",
        remembered=False,
    )


def _create_session(act: Act, params: Json, _id: str, _path: str) -> Json:
    return expanded(act, checkout.create_session(act, params), params.get("expand", ()))


def _expire_session(act: Act, params: Json, identifier: str, _path: str) -> Json:
    return expanded(act, checkout.expire_session(act, identifier), params.get("expand", ()))


def _list_line_items(act: Act, params: Json, identifier: str, path: str) -> Json:
    session = checkout.find_session(act, identifier)
    items = act.tx.hidden(session["id"])["line_items"]
    limit = params.get("limit", 10)
    return as_list(items[:limit], path, more=len(items) > limit)


def _cancel_intent(act: Act, _params: Json, identifier: str, _path: str) -> Json:
    raise checkout.refuse_cancelling(act, identifier)


def _create_refund(act: Act, params: Json, _id: str, _path: str) -> Json:
    return expanded(act, refunds.create_refund(act, params), params.get("expand", ()))


def _show_balance(act: Act, _params: Json, _id: str, _path: str) -> Json:
    return refunds.balance(act)


def _retrieve(kind: str, act: Act, params: Json, identifier: str, _path: str) -> Json:
    return retrieve(act, kind, identifier, params)


def _list(kind: str, act: Act, params: Json, _id: str, path: str) -> Json:
    return list_page(act, kind, params, url=path)


def _readable(path: str, kind: str, retrieve_type: type, list_type: type) -> list[Endpoint]:
    return [
        Endpoint("GET", f"/v1/{path}", list_type, partial(_list, kind)),
        Endpoint("GET", f"/v1/{path}/{{id}}", retrieve_type, partial(_retrieve, kind)),
    ]


ENDPOINTS = [
    *_readable(
        "checkout/sessions",
        "checkout.session",
        p.checkout.SessionRetrieveParams,
        p.checkout.SessionListParams,
    ),
    *_readable(
        "payment_intents",
        "payment_intent",
        p.PaymentIntentRetrieveParams,
        p.PaymentIntentListParams,
    ),
    *_readable("charges", "charge", p.ChargeRetrieveParams, p.ChargeListParams),
    *_readable("refunds", "refund", p.RefundRetrieveParams, p.RefundListParams),
    *_readable(
        "balance_transactions",
        "balance_transaction",
        p.BalanceTransactionRetrieveParams,
        p.BalanceTransactionListParams,
    ),
    *_readable("disputes", "dispute", p.DisputeRetrieveParams, p.DisputeListParams),
    *_readable("events", "event", p.EventRetrieveParams, p.EventListParams),
    *_readable("payouts", "payout", p.PayoutRetrieveParams, p.PayoutListParams),
    Endpoint("GET", "/v1/balance", p.BalanceRetrieveParams, _show_balance),
    Endpoint("POST", "/v1/checkout/sessions", p.checkout.SessionCreateParams, _create_session),
    Endpoint(
        "POST",
        "/v1/checkout/sessions/{id}/expire",
        p.checkout.SessionExpireParams,
        _expire_session,
    ),
    Endpoint(
        "GET",
        "/v1/checkout/sessions/{id}/line_items",
        p.checkout.SessionListLineItemsParams,
        _list_line_items,
    ),
    Endpoint(
        "POST", "/v1/payment_intents/{id}/cancel", p.PaymentIntentCancelParams, _cancel_intent
    ),
    Endpoint("POST", "/v1/refunds", p.RefundCreateParams, _create_refund),
]
