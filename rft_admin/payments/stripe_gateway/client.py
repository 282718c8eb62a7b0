"""How Stripe is spoken to: our key, how long an answer is awaited, and refusals in our words."""

import enum
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import stripe
from stripe import RequestsClient, StripeClient, StripeError

from rft_admin.core.environment import config
from rft_admin.payments.gateway_objects import GatewayAway, GatewayRefused, GatewayStuck


class Patience(enum.Enum):
    """How long an answer is awaited: seconds to connect and to read, and how many retries.

    The platform's router gives a request 30 seconds; the SDK's own default is 80.
    """

    REQUEST = ((3.0, 7.0), 1)
    JOB = ((3.0, 15.0), 2)


def client_with(patience: Patience) -> StripeClient:
    """Return the client of our account."""
    return _client_for(config().stripe_secret_key, config().stripe_api_base, patience)


@contextmanager
def translated() -> Iterator[None]:
    """Turn Stripe's errors into ours.

    :raises GatewayAway: if asking again may help.
    :raises GatewayStuck: if it may, but not with the same key.
    :raises GatewayRefused: if not.
    """
    try:
        yield
    except StripeError as error:
        raise _refusal(error) from error


@cache
def _client_for(key: str, api_base: str, patience: Patience) -> StripeClient:
    timeout, retries = patience.value
    return StripeClient(
        key,
        base_addresses={"api": api_base},
        http_client=RequestsClient(timeout=timeout),
        max_network_retries=retries,
    )


def _refusal(error: StripeError) -> GatewayAway | GatewayRefused:
    status = error.http_status or 0
    if status >= 500 and _is_replayed(error):
        return GatewayStuck()
    away = isinstance(error, stripe.APIConnectionError | stripe.RateLimitError)
    if away or status in (409, 429) or status >= 500:
        return GatewayAway()
    return GatewayRefused(
        f"The payment service refused: {error.user_message or type(error).__name__}",
        code=error.code,
    )


def _is_replayed(error: StripeError) -> bool:
    """Return whether Stripe did nothing but repeat the answer it keeps under our key.

    It keeps failures of its own too, for a day (https://docs.stripe.com/api/idempotent_requests,
    https://docs.stripe.com/error-low-level#server-errors).
    """
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    return headers.get("idempotent-replayed") == "true"
