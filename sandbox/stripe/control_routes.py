"""The controls over HTTP: JSON for programs, forms for the buttons of the index page."""

import inspect
import json

from flask import Blueprint, Response, request

from sandbox.stripe.controls import Controls
from sandbox.stripe.errors import ApiError, Json

#: Path under /_control to the control it works; `<subject>` is the control's first argument.
ROUTES = {
    "sessions/<subject>/pay": "pay",
    "sessions/<subject>/authenticate": "authenticate",
    "sessions/<subject>/settle": "settle",
    "sessions/<subject>/expire": "expire",
    "sessions/<subject>/expires-at": "set_expires_at",
    "payments/<subject>/refund": "refund_in_dashboard",
    "payments/<subject>/dispute": "open_dispute",
    "refunds/pending": "make_refunds_pending",
    "refunds/<subject>/complete": "complete_refund",
    "refunds/<subject>/fail": "fail_refund",
    "disputes/<subject>/answer": "answer_dispute",
    "disputes/<subject>/close": "close_dispute",
    "payouts": "make_payout",
    "deliveries/hold": "hold",
    "deliveries/release": "release",
    "deliveries/delay": "delay",
    "deliveries/each": "deliver_each",
    "deliveries/all": "deliver_all",
    "deliveries/replay-dropped": "replay_dropped",
    "deliveries/wait": "wait_until_delivered",
    "events/<subject>/redeliver": "redeliver",
    "events/<subject>/drop": "drop",
    "events/<subject>/livemode": "set_livemode",
    "events": "events",
    "faults": "add_fault",
    "faults/clear": "clear_faults",
    "requests": "requests",
    "objects/<subject>": "objects",
    "ledger": "ledger",
    "idempotency/forget": "forget_idempotency_keys",
    "reset": "reset",
}
#: Controls that only look, and answer GET; the others answer POST.
LOOKS = frozenset({"events", "requests", "objects", "ledger"})


def control_routes(controls: Controls) -> Blueprint:
    """Return the addresses under /_control."""
    routes = Blueprint("control", __name__, url_prefix="/_control")

    def add(path: str, name: str) -> None:
        def serve(subject: str | None = None) -> Response:
            return _work(controls, name, subject)

        method = "GET" if name in LOOKS else "POST"
        routes.add_url_rule(f"/{path}", endpoint=name, view_func=serve, methods=[method])

    for path, name in ROUTES.items():
        add(path, name)
    return routes


def _work(controls: Controls, name: str, subject: str | None) -> Response:
    control = getattr(controls, name)
    given: Json = request.get_json(silent=True) or _typed_fields()
    positional = [] if subject is None else [subject]
    try:
        inspect.signature(control).bind(*positional, **given)
        result = control(*positional, **given)
    except (TypeError, ValueError, LookupError) as mistake:
        return _json({"error": {"message": str(mistake)}}, 400)
    except ApiError as refusal:
        return _json(refusal.body(), refusal.status)
    if request.mimetype == "application/x-www-form-urlencoded":
        return Response(status=303, headers={"Location": "/"})
    return _json({"result": result}, 200)


def _typed_fields() -> Json:
    fields = request.form if request.method == "POST" else request.args
    return {name: _typed(value) for name, value in fields.items() if value}


def _typed(value: str) -> object:
    """Return true, false and numbers as such, other text as it is."""
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value


def _json(body: Json, status: int) -> Response:
    return Response(json.dumps(body), status, content_type="application/json")
