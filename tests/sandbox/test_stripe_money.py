"""Money in the Stripe sandbox: paid, declined, authenticated, refunded, disputed, paid out."""

import time
from collections.abc import Callable
from typing import Any

import pytest
import stripe

from sandbox.stripe import StripeSandbox
from sandbox.stripe.errors import ApiError

Ask = Callable[..., Any]


def kinds(sandbox: StripeSandbox) -> list[str]:
    """Return the types of the events the application is told of."""
    return [event["type"] for event in sandbox.events() if event["delivery"]]


class TestPaying:
    """A session's ways."""

    def test_pays(self, client: stripe.StripeClient, sandbox: StripeSandbox, ask: Ask) -> None:
        session = client.v1.checkout.sessions.create(ask())

        assert sandbox.pay(session.id) == "paid"

        done: Any = client.v1.checkout.sessions.retrieve(
            session.id, {"expand": ["payment_intent.latest_charge"]}
        )
        assert (done.status, done.payment_status, done.url) == ("complete", "paid", None)
        assert done.customer_details.email == "pat@example.com"
        assert done.payment_intent.amount_received == 15000
        assert done.payment_intent.metadata["booking"] == "1"
        assert done.payment_intent.latest_charge.payment_method_details.card.last4 == "4242"
        assert kinds(sandbox) == ["payment_intent.succeeded", "checkout.session.completed"]

    def test_stays_open_after_a_decline(
        self, client: stripe.StripeClient, sandbox: StripeSandbox, ask: Ask
    ) -> None:
        session = client.v1.checkout.sessions.create(ask())

        assert sandbox.pay(session.id, "4000 0000 0000 0002") == "declined"
        tried: Any = client.v1.checkout.sessions.retrieve(
            session.id, {"expand": ["payment_intent"]}
        )
        assert tried.status == "open"
        assert tried.payment_intent.last_payment_error.code == "card_declined"
        assert sandbox.pay(session.id) == "paid"

        assert len(sandbox.objects("payment_intent")) == 1
        assert [charge["status"] for charge in sandbox.objects("charge")] == ["failed", "succeeded"]
        assert kinds(sandbox)[0] == "payment_intent.payment_failed"
        assert sandbox.ledger()["charges"] == 15000

    @pytest.mark.parametrize(("passed", "outcome"), [(False, "declined"), (True, "paid")])
    def test_asks_the_bank(
        self,
        client: stripe.StripeClient,
        sandbox: StripeSandbox,
        ask: Ask,
        passed: bool,
        outcome: str,
    ) -> None:
        session = client.v1.checkout.sessions.create(ask())

        assert sandbox.pay(session.id, "three_d_secure") == "authenticate"
        assert sandbox.objects("payment_intent")[0]["status"] == "requires_action"
        assert sandbox.authenticate(session.id, passed) == outcome

        with pytest.raises(ApiError, match="No 3-D Secure step"):
            sandbox.authenticate(session.id)

    @pytest.mark.parametrize("succeeded", [True, False])
    def test_waits_days_for_a_bank_debit(
        self, client: stripe.StripeClient, sandbox: StripeSandbox, ask: Ask, succeeded: bool
    ) -> None:
        session = client.v1.checkout.sessions.create(ask())

        assert sandbox.pay(session.id, "delayed") == "processing"
        waiting = client.v1.checkout.sessions.retrieve(session.id)
        assert (waiting.status, waiting.payment_status) == ("complete", "unpaid")
        sandbox.settle(session.id, succeeded)

        ended = client.v1.checkout.sessions.retrieve(session.id)
        assert ended.payment_status == ("paid" if succeeded else "unpaid")
        last = "succeeded" if succeeded else "failed"
        assert kinds(sandbox)[-1] == f"checkout.session.async_payment_{last}"
        assert sandbox.ledger()["charges"] == (15000 if succeeded else 0)

    def test_takes_nothing_twice(
        self, client: stripe.StripeClient, sandbox: StripeSandbox, ask: Ask
    ) -> None:
        session = client.v1.checkout.sessions.create(ask())
        sandbox.pay(session.id)

        with pytest.raises(ApiError, match="is complete"):
            sandbox.pay(session.id)
        with pytest.raises(stripe.InvalidRequestError, match="status of complete"):
            client.v1.checkout.sessions.expire(session.id)

        assert sandbox.ledger()["charges"] == 15000

    def test_refuses_any_number_that_is_no_test_card(
        self, client: stripe.StripeClient, sandbox: StripeSandbox, ask: Ask
    ) -> None:
        session = client.v1.checkout.sessions.create(ask())

        with pytest.raises(ApiError, match="test cards"):
            sandbox.pay(session.id, "5555555555554444")

        assert sandbox.objects("payment_intent") == []

    def test_does_not_cancel_an_intent_of_checkout(
        self, client: stripe.StripeClient, sandbox: StripeSandbox, ask: Ask
    ) -> None:
        session = client.v1.checkout.sessions.create(ask())
        sandbox.pay(session.id, "declined")

        with pytest.raises(stripe.InvalidRequestError, match="Expire the session") as refusal:
            client.v1.payment_intents.cancel(sandbox.objects("payment_intent")[0]["id"])

        assert refusal.value.code == "payment_intent_unexpected_state"


class TestExpiry:
    """By the caller and by the clock."""

    def test_expires_on_request_and_cancels_the_intent(
        self, client: stripe.StripeClient, sandbox: StripeSandbox, ask: Ask
    ) -> None:
        session = client.v1.checkout.sessions.create(ask())
        sandbox.pay(session.id, "declined")

        assert client.v1.checkout.sessions.expire(session.id).status == "expired"

        assert sandbox.objects("payment_intent")[0]["status"] == "canceled"
        assert kinds(sandbox)[-2:] == ["payment_intent.canceled", "checkout.session.expired"]
        with pytest.raises(ApiError, match="is expired"):
            sandbox.pay(session.id)

    def test_is_expired_when_looked_at_after_its_time(
        self, client: stripe.StripeClient, sandbox: StripeSandbox, ask: Ask
    ) -> None:
        session = client.v1.checkout.sessions.create(ask())
        other = client.v1.checkout.sessions.create(ask())
        sandbox.set_expires_at(session.id, int(time.time()) - 1)

        assert client.v1.checkout.sessions.retrieve(session.id).status == "expired"

        assert client.v1.checkout.sessions.retrieve(other.id).status == "open"
        assert kinds(sandbox) == ["checkout.session.expired"]

    def test_is_expired_by_the_sweeper_and_told_once(
        self, client: stripe.StripeClient, sandbox: StripeSandbox, ask: Ask
    ) -> None:
        session = client.v1.checkout.sessions.create(ask())
        sandbox.set_expires_at(session.id, int(time.time()) - 1)

        sandbox.sweep()
        sandbox.sweep()

        assert kinds(sandbox) == ["checkout.session.expired"]

    def test_cannot_be_paid_a_second_too_late(
        self, client: stripe.StripeClient, sandbox: StripeSandbox, ask: Ask
    ) -> None:
        session = client.v1.checkout.sessions.create(ask())
        sandbox.set_expires_at(session.id, int(time.time()))

        with pytest.raises(ApiError, match="is expired"):
            sandbox.pay(session.id)


class TestRefunds:
    """Partial, full, too much, failing, late."""

    @pytest.mark.parametrize(
        ("params", "code"),
        [
            ({"amount": 15001}, "amount_too_large"),
            ({"amount": 0}, "parameter_invalid_integer"),
            ({"payment_intent": "pi_nobody"}, "resource_missing"),
            ({"reason": "because"}, None),
            ({"amont": 1}, "parameter_unknown"),
        ],
    )
    def test_refuses(
        self,
        client: stripe.StripeClient,
        sandbox: StripeSandbox,
        paid: Callable[..., str],
        params: dict[str, Any],
        code: str | None,
    ) -> None:
        wanted: Any = {"payment_intent": paid()} | params

        with pytest.raises(stripe.InvalidRequestError) as refusal:
            client.v1.refunds.create(wanted)

        assert refusal.value.code == code
        assert sandbox.ledger()["refunds"] == 0

    def test_never_exceeds_the_charge(
        self, client: stripe.StripeClient, sandbox: StripeSandbox, paid: Callable[..., str]
    ) -> None:
        intent = paid()

        client.v1.refunds.create({"payment_intent": intent, "amount": 10000})
        with pytest.raises(stripe.InvalidRequestError, match="£50.00"):
            client.v1.refunds.create({"payment_intent": intent, "amount": 5001})
        assert client.v1.refunds.create({"payment_intent": intent}).amount == 5000
        with pytest.raises(stripe.InvalidRequestError) as refusal:
            client.v1.refunds.create({"payment_intent": intent})

        assert refusal.value.code == "charge_already_refunded"
        assert sandbox.objects("charge")[0]["refunded"] is True
        assert sandbox.ledger() | {"balance": -245, "refunds": 15000} == sandbox.ledger()
        assert kinds(sandbox)[-2:] == ["refund.created", "charge.refunded"]

    def test_fails_days_later_and_gives_the_money_back_to_the_charge(
        self, client: stripe.StripeClient, sandbox: StripeSandbox, paid: Callable[..., str]
    ) -> None:
        intent = paid()
        refund = client.v1.refunds.create({"payment_intent": intent})
        assert refund.status == "succeeded"

        sandbox.fail_refund(refund.id)

        failed = client.v1.refunds.retrieve(refund.id)
        assert (failed.status, failed.failure_reason) == ("failed", "expired_or_canceled_card")
        assert sandbox.objects("charge")[0]["amount_refunded"] == 0
        assert sandbox.ledger()["refunds"] == 0
        assert kinds(sandbox)[-2:] == ["refund.updated", "refund.failed"]
        assert client.v1.refunds.create({"payment_intent": intent}).amount == 15000

    @pytest.mark.parametrize("by_card", [True, False])
    def test_takes_time(
        self,
        client: stripe.StripeClient,
        sandbox: StripeSandbox,
        paid: Callable[..., str],
        by_card: bool,
    ) -> None:
        intent = paid("refund_pending" if by_card else "success")
        if not by_card:
            sandbox.make_refunds_pending()

        refund = client.v1.refunds.create({"payment_intent": intent, "amount": 100})
        assert refund.status == "pending"
        sandbox.complete_refund(refund.id)

        assert client.v1.refunds.retrieve(refund.id).status == "succeeded"
        assert kinds(sandbox)[-1] == "refund.updated"
        with pytest.raises(ApiError, match="is succeeded"):
            sandbox.complete_refund(refund.id)


class TestDisputes:
    """A customer who asks the bank for the money."""

    @pytest.mark.parametrize("won", [True, False])
    def test_goes_from_open_to_closed(
        self, sandbox: StripeSandbox, paid: Callable[..., str], won: bool
    ) -> None:
        dispute = sandbox.open_dispute(paid())
        assert dispute["status"] == "needs_response"
        assert sandbox.ledger()["disputes"] == 15000
        sandbox.answer_dispute(dispute["id"])

        sandbox.close_dispute(dispute["id"], won=won)

        assert sandbox.objects("dispute")[0]["status"] == ("won" if won else "lost")
        assert sandbox.ledger()["disputes"] == (0 if won else 15000)
        told = [kind for kind in kinds(sandbox) if "dispute" in kind]
        assert told == [f"charge.dispute.{what}" for what in ("created", "updated", "closed")]

    def test_forbids_a_refund(
        self, client: stripe.StripeClient, sandbox: StripeSandbox, paid: Callable[..., str]
    ) -> None:
        intent = paid()
        sandbox.open_dispute(intent)

        with pytest.raises(stripe.InvalidRequestError) as refusal:
            client.v1.refunds.create({"payment_intent": intent})

        assert refusal.value.code == "charge_disputed"


class TestPayoutsAndLedger:
    """The sums to reconcile with."""

    def test_pays_out_everything_once_and_lists_it(
        self, client: stripe.StripeClient, sandbox: StripeSandbox, paid: Callable[..., str]
    ) -> None:
        sandbox.refund_in_dashboard(paid(), 5000)
        payout = sandbox.make_payout()
        paid()

        assert payout["amount"] == 15000 - 245 - 5000
        entries = client.v1.balance_transactions.list({"payout": payout["id"]})
        assert sum(entry.net for entry in entries.data) == 0
        assert {entry.type for entry in entries.data} == {"charge", "refund", "payout"}
        assert sandbox.make_payout()["amount"] == 15000 - 245
        with pytest.raises(ApiError, match="insufficient funds"):
            sandbox.make_payout()

    def test_explains_every_penny(
        self, client: stripe.StripeClient, sandbox: StripeSandbox, paid: Callable[..., str]
    ) -> None:
        first, second = paid(), paid()
        sandbox.refund_in_dashboard(first, 1234)
        sandbox.fail_refund(sandbox.refund_in_dashboard(first, 66)["id"])
        sandbox.open_dispute(second)

        sums = sandbox.ledger()

        assert sums["charges"] == 30000
        assert sums["refunds"] == 1234
        assert sums["fees"] == 245 * 2 + 2000
        assert sums["balance"] == 30000 - 1234 - 2490 - 15000
        shown: Any = client.v1.balance.retrieve()
        assert shown.available[0].amount + shown.pending[0].amount == sums["balance"]
