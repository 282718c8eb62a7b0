"""New passwords: by a link that works once within the hour, or with the present password."""

from datetime import datetime, timedelta

from sqlalchemy import select, update

from rft_admin.accounts import audit, passwords, sessions
from rft_admin.accounts.models import AdminSession, PasswordReset, User
from rft_admin.core import links
from rft_admin.core.actor import SYSTEM, Actor
from rft_admin.core.database import db
from rft_admin.core.errors import DomainError
from rft_admin.core.tokens import hash_token, new_token

LIFETIME = timedelta(hours=1)
PATH = "/admin/reset/"


class ResetLinkInvalid(DomainError):
    """The link has been used or is older than an hour. Please ask for a new one."""

    status = 404


class WrongPassword(DomainError):
    """That is not your present password."""

    field = "current_password"


class SamePassword(DomainError):
    """Please choose a password that differs from the present one."""

    field = "new_password"


def create(user: User, *, now: datetime, by: Actor) -> PasswordReset:
    """Prepare a reset link for the user; :func:`issue_token` gives it its secret.

    Earlier links stay valid for their hour: else anybody could void them by asking for another.
    """
    reset = PasswordReset(
        user=user,
        token=hash_token(new_token()),
        expires_at=now + LIFETIME,
        ip_address=by.ip_address,
    )
    db.session.add(reset)
    db.session.flush()
    return reset


def create_for_email(email: str, *, now: datetime, by: Actor) -> PasswordReset | None:
    """Prepare a reset link for an address; None where nobody there may enter the office."""
    user = sessions.find_user(email)
    if user is None or not user.may_enter_office:
        return None
    return create(user, now=now, by=by)


def issue_token(reset: PasswordReset) -> str:
    """Give the link a new secret, of which the row keeps the digest only, and return it."""
    token = new_token()
    reset.token = hash_token(token)
    db.session.flush()
    return token


def address_of(token: str) -> str:
    """Return the absolute address at which a reset token is used."""
    return links.absolute(PATH + token)


def create_reset_link(user: User, *, now: datetime, by: Actor = SYSTEM) -> str:
    """Return a one-hour address for a new password, to be handed over by other means."""
    return address_of(issue_token(create(user, now=now, by=by)))


def find_valid(token: str, *, now: datetime) -> PasswordReset | None:
    """Return the reset of a link that may still be used, locked until the transaction ends."""
    reset = db.session.scalar(
        select(PasswordReset)
        .where(PasswordReset.token == hash_token(token))
        .with_for_update(of=PasswordReset, key_share=True)
        .execution_options(populate_existing=True)
    )
    if reset is None or not reset.is_valid_at(now) or not reset.user.may_enter_office:
        return None
    return reset


def reset_password(*, token: str, new_password: str, now: datetime, by: Actor) -> User:
    """Set a new password by a link: all sessions end, locks and other links too.

    :raises ResetLinkInvalid: if the link is unknown, used or too old.
    :raises WeakPassword: if the new password is not one to use.
    """
    reset = find_valid(token, now=now)
    if reset is None:
        raise ResetLinkInvalid
    passwords.check_new_password(new_password)
    user = reset.user
    by = sessions.as_user(by, user)
    with audit.acting("password_reset", by=by):
        reset.used, reset.used_at = True, now
        _set_password(user, new_password)
    _void_links(user, now=now)
    sessions.end_all(user, now=now, by=by)
    sessions.unlock(user, now=now, by=by)
    return user


def change_password(
    *,
    session: AdminSession,
    current_password: str,
    new_password: str,
    now: datetime,
    by: Actor,
) -> str:
    """Change the password of who is signed in; return the session's new token.

    The user's other sessions end, and unused links too.

    :raises WrongPassword: if the present password is not right.
    :raises SamePassword: if the new one is the present one.
    :raises WeakPassword: if the new one is not one to use.
    """
    user = session.user
    if user is None or not passwords.verify_password(current_password, user.password_hash):
        raise WrongPassword
    if new_password == current_password:
        raise SamePassword
    passwords.check_new_password(new_password)
    with audit.acting("password_changed"):
        _set_password(user, new_password)
    _void_links(user, now=now)
    sessions.end_all(user, now=now, by=by, except_session=session)
    return sessions.rotate(session, now=now)


def _set_password(user: User, plain: str) -> None:
    user.password_hash = passwords.hash_password(plain)
    user.must_change_password = False


def _void_links(user: User, *, now: datetime) -> None:
    db.session.execute(
        update(PasswordReset)
        .where(PasswordReset.user_id == user.id, PasswordReset.used.is_(False))
        .values(used=True, used_at=now)
    )
