"""Failed attempts to sign in: counted exactly, locked for a while, never for ever."""

import hashlib
import math
from datetime import datetime, timedelta

from sqlalchemy import func, insert, select, update

from rft_admin.accounts import audit
from rft_admin.accounts.models import AdminSession, User
from rft_admin.core.actor import Actor
from rft_admin.core.clock import to_london
from rft_admin.core.database import db
from rft_admin.core.errors import DomainError
from rft_admin.core.tokens import hash_token, new_token

FAILURES = 5
LOCK_MINUTES = 15
#: A row of failures ends when so long nobody failed; then the count starts again.
LOCK = timedelta(minutes=LOCK_MINUTES)


class AccountLocked(DomainError):
    """Sign-in is locked for a while after too many wrong passwords."""

    status = 429

    def __init__(self, *, locked_until: datetime, now: datetime) -> None:
        self.locked_until = locked_until
        self.retry_after_seconds = max(1, math.ceil((locked_until - now).total_seconds()))
        minutes = math.ceil(self.retry_after_seconds / 60)
        left = "1 minute" if minutes == 1 else f"{minutes} minutes"
        super().__init__(
            f"Too many wrong passwords. Please try again in {left}, at"
            f" {to_london(locked_until + timedelta(seconds=59)):%H:%M}."
        )


def queue_up(*, user: User | None, counter: str) -> None:
    """Let the attempts on one account from one device wait for each other.

    Whoever tries many passwords at the same moment is counted as exactly as one after another.
    The lock ends with the transaction.
    """
    subject = f"sign-in|{user.id if user else ''}|{counter}"
    db.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(subject, 0))))


def counter_of(*, user: User | None, email: str, device: str) -> str:
    """Return what failures are counted under: the known device, the account, or the address.

    An address nobody has is counted and locked like any other; else the lock would tell which
    addresses exist. Only its digest is kept.
    """
    if user is not None:
        return device
    return "address-" + hashlib.sha256(email.strip().casefold().encode()).hexdigest()[:24]


def find_lock(*, user: User | None, counter: str, now: datetime) -> AdminSession | None:
    """Return the attempts that lock this account for this device now, if any."""
    attempts = _find_attempts(user=user, counter=counter, now=now)
    return attempts if attempts is not None and attempts.is_locked_at(now) else None


def count_failure(*, user: User | None, counter: str, by: Actor, now: datetime) -> datetime | None:
    """Count one failure; return until when the account is locked, if this was the fifth.

    The row of failures is itself the trail of attempts; the audit log, which is kept for ever,
    is told of the lock only, so that strangers cannot fill it.
    """
    attempts = _find_attempts(user=user, counter=counter, now=now)
    failures = 1 if attempts is None else attempts.failed_attempts + 1
    values = {
        "failed_attempts": failures,
        "ip_address": by.ip_address,
        "user_agent": by.user_agent,
        "last_activity": now,
        "expires_at": now + LOCK,
        "locked_until": now + LOCK if failures >= FAILURES else None,
    }
    if attempts is None:
        db.session.execute(insert(AdminSession).values(**values, **_new_row(user, counter)))
    else:
        db.session.execute(
            update(AdminSession).where(AdminSession.id == attempts.id).values(**values)
        )
    if failures < FAILURES:
        return None
    if user is not None:
        audit.record("locked", entity=user, by=by)
    return now + LOCK


def forgive(*, user: User, now: datetime, counter: str | None = None) -> None:
    """End the running counts and locks of a user; of one device only, if given."""
    attempts = (
        update(AdminSession)
        .where(AdminSession.user_id == user.id, AdminSession.failed_attempts > 0)
        .where(AdminSession.expires_at > now)
        .values(expires_at=now, locked_until=None)
        .execution_options(synchronize_session="fetch")
    )
    if counter is not None:
        attempts = attempts.where(AdminSession.device_fingerprint == counter)
    db.session.execute(attempts)


def _new_row(user: User | None, counter: str) -> dict[str, object]:
    return {
        "user_id": user.id if user else None,
        "session_token": hash_token(new_token()),
        "is_active": False,
        "device_fingerprint": counter,
    }


def _find_attempts(*, user: User | None, counter: str, now: datetime) -> AdminSession | None:
    return db.session.scalars(
        select(AdminSession)
        .where(
            AdminSession.user_id == user.id if user else AdminSession.user_id.is_(None),
            AdminSession.device_fingerprint == counter,
            AdminSession.failed_attempts > 0,
            AdminSession.expires_at > now,
        )
        .order_by(AdminSession.id.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    ).first()
