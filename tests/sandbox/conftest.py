"""A Stripe sandbox of its own for each test that asks, and the real SDK to speak to it."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import stripe

from sandbox.stripe import StripeSandbox

KEY = "sk_test_for_the_tests"
SECRET = "whsec_for_the_tests"


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[StripeSandbox]:
    """A running Stripe sandbox without a webhook address."""
    with StripeSandbox(tmp_path / "stripe", secret_key=KEY, webhook_secret=SECRET) as running:
        yield running


@pytest.fixture
def connect() -> Iterator[Callable[..., stripe.StripeClient]]:
    """Make SDK clients (base_url, key) whose connections are closed after the test."""
    opened: list[Any] = []

    def make(base_url: str, key: str = KEY) -> stripe.StripeClient:
        opened.append(stripe.RequestsClient(timeout=(3, 7)))
        return stripe.StripeClient(
            key,
            base_addresses={"api": base_url},
            http_client=opened[-1],
            max_network_retries=0,
        )

    yield make
    for http_client in opened:
        http_client.close()


@pytest.fixture
def client(
    sandbox: StripeSandbox, connect: Callable[..., stripe.StripeClient]
) -> stripe.StripeClient:
    """The SDK, speaking to the sandbox."""
    return connect(sandbox.base_url)


def asked(**changes: Any) -> Any:
    """Return the parameters of a session for two places at £75; None takes a parameter away."""
    params = {
        "mode": "payment",
        "success_url": "http://shop.example/paid?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "http://shop.example/back",
        "customer_email": "pat@example.com",
        "client_reference_id": "RFT-1",
        "expires_at": int(time.time()) + 35 * 60,
        "metadata": {"booking": "1"},
        "payment_intent_data": {"metadata": {"booking": "1"}},
        "line_items": [
            {
                "quantity": 2,
                "price_data": {
                    "currency": "gbp",
                    "unit_amount": 7500,
                    "product_data": {"name": "Emergency First Aid at Work"},
                },
            }
        ],
    } | changes
    return {name: value for name, value in params.items() if value is not None}


@pytest.fixture
def ask() -> Callable[..., Any]:
    """Build the parameters of a session."""
    return asked


@pytest.fixture
def paid(sandbox: StripeSandbox, client: stripe.StripeClient) -> Callable[..., str]:
    """Open a session, pay it with a card, and return its payment intent's id."""

    def make(card: str = "success") -> str:
        session = client.v1.checkout.sessions.create(asked())
        sandbox.pay(session.id, card)
        return str(client.v1.checkout.sessions.retrieve(session.id).payment_intent)

    return make
