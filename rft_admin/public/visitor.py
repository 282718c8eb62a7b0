"""Who is at the door: the actor, the tries counted, the bookings that a browser may open."""

import hashlib
import hmac
import secrets
from datetime import datetime

from flask import current_app, g, request, session

from rft_admin.core import limits
from rft_admin.core.actor import Actor
from rft_admin.core.limits import Limit
from rft_admin.core.settings import keep_values, kept_values

#: The session's cookie keeps so many bookings, the latest last: a cookie holds 4 kB.
MOST_BOOKINGS = 20
#: Tries of one address on one public form: 20 in ten minutes.
FORM_LIMIT = Limit(20, 600)
#: Asking for a price again changes nothing and is cheap, so it may happen more often.
PRICE_LIMIT = Limit(200, 600)
#: An employer may check a whole list.
VERIFY_LIMIT = Limit(100, 600)
LONGEST_AGENT = 300


def actor() -> Actor:
    """Return the visitor as the trail shows him."""
    return Actor(
        label="customer",
        ip_address=request.remote_addr,
        user_agent=(request.user_agent.string or "")[:LONGEST_AGENT],
        request_id=g.get("request_id"),
    )


def count_try(name: str, *, now: datetime, limit: Limit = FORM_LIMIT) -> None:
    """Count one try of this visitor's address.

    :raises TooManyTries: above the limit; the answer is 429 with `Retry-After`.
    """
    known = kept_values()
    limits.hit(f"public-{name}", request.remote_addr or "unknown", limit, now=now)
    if known is not None:
        # Read for this very request, a moment ago.
        keep_values(known)


def remember_booking(booking_id: int, links_version: int) -> None:
    """Let this browser open the booking without a link, by its signed cookie."""
    opened = [known for known in session.get("bookings", []) if known[0] != booking_id]
    session["bookings"] = [*opened, [booking_id, links_version]][-MOST_BOOKINGS:]
    session.permanent = True


def may_open(booking_id: int, links_version: int) -> bool:
    """Return whether this browser's cookie opens the booking; revoked links end cookies too."""
    return [booking_id, links_version] in session.get("bookings", [])


def new_form_key() -> str:
    """Return a key for one form as shown to this browser: random, and marked as this browser's."""
    random_part = secrets.token_urlsafe(16)
    return f"{random_part}.{_mark(random_part)}"


def is_own_form_key(key: str) -> bool:
    """Return whether this browser was shown the form with that key."""
    random_part, _, mark = key.partition(".")
    return hmac.compare_digest(mark.encode(), _mark(random_part).encode())


def _mark(random_part: str) -> str:
    if "browser" not in session:
        session["browser"] = secrets.token_urlsafe(12)
    secret = f"{current_app.secret_key!r}|{session['browser']}"
    return hmac.new(secret.encode(), random_part.encode(), hashlib.sha256).hexdigest()[:16]
