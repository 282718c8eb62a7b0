"""The sandbox's events: signed, retried, held, shuffled, doubled, dropped, kept."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import stripe

from sandbox.stripe import StripeSandbox
from sandbox.stripe.conformance import check_event

from .conftest import SECRET


class Endpoint:
    """A webhook endpoint with a memory; it answers 200 unless told otherwise."""

    def __init__(self) -> None:
        self.seen: list[stripe.Event] = []
        self.payloads: list[dict[str, Any]] = []
        self.forged = 0
        #: What the next answers are; then 200.
        self.statuses: list[int] = []

    def take(self, payload: bytes, headers: dict[str, str]) -> int:
        """Verify the signature as the application does, and answer."""
        try:
            event = stripe.Webhook.construct_event(payload, headers["Stripe-Signature"], SECRET)
        except stripe.SignatureVerificationError:
            self.forged += 1
            return 400
        self.seen.append(event)
        self.payloads.append(json.loads(payload))
        return self.statuses.pop(0) if self.statuses else 200

    @property
    def kinds(self) -> list[str]:
        """Return the types seen, in order."""
        return [event.type for event in self.seen]


@pytest.fixture
def endpoint() -> Endpoint:
    """An endpoint that has seen nothing."""
    return Endpoint()


@pytest.fixture
def webhook_url(endpoint: Endpoint) -> Iterator[str]:
    """The endpoint's address over HTTP."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(endpoint.take(body, dict(self.headers)))
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/webhooks/stripe"
    server.shutdown()
    server.server_close()
    thread.join()


class TestDelivery:
    """In the background."""

    def test_delivers_signed_events_that_fit_the_types(
        self,
        sandbox: StripeSandbox,
        endpoint: Endpoint,
        webhook_url: str,
        paid: Callable[..., str],
    ) -> None:
        sandbox.outbox.url = webhook_url

        sandbox.refund_in_dashboard(paid(), 100)

        assert sandbox.wait_until_delivered()
        assert sorted(endpoint.kinds) == [
            "charge.refunded",
            "checkout.session.completed",
            "payment_intent.succeeded",
            "refund.created",
        ]
        for payload in endpoint.payloads:
            check_event(payload)
        assert endpoint.forged == 0
        assert {
            event["delivery"]["attempts"] for event in sandbox.events() if event["delivery"]
        } == {1}

    def test_is_refused_with_another_secret(
        self, tmp_path: Path, endpoint: Endpoint, webhook_url: str
    ) -> None:
        directory = tmp_path / "other"
        with StripeSandbox(directory, webhook_url=webhook_url, webhook_secret="whsec_x") as other:
            other.hold()
            session_id = _open(other)
            other.pay(session_id)
            event = other.events("checkout.session.completed")[0]

            assert other.redeliver(event["id"]) == 400

        assert (endpoint.forged, endpoint.seen) == (1, [])

    def test_tries_again_until_2xx(
        self,
        sandbox: StripeSandbox,
        endpoint: Endpoint,
        webhook_url: str,
        paid: Callable[..., str],
    ) -> None:
        endpoint.statuses = [500, 503]
        sandbox.outbox.url = webhook_url

        paid()

        assert sandbox.wait_until_delivered()
        assert len(endpoint.seen) == 4
        assert len({event.id for event in endpoint.seen}) == 2

    def test_waits_while_nobody_listens(
        self, sandbox: StripeSandbox, paid: Callable[..., str]
    ) -> None:
        sandbox.outbox.url = "http://127.0.0.1:9/webhooks/stripe"

        paid()

        assert not sandbox.wait_until_delivered(0.3)
        states = [event["delivery"] for event in sandbox.events("checkout.session.completed")]
        assert states[0]["state"] == "pending"
        assert states[0]["last_status"] == "unreachable"

    def test_keeps_the_outbox_over_a_restart(
        self, tmp_path: Path, endpoint: Endpoint, webhook_url: str
    ) -> None:
        options: Any = {"webhook_secret": SECRET, "webhook_url": webhook_url}
        with StripeSandbox(tmp_path / "kept", **options) as before:
            before.hold()
            before.pay(_open(before))
        assert endpoint.seen == []

        with StripeSandbox(tmp_path / "kept", **options) as after:
            assert not after.wait_until_delivered(0.3)
            after.release()
            assert after.wait_until_delivered()

        assert len(endpoint.seen) == 2

    def test_delays_and_doubles(
        self,
        sandbox: StripeSandbox,
        endpoint: Endpoint,
        webhook_url: str,
        paid: Callable[..., str],
    ) -> None:
        sandbox.outbox.url = webhook_url
        sandbox.delay(0.5)
        sandbox.deliver_each(3)
        started = time.monotonic()

        paid()

        assert sandbox.wait_until_delivered()
        assert time.monotonic() - started > 0.45
        sandbox.outbox.stop()
        assert len(endpoint.seen) == 6


class TestOnDemand:
    """In any order, as often as wanted."""

    def test_delivers_reversed_without_http(
        self, sandbox: StripeSandbox, endpoint: Endpoint, paid: Callable[..., str]
    ) -> None:
        paid()

        sandbox.deliver_all("reversed", post=endpoint.take)

        assert endpoint.kinds == ["checkout.session.completed", "payment_intent.succeeded"]
        assert sandbox.wait_until_delivered(0)

    def test_delivers_in_the_order_given(
        self, sandbox: StripeSandbox, endpoint: Endpoint, paid: Callable[..., str]
    ) -> None:
        sandbox.refund_in_dashboard(paid())
        wanted = [event["id"] for event in sandbox.events() if event["delivery"]]
        wanted = [wanted[2], wanted[0], wanted[3], wanted[1]]

        sandbox.deliver_all(wanted, post=endpoint.take)

        assert [event.id for event in endpoint.seen] == wanted

    def test_shuffles_doubles_and_drops_the_same_way_for_the_same_seed(
        self, sandbox: StripeSandbox, endpoint: Endpoint, paid: Callable[..., str]
    ) -> None:
        for _ in range(10):
            paid()
        in_order = [event["id"] for event in sandbox.events() if event["delivery"]]

        posted = sandbox.deliver_all("shuffled", (1, 5), 0.2, seed=7, post=endpoint.take)

        dropped = {
            e["id"] for e in sandbox.events() if (e["delivery"] or {}).get("state") == "dropped"
        }
        assert 0 < len(dropped) < len(in_order)
        assert set(posted) == set(in_order) - dropped
        assert len(posted) > len(set(posted))
        assert posted != sorted(posted, key=in_order.index)
        assert posted == [event.id for event in endpoint.seen]
        sandbox.replay_dropped()
        assert set(sandbox.deliver_all(post=endpoint.take)) == dropped

    def test_pretends_livemode(
        self, sandbox: StripeSandbox, endpoint: Endpoint, paid: Callable[..., str]
    ) -> None:
        paid()
        first = sandbox.events("payment_intent.succeeded")[0]

        sandbox.set_livemode(first["id"])
        sandbox.deliver_all(post=endpoint.take)

        assert [event.livemode for event in endpoint.seen] == [True, False]

    def test_signs_an_event_for_a_client_of_the_tests_own(
        self, sandbox: StripeSandbox, endpoint: Endpoint, paid: Callable[..., str]
    ) -> None:
        paid()
        event = sandbox.events("payment_intent.succeeded")[0]

        body, headers = sandbox.signed_event(event["id"])

        assert endpoint.take(body, headers) == 200
        assert endpoint.take(body + b" ", headers) == 400


class TestLater:
    """What test cards do by themselves after a while."""

    @pytest.mark.parametrize(
        ("card", "kind"),
        [
            ("dispute", "charge.dispute.created"),
            ("refund_fails", "refund.failed"),
            ("refund_pending", "refund.updated"),
        ],
    )
    def test_happens_once_by_the_sweeper(self, tmp_path: Path, card: str, kind: str) -> None:
        with StripeSandbox(tmp_path / "later", later_seconds=0) as sandbox:
            sandbox.pay(_open(sandbox), card)
            if card != "dispute":
                sandbox.refund_in_dashboard(sandbox.objects("payment_intent")[0]["id"], 100)

            sandbox.sweep()
            sandbox.sweep()

            assert len(sandbox.events(kind)) == 1


def _open(sandbox: StripeSandbox) -> str:
    """Open a session by the SDK and return its id."""
    http_client: Any = stripe.RequestsClient()
    client = stripe.StripeClient(
        sandbox.config.secret_key,
        base_addresses={"api": sandbox.base_url},
        http_client=http_client,
    )
    session = client.v1.checkout.sessions.create(
        {
            "mode": "payment",
            "success_url": "http://shop.example/paid",
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": "gbp",
                        "unit_amount": 7500,
                        "product_data": {"name": "A place"},
                    },
                }
            ],
        }
    )
    http_client.close()
    return session.id
