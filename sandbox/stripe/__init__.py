"""A small Stripe with a memory, for development and tests, spoken to by the real SDK.

No money moves. What it does not play it refuses, by the SDK's own types.

    with StripeSandbox(directory, webhook_url=..., webhook_secret=..., secret_key=...) as sandbox:
        client = StripeClient(secret_key, base_addresses={"api": sandbox.base_url})
        sandbox.pay(session_id)                             # or a card: "declined", "dispute"...
        sandbox.deliver_all("shuffled", (1, 5), 0.1, seed=1)
        sandbox.add_fault("cut_after", "POST", "/v1/refunds")
        sandbox.ledger()

As a process: `python -m sandbox.stripe --port P --state FILE`; the controls are then addresses
under /_control (control_routes.ROUTES). Cards: cards.CARDS; faults: faults.KINDS.
"""

from sandbox.stripe.server import StripeSandbox

__all__ = ["StripeSandbox"]
