"""Letters and notifications: what was told to whom, and whether it arrived."""

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from rft_admin.accounts.models import User
from rft_admin.core.database import (
    Audited,
    EmailAddress,
    Json,
    LongText,
    Model,
    Versioned,
    WebLink,
    enum_column,
    search_index,
)


class EmailStatus(enum.StrEnum):
    """Where a letter is on its way."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    BOUNCED = "bounced"
    CANCELLED = "cancelled"


class EmailLog(Model):
    """One letter with its text, from the queue to the recipient."""

    __tablename__ = "email_logs"
    titled_by = ("subject", "recipient_email")
    __table_args__ = (
        CheckConstraint("attempts >= 0", name="attempts"),
        Index("ix_email_logs_created_at", "created_at"),
        Index("ix_email_logs_status", "status", "id"),
        Index("ix_email_logs_due", "next_attempt_at", postgresql_where=text("status = 'queued'")),
        search_index("email_logs", "subject", "recipient_email::text", "template_name"),
    )
    __searched__ = ("subject", "recipient_email", "template_name")

    recipient_email: Mapped[EmailAddress] = mapped_column(index=True, info={"label": "Recipient"})
    subject: Mapped[str]
    template_name: Mapped[str] = mapped_column(
        index=True, info={"label": "Letter", "shown_as": "words"}
    )
    status: Mapped[EmailStatus] = enum_column(
        "status",
        EmailStatus,
        default=EmailStatus.QUEUED,
        server_default=EmailStatus.QUEUED.value,
    )
    sent_at: Mapped[datetime | None] = mapped_column(index=True)
    error_message: Mapped[LongText | None]
    #: "[personal link]" stands where the sent letter carries a secret.
    body_text: Mapped[LongText] = mapped_column(
        default="", server_default="", info={"label": "Text", "unquoted": True}
    )
    body_html: Mapped[LongText] = mapped_column(
        default="", server_default="", info={"label": "HTML text", "unquoted": True}
    )
    #: References such as `{"kind": "certificate", "id": 5}`, never copies.
    attachments: Mapped[list[Any]] = mapped_column(default=list, server_default=text("'[]'::jsonb"))
    #: What the sending job signs to make the personal link; empty when there is none.
    personal_link: Mapped[Json] = mapped_column(default=dict, server_default=text("'{}'::jsonb"))
    message_id: Mapped[str] = mapped_column(unique=True)
    attempts: Mapped[int] = mapped_column(default=0, server_default=text("0"), info={"noise": True})
    next_attempt_at: Mapped[datetime | None] = mapped_column(info={"noise": True})
    #: When a worker took it to send it.
    claimed_at: Mapped[datetime | None] = mapped_column(info={"noise": True})
    #: A key upwards, so without relationship.
    booking_id: Mapped[int | None] = mapped_column(
        ForeignKey("bookings.id", ondelete="SET NULL"), index=True
    )
    resend_of_id: Mapped[int | None] = mapped_column(
        ForeignKey("email_logs.id", ondelete="SET NULL"), index=True
    )

    resend_of: Mapped["EmailLog | None"] = relationship(remote_side="EmailLog.id")

    def __str__(self) -> str:
        return f"{self.subject} to {self.recipient_email}"


class NotificationType(enum.StrEnum):
    """What a notification tells of."""

    BOOKING_CONFIRMED = "booking_confirmed"
    REMINDER = "reminder"
    CANCELLED = "cancelled"
    CERTIFICATE_READY = "certificate_ready"
    CERTIFICATE_EXPIRING = "certificate_expiring"
    PAYMENT_RECEIVED = "payment_received"
    REFUND_REQUESTED = "refund_requested"
    REFUND_PROCESSED = "refund_processed"
    INQUIRY_RECEIVED = "inquiry_received"
    COURSE_UPDATED = "course_updated"
    RECONCILIATION_DIFFERENCE = "reconciliation_difference"
    JOB_FAILED = "job_failed"
    SYSTEM_ANNOUNCEMENT = "system_announcement"


class Priority(enum.StrEnum):
    """How soon a notification wants to be read."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    URGENT = "urgent"


class NotificationStatus(enum.StrEnum):
    """Whether a notification has reached its reader."""

    PENDING = "pending"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    READ = "read"


class Notification(Versioned, Audited, Model):
    """One thing that one person of the office should know."""

    __tablename__ = "notifications"
    __table_args__ = (Index("ix_notifications_created_at", "created_at"),)

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="RESTRICT"), index=True, info={"label": "For"}
    )
    type: Mapped[NotificationType] = enum_column("type", NotificationType, index=True)
    title: Mapped[str]
    message: Mapped[LongText] = mapped_column(default="", server_default="")
    priority: Mapped[Priority] = enum_column(
        "priority", Priority, default=Priority.MEDIUM, server_default=Priority.MEDIUM.value
    )
    send_email: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    #: Kept for later; no text messages are sent.
    send_sms: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    show_in_app: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    status: Mapped[NotificationStatus] = enum_column(
        "status",
        NotificationStatus,
        default=NotificationStatus.PENDING,
        server_default=NotificationStatus.PENDING.value,
        index=True,
    )
    #: Keys upwards, so without relationship.
    booking_id: Mapped[int | None] = mapped_column(
        ForeignKey("bookings.id", ondelete="SET NULL"), index=True
    )
    course_id: Mapped[int | None] = mapped_column(
        ForeignKey("courses.id", ondelete="SET NULL"), index=True
    )
    #: A path of the admin.
    action_url: Mapped[WebLink] = mapped_column(
        default="", server_default="", info={"label": "Link"}
    )
    expires_at: Mapped[datetime | None] = mapped_column(index=True)
    read_at: Mapped[datetime | None]

    user: Mapped[User] = relationship(foreign_keys=[user_id], innerjoin=True)

    @property
    def is_read(self) -> bool:
        """Whether the reader has seen it."""
        return self.read_at is not None

    def __str__(self) -> str:
        return self.title
