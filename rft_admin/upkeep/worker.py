"""Whether the worker lives: letters, payments and certificates wait for it."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, literal_column, select, text

from rft_admin.core.database import db

SILENCE_ALLOWED = timedelta(minutes=2)
#: When a worker last reported, as an expression for whoever asks more at once.
LAST_SEEN: ColumnElement[datetime | None] = literal_column(
    "greatest((SELECT max(last_heartbeat) FROM procrastinate_workers),"
    " (SELECT to_timestamp(max(defer_timestamp)) FROM procrastinate_periodic_defers))"
)


def last_seen() -> datetime | None:
    """Return when a worker last reported, or None if none ever did.

    A worker that was stopped takes its row along; what it last started by the clock stays.
    """
    return db.session.scalar(select(LAST_SEEN))


def is_silent(*, now: datetime) -> bool:
    """Return whether no worker has reported for two minutes."""
    return is_silence(last_seen(), now=now)


def is_silence(seen: datetime | None, *, now: datetime) -> bool:
    """Return whether a worker that last reported then is silent now."""
    return seen is None or now - seen > SILENCE_ALLOWED


def oldest_due_letter(*, now: datetime) -> datetime | None:
    """Return since when the longest-waiting letter has been due, or None if none is."""
    due: datetime | None = db.session.scalar(
        text(
            "SELECT min(coalesce(next_attempt_at, created_at)) FROM email_logs"
            " WHERE status = 'queued' AND coalesce(next_attempt_at, created_at) <= :now"
        ),
        {"now": now},
    )
    return due
