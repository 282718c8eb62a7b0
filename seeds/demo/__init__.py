"""A believable, plainly fictional quarter, told through the use cases themselves."""

from datetime import datetime, timedelta

from sqlalchemy import column, func, select, text
from sqlalchemy import table as sql_table

from rft_admin.accounts.models import User
from rft_admin.core.clock import london_date
from rft_admin.core.database import db, transact
from rft_admin.delivery import certificates, renewals
from seeds.demo import dates, extras
from seeds.demo.plan import DATES, Diary
from seeds.demo.story import CLOCK, Story
from seeds.reference import ADMIN_EMAIL

#: Notifications older than this have been read.
READ_AFTER = timedelta(days=2)

_LETTERS_SENT = text("""
    UPDATE email_logs
    SET status = 'sent', sent_at = least(created_at + interval '20 seconds', now()), attempts = 1,
        next_attempt_at = NULL
    WHERE id > :last_letter AND status = 'queued'
""")
_JOBS_GONE = text("DELETE FROM procrastinate_jobs WHERE id > :last_job AND status = 'todo'")
_NOTIFICATIONS_READ = text("""
    UPDATE notifications
    SET status = 'read', read_at = created_at + interval '3 hours'
    WHERE created_at < :read_before AND read_at IS NULL
""")


def seed_demo(*, now: datetime) -> list[str]:
    """Add the fictional quarter around this moment, once; return what was done, a line each.

    Nothing of it is sent to anybody: its letters count as sent at their moments, and its jobs
    are removed.
    """
    if _is_there():
        return ["The demo is there already."]
    lines = transact(lambda: _tell(now), by=CLOCK)
    extras.finish_report(now)
    return lines


def _is_there() -> bool:
    found = db.session.scalar(select(User.id).where(User.email == extras.INSTRUCTOR_EMAIL))
    db.session.rollback()
    return found is not None


def _tell(now: datetime) -> list[str]:
    before = {"last_letter": _last_id("email_logs"), "last_job": _last_id("procrastinate_jobs")}
    lex = db.session.scalars(select(User).where(User.email == ADMIN_EMAIL)).one()
    story = Story(now=now, office=lex)
    trainers = extras.add_trainers(lex)
    extras.add_codes(now)
    extras.add_materials()
    diary = Diary(london_date(now))
    for planned in DATES:
        dates.open_date(story, planned, diary, trainers)
    extras.plan_inquiries(story)
    extras.plan_requirements(story)
    extras.plan_report(story)
    story.at(now, _catch_up)
    story.tell()
    extras.add_visits(story)
    db.session.execute(_LETTERS_SENT, before)
    db.session.execute(_JOBS_GONE, before)
    db.session.execute(_NOTIFICATIONS_READ, {"read_before": now - READ_AFTER})
    return _count()


def _catch_up(now: datetime) -> None:
    """Let the nightly jobs have run: certificates expire, their holders are reminded."""
    certificates.expire(now=now)
    renewals.remind(now=now)


def _count() -> list[str]:
    counted = text("""
        SELECT (SELECT count(*) FROM course_schedules), (SELECT count(*) FROM bookings),
               (SELECT count(*) FROM refunds), (SELECT count(*) FROM certificates),
               (SELECT count(*) FROM email_logs)
    """)
    words = ("dates", "bookings", "refunds", "certificates", "letters")
    found = db.session.execute(counted).one()
    return [f"Demo: {', '.join(f'{n} {word}' for n, word in zip(found, words, strict=True))}."]


def _last_id(table: str) -> int:
    return int(db.session.scalar(select(func.max(column("id"))).select_from(sql_table(table))) or 0)
