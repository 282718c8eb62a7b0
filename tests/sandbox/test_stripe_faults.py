"""Trouble in the Stripe sandbox: cut, slow, 500, 429, kill -9; nothing is done twice or lost."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import stripe

from sandbox.stripe import StripeSandbox

from .conftest import KEY

PROJECT = Path(__file__).parents[2]


class TestFaults:
    """For the next matching calls."""

    @pytest.mark.parametrize(
        ("kind", "error", "refunds_made"),
        [
            ("error_500", stripe.APIError, 0),
            ("error_500_after", stripe.APIError, 1),
            ("error_429", stripe.RateLimitError, 0),
            ("cut_before", stripe.APIConnectionError, 0),
            ("cut_after", stripe.APIConnectionError, 1),
        ],
    )
    def test_strikes_once_and_the_same_key_then_ends_it_well(
        self,
        client: stripe.StripeClient,
        sandbox: StripeSandbox,
        paid: Callable[..., str],
        kind: str,
        error: type[stripe.StripeError],
        refunds_made: int,
    ) -> None:
        wanted: Any = {"payment_intent": paid(), "amount": 100}
        sandbox.add_fault(kind, "POST", "/v1/refunds")

        with pytest.raises(error):
            client.v1.refunds.create(wanted, {"idempotency_key": "k"})
        assert len(sandbox.objects("refund")) == refunds_made

        assert client.v1.refunds.create(wanted, {"idempotency_key": "k"}).amount == 100
        assert sandbox.ledger()["refunds"] == 100
        seen = sandbox.requests("POST", "/v1/refunds")
        assert [call["fault"] for call in seen] == [kind, None]
        assert seen[1]["replayed"] == refunds_made

    def test_does_it_twice_without_a_key(
        self, client: stripe.StripeClient, sandbox: StripeSandbox, paid: Callable[..., str]
    ) -> None:
        wanted: Any = {"payment_intent": paid(), "amount": 100}
        sandbox.add_fault("cut_after", "POST", "/v1/refunds")

        with pytest.raises(stripe.APIConnectionError):
            client.v1.refunds.create(wanted)
        client.v1.refunds.create(wanted)

        assert sandbox.ledger()["refunds"] == 200

    def test_replays_a_500_that_stripe_has_stored(
        self, client: stripe.StripeClient, sandbox: StripeSandbox, paid: Callable[..., str]
    ) -> None:
        wanted: Any = {"payment_intent": paid(), "amount": 100}
        sandbox.add_fault("error_500_stored", "POST", "/v1/refunds")

        for _ in range(2):
            with pytest.raises(stripe.APIError):
                client.v1.refunds.create(wanted, {"idempotency_key": "k"})

        assert sandbox.objects("refund") == []
        assert client.v1.refunds.create(wanted, {"idempotency_key": "k2"}).amount == 100

    @pytest.mark.parametrize(("kind", "refunds_made"), [("slow", 0), ("slow_after", 1)])
    def test_is_slow_before_or_after_the_deed(
        self,
        sandbox: StripeSandbox,
        connect: Callable[..., stripe.StripeClient],
        paid: Callable[..., str],
        kind: str,
        refunds_made: int,
    ) -> None:
        wanted: Any = {"payment_intent": paid(), "amount": 100}
        sandbox.add_fault(kind, "POST", "/v1/refunds", seconds=0.8)
        http_client: Any = stripe.RequestsClient(timeout=(1, 0.4))
        hasty = stripe.StripeClient(
            KEY, base_addresses={"api": sandbox.base_url}, http_client=http_client
        )

        with pytest.raises(stripe.APIConnectionError, match="timed out"):
            hasty.v1.refunds.create(wanted, {"idempotency_key": "k", "max_network_retries": 0})
        assert len(sandbox.objects("refund")) == refunds_made
        http_client.close()

        time.sleep(0.6)
        patient = connect(sandbox.base_url)
        assert patient.v1.refunds.create(wanted, {"idempotency_key": "k"}).amount == 100
        assert sandbox.ledger()["refunds"] == 100

    def test_strikes_only_what_matches_and_only_so_often(
        self, client: stripe.StripeClient, sandbox: StripeSandbox, paid: Callable[..., str]
    ) -> None:
        intent = paid()
        sandbox.add_fault("error_500", "GET", "/v1/payment_intents/*", times=2)

        assert client.v1.charges.list().data
        for _ in range(2):
            with pytest.raises(stripe.APIError):
                client.v1.payment_intents.retrieve(intent)
        assert client.v1.payment_intents.retrieve(intent).id == intent

        sandbox.add_fault("error_500")
        sandbox.clear_faults()
        assert client.v1.payment_intents.retrieve(intent).id == intent

    def test_refuses_an_unknown_kind(self, sandbox: StripeSandbox) -> None:
        with pytest.raises(ValueError, match="no fault 'earthquake'"):
            sandbox.add_fault("earthquake")


class Process:
    """The sandbox as a process of its own, on one state file."""

    def __init__(self, state: Path) -> None:
        command = [sys.executable, "-m", "sandbox.stripe", "--port", "0", "--secret-key", KEY]
        self.process = subprocess.Popen(
            [*command, "--state", str(state)], cwd=PROJECT, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.base_url = (
            self.process.stdout.readline().removeprefix("Stripe sandbox: ").strip("/\n ")
        )

    def kill(self, number: int = signal.SIGKILL) -> int:
        """Send a signal, wait for the end, and return the exit status."""
        os.kill(self.process.pid, number)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return self.process.wait(timeout=10)


class TestKilled:
    """kill -9 at random moments."""

    def test_forgets_nothing_and_does_nothing_twice(
        self, tmp_path: Path, connect: Callable[..., stripe.StripeClient], ask: Callable[..., Any]
    ) -> None:
        state = tmp_path / "stripe.sqlite3"
        wanted = [(ask(client_reference_id=f"RFT-{n}"), f"k{n}") for n in range(60)]
        answered: dict[str, str] = {}

        for round_number in range(3):
            process = Process(state)
            sender = threading.Thread(
                target=_send_all, args=(connect(process.base_url), wanted, answered)
            )
            sender.start()
            time.sleep(0.08 * (round_number + 1))
            process.kill()
            sender.join()
        process = Process(state)
        before = dict(answered)
        client = connect(process.base_url)
        _send_all(client, wanted, answered)
        listed = [row.id for row in client.v1.checkout.sessions.list({"limit": 100}).data]

        assert process.kill(signal.SIGTERM) == 0
        assert before.items() <= answered.items()
        assert len(answered) == len(wanted)
        assert sorted(listed) == sorted(answered.values())


def _send_all(
    client: stripe.StripeClient, wanted: list[tuple[Any, str]], answered: dict[str, str]
) -> None:
    """Open all sessions, each by its own key, until the other side dies; note what came back."""
    for params, key in wanted:
        try:
            session = client.v1.checkout.sessions.create(params, {"idempotency_key": key})
        except stripe.APIConnectionError:
            return
        assert answered.setdefault(key, session.id) == session.id
