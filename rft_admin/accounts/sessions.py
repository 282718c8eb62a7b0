"""Office sessions: a row on the server, a random token in the cookie, its digest in the row."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, DateTime, Select, bindparam, func, select, update
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.attributes import set_committed_value

from rft_admin.accounts import audit, devices, locking, passwords, settings, tries
from rft_admin.accounts.locking import AccountLocked
from rft_admin.accounts.models import AdminSession, User
from rft_admin.core.actor import Actor
from rft_admin.core.database import apart, db
from rft_admin.core.errors import DomainError
from rft_admin.core.settings import all_values, keep_values
from rft_admin.core.tokens import hash_token, new_token

#: Whatever happens, a session ends so long after its sign-in.
LIFETIME = timedelta(hours=12)
#: Its last activity is written down at most this often.
TOUCH_INTERVAL = timedelta(minutes=1)
#: The moment of the request, in what is asked along with its session.
NOW: ColumnElement[datetime] = bindparam("now", type_=DateTime(timezone=True))


class WrongCredentials(DomainError):
    """The e-mail address or the password is not right."""


@dataclass(frozen=True, kw_only=True)
class SignInResult:
    """What came of an attempt; a refusal is returned, not raised, so that its count is kept."""

    refusal: DomainError | None = None
    user: User | None = None
    session: AdminSession | None = None
    token: str | None = None
    device_token: str | None = None
    #: The user whose account this very attempt has locked: he gets a letter.
    locked_user: User | None = None


def as_user(by: Actor, user: User) -> Actor:
    """Return the actor as the user who has just been proved to be behind it."""
    return replace(by, user_id=user.id, label=str(user))


def find_user(email: str) -> User | None:
    """Return the user of an e-mail address, in whatever case it is written."""
    address = email.strip()
    if "\x00" in address:
        return None
    return db.session.scalar(select(User).where(User.email == address))


def known_device(email: str, device_token: str | None) -> str:
    """Return the fingerprint of the device if it is known for this address, else ""."""
    user = find_user(email)
    return devices.fingerprint_of(user_id=user.id, device_token=device_token) if user else ""


def sign_in(
    *, email: str, password: str, device_token: str | None, now: datetime, by: Actor
) -> SignInResult:
    """Open a session, or return the refusal and count the failure.

    The answer and the work are the same for an address nobody has.
    """
    user = find_user(email)
    device = devices.fingerprint_of(user_id=user.id if user else None, device_token=device_token)
    counter = locking.counter_of(user=user, email=email, device=device)
    locking.queue_up(user=user, counter=counter)
    lock = locking.find_lock(user=user, counter=counter, now=now)
    if lock is not None and lock.locked_until is not None:
        return SignInResult(refusal=AccountLocked(locked_until=lock.locked_until, now=now))
    if user is None or not _proves_identity(user, password):
        return _refuse(user=user, password=password, counter=counter, by=by, now=now)
    locking.forgive(user=user, counter=counter, now=now)
    return _admit(user, password=password, device=device, device_token=device_token, by=by, now=now)


def find_active(token: str | None, *, now: datetime) -> AdminSession | None:
    """Return the live session of a cookie's token, or None when there is none any more.

    Its last activity is written at most once a minute, in a transaction of its own.
    """
    found = find_active_with((), token, now=now)
    return found[0] if found else None


def find_active_with(
    along: tuple[ColumnElement[Any], ...], token: str | None, *, now: datetime
) -> tuple[AdminSession, tuple[Any, ...]] | None:
    """Return the live session as `find_active` does, and what was asked along with it.

    :param along: expressions of the session's row and of `NOW`, the same ones each time.
    """
    if not token:
        return None
    values = {"token": hash_token(token), "now": now}
    found = db.session.execute(_question(along), values).one_or_none()
    if found is None:
        return None
    session, stored, *answers = found
    # Every page needs the settings too, for the session's own limit: one question, not two.
    keep_values(stored)
    if not is_live(session, now=now):
        return None
    if now - session.last_activity >= TOUCH_INTERVAL:
        _touch(session, now=now)
    return session, tuple(answers)


@cache
def _question(along: tuple[ColumnElement[Any], ...]) -> Select[Any]:
    return (
        select(AdminSession, all_values(), *along)
        .options(joinedload(AdminSession.user))
        .where(AdminSession.session_token == bindparam("token"))
    )


def find_owner(token: str | None) -> int | None:
    """Return whose session the cookie's token opened, however long ago it ended."""
    if not token:
        return None
    return db.session.scalar(
        select(AdminSession.user_id).where(AdminSession.session_token == hash_token(token))
    )


def is_live(session: AdminSession, *, now: datetime) -> bool:
    """Return whether the session still lets its user in: neither ended, idle, nor too old."""
    idle = timedelta(minutes=settings.session_timeout_minutes())
    user = session.user
    return (
        session.is_active
        and now < session.expires_at
        and now < session.last_activity + idle
        and user is not None
        and user.may_enter_office
    )


def rotate(session: AdminSession, *, now: datetime) -> str:
    """Give the session a new token and return it; the old one opens nothing any more."""
    token = new_token()
    session.session_token = hash_token(token)
    session.last_activity = now
    db.session.flush()
    return token


def end(session: AdminSession, *, now: datetime, by: Actor) -> None:
    """End a session; ending it again changes nothing."""
    if session.is_active:
        session.is_active = False
        session.revoked_at = now
        session.revoked_by_id = by.user_id
        db.session.flush()


def end_all(
    user: User, *, now: datetime, by: Actor, except_session: AdminSession | None = None
) -> int:
    """End all sessions of a user but one; return how many ended."""
    ended = [session for session in list_live(user, now=now) if session is not except_session]
    for session in ended:
        end(session, now=now, by=by)
    return len(ended)


def list_live(user: User, *, now: datetime) -> list[AdminSession]:
    """Return the user's sessions that have not ended, the latest used first."""
    return list(
        db.session.scalars(
            select(AdminSession)
            .where(AdminSession.user_id == user.id, AdminSession.is_active)
            .where(AdminSession.expires_at > now)
            .order_by(AdminSession.last_activity.desc(), AdminSession.id.desc())
        )
    )


def unlock(user: User, *, now: datetime, by: Actor) -> None:
    """End every lock on the user's account and forget the failures behind it."""
    locking.forgive(user=user, now=now)
    tries.forgive(user.email)
    audit.record("unlocked", entity=user, by=by)


def find_locked_until(user: User, *, now: datetime) -> datetime | None:
    """Return until when some device is locked out of the account, if any is."""
    return db.session.scalar(
        select(func.max(AdminSession.locked_until)).where(
            AdminSession.user_id == user.id,
            AdminSession.locked_until > now,
            AdminSession.expires_at > now,
        )
    )


def _proves_identity(user: User, password: str) -> bool:
    # The hash is compared first and always, so that no refusal is quicker than another.
    right = passwords.verify_password(password, user.password_hash)
    return right and user.may_enter_office and not passwords.is_public_password(password)


def _refuse(
    *, user: User | None, password: str, counter: str, by: Actor, now: datetime
) -> SignInResult:
    if user is None:
        passwords.verify_password(password, None)
    locked_until = locking.count_failure(user=user, counter=counter, by=by, now=now)
    if locked_until is None:
        return SignInResult(refusal=WrongCredentials())
    return SignInResult(
        refusal=AccountLocked(locked_until=locked_until, now=now),
        locked_user=user if user and user.may_enter_office else None,
    )


def _admit(
    user: User, *, password: str, device: str, device_token: str | None, by: Actor, now: datetime
) -> SignInResult:
    if not device:
        # A new device: from now on its own wrong passwords count for it alone.
        device_token = devices.remember(user_id=user.id, device_token=device_token)
        device = devices.fingerprint_of(user_id=user.id, device_token=device_token)
    token = new_token()
    session = AdminSession(
        user=user,
        session_token=hash_token(token),
        ip_address=by.ip_address,
        user_agent=by.user_agent,
        expires_at=now + LIFETIME,
        last_activity=now,
        device_fingerprint=device,
    )
    with audit.acting("signed_in", by=as_user(by, user)):
        db.session.add(session)
        user.last_login = now
        if user.password_hash and passwords.needs_renewal(user.password_hash):
            user.password_hash = passwords.hash_password(password)
    return SignInResult(user=user, session=session, token=token, device_token=device_token)


def _touch(session: AdminSession, *, now: datetime) -> None:
    with apart() as beside:
        beside.execute(
            update(AdminSession).where(AdminSession.id == session.id).values(last_activity=now)
        )
    set_committed_value(session, "last_activity", now)
