"""The API's door: authentication, faults, idempotency, one transaction per call.

Every call's parameters and every answer are checked against the SDK's own types, always: an
answer that does not fit is a bug here, and breaks the call with a 500.
"""

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flask import Blueprint, Request, Response, request

from sandbox.stripe.acts import API_VERSION, Act, Config, clock
from sandbox.stripe.checkout import expire_due_sessions
from sandbox.stripe.conformance import ConformanceError, check_answer
from sandbox.stripe.endpoints import find_endpoint
from sandbox.stripe.errors import ApiError, Json
from sandbox.stripe.faults import Fault, broken, strike_after, strike_before, take_fault
from sandbox.stripe.state import Store, Transaction, new_id
from sandbox.stripe.wire import read_params

_KEY_LIFETIME_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Call:
    """One request to the API, read once."""

    request_id: str
    method: str
    path: str
    fields: list[tuple[str, str]]
    idempotency_key: str | None

    @property
    def fingerprint(self) -> str:
        """Return what must be the same when an idempotency key is used again."""
        told = json.dumps([self.method, self.path, sorted(self.fields)])
        return hashlib.sha256(told.encode()).hexdigest()


@dataclass(frozen=True)
class Answer:
    """What goes back."""

    status: int
    body: Json
    replay_of: str | None = None


class Api:
    """Answers calls; remembers which idempotency keys are under way in this process."""

    def __init__(self, store: Store, config: Config) -> None:
        self._store = store
        self._config = config
        self._busy: set[str] = set()
        self._lock = threading.Lock()

    def blueprint(self) -> Blueprint:
        """Return the routes under /v1."""
        routes = Blueprint("api", __name__)
        routes.add_url_rule("/v1/<path:_>", view_func=self._serve, methods=["GET", "POST"])
        return routes

    def _serve(self, _: str) -> Response:
        call = _read(request)
        self._note_call(call)
        try:
            self._check_key(request.headers.get("Authorization", ""))
            with self._store.transaction(quiet=True) as tx:
                fault = take_fault(tx, call.method, call.path)
                _note_fault(tx, call, fault)
            answer = self._answer(call, fault)
        except ApiError as refusal:
            answer = Answer(refusal.status, refusal.body())
        except ConformanceError as fault:
            told = f"The sandbox made an answer that is not Stripe's: {fault}"
            answer = Answer(500, ApiError(500, told, error_type="api_error").body())
        except ConnectionAbortedError:
            return Response(status=500)  # never arrives: the connection is gone
        self._note_answer(call, answer)
        return _respond(call, answer)

    def _answer(self, call: Call, fault: Fault | None) -> Answer:
        with self._alone(call):
            strike_before(fault, request.environ)
            with self._store.transaction() as tx:
                answer = self._replay(tx, call) or self._execute(tx, call, fault)
            strike_after(fault, request.environ)
            return answer

    def _check_key(self, authorization: str) -> None:
        given = authorization.removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), self._config.secret_key.encode()):
            shown = f"{given[:8]}{'*' * 8}{given[-4:]}" if len(given) > 12 else "****"
            raise ApiError(401, f"Invalid API Key provided: {shown}", remembered=False)

    @contextmanager
    def _alone(self, call: Call) -> Iterator[None]:
        """Refuse a second call with an idempotency key that is under way."""
        key = call.idempotency_key
        if key is None:
            yield
            return
        with self._lock:
            if key in self._busy:
                raise ApiError(
                    409,
                    "There is currently another in-progress request using this Idempotent Key.",
                    error_type="idempotency_error",
                    code="idempotency_key_in_use",
                    remembered=False,
                )
            self._busy.add(key)
        try:
            yield
        finally:
            with self._lock:
                self._busy.discard(key)

    def _replay(self, tx: Transaction, call: Call) -> Answer | None:
        tx.sql("DELETE FROM answers WHERE created < ?", time.time() - _KEY_LIFETIME_SECONDS)
        rows = tx.sql("SELECT * FROM answers WHERE idempotency_key = ?", call.idempotency_key)
        if not rows:
            return None
        if rows[0]["fingerprint"] != call.fingerprint:
            raise ApiError(
                400,
                "Keys for idempotent requests can only be used with the same parameters they were "
                f"first used with. Try using a key other than '{call.idempotency_key}' if you "
                "meant to execute a different request.",
                error_type="idempotency_error",
                remembered=False,
            )
        return Answer(rows[0]["status"], json.loads(rows[0]["body"]), rows[0]["request_id"])

    def _execute(self, tx: Transaction, call: Call, fault: Fault | None) -> Answer:
        kind = fault.kind if fault else ""
        act = Act(tx, self._config, clock(), call.request_id, call.idempotency_key)
        expire_due_sessions(act)
        endpoint, identifier = find_endpoint(call.method, call.path)
        params = read_params(endpoint.params_type, call.fields)
        try:
            with tx.savepoint():
                if kind == "error_500_stored":
                    raise broken()
                answer = Answer(200, endpoint.handler(act, params, identifier, call.path))
                check_answer(answer.body)
        except ApiError as refusal:
            answer = Answer(refusal.status, refusal.body())
            if not refusal.remembered:
                return answer
        if kind == "error_500_stored_after":
            answer = Answer(500, broken().body())
        if call.idempotency_key is not None:
            _remember(tx, call, answer)
        return answer

    def _note_call(self, call: Call) -> None:
        with self._store.transaction(quiet=True) as tx:
            tx.sql(
                "INSERT INTO requests (request_id, method, path, idempotency_key, params, received)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                call.request_id,
                call.method,
                call.path,
                call.idempotency_key,
                json.dumps(dict(call.fields)),
                time.time(),
            )

    def _note_answer(self, call: Call, answer: Answer) -> None:
        with self._store.transaction(quiet=True) as tx:
            tx.sql(
                "UPDATE requests SET status = ?, replayed = ? WHERE request_id = ?",
                answer.status,
                answer.replay_of is not None,
                call.request_id,
            )


def _read(incoming: Request) -> Call:
    posted = incoming.method == "POST"
    fields = incoming.form if posted else incoming.args
    return Call(
        request_id=new_id("req_", 14),
        method=incoming.method,
        path=incoming.path,
        fields=list(fields.items(multi=True)),
        idempotency_key=incoming.headers.get("Idempotency-Key") if posted else None,
    )


def _note_fault(tx: Transaction, call: Call, fault: Fault | None) -> None:
    if fault:
        tx.sql("UPDATE requests SET fault = ? WHERE request_id = ?", fault.kind, call.request_id)


def _remember(tx: Transaction, call: Call, answer: Answer) -> None:
    tx.sql(
        "INSERT INTO answers VALUES (?, ?, ?, ?, ?, ?)",
        call.idempotency_key,
        call.fingerprint,
        answer.status,
        json.dumps(answer.body),
        call.request_id,
        time.time(),
    )


def _respond(call: Call, answer: Answer) -> Response:
    response = Response(
        json.dumps(answer.body, indent=2), answer.status, content_type="application/json"
    )
    response.headers["Request-Id"] = call.request_id
    response.headers["Stripe-Version"] = API_VERSION
    if call.idempotency_key is not None:
        response.headers["Idempotency-Key"] = call.idempotency_key
    if answer.replay_of is not None:
        response.headers["Idempotent-Replayed"] = "true"
        response.headers["Original-Request"] = answer.replay_of
    return response
