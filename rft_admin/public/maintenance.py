"""Maintenance: the public pages say that we are back soon; Stripe, probes and the office go on."""

from flask import Response, make_response, render_template, request

from rft_admin.accounts import settings
from rft_admin.public.blueprint import blueprint

#: What other programs ask for.
ALWAYS_OPEN = frozenset({"public.stripe_webhook", "public.healthz", "public.readyz"})
UNAVAILABLE = 503
RETRY_AFTER_SECONDS = 600


@blueprint.before_request
def close_for_maintenance() -> Response | None:
    """Answer 503 with a plain page while the setting is on."""
    if request.endpoint in ALWAYS_OPEN or not settings.maintenance_mode():
        return None
    page = render_template(
        "public/error.html",
        status=UNAVAILABLE,
        title="We are back soon",
        message="We are working on this site. Your bookings are safe. Please come back later.",
    )
    response = make_response(page, UNAVAILABLE)
    response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response
