"""Stripe's events: verified, stored once, queued, answered quickly."""

from flask import request
from flask.typing import ResponseReturnValue

from rft_admin.core import clock
from rft_admin.core.actor import Actor
from rft_admin.core.database import transact
from rft_admin.core.extensions import csrf
from rft_admin.payments import webhook
from rft_admin.payments.gateway_objects import BadSignature
from rft_admin.public.blueprint import blueprint

BY = Actor(label="Stripe")


@blueprint.post("/webhooks/stripe")
def stripe_webhook() -> ResponseReturnValue:
    """Answer 200 when the event is stored, now or before; 400 to a bad signature.

    Anything else rises and is answered 500 or 503, so that Stripe sends the event again.
    """
    payload = request.get_data()
    signature = request.headers.get("Stripe-Signature", "")
    now = clock.now()
    try:
        transact(lambda: webhook.receive(payload, signature, now=now), by=BY)
    except BadSignature:
        return {"error": "The signature is not Stripe's."}, 400
    return {"received": True}


# Stripe proves who it is by its signature; it has no form and no session.
csrf.exempt(stripe_webhook)
