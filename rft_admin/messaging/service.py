"""Letters: written and queued in the transaction that causes them."""

from datetime import datetime, timedelta
from email.utils import make_msgid
from typing import Any

from sqlalchemy import or_, select

from rft_admin.core import queue, templating
from rft_admin.core.actor import Actor
from rft_admin.core.database import Json, db
from rft_admin.core.errors import DomainError
from rft_admin.messaging import settings
from rft_admin.messaging.models import EmailLog, EmailStatus
from rft_admin.messaging.personal_links import PLACEHOLDER
from rft_admin.messaging.sending import MAYBE_SENT_AFTER, send

__all__ = ["CannotResend", "letter_context", "queue_letter", "resend", "send", "sweep_due"]

#: How many letters one sweep hands to the worker.
SWEEP_SIZE = 50
#: A new letter has its own job; the sweep steps in when that has not come in so long.
SWEEP_GRACE = timedelta(minutes=1)


class CannotResend(DomainError):
    """The text of this letter has been removed, as its time was over. It cannot be sent again."""


def queue_letter(
    *,
    template: str,
    to: str,
    subject: str,
    context: Json,
    now: datetime,
    booking_id: int | None = None,
    attachments: list[Json] | None = None,
    personal_link: Json | None = None,
) -> EmailLog:
    """Write a letter and queue it; a rollback takes both back.

    :param template: the name of `templates/email/<template>.html` and `.txt`; they print the
        context and, as `link`, the personal link.
    :param attachments: references, see :func:`attachments.load`.
    :param personal_link: what the link opens, see :func:`personal_links.make`; the letter that
        is stored shows a placeholder.
    """
    words = letter_context(subject) | context | {"link": PLACEHOLDER if personal_link else ""}
    letter = EmailLog(
        recipient_email=to.strip(),
        subject=" ".join(subject.split()),
        template_name=template,
        body_text=templating.render(f"email/{template}.txt", **words),
        body_html=templating.render(f"email/{template}.html", **words),
        attachments=attachments or [],
        personal_link=personal_link or {},
        booking_id=booking_id,
        message_id=_new_message_id(),
        next_attempt_at=now,
    )
    return _queue(letter)


def letter_context(subject: str) -> dict[str, Any]:
    """Return what the layout of every letter prints: the subject and the business's words."""
    return {
        "subject": subject,
        "business_name": settings.business_name(),
        "business_email": settings.business_email(),
        "business_phone": settings.business_phone(),
        "business_address": settings.business_address(),
    }


def resend(letter: EmailLog, *, now: datetime, by: Actor) -> EmailLog:
    """Queue a copy of a letter, with a personal link and attachments made anew.

    :raises CannotResend: if its text was removed by the retention.
    """
    if not letter.body_text and not letter.body_html:
        raise CannotResend
    copy = EmailLog(
        recipient_email=letter.recipient_email,
        subject=letter.subject,
        template_name=letter.template_name,
        body_text=letter.body_text,
        body_html=letter.body_html,
        attachments=letter.attachments,
        personal_link=letter.personal_link,
        booking_id=letter.booking_id,
        resend_of_id=letter.id,
        message_id=_new_message_id(),
        next_attempt_at=now,
    )
    return _queue(copy)


def sweep_due(*, now: datetime) -> list[int]:
    """Queue a job for every letter that is due and has none; return their ids.

    Due are retries whose time has come, new letters whose job was lost, and letters of which
    nobody wrote down within ten minutes whether they were sent.
    """
    waiting = (EmailLog.status == EmailStatus.QUEUED) & or_(
        EmailLog.next_attempt_at <= now - SWEEP_GRACE,
        (EmailLog.attempts > 0) & (EmailLog.next_attempt_at <= now),
    )
    stranded = (EmailLog.status == EmailStatus.SENDING) & (
        EmailLog.claimed_at <= now - MAYBE_SENT_AFTER
    )
    due = list(
        db.session.scalars(
            select(EmailLog.id)
            .where(waiting | stranded)
            .order_by(EmailLog.next_attempt_at, EmailLog.id)
            .limit(SWEEP_SIZE)
        )
    )
    for letter_id in due:
        queue.defer("send_email", email_log_id=letter_id)
    return due


def _queue(letter: EmailLog) -> EmailLog:
    db.session.add(letter)
    db.session.flush()
    queue.defer("send_email", email_log_id=letter.id)
    return letter


def _new_message_id() -> str:
    domain = settings.from_address().rpartition("@")[2]
    return make_msgid(domain=domain or "localhost")
