"""Who is at the office's door: the signed-in person, and the actor that services are told."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from flask import g, request
from flask_login import AnonymousUserMixin, UserMixin, current_user

from rft_admin.accounts.models import AdminSession, User
from rft_admin.core.actor import Actor
from rft_admin.core.database import db

USER_AGENT_CHARACTERS = 400


@dataclass(frozen=True)
class Surroundings:
    """What every page tells besides its own matter, as the request found it."""

    unread: int
    #: When a worker last reported.
    worker_seen: datetime | None


class SignedIn(UserMixin):  # type: ignore[misc] # Flask-Login has no types
    """A live office session and its user, as Flask-Login wants to see them."""

    def __init__(self, session: AdminSession, user: User, around: Surroundings) -> None:
        self.session = session
        self.user = user
        self.around = around

    def get_id(self) -> str:
        """Return the user's id as text."""
        return str(self.user.id)


class Visitor(AnonymousUserMixin):  # type: ignore[misc] # Flask-Login has no types
    """Somebody who is not signed in."""

    session = None
    user = None


def signed_in() -> SignedIn | None:
    """Return who is signed in to the office in this request, or None."""
    # What stands behind the proxy: a page asks some two hundred times.
    found = current_user._get_current_object()
    return cast(SignedIn, found) if found.is_authenticated else None


@contextmanager
def acting_as(user_id: int) -> Iterator[None]:
    """Let a job act with the rights of an office user, as they are at each moment."""
    g.acting_user_id = user_id
    try:
        yield
    finally:
        g.pop("acting_user_id", None)


def signed_in_user() -> User | None:
    """Return the signed-in user, the one whom a job acts for, or None."""
    if "acting_user_id" in g:
        return db.session.get(User, g.acting_user_id)
    found = signed_in()
    return found.user if found else None


def current_actor_from_request(*, label: str = "visitor", reason: str | None = None) -> Actor:
    """Return the actor of this request.

    :param label: what the trail shows when nobody is signed in.
    :param reason: why, when the action asks for it.
    """
    user = signed_in_user()
    return Actor(
        user_id=user.id if user else None,
        label=str(user) if user else label,
        ip_address=request.remote_addr,
        user_agent=request.user_agent.string[:USER_AGENT_CHARACTERS] or None,
        request_id=g.get("request_id"),
        reason=reason,
    )
