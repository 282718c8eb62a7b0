"""People: customers found or made by their e-mail address, and who may enter the office."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from rft_admin.accounts import audit, sessions
from rft_admin.accounts.models import Role, User
from rft_admin.core.actor import Actor
from rft_admin.core.database import current_actor, db
from rft_admin.core.errors import DomainError, refuse_on


class EmailTaken(DomainError):
    """There is already a person with this e-mail address."""

    status = 409
    field = "email"


class LastAdmin(DomainError):
    """Nobody else is an active admin; without one nobody could open the office any more."""


class NotYourself(DomainError):
    """You cannot deactivate yourself. Please ask another admin."""


refuse_on("uq_users_email", EmailTaken)


def get_or_create_customer(
    *, email: str, first_name: str, last_name: str | None, phone: str, now: datetime
) -> User:
    """Return the user of the address, made as a customer if there was none.

    An existing user is never changed, whatever his role: a public form proves nothing.
    Two bookings at the same moment get the same user.
    """
    address = email.strip()
    found = sessions.find_user(address)
    if found is not None:
        return found
    created_id = db.session.scalar(
        insert(User)
        .values(
            email=address,
            first_name=first_name.strip(),
            last_name=(last_name or "").strip() or None,
            phone=phone.strip(),
            role=Role.CUSTOMER,
            created_at=now,
            updated_at=now,
        )
        .on_conflict_do_nothing(index_elements=["email"])
        .returning(User.id)
    )
    user = db.session.scalars(select(User).where(User.email == address)).one()
    if created_id is not None:
        _record_creation(user)
    return user


def create_admin(*, email: str, first_name: str, by: Actor) -> User:
    """Create an admin without a password: a reset link lets him choose one.

    :raises EmailTaken: if somebody has the address already.
    """
    if sessions.find_user(email) is not None:
        raise EmailTaken
    user = User(email=email.strip(), first_name=first_name.strip(), role=Role.ADMIN)
    db.session.add(user)
    db.session.flush()
    return user


def deactivate(user: User, *, now: datetime, by: Actor) -> None:
    """Close the office to a person at once: the sessions end, sign-in is refused.

    :raises NotYourself: if the person is who asks.
    :raises LastAdmin: if no other active admin is left.
    """
    if user.id == by.user_id:
        raise NotYourself
    if user.is_admin and user.is_active and not _other_admins(user):
        raise LastAdmin
    with audit.acting("deactivated"):
        user.is_active = False
    sessions.end_all(user, now=now, by=by)


def activate(user: User, *, by: Actor) -> None:
    """Let a deactivated person in again."""
    with audit.acting("activated"):
        user.is_active = True


def list_active_admins() -> list[User]:
    """Return who is told what the office should know."""
    return list(
        db.session.scalars(
            select(User).where(User.role == Role.ADMIN, User.is_active).order_by(User.id)
        )
    )


def _other_admins(user: User) -> list[int]:
    # Two admins who deactivate each other at the same moment wait for each other here.
    db.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("admins", 0))))
    return list(
        db.session.scalars(
            select(User.id)
            .where(User.role == Role.ADMIN, User.is_active, User.id != user.id)
            .execution_options(populate_existing=True)
        )
    )


def _record_creation(user: User) -> None:
    # The row was made in SQL, past the listener that watches the ORM.
    changes = {
        name: {"old": None, "new": getattr(user, name)}
        for name in ("email", "first_name", "last_name", "phone", "role")
        if getattr(user, name)
    }
    audit.record("created", by=current_actor(), entity=user, changes=changes)
