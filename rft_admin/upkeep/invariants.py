"""What must always be true, each with a figure anyone can read: `flask check`."""

from dataclasses import dataclass
from datetime import datetime
from string import Template

from sqlalchemy import text

from rft_admin.core.database import db


@dataclass(frozen=True)
class Invariant:
    """One statement about the whole database."""

    name: str
    #: How many rows were found: of those that break it, or, where nothing can break, to know.
    figure: int
    holds: bool


@dataclass(frozen=True)
class _Question:
    name: str
    sql: str
    #: The figure is told and breaks nothing.
    is_only_told: bool = False


#: What several questions ask for: counted from the rows, not by the triggers' own function.
_PARTS = {
    "taken": """
        SELECT s.id, s.max_capacity, s.current_capacity,
            (SELECT count(*) FROM booking_attendees a JOIN bookings b ON b.id = a.booking_id
              WHERE b.course_schedule_id = s.id AND a.cancelled_at IS NULL
                AND (b.status IN ('confirmed', 'completed', 'no_show')
                     OR b.status = 'pending'
                        AND (b.hold_expires_at IS NULL OR b.hold_expires_at > :now)))
          + (SELECT coalesce(sum(i.number_of_people), 0) FROM booking_inquiries i
              WHERE i.course_session_id = s.id AND i.status IN ('pending', 'responded')
                AND i.hold_expires_at > :now) AS taken
        FROM course_schedules s
    """,
    "settled": "('succeeded', 'partially_refunded', 'refunded', 'disputed')",
}

_QUESTIONS = (
    _Question(
        "dates whose counted places differ from the counter, where no hold has expired since",
        """
        SELECT count(*) FROM ($taken) t WHERE t.taken <> t.current_capacity
        AND NOT EXISTS (SELECT FROM bookings b WHERE b.course_schedule_id = t.id
                         AND b.status = 'pending' AND b.hold_expires_at <= :now)
        AND NOT EXISTS (SELECT FROM booking_inquiries i WHERE i.course_session_id = t.id
                         AND i.status IN ('pending', 'responded') AND i.hold_expires_at <= :now)
        """,
    ),
    _Question(
        "dates with more places taken than there are",
        "SELECT count(*) FROM ($taken) t WHERE t.taken > t.max_capacity",
    ),
    _Question(
        "bookings whose number of places differs from their attendees' rows",
        """
        SELECT count(*) FROM bookings b WHERE b.status <> 'cancelled' AND b.number_of_places <>
            (SELECT count(*) FROM booking_attendees a
              WHERE a.booking_id = b.id AND a.cancelled_at IS NULL)
        """,
    ),
    _Question(
        "dates whose start or end is not that of their days",
        """
        SELECT count(*) FROM course_schedules s LEFT JOIN (
            SELECT course_schedule_id, min(starts_at) AS starts_at, max(ends_at) AS ends_at
            FROM course_schedule_days GROUP BY course_schedule_id
        ) d ON d.course_schedule_id = s.id
        WHERE (d.starts_at, d.ends_at) IS DISTINCT FROM (s.start_datetime, s.end_datetime)
        """,
    ),
    _Question(
        "payments that gave back more than was paid",
        """
        SELECT count(*) FROM payment_transactions p WHERE p.amount <
            (SELECT coalesce(sum(r.net_refund), 0) FROM refunds r
              WHERE r.payment_transaction_id = p.id AND r.status NOT IN ('rejected', 'failed'))
        """,
    ),
    _Question(
        "payments whose refunded sum differs from their completed refunds",
        """
        SELECT count(*) FROM payment_transactions p WHERE p.amount_refunded <>
            (SELECT coalesce(sum(r.net_refund), 0) FROM refunds r
              WHERE r.payment_transaction_id = p.id AND r.status = 'completed')
        """,
    ),
    _Question(
        "bookings said to be paid for which less has come",
        """
        SELECT count(*) FROM bookings b WHERE b.payment_status = 'paid' AND b.payment_amount >
            (SELECT coalesce(sum(p.amount - p.amount_refunded), 0) FROM payment_transactions p
              WHERE p.booking_id = b.id AND p.status IN $settled)
        """,
    ),
    _Question(
        "series of invoices or credit notes with a gap after their first kept number",
        """
        SELECT count(*) FROM number_series n JOIN (
            SELECT regexp_replace(invoice_number, '-[0-9]+$$', '') AS name, count(*) AS made,
                   min(right(invoice_number, 5)::integer) AS first
            FROM invoices GROUP BY 1
        ) i USING (name)
        WHERE i.made <> n.last_number - i.first + 1
        """,
    ),
    _Question(
        "bookings said to be told of their confirmation without exactly one first letter",
        """
        SELECT count(*) FROM bookings b WHERE b.confirmation_sent AND b.source <> 'import'
        AND 1 <> (SELECT count(*) FROM email_logs e WHERE e.booking_id = b.id
                   AND e.template_name = 'booking_confirmed' AND e.resend_of_id IS NULL)
        """,
    ),
    _Question(
        "confirmed bookings that were never sent a confirmation",
        """
        SELECT count(*) FROM bookings
        WHERE status = 'confirmed' AND NOT confirmation_sent AND source <> 'import'
        """,
    ),
    _Question(
        "people with two live certificates of one date",
        """
        SELECT count(*) FROM (
            SELECT FROM certificates WHERE status <> 'revoked' AND superseded_by_id IS NULL
            GROUP BY attendee_id, course_schedule_id HAVING count(*) > 1
        ) doubled
        """,
    ),
    _Question(
        "certificates whose stored PDF is not the one that was issued",
        """
        SELECT count(*) FROM certificates c JOIN stored_files f ON f.id = c.stored_file_id
        WHERE f.sha256 <> c.pdf_sha256
           OR encode(sha256(f.content), 'hex') <> c.pdf_sha256
        """,
    ),
    _Question(
        "discount codes used more often than they may be, or counted wrongly",
        """
        SELECT count(*) FROM discount_codes d WHERE d.usage_count > d.usage_limit
        OR d.usage_count <> (SELECT count(*) FROM bookings b
                              WHERE b.discount_code_id = d.id AND b.status <> 'cancelled')
        """,
    ),
    _Question(
        "pending bookings past their hold for a quarter of an hour although a worker lives",
        """
        SELECT count(*) FROM bookings WHERE status = 'pending'
        AND hold_expires_at < CAST(:now AS timestamptz) - interval '15 minutes'
        AND EXISTS (SELECT FROM procrastinate_workers
                     WHERE last_heartbeat > CAST(:now AS timestamptz) - interval '2 minutes')
        """,
    ),
    _Question(
        "expired holds, not tidied yet",
        """
        SELECT (SELECT count(*) FROM bookings
                 WHERE status = 'pending' AND hold_expires_at <= :now)
             + (SELECT count(*) FROM booking_inquiries
                 WHERE status IN ('pending', 'responded') AND hold_expires_at <= :now)
        """,
        is_only_told=True,
    ),
)


def check_all(*, now: datetime) -> list[Invariant]:
    """Return every invariant with its figure at that moment."""
    return [_ask(question, now) for question in _QUESTIONS]


def _ask(question: _Question, now: datetime) -> Invariant:
    sql = Template(question.sql).substitute(_PARTS)
    figure = int(db.session.scalar(text(sql), {"now": now}) or 0)
    return Invariant(question.name, figure, question.is_only_told or figure == 0)
