"""What is deleted when its time has passed (spec: Retention by job); the audit never is."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import CursorResult, text

from rft_admin.accounts import audit
from rft_admin.bookings import requirements
from rft_admin.core import clock, limits
from rft_admin.core.actor import Actor
from rft_admin.core.clock import london_date
from rft_admin.core.database import db
from rft_admin.messaging import settings as messaging
from rft_admin.reporting import settings as reporting
from rft_admin.upkeep import erasure

BY = Actor(label="job retention")

_SESSION_DAYS = 90
_NOTHING_CAME_OF_IT_DAYS = 90
_PAYLOAD_DAYS = 90
_FAILED_JOB_DAYS = 90
#: What they did stays in the audit.
_ACTION_RUN_DAYS = 90
_INQUIRY_DAYS = 365
#: After the certificate has expired, or would have.
_PROOF_YEARS = 3
#: Taxes Management Act 1970, section 12B, and one year to spare: after the end of the tax year.
_MONEY_YEARS = 6
_NOTHING_LEFT_DAYS = 730


@dataclass(frozen=True)
class _Rule:
    """What goes, and after how many days; `:before` is the moment so long ago."""

    name: str
    sql: str
    days: Callable[[], int]


_RULES = (
    _Rule(
        "analytics_events",
        "DELETE FROM analytics_events WHERE created_at < :before",
        lambda: reporting.analytics_retention_days(),
    ),
    _Rule(
        "letters' texts",
        """
        UPDATE email_logs SET body_text = '', body_html = '', personal_link = '{}'
        WHERE created_at < :before AND status NOT IN ('queued', 'sending')
        AND (body_text <> '' OR body_html <> '')
        """,
        lambda: messaging.email_retention_days(),
    ),
    _Rule(
        "admin_sessions",
        "DELETE FROM admin_sessions WHERE expires_at < :before AND last_activity < :before",
        lambda: _SESSION_DAYS,
    ),
    _Rule(
        "password_resets",
        "DELETE FROM password_resets WHERE expires_at < :before",
        lambda: _SESSION_DAYS,
    ),
    _Rule(
        "attempts to pay that came to nothing",
        """
        DELETE FROM payment_transactions p USING bookings b
        WHERE b.id = p.booking_id AND b.status = 'cancelled' AND NOT b.confirmation_sent
        AND b.cancelled_at < :before AND p.status IN ('pending', 'failed', 'cancelled')
        AND NOT EXISTS (SELECT FROM reconciliation_differences d
                         WHERE d.payment_transaction_id = p.id)
        """,
        lambda: _NOTHING_CAME_OF_IT_DAYS,
    ),
    _Rule(
        "bookings that came to nothing",
        """
        DELETE FROM bookings b WHERE b.cancelled_at < :before AND b.status = 'cancelled'
        AND NOT b.confirmation_sent
        AND NOT EXISTS (SELECT FROM payment_transactions p WHERE p.booking_id = b.id)
        AND NOT EXISTS (SELECT FROM invoices i WHERE i.booking_id = b.id)
        """,
        lambda: _NOTHING_CAME_OF_IT_DAYS,
    ),
    _Rule(
        "booking_inquiries",
        "DELETE FROM booking_inquiries WHERE created_at < :before",
        lambda: _INQUIRY_DAYS,
    ),
    _Rule(
        "stripe_events' payloads",
        """
        UPDATE stripe_events SET payload = '{}'
        WHERE created_at < :before AND processed_at IS NOT NULL AND payload <> '{}'
        """,
        lambda: _PAYLOAD_DAYS,
    ),
    _Rule(
        "stored_files",
        "DELETE FROM stored_files WHERE expires_at < :before",
        lambda: 0,
    ),
    _Rule(
        "action_runs",
        "DELETE FROM action_runs WHERE created_at < :before",
        lambda: _ACTION_RUN_DAYS,
    ),
    _Rule(
        "failed jobs",
        """
        DELETE FROM procrastinate_jobs WHERE status IN ('failed', 'aborted', 'cancelled')
        AND id IN (SELECT job_id FROM procrastinate_events GROUP BY job_id
                    HAVING max(at) < :before)
        """,
        lambda: _FAILED_JOB_DAYS,
    ),
)

_CERTIFICATES = """
    WITH gone AS (
        DELETE FROM certificates c WHERE c.expiry_date < :day
        AND NOT EXISTS (SELECT FROM certificates older
                         WHERE older.superseded_by_id = c.id AND older.expiry_date >= :day)
        RETURNING stored_file_id
    ), files AS (
        DELETE FROM stored_files WHERE id IN (SELECT stored_file_id FROM gone)
    )
    SELECT count(*) FROM gone
"""
_ATTENDANCE = """
    DELETE FROM attendance_records r USING course_schedules s, courses c
    WHERE s.id = r.course_session_id AND c.id = s.course_id
    AND r.session_date + make_interval(years => c.certification_validity_years) < :day
    AND NOT EXISTS (SELECT FROM certificates k WHERE k.attendee_id = r.attendee_id)
"""
#: Bookings go with their money, whole: what was paid always belongs to a booking.
_OLD_BOOKINGS = """
    CREATE TEMP TABLE old_bookings ON COMMIT DROP AS
    SELECT b.id FROM bookings b JOIN course_schedules s ON s.id = b.course_schedule_id
    WHERE s.end_datetime < :day AND b.created_at < :day
    AND b.status IN ('completed', 'no_show', 'cancelled')
    AND NOT EXISTS (SELECT FROM payment_transactions p
                     WHERE p.booking_id = b.id AND p.created_at >= :day)
    AND NOT EXISTS (SELECT FROM refunds r WHERE r.booking_id = b.id AND r.requested_at >= :day)
    AND NOT EXISTS (SELECT FROM invoices i WHERE i.booking_id = b.id AND i.issue_date >= :day)
    AND NOT EXISTS (SELECT FROM certificates c WHERE c.booking_id = b.id)
    AND NOT EXISTS (SELECT FROM attendance_records a WHERE a.booking_id = b.id)
"""
_MONEY = (
    """
    WITH gone AS (
        DELETE FROM invoices WHERE booking_id IN (SELECT id FROM old_bookings)
        RETURNING stored_file_id
    )
    DELETE FROM stored_files WHERE id IN (SELECT stored_file_id FROM gone)
    """,
    """
    DELETE FROM reconciliation_differences d USING payment_transactions p
    WHERE p.id = d.payment_transaction_id AND p.booking_id IN (SELECT id FROM old_bookings)
    """,
    "DELETE FROM refunds WHERE booking_id IN (SELECT id FROM old_bookings)",
    "DELETE FROM payment_transactions WHERE booking_id IN (SELECT id FROM old_bookings)",
    "DELETE FROM bookings WHERE id IN (SELECT id FROM old_bookings)",
)


def run(*, now: datetime) -> dict[str, int]:
    """Delete what is too old; return how many rows of what, and leave a trail of the counts."""
    today = london_date(now)
    counts = {
        rule.name: _execute(rule.sql, before=now - timedelta(days=rule.days())) for rule in _RULES
    }
    counts["special_requirements"] = requirements.purge(now=now)
    counts["rate_limits"] = limits.sweep(now=now)
    proof_day = clock.add_years(today, -_PROOF_YEARS)
    counts["certificates"] = int(db.session.scalar(text(_CERTIFICATES), {"day": proof_day}) or 0)
    counts["attendance_records"] = _execute(_ATTENDANCE, day=proof_day)
    counts["bookings with their money"] = _delete_money(first_day_of_kept_money(today))
    counts["customers"] = erasure.blank_forgotten(
        before=now - timedelta(days=_NOTHING_LEFT_DAYS), now=now
    )
    deleted = {name: count for name, count in counts.items() if count}
    if deleted:
        audit.record("retention", by=BY, entity_type="database", changes=deleted)
    return counts


def first_day_of_kept_money(today: date) -> date:
    """Return the first day whose money is kept: six years before the running tax year began."""
    begins = today.replace(month=4, day=6)
    if today < begins:
        begins = clock.add_years(begins, -1)
    return clock.add_years(begins, -_MONEY_YEARS)


def _delete_money(day: date) -> int:
    db.session.execute(text("DROP TABLE IF EXISTS old_bookings"))
    db.session.execute(text(_OLD_BOOKINGS), {"day": day})
    counts = [_execute(sql) for sql in _MONEY]
    return counts[-1]


def _execute(sql: str, **parameters: object) -> int:
    result = db.session.execute(text(sql), parameters)
    return result.rowcount if isinstance(result, CursorResult) else 0
