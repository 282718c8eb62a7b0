"""The office's door: signing in and out, a new password, and nobody else past it."""

from datetime import datetime

from flask import (
    Blueprint,
    Flask,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask import session as browser_session
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError

from rft_admin.accounts import devices, passwords, resets, sessions, tries
from rft_admin.accounts.locking import AccountLocked
from rft_admin.admin import guard, interrupted
from rft_admin.admin.actor import SignedIn, Visitor, current_actor_from_request, signed_in
from rft_admin.admin.cookies import (
    DEVICE_COOKIE,
    SESSION_COOKIE,
    cookie_name,
    is_secure,
    set_cookie,
    set_session_cookie,
)
from rft_admin.admin.guard import HOME, OWNER, safe_path
from rft_admin.core import clock
from rft_admin.core.database import transact
from rft_admin.core.errors import DomainError, TooManyTries
from rft_admin.core.extensions import login_manager
from rft_admin.messaging import account_letters
from rft_admin.messaging.settings import business_name

blueprint = Blueprint("office", __name__, url_prefix="/admin")


class PasswordsDiffer(DomainError):
    """The two passwords differ. Please type both again."""

    field = "confirm_password"


def init_sign_in(app: Flask) -> None:
    """Join the office's door to the application: its pages, its guard, Flask-Login."""
    # Without Flask-Login's own context processor: it would ask the database on every page, the
    # one that says that the database is away among them.
    login_manager.init_app(app, add_context_processor=False)
    login_manager.session_protection = None
    login_manager.anonymous_user = Visitor
    login_manager.request_loader(guard.load_signed_in)
    app.register_blueprint(blueprint)
    app.before_request(guard.guard)
    app.before_request(interrupted.show_again)
    app.register_error_handler(CSRFError, guard.token_outdated)
    app.after_request(guard.keep_private)


@blueprint.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> ResponseReturnValue:
    """Show the form, or open a session and go on to where the person was heading."""
    heading = safe_path(request.values.get("next"))
    if request.method == "GET":
        return redirect(heading) if signed_in() else _sign_in_page(heading)
    email, now = _field("email"), clock.now()
    device_token = request.cookies.get(cookie_name(DEVICE_COOKIE))
    try:
        result = _attempt(email, device_token, now)
    except TooManyTries as refusal:
        return _sign_in_page(heading, email=email, refusal=refusal)
    if result.refusal is not None:
        return _sign_in_page(heading, email=email, refusal=result.refusal)
    # A form that somebody else opened in this browser must not act for who signs in now.
    browser_session.clear()
    browser_session[OWNER] = result.user.id if result.user else None
    response = redirect(heading, code=303)
    set_session_cookie(response, result.token or "")
    set_cookie(response, DEVICE_COOKIE, result.device_token or "", devices.MAX_AGE_SECONDS)
    return response


@blueprint.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """End the session on the server and in the browser."""
    found = signed_in()
    actor = current_actor_from_request()
    if found is not None:
        transact(lambda: sessions.end(found.session, now=clock.now(), by=actor), by=actor)
    browser_session.clear()
    response = redirect(url_for("office.sign_in"), code=303)
    response.delete_cookie(
        cookie_name(SESSION_COOKIE), secure=is_secure(), httponly=True, samesite="Lax"
    )
    return response


@blueprint.route("/password", methods=["GET", "POST"])
def password() -> ResponseReturnValue:
    """Change the own password; the first one has to be changed before anything else."""
    found = signed_in()
    if found is None or request.method == "GET":
        return _password_page()
    try:
        token = _change_password(found)
    except DomainError as refusal:
        return _password_page(refusal=refusal)
    flash("Password changed. Your other sessions have ended.", "success")
    response = redirect(HOME, code=303)
    set_session_cookie(response, token)
    return response


@blueprint.route("/forgot", methods=["GET", "POST"])
def forgot() -> ResponseReturnValue:
    """Send a reset link; the answer never tells whether the address exists."""
    if request.method == "GET":
        return _page("forgot", email="")
    email, now = _field("email"), clock.now()
    actor = current_actor_from_request()
    try:
        tries.count_link_request(ip_address=_address(), email=email, now=now)
    except TooManyTries as refusal:
        return _page("forgot", email=email, refusal=refusal)
    transact(lambda: account_letters.request_reset(email, now=now, by=actor), by=actor)
    return _page("forgot_sent", email=email)


@blueprint.route("/reset/<token>", methods=["GET", "POST"])
def reset(token: str) -> ResponseReturnValue:
    """Choose a new password by the link of a letter."""
    now = clock.now()
    try:
        tries.count_reset(ip_address=_address(), now=now)
        _reset_or_look(token, now)
    except DomainError as refusal:
        is_over = isinstance(refusal, resets.ResetLinkInvalid | TooManyTries)
        return _page("reset_over" if is_over else "reset", refusal=refusal)
    if request.method == "GET":
        return _page("reset")
    flash("Password changed. Please sign in with it.", "success")
    return redirect(url_for("office.sign_in"), code=303)


def _attempt(email: str, device_token: str | None, now: datetime) -> sessions.SignInResult:
    device = sessions.known_device(email, device_token)
    tries.count_sign_in(ip_address=_address(), email=email, device=device, now=now)
    actor = current_actor_from_request()

    def try_to_sign_in() -> sessions.SignInResult:
        result = sessions.sign_in(
            email=email,
            password=request.form.get("password", ""),
            device_token=device_token,
            now=now,
            by=actor,
        )
        if result.locked_user is not None and isinstance(result.refusal, AccountLocked):
            account_letters.account_locked(
                result.locked_user, now=now, locked_until=result.refusal.locked_until
            )
        return result

    return transact(try_to_sign_in, by=actor)


def _change_password(found: SignedIn) -> str:
    now, actor = clock.now(), current_actor_from_request()
    tries.count_change(user_id=found.user.id, now=now)
    new_password = _confirmed_password()

    def change() -> str:
        token = resets.change_password(
            session=found.session,
            current_password=request.form.get("current_password", ""),
            new_password=new_password,
            now=now,
            by=actor,
        )
        account_letters.password_changed(found.user, now=now)
        return token

    return transact(change, by=actor)


def _reset_or_look(token: str, now: datetime) -> None:
    actor = current_actor_from_request(label="reset link")

    def look() -> None:
        if resets.find_valid(token, now=now) is None:
            raise resets.ResetLinkInvalid

    def set_new_password() -> None:
        look()
        user = resets.reset_password(
            token=token, new_password=_confirmed_password(), now=now, by=actor
        )
        account_letters.password_changed(user, now=now)

    transact(look if request.method == "GET" else set_new_password, by=actor)


def _confirmed_password() -> str:
    new_password = request.form.get("new_password", "")
    passwords.check_new_password(new_password)
    if new_password != request.form.get("confirm_password", ""):
        raise PasswordsDiffer
    return new_password


def _sign_in_page(
    heading: str, *, email: str = "", refusal: DomainError | None = None
) -> ResponseReturnValue:
    return _page("sign_in", email=email, heading=heading, refusal=refusal)


def _password_page(refusal: DomainError | None = None) -> ResponseReturnValue:
    found = signed_in()
    is_first = found is not None and found.user.must_change_password
    return _page("password", refusal=refusal, is_first=is_first)


def _page(
    name: str, *, refusal: DomainError | None = None, **context: object
) -> ResponseReturnValue:
    status = 200 if refusal is None else refusal.status
    page = render_template(
        f"admin/{name}.html",
        business_name=business_name(),
        refusal=refusal,
        min_length=passwords.MIN_LENGTH,
        recommended_length=passwords.RECOMMENDED_LENGTH,
        **context,
    )
    headers = {}
    if isinstance(refusal, TooManyTries | AccountLocked):
        headers["Retry-After"] = str(refusal.retry_after_seconds)
    return page, status, headers


def _field(name: str) -> str:
    # PostgreSQL takes no NUL in a text, and no address has one.
    return request.form.get(name, "").replace("\x00", "").strip()


def _address() -> str:
    return request.remote_addr or "unknown"
