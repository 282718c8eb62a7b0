"""A session paid: at once, after a decline, after 3-D Secure, or days later."""

from sandbox.stripe.acts import Act, change, emit, later
from sandbox.stripe.cards import Card, find_card
from sandbox.stripe.checkout import find_session
from sandbox.stripe.errors import Json, conflict
from sandbox.stripe.money import card_fee, new_balance_entry
from sandbox.stripe.objects import new_charge, new_intent


def pay(act: Act, session_id: str, card_number: str, *, email: str | None = None) -> str:
    """Try to pay a session and return paid, declined, authenticate or processing.

    :raises ApiError: 400, if the session is not open; 402, if it is no test card.
    """
    session = find_session(act, session_id)
    if session["status"] != "open":
        raise conflict(f"This Checkout Session is {session['status']}.", code="session_not_open")
    card = find_card(card_number)
    email = session["customer_email"] or email
    intent = _intent_of(act, session, card)
    if card.decline_code:
        return _decline(act, intent, card, email)
    if card.name == "three_d_secure":
        return _ask_for_authentication(act, session, intent)
    if card.name == "delayed":
        return _start_delayed(act, session, intent, card, email)
    return _succeed(act, session, intent, card, email)


def _intent_of(act: Act, session: Json, card: Card) -> Json:
    intent = act.tx.find("payment_intent", session["payment_intent"])
    if intent is None:
        asked = act.tx.hidden(session["id"]).get("payment_intent_data", {})
        intent = act.tx.add(new_intent(session, asked, now=act.now))
        change(act, session, payment_intent=intent["id"])
        emit(act, "payment_intent.created", intent)
    kind = ["bacs_debit" if card.name == "delayed" else "card"]
    method = f"pm_1{card.name.replace('_', '')}{intent['id'][-12:]}"
    change(act, intent, payment_method=method, payment_method_types=kind, next_action=None)
    return intent


def _succeed(act: Act, session: Json, intent: Json, card: Card, email: str | None) -> str:
    charge = new_charge(intent, status="succeeded", email=email, last4=card.last4, now=act.now)
    act.tx.add(charge, card=card.name)
    _collect(act, intent, charge)
    _complete(act, session, email, payment_status="paid")
    if card.name == "dispute":
        later(act, "open_dispute", charge)
    return "paid"


def _collect(act: Act, intent: Json, charge: Json) -> None:
    """Put a charge's money into the balance and finish its intent."""
    entry = new_balance_entry(
        "charge", charge, charge["amount"], fee=card_fee(charge["amount"]), now=act.now
    )
    act.tx.add(entry)
    change(
        act,
        charge,
        balance_transaction=entry["id"],
        status="succeeded",
        paid=True,
        amount_captured=charge["amount"],
    )
    change(
        act,
        intent,
        status="succeeded",
        amount_received=intent["amount"],
        latest_charge=charge["id"],
        last_payment_error=None,
        processing=None,
    )
    emit(act, "charge.succeeded", charge)
    emit(act, "payment_intent.succeeded", intent)


def _complete(act: Act, session: Json, email: str | None, *, payment_status: str) -> None:
    details = dict.fromkeys(("address", "business_name", "individual_name", "name", "phone"))
    change(
        act,
        session,
        status="complete",
        payment_status=payment_status,
        url=None,
        customer_details=details | {"email": email, "tax_exempt": "none", "tax_ids": []},
    )
    emit(act, "checkout.session.completed", session)


def _decline(act: Act, intent: Json, card: Card, email: str | None) -> str:
    charge = new_charge(intent, status="failed", email=email, last4=card.last4, now=act.now)
    act.tx.add(charge, card=card.name)
    error = {
        "advice_code": "try_again_later",
        "charge": charge["id"],
        "code": "card_declined",
        "decline_code": card.decline_code,
        "doc_url": "https://docs.stripe.com/error-codes/card-declined",
        "message": "Your card was declined.",
        "type": "card_error",
    }
    return _fail(act, intent, error, charge=charge)


def _fail(act: Act, intent: Json, error: Json, *, charge: Json | None = None) -> str:
    """Leave the intent open for another try."""
    change(
        act,
        intent,
        status="requires_payment_method",
        last_payment_error=error,
        payment_method=None,
        next_action=None,
        processing=None,
        latest_charge=charge["id"] if charge else intent["latest_charge"],
    )
    if charge:
        emit(act, "charge.failed", charge)
    emit(act, "payment_intent.payment_failed", intent)
    return "declined"


def _ask_for_authentication(act: Act, session: Json, intent: Json) -> str:
    redirect = {
        "return_url": session["url"],
        "url": f"{session['url']}/authenticate",
    }
    change(
        act,
        intent,
        status="requires_action",
        next_action={"type": "redirect_to_url", "redirect_to_url": redirect},
    )
    return "authenticate"


def authenticate(act: Act, session_id: str, *, passed: bool) -> str:
    """End a 3-D Secure step and return paid or declined.

    :raises ApiError: 400, if none is under way.
    """
    session = find_session(act, session_id)
    intent = act.tx.find("payment_intent", session["payment_intent"])
    waiting = session["status"] == "open" and intent and intent["status"] == "requires_action"
    if not intent or not waiting:
        raise conflict("No 3-D Secure step is under way.", code="session_not_open")
    change(act, intent, next_action=None)
    if passed:
        card = find_card("three_d_secure")
        return _succeed(act, session, intent, card, session["customer_email"])
    error = {
        "code": "payment_intent_authentication_failure",
        "doc_url": "https://docs.stripe.com/error-codes/payment-intent-authentication-failure",
        "message": "We are unable to authenticate your payment method.",
        "type": "invalid_request_error",
    }
    return _fail(act, intent, error)


def _start_delayed(act: Act, session: Json, intent: Json, card: Card, email: str | None) -> str:
    charge = new_charge(intent, status="pending", email=email, last4=card.last4, now=act.now)
    act.tx.add(charge, card=card.name)
    change(act, intent, status="processing", latest_charge=charge["id"])
    _complete(act, session, email, payment_status="unpaid")
    return "processing"


def settle_delayed(act: Act, session_id: str, *, succeeded: bool) -> Json:
    """End a delayed payment.

    :raises ApiError: 400, if none is under way.
    """
    session = find_session(act, session_id)
    intent = act.tx.find("payment_intent", session["payment_intent"])
    if intent is None or intent["status"] != "processing":
        raise conflict("No delayed payment is under way.")
    charge = act.tx.get("charge", intent["latest_charge"])
    if succeeded:
        _collect(act, intent, charge)
        change(act, session, payment_status="paid")
        emit(act, "checkout.session.async_payment_succeeded", session)
        return session
    change(act, charge, status="failed", failure_code="debit_not_authorized", captured=False)
    error = {"type": "card_error", "code": "debit_not_authorized", "message": "The bank refused."}
    _fail(act, intent, error, charge=charge)
    emit(act, "checkout.session.async_payment_failed", session)
    return session
