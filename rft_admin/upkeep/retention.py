"""What is deleted when its time has passed (spec: Retention by job); the audit never is."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import CursorResult, text

from rft_admin.accounts import audit
from rft_admin.bookings import requirements
from rft_admin.core import limits
from rft_admin.core.actor import Actor
from rft_admin.core.database import db
from rft_admin.messaging import settings as messaging
from rft_admin.reporting import settings as reporting

BY = Actor(label="job retention")

_SESSION_DAYS = 90
_NOTHING_CAME_OF_IT_DAYS = 90
_PAYLOAD_DAYS = 90
_INQUIRY_DAYS = 365

#: What is deleted or emptied, by name; each takes the moment before which it is too old.
_STATEMENTS: Mapping[str, tuple[str, Callable[[], int]]] = {
    "analytics_events": (
        "DELETE FROM analytics_events WHERE created_at < :before",
        lambda: reporting.analytics_retention_days(),
    ),
    "letters' texts": (
        "UPDATE email_logs SET body_text = '', body_html = '', personal_link = '{}'"
        " WHERE created_at < :before AND (body_text <> '' OR body_html <> '')",
        lambda: messaging.email_retention_days(),
    ),
    "admin_sessions": (
        "DELETE FROM admin_sessions WHERE expires_at < :before AND last_activity < :before",
        lambda: _SESSION_DAYS,
    ),
    "password_resets": (
        "DELETE FROM password_resets WHERE expires_at < :before",
        lambda: _SESSION_DAYS,
    ),
    "bookings that came to nothing": (
        "DELETE FROM bookings b WHERE b.cancelled_at < :before AND b.status = 'cancelled'"
        " AND b.confirmation_sent = false"
        " AND NOT EXISTS (SELECT FROM payment_transactions p WHERE p.booking_id = b.id)"
        " AND NOT EXISTS (SELECT FROM invoices i WHERE i.booking_id = b.id)",
        lambda: _NOTHING_CAME_OF_IT_DAYS,
    ),
    "booking_inquiries": (
        "DELETE FROM booking_inquiries WHERE created_at < :before",
        lambda: _INQUIRY_DAYS,
    ),
    "stripe_events' payloads": (
        "UPDATE stripe_events SET payload = '{}' WHERE created_at < :before"
        " AND processed_at IS NOT NULL AND payload <> '{}'",
        lambda: _PAYLOAD_DAYS,
    ),
    "stored_files": (
        "DELETE FROM stored_files f WHERE f.expires_at < :before",
        lambda: 0,
    ),
}


def run(*, now: datetime) -> dict[str, int]:
    """Delete what is too old; return how many rows of what, and leave a trail of the counts."""
    counts = {
        name: _execute(sql, before=now - timedelta(days=days()))
        for name, (sql, days) in _STATEMENTS.items()
    }
    counts["special_requirements"] = requirements.purge(now=now)
    counts["rate_limits"] = limits.sweep(now=now)
    deleted = {name: count for name, count in counts.items() if count}
    if deleted:
        audit.record("retention", by=BY, entity_type="database", changes=deleted)
    return counts


def _execute(sql: str, *, before: datetime) -> int:
    result = db.session.execute(text(sql), {"before": before})
    return result.rowcount if isinstance(result, CursorResult) else 0
