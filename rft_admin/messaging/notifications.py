"""Notifications: what the office should know, shown at the bell."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select

from rft_admin.accounts import people
from rft_admin.accounts.models import User
from rft_admin.core.clock import now as clock_now
from rft_admin.core.database import db
from rft_admin.messaging.models import (
    Notification,
    NotificationStatus,
    NotificationType,
    Priority,
)

SHOWN = 20


def notify_office(
    *,
    type: NotificationType | str,
    title: str,
    now: datetime,
    message: str = "",
    priority: Priority | str = Priority.MEDIUM,
    action_url: str = "",
    booking_id: int | None = None,
    course_id: int | None = None,
    expires_at: datetime | None = None,
) -> list[Notification]:
    """Tell every active admin; return the notifications.

    :param action_url: the path of the screen where the matter is dealt with.
    """
    return [
        notify(
            admin,
            type=type,
            title=title,
            now=now,
            message=message,
            priority=priority,
            action_url=action_url,
            booking_id=booking_id,
            course_id=course_id,
            expires_at=expires_at,
        )
        for admin in people.list_active_admins()
    ]


def notify(
    user: User,
    *,
    type: NotificationType | str,
    title: str,
    now: datetime,
    message: str = "",
    priority: Priority | str = Priority.MEDIUM,
    action_url: str = "",
    booking_id: int | None = None,
    course_id: int | None = None,
    expires_at: datetime | None = None,
) -> Notification:
    """Tell one person of the office."""
    notification = Notification(
        user=user,
        type=NotificationType(type),
        title=title,
        message=message,
        priority=Priority(priority),
        action_url=action_url,
        booking_id=booking_id,
        course_id=course_id,
        expires_at=expires_at,
        # The bell is its delivery: from the commit on it can be seen.
        status=NotificationStatus.DELIVERED,
        created_at=now,
    )
    db.session.add(notification)
    db.session.flush()
    return notification


def list_unread(user: User, *, now: datetime | None = None) -> list[Notification]:
    """Return what the user has not read yet, the newest first, at most a screenful."""
    return list(
        db.session.scalars(
            select(Notification)
            .where(_is_unread(user.id, now or clock_now()))
            .order_by(Notification.created_at.desc(), Notification.id.desc())
            .limit(SHOWN)
        )
    )


def count_unread(user: User, *, now: datetime | None = None) -> int:
    """Return how many notifications wait for the user."""
    return int(db.session.scalar(select(unread_count(user.id, now=now or clock_now()))) or 0)


def unread_count(user_id: Any, *, now: Any) -> ColumnElement[int]:
    """Return how many notifications wait for the user, for whoever asks more at once.

    :param user_id: a number or an expression, as is the moment.
    """
    unread = select(func.count()).select_from(Notification).where(_is_unread(user_id, now))
    return unread.scalar_subquery()


def mark_read(notification: Notification, *, now: datetime) -> None:
    """Write down that the reader has seen it; a second time changes nothing."""
    if notification.read_at is None:
        notification.read_at = now
        notification.status = NotificationStatus.READ
        db.session.flush()


def _is_unread(user_id: Any, now: Any) -> ColumnElement[bool]:
    return and_(
        Notification.user_id == user_id,
        Notification.read_at.is_(None),
        Notification.show_in_app,
        or_(Notification.expires_at.is_(None), Notification.expires_at > now),
    )
