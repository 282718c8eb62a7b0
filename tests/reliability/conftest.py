"""Businesses for the proofs, each with a database and a Stripe of its own."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rft_admin.core.database import db, transact
from sandbox.ports import free_port
from sandbox.stripe import StripeSandbox
from tests.admin.conftest import admin, enter, instructor, rows
from tests.bookings import offers
from tests.conftest import Databases
from tests.payments.conftest import KEY, SECRET, running_stripe, stripe
from tests.reliability.shop import Shop, open_app

__all__ = ["admin", "enter", "instructor", "rows", "running_stripe", "stripe"]


@pytest.fixture
def new_shop(databases: Databases, tmp_path: Path) -> Iterator[Callable[[], Shop]]:
    """Opens businesses; all of them are closed at the end."""
    opened: list[Shop] = []

    def open_shop() -> Shop:
        name, web_port = f"rft_{uuid.uuid4().hex[:12]}", free_port()
        url = databases.create(name, template=databases.template)
        stripe = StripeSandbox(
            tmp_path / name,
            secret_key=KEY,
            webhook_secret=SECRET,
            webhook_url=f"http://127.0.0.1:{web_port}/webhooks/stripe",
        ).start()
        stripe.hold()
        shop = Shop(open_app(url, stripe), stripe, name, url, tmp_path / name, web_port)
        opened.append(shop)
        with shop.app.app_context():
            transact(offers.admin)
        return shop

    yield open_shop
    for shop in opened:
        shop.stripe.stop()
        with shop.app.app_context():
            db.engine.dispose()
        databases.drop(shop.name)


@pytest.fixture
def shop(new_shop: Callable[[], Shop]) -> Shop:
    """One business."""
    return new_shop()
