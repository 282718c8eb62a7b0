"""Letters about access to the office: a new password, a changed one, a locked sign-in."""

from datetime import datetime, timedelta

from sqlalchemy import exists, select

from rft_admin.accounts import resets
from rft_admin.accounts.locking import LOCK_MINUTES
from rft_admin.accounts.models import User
from rft_admin.core import links
from rft_admin.core.actor import Actor
from rft_admin.core.database import db
from rft_admin.core.formats import format_moment
from rft_admin.messaging import service
from rft_admin.messaging.models import EmailLog

FORGOT_PATH = "/admin/forgot"
QUIET = timedelta(hours=12)


def request_reset(email: str, *, now: datetime, by: Actor) -> EmailLog | None:
    """Send a reset link to an address; silent where nobody there may enter the office."""
    reset = resets.create_for_email(email, now=now, by=by)
    return None if reset is None else _reset_letter(reset.user, reset.id, now=now)


def send_reset(user: User, *, now: datetime, by: Actor) -> EmailLog:
    """Send a user a reset link because the office asks for it."""
    return _reset_letter(user, resets.create(user, now=now, by=by).id, now=now)


def password_changed(user: User, *, now: datetime) -> EmailLog:
    """Tell a user that the password was changed, and what to do if it was somebody else."""
    return service.queue_letter(
        template="password_changed",
        to=user.email,
        subject="Your password was changed",
        context={
            "first_name": user.first_name,
            "changed_at": format_moment(now),
            "forgot_address": links.absolute(FORGOT_PATH),
        },
        now=now,
    )


def account_locked(user: User, *, now: datetime, locked_until: datetime) -> EmailLog | None:
    """Tell a user that sign-in is locked for a while, and how to open it at once.

    Strangers can lock again and again: they shall not fill the mailbox, so one letter in twelve
    hours is enough.
    """
    if _was_told(user, since=now - QUIET):
        return None
    return service.queue_letter(
        template="account_locked",
        to=user.email,
        subject="Sign-in to your account is locked for a while",
        context={
            "first_name": user.first_name,
            "locked_until": format_moment(locked_until),
            "lock_minutes": LOCK_MINUTES,
            "forgot_address": links.absolute(FORGOT_PATH),
        },
        now=now,
    )


def _was_told(user: User, *, since: datetime) -> bool:
    told = exists().where(
        EmailLog.template_name == "account_locked",
        EmailLog.recipient_email == user.email,
        EmailLog.created_at > since,
    )
    return bool(db.session.scalar(select(told)))


def _reset_letter(user: User, reset_id: int, *, now: datetime) -> EmailLog:
    return service.queue_letter(
        template="password_reset",
        to=user.email,
        subject="Choose a new password",
        context={"first_name": user.first_name},
        personal_link={"path": resets.PATH, "purpose": "password_reset", "row_id": reset_id},
        now=now,
    )
