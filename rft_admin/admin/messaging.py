"""The screens of letters and notifications."""

from typing import Any

from rft_admin.admin.actions import Action, Consequences, Done, Order, letter_to
from rft_admin.admin.actor import current_actor_from_request
from rft_admin.admin.base import ListScope, TableView
from rft_admin.admin.choosing import safe_return
from rft_admin.admin.registry import details_address, screen
from rft_admin.messaging import notifications
from rft_admin.messaging import service as letters
from rft_admin.messaging.models import EmailLog, EmailStatus, Notification, NotificationType


def _resend(letter: Any, order: Order) -> Done:
    again = letters.resend(letter, now=order.now, by=order.by)
    return Done(f"“{letter.subject}” queued again.", details_address(again))


def _mark_read(notification: Any, order: Order) -> Done:
    notifications.mark_read(notification, now=order.now)
    return Done("Marked as read.", None)


@screen(EmailLog)
class EmailLogView(TableView):
    """Every letter with its text."""

    group, icon, title, singular = "Letters", "mail", "Letters", "letter"
    question = "What was written to whom, and did it go out?"
    read_only_because = "Letters are kept as they were sent; they can be sent again."
    column_list = (
        "subject",
        "recipient_email",
        "template_name",
        "status",
        "created_at",
        "sent_at",
        "attempts",
    )
    column_searchable_list = ("subject", "recipient_email", "template_name")
    column_filters = ("status", "template_name", "booking_id", "created_at", "sent_at")
    default_order = (("id", True),)
    main_date = "created_at"
    not_in_details = ("body_html",)
    scopes = {
        "waiting": ListScope(
            "Waiting", lambda: EmailLog.status.in_((EmailStatus.QUEUED, EmailStatus.SENDING))
        ),
        "failed": ListScope(
            "Failed", lambda: EmailLog.status.in_((EmailStatus.FAILED, EmailStatus.BOUNCED))
        ),
    }
    actions = (
        Action(
            name="resend",
            label="Send again",
            question="A new copy of each letter is queued, with a new personal link.",
            run=_resend,
            consequences=lambda rows: Consequences(
                letters=[letter_to(row.template_name, row.recipient_email) for row in rows]
            ),
        ),
    )


@screen(Notification)
class NotificationView(TableView):
    """What the bell shows."""

    group, icon, singular = "Letters", "bell", "notification"
    question = "What should somebody of the office know or do?"
    column_list = ("title", "type", "priority", "user_id", "status", "created_at")
    column_searchable_list = ("title", "message")
    column_filters = ("type", "priority", "status", "user_id", "created_at")
    default_order = (("id", True),)
    scopes = {
        "unread": ListScope("Unread", lambda: Notification.read_at.is_(None)),
        "faults": ListScope(
            "Faults of jobs",
            lambda: (
                (Notification.type == NotificationType.JOB_FAILED)
                & (Notification.user_id == current_actor_from_request().user_id)
                & Notification.read_at.is_(None)
            ),
        ),
    }
    not_in_form = {
        "read_at": "written by Mark as read",
        "status": "follows what became of it",
        "send_sms": "no text messages are sent",
    }
    empty_words = "Inquiries, refund requests and faults of jobs are told here."
    actions = (
        Action(
            name="mark_read",
            label="Mark as read",
            question="The bell counts these no longer.",
            run=_mark_read,
            hindrance=lambda row: "Read already." if row.is_read else None,
        ),
    )

    def links(self, row: Any) -> list[tuple[str, str]]:
        """Lead to what the notification is about."""
        address = safe_return(row.action_url)
        return [("Open", address)] if address else []
