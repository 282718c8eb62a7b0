"""The sandbox's pages without JavaScript, and its controls over HTTP."""

import json
import time
from collections.abc import Callable
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
import stripe

from sandbox.stripe import StripeSandbox

Ask = Callable[..., Any]


class Visitor:
    """A browser without JavaScript that follows nothing by itself."""

    def __init__(self, base_url: str) -> None:
        self._host = urlsplit(base_url).netloc
        self.status = 0
        self.location: str | None = None
        self.text = ""

    def get(self, address: str) -> str:
        """Open an address and return its text."""
        return self._send("GET", address, None, {})

    def post(self, address: str, **fields: str) -> str:
        """Submit a form."""
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._send("POST", address, urlencode(fields), form)

    def call(self, method: str, address: str, body: Any = None) -> Any:
        """Work a control and return its JSON."""
        text = None if body is None else json.dumps(body)
        return json.loads(self._send(method, address, text, {"Content-Type": "application/json"}))

    def _send(self, method: str, address: str, body: str | None, headers: dict[str, str]) -> str:
        parts = urlsplit(address)
        connection = HTTPConnection(self._host, timeout=5)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        self.status, self.location = answer.status, answer.headers["Location"]
        self.text = answer.read().decode()
        connection.close()
        return self.text


@pytest.fixture
def visitor(sandbox: StripeSandbox) -> Visitor:
    """Somebody at the sandbox's pages."""
    return Visitor(sandbox.base_url)


@pytest.fixture
def page(client: stripe.StripeClient, ask: Ask) -> str:
    """The address of an open session's payment page."""
    return str(client.v1.checkout.sessions.create(ask()).url)


class TestPaymentPage:
    """Instead of Stripe's."""

    def test_shows_what_is_bought_and_how_to_go_back(self, visitor: Visitor, page: str) -> None:
        text = visitor.get(page)

        assert visitor.status == 200
        for shown in (
            "Stripe sandbox: no money moves",
            "Emergency First Aid at Work",
            "2 × £75.00",
            "£150.00",
            "pat@example.com",
            'href="http://shop.example/back"',
            'value="4242 4242 4242 4242"',
        ):
            assert shown in text

    def test_asks_for_an_address_when_the_shop_gave_none(
        self, visitor: Visitor, client: stripe.StripeClient, sandbox: StripeSandbox, ask: Ask
    ) -> None:
        session = client.v1.checkout.sessions.create(ask(customer_email=None))
        assert 'name="email"' in visitor.get(str(session.url))

        visitor.post(str(session.url), number="4242424242424242", email="sam@example.org")

        paid: Any = client.v1.checkout.sessions.retrieve(session.id)
        assert paid.customer_details.email == "sam@example.org"

    def test_pays_with_one_click_and_returns_to_the_shop(
        self, visitor: Visitor, sandbox: StripeSandbox, page: str
    ) -> None:
        visitor.post(page, number="4242 4242 4242 4242")

        session = sandbox.objects("checkout.session")[0]
        assert visitor.status == 303
        assert visitor.location == f"http://shop.example/paid?session={session['id']}"
        assert session["payment_status"] == "paid"

    def test_stays_after_a_decline_and_says_so(
        self, visitor: Visitor, sandbox: StripeSandbox, page: str
    ) -> None:
        visitor.post(page, number="4242424242424242", card="4000000000000002")
        assert (visitor.status, visitor.location) == (303, urlsplit(page).path)

        assert "Your card was declined." in visitor.get(page)
        visitor.post(page, number="4242424242424242")
        assert sandbox.ledger()["charges"] == 15000

    def test_refuses_a_real_card_and_keeps_what_was_typed(
        self, visitor: Visitor, sandbox: StripeSandbox, page: str
    ) -> None:
        text = visitor.post(page, number="5555 5555 5555 4444")

        assert visitor.status == 402
        assert 'aria-invalid="true"' in text
        assert "5555 5555 5555 4444" in text
        assert sandbox.objects("payment_intent") == []

    @pytest.mark.parametrize(("answer", "charges"), [("fail", 0), ("complete", 15000)])
    def test_goes_through_3d_secure(
        self, visitor: Visitor, sandbox: StripeSandbox, page: str, answer: str, charges: int
    ) -> None:
        visitor.post(page, number="4000002500003155")
        step = f"{urlsplit(page).path}/authenticate"
        assert visitor.location == step
        assert "Complete authentication" in visitor.get(step)

        visitor.post(step, answer=answer)

        assert visitor.status == 303
        assert sandbox.ledger()["charges"] == charges
        if not charges:
            assert "unable to authenticate" in visitor.get(page)

    def test_says_when_there_is_nothing_to_pay(
        self, visitor: Visitor, sandbox: StripeSandbox, client: stripe.StripeClient, ask: Ask
    ) -> None:
        done, late = (client.v1.checkout.sessions.create(ask()) for _ in range(2))
        sandbox.pay(done.id)
        sandbox.set_expires_at(late.id, int(time.time()) - 1)

        assert "paid already" in visitor.get(f"/c/pay/{done.id}")
        assert "has expired" in visitor.get(f"/c/pay/{late.id}")
        assert "has expired" in visitor.post(f"/c/pay/{late.id}", number="4242424242424242")
        assert "no such payment" in visitor.get("/c/pay/cs_test_nobody")
        assert visitor.status == 404
        assert sandbox.ledger()["charges"] == 15000


class TestOverview:
    """The developer's page."""

    def test_shows_everything_and_its_buttons_work(
        self, visitor: Visitor, sandbox: StripeSandbox, page: str
    ) -> None:
        session = sandbox.objects("checkout.session")[0]["id"]
        visitor.post(f"/_control/sessions/{session}/pay")
        assert (visitor.status, visitor.location) == (303, "/")
        intent = sandbox.objects("payment_intent")[0]["id"]
        visitor.post(f"/_control/payments/{intent}/refund")
        refund = sandbox.objects("refund")[0]["id"]
        visitor.post(f"/_control/refunds/{refund}/fail")
        visitor.post(f"/_control/payments/{intent}/dispute")

        text = visitor.get("/")

        for shown in (intent, refund, "needs_response", "refund.failed", "complete, paid", "−£"):
            assert shown in text


class TestControls:
    """Over HTTP, for a sandbox in another process."""

    def test_pays_faults_and_tells(
        self, visitor: Visitor, sandbox: StripeSandbox, client: stripe.StripeClient, page: str
    ) -> None:
        session = sandbox.objects("checkout.session")[0]["id"]
        address = f"/_control/sessions/{session}/pay"

        assert visitor.call("POST", address, {"card": "declined"}) == {"result": "declined"}
        assert visitor.call("POST", address, {}) == {"result": "paid"}
        assert visitor.call("GET", "/_control/ledger")["result"]["charges"] == 15000
        kinds = [event["type"] for event in visitor.call("GET", "/_control/events")["result"]]
        assert "checkout.session.completed" in kinds
        visitor.call("POST", "/_control/faults", {"kind": "error_429", "times": 1})
        with pytest.raises(stripe.RateLimitError):
            client.v1.charges.list()
        calls = visitor.call("GET", "/_control/requests?method=GET")["result"]
        assert [(call["path"], call["status"]) for call in calls] == [("/v1/charges", 429)]
        visitor.call("POST", "/_control/reset", {})
        assert sandbox.objects("checkout.session") == []

    @pytest.mark.parametrize(
        ("address", "body"),
        [
            ("/_control/faults", {"kind": "earthquake"}),
            ("/_control/faults", {"colour": "red"}),
            ("/_control/events/evt_nobody/redeliver", {}),
            ("/_control/refunds/re_nobody/fail", {}),
        ],
    )
    def test_refuses_nonsense_without_a_stack_trace(
        self, visitor: Visitor, address: str, body: dict[str, str]
    ) -> None:
        answer = visitor.call("POST", address, body)

        assert visitor.status in (400, 404)
        assert answer["error"]["message"]

    def test_holds_and_releases_events(self, visitor: Visitor, sandbox: StripeSandbox) -> None:
        visitor.call("POST", "/_control/deliveries/hold", {})
        assert "held" in visitor.get("/")

        visitor.call("POST", "/_control/deliveries/release", {})

        assert "held" not in visitor.get("/")
