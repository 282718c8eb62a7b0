"""The pages: what the customer sees instead of Stripe's, and the developer's overview."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, make_response, render_template, request

from sandbox.stripe import checkout
from sandbox.stripe.acts import Act, clock
from sandbox.stripe.cards import CARDS
from sandbox.stripe.controls import Controls
from sandbox.stripe.errors import ApiError, Json
from sandbox.stripe.refunds import ledger

_SHOWN = 25


def pages(controls: Controls) -> Blueprint:
    """Return the routes of the payment page and the overview."""
    routes = Blueprint("pages", __name__, template_folder="templates")
    views = _Pages(controls)
    routes.add_app_template_filter(pounds)
    routes.add_app_template_filter(moment)
    routes.add_url_rule("/", view_func=views.overview)
    address = "/c/pay/<session_id>"
    routes.add_url_rule(address, view_func=views.show)
    routes.add_url_rule(address, view_func=views.pay, methods=["POST"])
    routes.add_url_rule(f"{address}/authenticate", view_func=views.show_authentication)
    routes.add_url_rule(f"{address}/authenticate", view_func=views.authenticate, methods=["POST"])
    return routes


def pounds(pence: int) -> str:
    """Return an amount as people read it."""
    return f"−£{-pence / 100:,.2f}" if pence < 0 else f"£{pence / 100:,.2f}"


def moment(seconds: int) -> str:
    """Return a moment of today or another day, in London."""
    return datetime.fromtimestamp(seconds, UTC).astimezone(_LONDON).strftime("%d %b %H:%M")


_LONDON = ZoneInfo("Europe/London")


class _Pages:
    def __init__(self, controls: Controls) -> None:
        self._controls = controls

    def show(self, session_id: str) -> Response:
        """Show the payment page, or why there is nothing to pay."""
        with self._controls.store.transaction() as tx:
            act = Act(tx, self._controls.config, clock())
            checkout.expire_due_sessions(act)
            session = tx.find("checkout.session", session_id)
            intent = tx.find("payment_intent", session["payment_intent"]) if session else None
        error = (intent or {}).get("last_payment_error") or {}
        return self._payment_page(session, told=error.get("message"))

    def pay(self, session_id: str) -> Response:
        """Take the card form: on to the shop, to 3-D Secure, or here again with the reason."""
        card = request.form.get("card") or request.form.get("number", "")
        email = request.form.get("email")
        try:
            outcome = self._controls.pay(session_id, card, email=email)
        except ApiError as refusal:
            with self._controls.store.transaction(quiet=True) as tx:
                session = tx.find("checkout.session", session_id)
            return self._payment_page(
                session, told=refusal.message, field=refusal.param, status=refusal.status
            )
        return self._onwards(session_id, outcome)

    def show_authentication(self, session_id: str) -> Response:
        """Show the bank's question."""
        with self._controls.store.transaction() as tx:
            session = tx.find("checkout.session", session_id)
            intent = tx.find("payment_intent", session["payment_intent"]) if session else None
        if not session or not intent or intent["status"] != "requires_action":
            return _see_other(f"/c/pay/{session_id}")
        return _page("authenticate.html", 200, session=session)

    def authenticate(self, session_id: str) -> Response:
        """Take the bank's answer."""
        try:
            passed = request.form.get("answer") == "complete"
            outcome = self._controls.authenticate(session_id, passed=passed)
        except ApiError:
            return _see_other(f"/c/pay/{session_id}")
        return self._onwards(session_id, outcome)

    def _onwards(self, session_id: str, outcome: str) -> Response:
        if outcome == "declined":
            return _see_other(f"/c/pay/{session_id}")
        if outcome == "authenticate":
            return _see_other(f"/c/pay/{session_id}/authenticate")
        with self._controls.store.transaction(quiet=True) as tx:
            address = tx.get("checkout.session", session_id)["success_url"]
        return _see_other(address.replace("{CHECKOUT_SESSION_ID}", session_id))

    def _payment_page(
        self,
        session: Json | None,
        *,
        told: str | None = None,
        field: str | None = None,
        status: int = 200,
    ) -> Response:
        if session is None:
            return _page("over.html", 404, session=None)
        if session["status"] != "open":
            return _page("over.html", status if status != 200 else 410, session=session)
        with self._controls.store.transaction(quiet=True) as tx:
            items = tx.hidden(session["id"])["line_items"]
        given: Any = request.form
        return _page(
            "pay.html",
            status,
            session=session,
            items=items,
            told=told,
            field=field,
            given=given,
            cards=[card for card in CARDS if card.name != "delayed"],
        )

    def overview(self) -> Response:
        """Show the latest of everything, with buttons."""
        with self._controls.store.transaction() as tx:
            act = Act(tx, self._controls.config, clock())
            latest = {
                kind: tx.some(kind, "1 ORDER BY seq DESC LIMIT ?", _SHOWN)
                for kind in ("checkout.session", "payment_intent", "refund", "dispute")
            }
            sums = ledger(act)
            held = tx.switch("deliveries_held", default=False)
        events = self._controls.events()[: -_SHOWN - 1 : -1]
        return _page(
            "overview.html",
            200,
            sessions=latest["checkout.session"],
            intents=latest["payment_intent"],
            refunds=latest["refund"],
            disputes=latest["dispute"],
            events=events,
            ledger=sums,
            held=held,
            webhook_url=self._controls.outbox.url,
        )


def _page(template: str, status: int, **values: object) -> Response:
    response = make_response(render_template(f"stripe_sandbox/{template}", **values), status)
    response.headers["Cache-Control"] = "no-store"
    return response


def _see_other(address: str) -> Response:
    return Response(status=303, headers={"Location": address})
