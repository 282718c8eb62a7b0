"""The Stripe sandbox answers the real SDK as Stripe does: refusals, keys, lists, expansion."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import stripe

from sandbox.stripe import StripeSandbox
from sandbox.stripe.conformance import check_answer

Ask = Callable[..., Any]


class TestAuthentication:
    """The secret key."""

    def test_refuses_another_key(
        self, sandbox: StripeSandbox, connect: Callable[..., stripe.StripeClient], ask: Ask
    ) -> None:
        stranger = connect(sandbox.base_url, "sk_test_of_somebody_else")

        with pytest.raises(stripe.AuthenticationError, match="Invalid API Key") as refusal:
            stranger.v1.checkout.sessions.create(ask())

        assert refusal.value.http_status == 401
        assert sandbox.objects("checkout.session") == []


class TestSessionParameters:
    """What a session may be asked for."""

    @pytest.mark.parametrize(
        ("changes", "param", "code"),
        [
            ({"colour": "red"}, "colour", "parameter_unknown"),
            ({"mode": "pay"}, "mode", None),
            ({"mode": "subscription"}, "mode", None),
            ({"ui_mode": "elements"}, "ui_mode", None),
            ({"line_items": None}, "line_items", "parameter_missing"),
            ({"success_url": None}, "success_url", "parameter_missing"),
            ({"success_url": "/paid"}, "success_url", "url_invalid"),
            ({"cancel_url": "back"}, "cancel_url", "url_invalid"),
            ({"customer_email": "pat"}, "customer_email", "email_invalid"),
            ({"expires_at": "soon"}, "expires_at", "parameter_invalid_integer"),
            ({"allow_promotion_codes": True}, "allow_promotion_codes", None),
            ({"payment_intent_data": {"x": "1"}}, "payment_intent_data[x]", "parameter_unknown"),
            (
                {"payment_intent_data": {"capture_method": "manual"}},
                "payment_intent_data[capture_method]",
                None,
            ),
            (
                {"line_items": [{"quantity": 1, "price": "price_1"}]},
                "line_items[0][price_data]",
                None,
            ),
            ({"expand": ["colour"]}, "expand", None),
            ({"metadata": {"k": "v" * 501}}, "metadata[k]", None),
            ({"payment_intent_data": {"metadata": {"k" * 41: ""}}}, f"metadata[{'k' * 41}]", None),
        ],
    )
    def test_refuses_what_stripe_refuses(
        self,
        client: stripe.StripeClient,
        ask: Ask,
        changes: dict[str, Any],
        param: str,
        code: str | None,
    ) -> None:
        with pytest.raises(stripe.InvalidRequestError) as refusal:
            client.v1.checkout.sessions.create(ask(**changes))

        assert (refusal.value.param, refusal.value.code) == (param, code)

    @pytest.mark.parametrize(("minutes", "allowed"), [(29, False), (31, True), (1441, False)])
    def test_lets_a_session_live_between_30_minutes_and_24_hours(
        self, client: stripe.StripeClient, ask: Ask, minutes: int, allowed: bool
    ) -> None:
        wanted = ask(expires_at=int(time.time()) + minutes * 60)

        if allowed:
            assert client.v1.checkout.sessions.create(wanted).status == "open"
            return
        with pytest.raises(stripe.InvalidRequestError) as refusal:
            client.v1.checkout.sessions.create(wanted)
        assert refusal.value.param == "expires_at"

    def test_refuses_less_than_30_pence(self, client: stripe.StripeClient, ask: Ask) -> None:
        wanted = ask()
        wanted["line_items"][0] |= {"quantity": 1}
        wanted["line_items"][0]["price_data"]["unit_amount"] = 29

        with pytest.raises(stripe.InvalidRequestError) as refusal:
            client.v1.checkout.sessions.create(wanted)

        assert refusal.value.code == "amount_too_small"

    def test_opens_a_session_with_all_that_was_asked(
        self, client: stripe.StripeClient, sandbox: StripeSandbox, ask: Ask
    ) -> None:
        wanted = ask(expand=["line_items"], allowed_payment_method_types=["card"])
        session = client.v1.checkout.sessions.create(wanted)

        check_answer(session.to_dict())
        assert (session.amount_total, session.currency) == (15000, "gbp")
        assert (session.status, session.payment_status) == ("open", "unpaid")
        assert session.payment_intent is None
        assert session.metadata is not None
        assert session.metadata.to_dict() == {"booking": "1"}
        assert session.url == f"{sandbox.base_url}/c/pay/{session.id}"
        assert session.line_items is not None
        assert session.line_items.data[0].quantity == 2
        listed = client.v1.checkout.sessions.line_items.list(session.id)
        assert [item.amount_total for item in listed.data] == [15000]

    def test_says_what_is_unknown(self, client: stripe.StripeClient) -> None:
        with pytest.raises(stripe.InvalidRequestError) as refusal:
            client.v1.checkout.sessions.retrieve("cs_test_nobody")

        assert (refusal.value.http_status, refusal.value.code) == (404, "resource_missing")
        assert refusal.value.request_id is not None
        with pytest.raises(stripe.InvalidRequestError, match="Unrecognized request URL"):
            client.v1.customers.list()


class TestIdempotency:
    """https://docs.stripe.com/api/idempotent_requests."""

    def test_replays_the_answer_of_the_same_request(
        self, client: stripe.StripeClient, sandbox: StripeSandbox, ask: Ask
    ) -> None:
        wanted = ask()
        first = client.v1.checkout.sessions.create(wanted, {"idempotency_key": "k"})
        sandbox.pay(first.id)
        again = client.v1.checkout.sessions.create(wanted, {"idempotency_key": "k"})

        assert again.to_dict() == first.to_dict()
        assert again.last_response is not None
        assert again.last_response.headers["Idempotent-Replayed"] == "true"
        assert len(sandbox.objects("checkout.session")) == 1
        assert [seen["replayed"] for seen in sandbox.requests("POST")] == [0, 1]

    def test_refuses_the_key_for_another_request(
        self, client: stripe.StripeClient, ask: Ask
    ) -> None:
        client.v1.checkout.sessions.create(ask(), {"idempotency_key": "k"})

        with pytest.raises(stripe.IdempotencyError, match="same parameters") as refusal:
            client.v1.checkout.sessions.create(
                ask(client_reference_id="RFT-2"), {"idempotency_key": "k"}
            )

        assert refusal.value.http_status == 400

    def test_refuses_the_key_while_it_is_under_way(
        self,
        sandbox: StripeSandbox,
        connect: Callable[..., stripe.StripeClient],
        ask: Ask,
    ) -> None:
        sandbox.add_fault("slow", "POST", seconds=0.6)
        wanted = ask()
        slow, quick = connect(sandbox.base_url), connect(sandbox.base_url)
        key: Any = {"idempotency_key": "k"}
        thread = threading.Thread(target=slow.v1.checkout.sessions.create, args=(wanted, key))
        thread.start()
        while not any(seen["fault"] for seen in sandbox.requests("POST")):
            time.sleep(0.01)

        with pytest.raises(stripe.StripeError) as refusal:
            quick.v1.checkout.sessions.create(wanted, key)
        thread.join()

        assert refusal.value.http_status == 409
        assert refusal.value.error is not None
        assert refusal.value.error.code == "idempotency_key_in_use"
        assert len(sandbox.objects("checkout.session")) == 1

    def test_keeps_the_refusal_of_an_act_but_not_that_of_a_parameter(
        self, client: stripe.StripeClient, paid: Callable[..., str], sandbox: StripeSandbox
    ) -> None:
        intent = paid()
        too_much: Any = {"payment_intent": intent, "amount": 15001}
        for _ in range(2):
            with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded"):
                client.v1.refunds.create(too_much, {"idempotency_key": "k"})
        assert [seen["replayed"] for seen in sandbox.requests("POST", "/v1/refunds")] == [0, 1]

        wrong: Any = {"payment_intent": intent, "amount": 0}
        with pytest.raises(stripe.InvalidRequestError):
            client.v1.refunds.create(wrong, {"idempotency_key": "other"})
        right: Any = {"payment_intent": intent, "amount": 1}
        assert client.v1.refunds.create(right, {"idempotency_key": "other"}).amount == 1

    def test_forgets_keys_as_stripe_does_after_a_day(
        self, client: stripe.StripeClient, sandbox: StripeSandbox, paid: Callable[..., str]
    ) -> None:
        wanted: Any = {"payment_intent": paid(), "amount": 1}
        client.v1.refunds.create(wanted, {"idempotency_key": "k"})
        sandbox.forget_idempotency_keys()

        client.v1.refunds.create(wanted, {"idempotency_key": "k"})

        assert len(sandbox.objects("refund")) == 2


class TestReading:
    """Lists, cursors, filters, expansion."""

    def test_pages_from_the_newest(
        self, client: stripe.StripeClient, sandbox: StripeSandbox, ask: Ask
    ) -> None:
        made = [client.v1.checkout.sessions.create(ask()).id for _ in range(5)][::-1]

        page = client.v1.checkout.sessions.list({"limit": 2})
        rest = client.v1.checkout.sessions.list({"limit": 3, "starting_after": made[1]})
        before = client.v1.checkout.sessions.list({"limit": 2, "ending_before": made[4]})

        assert ([row.id for row in page.data], page.has_more) == (made[:2], True)
        assert ([row.id for row in rest.data], rest.has_more) == (made[2:], False)
        assert ([row.id for row in before.data], before.has_more) == (made[2:4], True)
        assert [row.id for row in page.auto_paging_iter()] == made

    def test_filters(
        self, client: stripe.StripeClient, sandbox: StripeSandbox, paid: Callable[..., str]
    ) -> None:
        intent, other = paid(), paid()
        refund = sandbox.refund_in_dashboard(intent, 100)
        sandbox.refund_in_dashboard(other, 100)
        now = int(time.time())

        found = client.v1.refunds.list({"payment_intent": intent})
        assert [row.id for row in found.data] == [refund["id"]]
        assert [row.id for row in client.v1.checkout.sessions.list(
            {"payment_intent": intent, "status": "complete"}
        ).data] == [sandbox.objects("checkout.session")[0]["id"]]  # fmt: skip
        assert client.v1.checkout.sessions.list({"status": "open"}).data == []
        mail = client.v1.checkout.sessions.list({"customer_details": {"email": "pat@example.com"}})
        assert len(mail.data) == 2
        assert client.v1.charges.list({"created": {"gt": now + 60}}).data == []
        assert len(client.v1.charges.list({"created": {"lte": now + 60}}).data) == 2
        kinds = client.v1.events.list({"types": ["refund.created", "charge.refunded"]})
        assert {row.type for row in kinds.data} == {"refund.created", "charge.refunded"}
        with pytest.raises(stripe.InvalidRequestError) as refusal:
            client.v1.charges.list({"transfer_group": "x"})
        assert refusal.value.param == "transfer_group"

    def test_expands_four_levels_and_no_further(
        self, client: stripe.StripeClient, sandbox: StripeSandbox, paid: Callable[..., str]
    ) -> None:
        paid()
        session_id = sandbox.objects("checkout.session")[0]["id"]
        deep = "payment_intent.latest_charge.balance_transaction"

        session: Any = client.v1.checkout.sessions.retrieve(session_id, {"expand": [deep]})

        check_answer(session.to_dict())
        assert session.payment_intent.latest_charge.balance_transaction.fee == 245
        for wrong in ("customer", f"{deep}.source.refunds"):
            with pytest.raises(stripe.InvalidRequestError, match="expand"):
                client.v1.checkout.sessions.retrieve(session_id, {"expand": [wrong]})

    def test_checks_every_list(
        self, client: stripe.StripeClient, sandbox: StripeSandbox, paid: Callable[..., str]
    ) -> None:
        intent = paid()
        sandbox.refund_in_dashboard(intent, 100)
        sandbox.close_dispute(sandbox.open_dispute(intent)["id"], won=True)
        sandbox.make_payout()
        v1 = client.v1

        pages: list[Any] = [
            v1.payment_intents.list({"expand": ["data.latest_charge"]}),
            v1.charges.list({"expand": ["data.refunds", "data.balance_transaction"]}),
            v1.refunds.list({"expand": ["data.charge"]}),
            v1.balance_transactions.list({"expand": ["data.source"]}),
            v1.disputes.list({"expand": ["data.payment_intent"]}),
            v1.payouts.list({"expand": ["data.balance_transaction"]}),
            v1.events.list({"limit": 100}),
        ]

        for page in pages:
            assert page.data
            check_answer(page.to_dict())
        check_answer(v1.balance.retrieve().to_dict())
