"""What must always be true, each with a figure anyone can read: `flask check`."""

from dataclasses import dataclass
from datetime import datetime

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


#: Places that are taken at a moment: of bookings that count, and of live inquiry holds.
_TAKEN = """
    SELECT s.id, s.max_capacity, s.current_capacity,
        (SELECT count(*) FROM booking_attendees a JOIN bookings b ON b.id = a.booking_id
          WHERE b.course_schedule_id = s.id AND a.cancelled_at IS NULL
            AND (b.status IN ('confirmed', 'completed', 'no_show')
                 OR b.status = 'pending'
                    AND (b.hold_expires_at IS NULL OR b.hold_expires_at > {moment})))
      + (SELECT coalesce(sum(i.number_of_people), 0) FROM booking_inquiries i
          WHERE i.course_session_id = s.id AND i.status IN ('pending', 'responded')
            AND i.hold_expires_at > {moment}) AS taken
    FROM course_schedules s
"""
_NOTHING_EXPIRED = """
    NOT EXISTS (SELECT FROM bookings b WHERE b.course_schedule_id = t.id
                 AND b.status = 'pending' AND b.hold_expires_at <= :now)
    AND NOT EXISTS (SELECT FROM booking_inquiries i WHERE i.course_session_id = t.id
                 AND i.status IN ('pending', 'responded') AND i.hold_expires_at <= :now)
"""
_SETTLED = "('succeeded', 'partially_refunded', 'refunded', 'disputed')"
_LOOKED_AT_WITHIN = "interval '15 minutes'"

_QUESTIONS = (
    _Question(
        "dates whose counted places differ from the counter, where no hold has expired since",
        f"SELECT count(*) FROM ({_TAKEN.format(moment=':now')}) t"  # noqa: S608 - own constants
        f" WHERE t.taken <> t.current_capacity AND {_NOTHING_EXPIRED}",
    ),
    _Question(
        "dates with more places taken than there are",
        f"SELECT count(*) FROM ({_TAKEN.format(moment=':now')}) t"  # noqa: S608 - own constants
        " WHERE t.taken > t.max_capacity",
    ),
    _Question(
        "bookings whose number of places differs from their attendees' rows",
        "SELECT count(*) FROM bookings b WHERE b.status <> 'cancelled' AND b.number_of_places <>"
        " (SELECT count(*) FROM booking_attendees a"
        "   WHERE a.booking_id = b.id AND a.cancelled_at IS NULL)",
    ),
    _Question(
        "payments that gave back more than was paid",
        "SELECT count(*) FROM payment_transactions p WHERE p.amount <"
        " (SELECT coalesce(sum(r.net_refund), 0) FROM refunds r"
        "   WHERE r.payment_transaction_id = p.id AND r.status NOT IN ('rejected', 'failed'))",
    ),
    _Question(
        "payments whose refunded sum differs from their completed refunds",
        "SELECT count(*) FROM payment_transactions p WHERE p.amount_refunded <>"
        " (SELECT coalesce(sum(r.net_refund), 0) FROM refunds r"
        "   WHERE r.payment_transaction_id = p.id AND r.status = 'completed')",
    ),
    _Question(
        "bookings said to be paid for which less has come",
        f"SELECT count(*) FROM bookings b WHERE b.payment_status = 'paid' AND b.payment_amount >"  # noqa: S608 - own constants
        " (SELECT coalesce(sum(p.amount), 0) FROM payment_transactions p"
        f"   WHERE p.booking_id = b.id AND p.status IN {_SETTLED})",
    ),
    _Question(
        "numbers missing in the series of invoices and credit notes",
        "SELECT coalesce(sum(n.last_number), 0) - (SELECT count(*) FROM invoices)"
        " FROM number_series n",
    ),
    _Question(
        "confirmed bookings without exactly one first confirmation",
        "SELECT count(*) FROM bookings b WHERE b.confirmation_sent AND 1 <>"
        " (SELECT count(*) FROM email_logs e WHERE e.booking_id = b.id"
        "   AND e.template_name = 'booking_confirmed' AND e.resend_of_id IS NULL)"
        " AND b.source <> 'import'",
    ),
    _Question(
        "confirmed bookings that were never sent a confirmation",
        "SELECT count(*) FROM bookings WHERE status = 'confirmed' AND NOT confirmation_sent"
        " AND source <> 'import'",
    ),
    _Question(
        "people with two live certificates of one date",
        "SELECT count(*) FROM (SELECT FROM certificates WHERE status <> 'revoked'"
        " AND superseded_by_id IS NULL GROUP BY attendee_id, course_schedule_id"
        " HAVING count(*) > 1) doubled",
    ),
    _Question(
        "discount codes used more often than they may be",
        "SELECT count(*) FROM discount_codes WHERE usage_count > usage_limit",
    ),
    _Question(
        "pending bookings past their hold that nobody looked at for a quarter of an hour",
        "SELECT count(*) FROM bookings WHERE status = 'pending'"
        f" AND hold_expires_at < CAST(:now AS timestamptz) - {_LOOKED_AT_WITHIN}"  # noqa: S608 - own constants
        " AND EXISTS (SELECT FROM procrastinate_workers)",
    ),
    _Question(
        "expired holds, not tidied yet",
        "SELECT (SELECT count(*) FROM bookings WHERE status = 'pending'"
        " AND hold_expires_at <= :now) + (SELECT count(*) FROM booking_inquiries"
        " WHERE status IN ('pending', 'responded') AND hold_expires_at <= :now)",
        is_only_told=True,
    ),
)


def check_all(*, now: datetime) -> list[Invariant]:
    """Return every invariant with its figure at that moment."""
    invariants = []
    for question in _QUESTIONS:
        figure = int(db.session.scalar(text(question.sql), {"now": now}) or 0)
        holds = question.is_only_told or figure == 0
        invariants.append(Invariant(question.name, figure, holds))
    return invariants
