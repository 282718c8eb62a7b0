"""Sending a letter: claim and commit, speak SMTP with no transaction open, record and commit."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, or_, select, update

from rft_admin.core.actor import Actor
from rft_admin.core.clock import now as clock_now
from rft_admin.core.database import db, unit_of_work
from rft_admin.messaging import attachments, notifications, personal_links, settings, transport
from rft_admin.messaging.models import EmailLog, EmailStatus, NotificationType, Priority
from rft_admin.messaging.personal_links import PLACEHOLDER

SENDER = Actor(label="job send_email")

#: A letter claimed so long ago, with nothing recorded, was maybe sent: it goes again, with the
#: same Message-ID, by which mailboxes recognise the second copy.
MAYBE_SENT_AFTER = timedelta(minutes=10)

#: How long to wait after the first, second, … temporary failure; after the last it has failed.
DELAYS = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=4),
    timedelta(hours=12),
    timedelta(hours=24),
)
TRIES = len(DELAYS) + 1
ERROR_CHARACTERS = 500


def send(*, email_log_id: int, now: datetime) -> bool:
    """Send one letter if it is due; return whether it was sent now.

    Running it twice, or in two workers at once, sends it once. Whatever breaks it off after the
    claim, the letter is taken up again ten minutes later, and given up after the last try.
    """
    with unit_of_work(by=SENDER):
        attempts = _claim(email_log_id, now=now)
    if attempts is None:
        return False
    if attempts > TRIES:
        return _record_failure(email_log_id, "Every try broke off.", retry=False, now=now)
    try:
        with unit_of_work(by=SENDER):
            letter = _compose(_read(email_log_id), now=now)
        transport.deliver(letter)
    except (attachments.AttachmentGone, personal_links.LinkGone) as gone:
        return _record_failure(email_log_id, str(gone), retry=False, now=now)
    except transport.PermanentFailure as failure:
        return _record_failure(email_log_id, str(failure), retry=False, now=now)
    except transport.TemporaryFailure as failure:
        return _record_failure(email_log_id, str(failure), retry=True, now=now)
    return _record_success(email_log_id)


def _claim(email_log_id: int, *, now: datetime) -> int | None:
    """Take the letter if it is due; return which try this is."""
    row_id = db.session.scalar(
        select(EmailLog.id)
        .where(EmailLog.id == email_log_id, _is_due(now))
        .with_for_update(key_share=True, skip_locked=True)
    )
    if row_id is None:
        return None
    # In SQL, past the audit: that a letter is on its way is no decision of anybody.
    return db.session.scalar(
        update(EmailLog)
        .where(EmailLog.id == row_id)
        .values(status=EmailStatus.SENDING, claimed_at=now, attempts=EmailLog.attempts + 1)
        .returning(EmailLog.attempts)
    )


def _is_due(now: datetime) -> ColumnElement[bool]:
    waiting = and_(EmailLog.status == EmailStatus.QUEUED, EmailLog.next_attempt_at <= now)
    stranded = and_(
        EmailLog.status == EmailStatus.SENDING, EmailLog.claimed_at <= now - MAYBE_SENT_AFTER
    )
    return or_(waiting, stranded)


def _compose(row: EmailLog, *, now: datetime) -> transport.OutgoingLetter:
    link = personal_links.make(row.personal_link) if row.personal_link else PLACEHOLDER
    return transport.OutgoingLetter(
        sender_name=settings.from_name(),
        sender_address=settings.from_address(),
        reply_to=settings.business_email(),
        recipient=row.recipient_email,
        subject=row.subject,
        text=row.body_text.replace(PLACEHOLDER, link),
        html=row.body_html.replace(PLACEHOLDER, link),
        attachments=tuple(attachments.load(row.attachments)),
        message_id=row.message_id,
        date=now,
    )


def _record_success(email_log_id: int) -> bool:
    with unit_of_work(by=SENDER):
        row = _read(email_log_id)
        row.status = EmailStatus.SENT
        # SMTP may have taken its time: this is when it was sent, not when it was begun.
        row.sent_at = clock_now()
        row.next_attempt_at = row.claimed_at = row.error_message = None
    return True


def _record_failure(email_log_id: int, reason: str, *, retry: bool, now: datetime) -> bool:
    with unit_of_work(by=SENDER):
        row = _read(email_log_id)
        again = retry and row.attempts < TRIES
        row.status = EmailStatus.QUEUED if again else EmailStatus.FAILED
        row.next_attempt_at = now + DELAYS[row.attempts - 1] if again else None
        row.claimed_at = None
        row.error_message = reason[:ERROR_CHARACTERS]
        if not again:
            _tell_office(row, now=now)
    return False


def _tell_office(row: EmailLog, *, now: datetime) -> None:
    notifications.notify_office(
        type=NotificationType.JOB_FAILED,
        title="A letter could not be sent",
        message=f"“{row.subject}” to {row.recipient_email}: {row.error_message}",
        priority=Priority.HIGH,
        action_url=f"/admin/email_logs/details/?id={row.id}",
        booking_id=row.booking_id,
        now=now,
    )


def _read(email_log_id: int) -> EmailLog:
    return db.session.scalars(
        select(EmailLog)
        .where(EmailLog.id == email_log_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()
