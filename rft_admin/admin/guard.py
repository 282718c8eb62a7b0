"""Who may pass the office's door, and the way back for whom it stopped."""

from typing import cast
from urllib.parse import urlsplit

from flask import Response, flash, jsonify, redirect, request, url_for
from flask import session as browser_session
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError

from rft_admin.accounts import sessions
from rft_admin.accounts.models import AdminSession, User
from rft_admin.admin import interrupted
from rft_admin.admin.actor import SignedIn, Surroundings, signed_in
from rft_admin.admin.cookies import SESSION_COOKIE, cookie_name
from rft_admin.core import clock
from rft_admin.core.web import error_page, wants_json
from rft_admin.messaging import notifications
from rft_admin.upkeep import worker

HOME = "/admin/"
#: What surrounds every page, asked with the session: one question, not two.
SURROUNDINGS = (
    notifications.unread_count(AdminSession.user_id, now=sessions.NOW),
    worker.LAST_SEEN,
)
#: Who signed in last in this browser: a form typed since then is his.
OWNER = "owner"
#: What is reachable without signing in.
OPEN_ENDPOINTS = frozenset(
    {"office.sign_in", "office.sign_out", "office.forgot", "office.reset", "admin.static"}
)
#: What is reachable before a first password has been replaced.
BEFORE_OWN_PASSWORD = OPEN_ENDPOINTS | {"office.password"}


def load_signed_in(_request: object) -> SignedIn | None:
    """Return who is signed in by the request's cookie (Flask-Login's request loader)."""
    token = request.cookies.get(cookie_name(SESSION_COOKIE))
    found = sessions.find_active_with(SURROUNDINGS, token, now=clock.now())
    if found is None:
        return None
    session, around = found
    # Live is only what has a user.
    return SignedIn(session, cast(User, session.user), Surroundings(*around))


def guard() -> ResponseReturnValue | None:
    """Let nobody past the door who is not signed in (before_request)."""
    if not (request.path == "/admin" or request.path.startswith(HOME)):
        return None
    if request.endpoint in OPEN_ENDPOINTS:
        return None
    found = signed_in()
    if found is None:
        return _ask_to_sign_in()
    if found.user.must_change_password and request.endpoint not in BEFORE_OWN_PASSWORD:
        return redirect(url_for("office.password"))
    return None


def keep_private(response: Response) -> Response:
    """Let nobody read the office's pages out of a browser's memory once its session is over."""
    if request.path.startswith(HOME):
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def _ask_to_sign_in() -> ResponseReturnValue:
    if wants_json():
        return jsonify(error="Not signed in", message="Please sign in."), 401
    if kept := _keep_form():
        flash(interrupted.SIGN_IN_AGAIN, "info")
        return redirect(url_for("office.sign_in", next=kept))
    heading = request.full_path.rstrip("?") if _has_page() else _referring_path()
    return redirect(url_for("office.sign_in", next=heading if heading != HOME else None))


def _has_page() -> bool:
    """Return whether the address can be opened, not only be sent to."""
    rule = request.url_rule
    can_be_read = rule is not None and "GET" in (rule.methods or ())
    return can_be_read and not request.path.endswith("/action/")


def _keep_form() -> str | None:
    """Keep what was typed for the person whose session has run out; return the way back to it."""
    token = request.cookies.get(cookie_name(SESSION_COOKIE))
    owner = sessions.find_owner(token) or browser_session.get(OWNER)
    return interrupted.keep(owner) if owner is not None else None


def token_outdated(error: CSRFError) -> ResponseReturnValue:
    """Show a form again that was opened before somebody signed in anew in this browser.

    The page that sent it has to be one of ours: what others send is refused as ever.
    """
    # The public pages ask nobody who he is, least of all while the database is away.
    found = signed_in() if request.path.startswith(HOME) else None
    is_ours = request.headers.get("Origin") == f"{request.scheme}://{request.host}"
    if found is None or not is_ours or wants_json():
        return error_page(error.code or 400)
    kept = interrupted.keep(found.user.id)
    return redirect(kept, code=303) if kept else error_page(error.code or 400)


def _referring_path() -> str:
    referrer = urlsplit(request.referrer or "")
    if referrer.netloc != request.host:
        return HOME
    return safe_path(referrer.path + (f"?{referrer.query}" if referrer.query else ""))


def safe_path(path: str | None) -> str:
    """Return the path if it is one of this office's, else the start: no way to other sites."""
    if not path or not path.startswith(HOME) or "\\" in path or not path.isprintable():
        return HOME
    parts = urlsplit(path)
    own_pages = {url_for("office.sign_in"), url_for("office.sign_out")}
    return HOME if parts.scheme or parts.netloc or parts.path in own_pages else path
