"""What must always be true, each with a figure anyone can read: `flask check`."""

from dataclasses import dataclass
from datetime import datetime
from string import Template

from sqlalchemy import text

from rft_admin.bookings.placing import HOLD_EXPIRED, REPLACED
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
    "ledger": """
        SELECT b.id, b.status, b.payment_status, b.payment_amount, b.cancellation_reason,
            coalesce(sum(p.amount), 0) AS paid, coalesce(sum(p.amount_refunded), 0) AS returned
        FROM bookings b LEFT JOIN payment_transactions p
            ON p.booking_id = b.id
           AND p.status IN ('succeeded', 'partially_refunded', 'refunded', 'disputed')
        GROUP BY b.id
    """,
    "lost_places": f"('{HOLD_EXPIRED}', '{REPLACED}')",
}

_QUESTIONS = (
    _Question(
        "actions taken whose counts are not those of their rows",
        """
        SELECT count(*) FROM action_runs a WHERE (a.row_count, a.done_count, a.refused_count) <> (
            SELECT count(*), count(*) FILTER (WHERE r.outcome = 'done'),
                   count(*) FILTER (WHERE r.outcome = 'refused')
            FROM action_run_rows r WHERE r.action_run_id = a.id)
        """,
    ),
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
        "payments whose status is not what was given back of them",
        """
        SELECT count(*) FROM payment_transactions p WHERE p.status <> 'disputed' AND CASE
            WHEN p.amount_refunded = 0 THEN p.status IN ('partially_refunded', 'refunded')
            WHEN p.amount_refunded < p.amount THEN p.status <> 'partially_refunded'
            ELSE p.status <> 'refunded' END
        """,
    ),
    _Question(
        "bookings whose payment status is not what the ledger says",
        """
        SELECT count(*) FROM ($ledger) l WHERE CASE l.payment_status
            WHEN 'paid' THEN l.payment_amount > 0 AND l.paid = 0
            WHEN 'refunded' THEN l.returned = 0 OR l.paid > l.returned
            WHEN 'partially_refunded' THEN l.returned = 0 OR l.paid <= l.returned
            ELSE l.returned > 0 OR l.paid > 0 AND l.paid >= l.payment_amount END
        """,
    ),
    _Question(
        "bookings that lost their places and kept their money",
        """
        SELECT count(*) FROM ($ledger) l
        WHERE l.status = 'cancelled' AND l.cancellation_reason IN $lost_places
        AND l.paid > (SELECT coalesce(sum(r.net_refund), 0) FROM refunds r
                       WHERE r.booking_id = l.id AND r.status <> 'rejected')
        """,
    ),
    _Question(
        "invoices that credit notes take back more than once",
        """
        SELECT count(*) FROM invoices i WHERE i.kind = 'invoice' AND i.total <
            (SELECT coalesce(sum(c.total), 0) FROM invoices c WHERE c.credits_invoice_id = i.id)
        """,
    ),
    _Question(
        "bookings with two live invoices",
        """
        SELECT count(*) FROM (
            SELECT FROM invoices i WHERE i.kind = 'invoice' AND i.total >
                (SELECT coalesce(sum(c.total), 0) FROM invoices c WHERE c.credits_invoice_id = i.id)
            GROUP BY i.booking_id HAVING count(*) > 1
        ) doubled
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
        "differences with Stripe that wait for a person",
        "SELECT count(*) FROM reconciliation_differences WHERE status = 'open'",
        is_only_told=True,
    ),
    _Question(
        "bookings on invoice that were not billed yet",
        """
        SELECT count(*) FROM bookings b WHERE b.payment_method_chosen = 'invoice'
        AND b.status IN ('confirmed', 'completed', 'no_show') AND b.payment_status = 'pending'
        AND b.payment_amount > 0
        AND NOT EXISTS (SELECT FROM invoices i WHERE i.booking_id = b.id AND i.kind = 'invoice')
        """,
        is_only_told=True,
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
