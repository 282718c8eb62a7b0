"""A business on a database of its own: in this process, and as real processes beside it."""

import http.client
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import text

from config import Config
from rft_admin import create_app
from rft_admin.core import clock
from rft_admin.core.database import db
from rft_admin.jobs import worker
from rft_admin.payments import reconcile, webhook
from rft_admin.upkeep import invariants
from sandbox.processes import Program, Programs
from sandbox.stripe import StripeSandbox
from tests.conftest import PROJECT, environment
from tests.payments import desk
from tests.payments.conftest import KEY, SECRET

#: Long enough for a loaded machine; nothing waits so long on an idle one.
PATIENCE_SECONDS = 120.0
#: Deliveries and jobs in turn: what a job does at Stripe becomes events, which become jobs.
ROUNDS = 2
#: After so long the clock looks after jobs that were lost.
LATER = timedelta(minutes=11)
#: Pence that came and went by card, as our rows say.
CAME = """
    SELECT coalesce(sum(amount), 0) * 100 FROM payment_transactions WHERE provider = 'stripe'
    AND status IN ('succeeded', 'partially_refunded', 'refunded', 'disputed')
"""
WENT = """
    SELECT coalesce(sum(net_refund), 0) * 100 FROM refunds
    WHERE status = 'completed' AND stripe_refund_id IS NOT NULL
"""


@dataclass
class Shop:
    """A running business: an application whose commits are real, and its Stripe."""

    app: Flask
    stripe: StripeSandbox
    name: str
    database_url: str
    directory: Path
    web_port: int

    def environment(self) -> dict[str, str]:
        """Return the environment of this business's processes."""
        return environment(
            self.database_url,
            APP_ENV="development",
            FLASK_APP="wsgi.py",
            LOG_LEVEL="WARNING",
            PUBLIC_URL=f"http://127.0.0.1:{self.web_port}",
            STRIPE_API_BASE=self.stripe.base_url,
            STRIPE_SECRET_KEY=KEY,
            STRIPE_WEBHOOK_SECRET=SECRET,
            WEB_CONCURRENCY="2",
        )

    @contextmanager
    def processes(self, *names: str) -> Iterator[Programs]:
        """Run web (two processes under one gunicorn) and workers, and end them all."""
        env = self.environment()
        bind = f"127.0.0.1:{self.web_port}"
        commands = {
            "web": ("gunicorn", "--bind", bind, "wsgi:app"),
            "worker": ("flask", "jobs", "work"),
        }
        programs = [
            Program(f"{name}-{number}", [sys.executable, "-m", *commands[name]], env)
            for number, name in enumerate(names)
        ]
        with Programs(programs, cwd=PROJECT, logs=self.directory) as running:
            if "web" in names:
                wait_until(lambda: _answers(self.web_port), running)
            yield running

    def exempt_this_machine_from_limits(self) -> None:
        """Let all visitors of a test come from one address, which no crowd does."""
        names = ("book", "cancel", "inquire", "pay")
        with self.app.app_context(), db.engine.begin() as connection:
            connection.execute(
                text(
                    "INSERT INTO rate_limits (key, hits, window_ends_at)"
                    " VALUES (:key, -1000000, now() + interval '1 day')"
                ),
                [{"key": f"public-{name}|127.0.0.1"} for name in names],
            )

    def scalar(self, sql: str, **values: Any) -> Any:
        """Return one value, read outside every unit of work."""
        with self.app.app_context(), db.engine.connect() as connection:
            return connection.execute(text(sql), values).scalar()

    def rows(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        """Return rows, read outside every unit of work."""
        with self.app.app_context(), db.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(sql), values)]

    def broken_invariants(self) -> list[str]:
        """Return what `flask check` would call broken."""
        with self.app.app_context():
            found = invariants.check_all(now=clock.now())
            db.session.rollback()
        return [f"{one.name}: {one.figure}" for one in found if not one.holds]

    def assert_ledger_agrees(self) -> None:
        """Compare our rows with Stripe's money, to the penny."""
        theirs = self.stripe.ledger()
        assert self.scalar(CAME) == theirs["charges"]
        assert self.scalar(WENT) == theirs["refunds"]

    def deliver(self) -> None:
        """Let the waiting events arrive, and do what they cause at once."""
        posted: list[int] = []

        def post(body: bytes, headers: dict[str, str]) -> int:
            with self.app.app_context():
                stored = desk.receive(body, headers["Stripe-Signature"])
                posted.extend([stored.id] if stored else [])
            return 200

        self.stripe.deliver_all(post=post)
        with self.app.app_context():
            for event_id in posted:
                webhook.process(event_id)

    def recover(self) -> None:
        """Do what happens by itself: events arrive, jobs run, the clock asks Stripe."""
        client = self.app.test_client()

        def post(body: bytes, headers: dict[str, str]) -> int:
            return client.post("/webhooks/stripe", data=body, headers=headers).status_code

        for _ in range(ROUNDS):
            self.stripe.deliver_all(post=post)
            with self.app.app_context(), db.engine.begin() as connection:
                # Letters are counted where they are queued; nobody reads them here.
                connection.execute(
                    text("DELETE FROM procrastinate_jobs WHERE task_name = 'send_email'")
                )
            if self.scalar("SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'"):
                worker.work(self.app, wait=False)
        with self.app.app_context():
            reconcile.check_open_payments(clock.now() + LATER)
            reconcile.tidy_holds(now=clock.now())


def wait_until(
    is_so: Callable[[], bool],
    running: Programs | None = None,
    *,
    seconds: float = PATIENCE_SECONDS,
    pause: float = 0.1,
) -> None:
    """Return once it is so; a process that ends meanwhile fails the test at once."""
    end = time.monotonic() + seconds
    while not is_so():
        if running is not None:
            running.refuse_ended()
        assert time.monotonic() < end, f"It did not happen within {seconds:g} seconds."
        time.sleep(pause)


def open_app(url: str, stripe: StripeSandbox) -> Flask:
    """Return an application on that database that speaks to that Stripe."""
    app = create_app(environment(url))
    app.config["RFT"] = _speaking_to(stripe, app.config["RFT"])
    return app


@contextmanager
def with_stripe(app: Flask, stripe: StripeSandbox) -> Iterator[None]:
    """Let an application speak to that Stripe for a while."""
    before = app.config["RFT"]
    app.config["RFT"] = _speaking_to(stripe, before)
    try:
        yield
    finally:
        app.config["RFT"] = before


def _speaking_to(stripe: StripeSandbox, config: Config) -> Config:
    return replace(
        config,
        stripe_secret_key=KEY,
        stripe_webhook_secret=SECRET,
        stripe_api_base=stripe.base_url,
    )


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
