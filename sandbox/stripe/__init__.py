"""A small Stripe with a memory, for development and tests, spoken to by the real SDK.

No money moves. `with StripeSandbox(directory) as sandbox:` in a test, `python -m sandbox.stripe`
as a process. What it does not play it refuses, by the SDK's own types.
"""

from sandbox.stripe.server import StripeSandbox

__all__ = ["StripeSandbox"]
