"""A form that was sent when the session had run out: kept, and shown again after sign-in.

Kept for an hour, encrypted for the person whose session it was, and opened for nobody else.
Nothing is saved by coming back: the form is shown as it was typed, and the person presses its
button again. Passwords, files and the forms of the sign-in itself are never kept.
"""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from flask import flash, g, redirect, request
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.wrappers import Response

from rft_admin.admin.actor import current_actor_from_request, signed_in_user
from rft_admin.core import clock
from rft_admin.core.crypto import CannotDecrypt, decrypt, encrypt
from rft_admin.core.database import db, transact
from rft_admin.core.errors import DomainError
from rft_admin.core.files import StoredFile, store_file
from rft_admin.core.limits import Limit, hit
from rft_admin.core.tokens import read_row, sign_row

#: The argument of the address that names the kept form.
ARGUMENT = "kept"
LIFETIME = timedelta(hours=1)
MOST_CHARACTERS = 200_000
#: So many forms of one person; more is nobody who types.
PER_PERSON = Limit(hits=30, seconds=3600)
#: The pages that can show a form again without saving it. Each asks `is_shown_again`.
PAGES = ("create_view", "edit_view", "action_view", "register")
NEVER_KEPT = ("csrf_token", "password")

SIGN_IN_AGAIN = (
    "You were signed out. Sign in, and your form comes back as you typed it, not saved yet."
)
TOO_LONG = "You were signed out, and what you typed is too long to be kept. Go back to copy it."
SHOWN_AGAIN = (
    "Here is your form as you typed it. Nothing of it is saved yet: look at it, and press the "
    "button again."
)
GONE = "What was typed is kept for an hour, for the person who typed it: it is gone now."


def keep(user_id: int) -> str | None:
    """Keep this request's form for its author; return the address that shows it again.

    None where it is no form to be kept, or too long.
    """
    if request.method != "POST" or not _is_kept_page():
        return None
    fields = [pair for pair in request.form.items(multi=True) if not _is_secret(pair[0])]
    plain = json.dumps(fields)
    if len(plain) > MOST_CHARACTERS:
        flash(TOO_LONG, "warning")
        return None
    # Whoever takes a second connection gives the first one back before.
    db.session.rollback()
    try:
        hit("kept form", str(user_id), PER_PERSON, now=clock.now())
        token = transact(lambda: _store(plain, user_id), by=current_actor_from_request())
    except DomainError:
        return None
    return _address(token)


def show_again() -> Response | None:
    """Let the page see a kept form as if it were sent just now; it saves nothing (before_request).

    The page's own checks of rights and rows come first, as for every request.
    """
    token = request.args.get(ARGUMENT)
    user = signed_in_user()
    if request.method != "GET" or token is None or user is None or not _is_kept_page():
        return None
    fields = _find(token, user.id)
    if fields is None:
        flash(GONE, "warning")
        is_action = request.path.endswith("/action/")
        return redirect(request.path.removesuffix("action/")) if is_action else None
    g.is_shown_again = SHOWN_AGAIN
    request.method = "POST"
    request.form = ImmutableMultiDict(fields)
    return None


def is_shown_again() -> bool:
    """Return whether the form came back after sign-in: it is to be shown, not saved."""
    return bool(g.get("is_shown_again"))


def _is_kept_page() -> bool:
    _, _, view = (request.endpoint or "").rpartition(".")
    return request.path.startswith("/admin/") and view in PAGES


def _is_secret(name: str) -> bool:
    return any(word in name.lower() for word in NEVER_KEPT)


def _store(plain: str, user_id: int) -> str:
    stored = store_file(
        file_name="kept form",
        media_type="application/octet-stream",
        content=encrypt(plain, context=_context(user_id)).encode(),
        expires_at=clock.now() + LIFETIME,
    )
    return sign_row(ARGUMENT, stored.id)


def _find(token: str, user_id: int) -> list[tuple[str, str]] | None:
    signed = read_row(ARGUMENT, token, max_age_seconds=int(LIFETIME.total_seconds()))
    stored = db.session.get(StoredFile, signed.row_id) if signed is not None else None
    if stored is None or stored.expires_at is None or stored.expires_at <= clock.now():
        return None
    try:
        plain = decrypt(stored.content.decode(), context=_context(user_id))
    except CannotDecrypt:
        return None
    fields: list[Any] = json.loads(plain)
    return [(name, text) for name, text in fields]


def _context(user_id: int) -> str:
    return f"stored_files|kept form|{user_id}"


def _address(token: str) -> str:
    """Return the present page's address with the token, and what else stood in its query."""
    others = [pair for pair in request.args.items(multi=True) if pair[0] != ARGUMENT]
    return f"{request.path}?{urlencode([*others, (ARGUMENT, token)])}"
