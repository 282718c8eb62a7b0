"""A Stripe of one's own for the tests of payments, spoken to by the real SDK."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from sandbox.stripe import StripeSandbox

KEY = "sk_test_for_the_tests"
SECRET = "whsec_testing"


@pytest.fixture(scope="session")
def running_stripe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StripeSandbox]:
    """One Stripe sandbox for the run; it keeps its events until they are fetched."""
    directory = tmp_path_factory.mktemp("stripe")
    with StripeSandbox(directory, secret_key=KEY, webhook_secret=SECRET) as sandbox:
        yield sandbox


@pytest.fixture
def stripe(running_stripe: StripeSandbox, app: Flask, session: Session) -> Iterator[StripeSandbox]:
    """An empty Stripe that the application under test speaks to."""
    running_stripe.reset()
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(
            app.config,
            "RFT",
            replace(
                app.config["RFT"],
                stripe_secret_key=KEY,
                stripe_webhook_secret=SECRET,
                stripe_api_base=running_stripe.base_url,
            ),
        )
        yield running_stripe
