"""The SDK's types, made strict, bite: each mutation of a good payload is refused."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import stripe
from stripe.params import EventListParams, PaymentIntentListParams, RefundCreateParams
from stripe.params.checkout import SessionCreateParams

from sandbox.stripe import StripeSandbox
from sandbox.stripe.conformance import (
    ConformanceError,
    check_answer,
    check_event,
    check_params,
    check_resource,
)

Path = tuple[str | int, ...]


def mutated(payload: Any, path: Path, value: object) -> Any:
    """Return a copy with the value at a path replaced; `...` takes the key away."""
    changed = copy.deepcopy(payload)
    place = changed
    for step in path[:-1]:
        place = place[step]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return changed


def conforms(payload: Any) -> bool:
    """Return whether the check lets an answer pass."""
    try:
        check_answer(payload)
    except ConformanceError:
        return False
    return True


class TestParams:
    """Requests."""

    def test_accepts_what_the_application_sends(self, ask: Callable[..., Any]) -> None:
        check_params(SessionCreateParams, ask())
        check_params(RefundCreateParams, {"payment_intent": "pi_1", "amount": 1, "metadata": {}})
        check_params(PaymentIntentListParams, {"created": {"gte": 1}, "limit": 3})
        check_params(EventListParams, {"created": 1, "types": ["refund.created"]})

    @pytest.mark.parametrize(
        ("path", "value", "fault"),
        [
            (("modus",), "payment", "unknown"),
            (("mode",), "pay", "wrong_value"),
            (("mode",), 1, "wrong_value"),
            (("expires_at",), "soon", "wrong_type"),
            (("expires_at",), True, "wrong_type"),
            (("metadata",), ["booking"], "wrong_type"),
            (("metadata", "booking"), 1, "wrong_type"),
            (("ui_mode",), "hosted", "wrong_value"),
            (("payment_intent_data", "metdata"), {}, "unknown"),
            (("line_items", 0, "quantity"), "2", "wrong_type"),
            (("line_items", 0, "price_data", "currency"), ..., "missing"),
            (("line_items", 0, "price_data", "unit_amont"), 1, "unknown"),
            (("idempotency_key",), "k", "unknown"),
        ],
    )
    def test_refuses_a_mutation(
        self, ask: Callable[..., Any], path: Path, value: object, fault: str
    ) -> None:
        with pytest.raises(ConformanceError) as refusal:
            check_params(SessionCreateParams, mutated(ask(), path, value))

        assert refusal.value.fault == fault

    def test_closes_the_enums_the_sdk_leaves_open(self) -> None:
        with pytest.raises(ConformanceError, match="not one of duplicate, fraudulent"):
            check_params(RefundCreateParams, {"payment_intent": "pi_1", "reason": "because"})


class TestResources:
    """Answers and events."""

    @pytest.fixture
    def objects(self, sandbox: StripeSandbox, paid: Callable[..., str]) -> dict[str, Any]:
        """One of each kind of object, as stored."""
        intent_id = paid()
        sandbox.refund_in_dashboard(intent_id, 1000)
        sandbox.close_dispute(sandbox.open_dispute(intent_id)["id"], won=True)
        sandbox.make_payout()
        kinds = (
            "checkout.session",
            "payment_intent",
            "charge",
            "refund",
            "balance_transaction",
            "dispute",
            "payout",
            "event",
        )
        return {kind: sandbox.objects(kind)[0] for kind in kinds}

    def test_accepts_every_object_and_event_of_the_sandbox(
        self, sandbox: StripeSandbox, objects: dict[str, Any]
    ) -> None:
        for payload in objects.values():
            check_answer(payload)
        for event in sandbox.objects("event"):
            check_event(event)

    def test_refuses_every_key_renamed(self, objects: dict[str, Any]) -> None:
        for kind, payload in objects.items():
            for key in payload:
                renamed = mutated(payload, (key,), ...) | {f"{key}_x": payload[key]}
                assert not conforms(renamed), f"{kind}.{key} renamed was accepted"

    def test_refuses_every_value_of_a_wrong_type(self, objects: dict[str, Any]) -> None:
        for kind, payload in objects.items():
            for key, value in payload.items():
                wrong: object = ["wrong"] if isinstance(value, dict) else {"wrong": [object()]}
                if key in ("metadata", "data"):
                    wrong = 5
                changed = mutated(payload, (key,), wrong)
                assert not conforms(changed), f"{kind}.{key} of a wrong type was accepted"

    @pytest.mark.parametrize(
        ("kind", "path", "value"),
        [
            ("checkout.session", ("status",), "paid"),
            ("checkout.session", ("payment_status",), "Paid"),
            ("checkout.session", ("id",), None),
            ("checkout.session", ("total_details", "amount_tax"), "0"),
            ("checkout.session", ("customer_details", "mail"), "x"),
            ("payment_intent", ("status",), "paid"),
            ("payment_intent", ("metadata", "booking"), 1),
            ("charge", ("paid",), 1),
            ("charge", ("amount",), True),
            ("charge", ("amount",), 1.5),
            ("charge", ("payment_method_details", "card", "exp_month"), "12"),
            ("charge", ("payment_method_details", "card", "pan"), "4242424242424242"),
            ("refund", ("reason",), "because"),
            ("balance_transaction", ("type",), "income"),
            ("balance_transaction", ("fee_details", 0, "amount"), None),
            ("dispute", ("status",), "open"),
            ("dispute", ("evidence_details", "due_by"), "tomorrow"),
            ("payout", ("reconciliation_status",), "done"),
            ("event", ("type",), "checkout.session.paid"),
            ("event", ("data", "object", "object"), "bicycle"),
            ("event", ("data", "object", "colour"), "red"),
        ],
    )
    def test_refuses_a_mutation_inside(
        self, objects: dict[str, Any], kind: str, path: Path, value: object
    ) -> None:
        with pytest.raises(ConformanceError):
            check_answer(mutated(objects[kind], path, value))

    def test_refuses_a_missing_key_that_is_never_null(self, objects: dict[str, Any]) -> None:
        with pytest.raises(ConformanceError) as refusal:
            check_resource(stripe.Charge, mutated(objects["charge"], ("livemode",), ...))

        assert refusal.value.fault == "missing"

    def test_refuses_a_list_page_that_is_none(self, objects: dict[str, Any]) -> None:
        page = {"object": "list", "data": [objects["charge"]], "has_more": False, "url": "/v1/x"}
        check_answer(page)

        for path, value in ((("has_more",), 1), (("url",), ...), (("data", 0, "paid"), "yes")):
            with pytest.raises(ConformanceError):
                check_answer(mutated(page, path, value))

    def test_refuses_an_error_with_an_invented_member(self) -> None:
        check_answer({"error": {"type": "api_error", "message": "Broken."}})

        with pytest.raises(ConformanceError):
            check_answer({"error": {"type": "api_error", "reason": "Broken."}})


class TestTheSandboxItself:
    """It checks each of its own answers and events, always."""

    def test_breaks_the_call_rather_than_give_an_answer_that_is_not_stripes(
        self, sandbox: StripeSandbox, client: stripe.StripeClient, paid: Callable[..., str]
    ) -> None:
        intent_id = paid()
        with sandbox.store.transaction() as tx:
            tx.save(tx.get("payment_intent", intent_id) | {"colour": "red"})

        with pytest.raises(stripe.APIError, match="colour: is unknown"):
            client.v1.payment_intents.retrieve(intent_id)

    def test_emits_no_event_that_is_not_stripes(
        self, sandbox: StripeSandbox, paid: Callable[..., str]
    ) -> None:
        paid()
        charge = sandbox.objects("charge")[0]
        with sandbox.store.transaction() as tx:
            tx.save(charge | {"captured": "yes"})
        before = len(sandbox.events())

        with pytest.raises(ConformanceError, match="captured"):
            sandbox.refund_in_dashboard(charge["payment_intent"])

        assert len(sandbox.events()) == before
        assert sandbox.objects("refund") == []
