"""What happened: reports that were asked for, and the events of the public pages."""

import enum
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from rft_admin.accounts.models import User
from rft_admin.core.database import Json, LongText, Model, Versioned, WebLink, enum_column
from rft_admin.core.files import StoredFile


class ReportFormat(enum.StrEnum):
    """What a report is written as."""

    PDF = "pdf"
    CSV = "csv"
    EXCEL = "excel"
    JSON = "json"


class ReportStatus(enum.StrEnum):
    """How far a report is."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"


class ScheduleFrequency(enum.StrEnum):
    """How often a report comes by itself."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


class Report(Versioned, Model):
    """A report that a job makes and stores."""

    __tablename__ = "reports"
    __table_args__ = (
        CheckConstraint("end_date >= start_date", name="period"),
        CheckConstraint("progress BETWEEN 0 AND 100", name="progress"),
        CheckConstraint("row_count >= 0", name="row_count"),
        CheckConstraint("NOT is_scheduled OR schedule_frequency IS NOT NULL", name="is_scheduled"),
        Index("ix_reports_created_at", "created_at"),
    )

    generated_by_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="RESTRICT"), index=True, info={"label": "Asked by"}
    )
    report_type: Mapped[str] = mapped_column(index=True)
    report_name: Mapped[str] = mapped_column(info={"label": "Report"})
    parameters: Mapped[Json] = mapped_column(default=dict, server_default=text("'{}'::jsonb"))
    format: Mapped[ReportFormat] = enum_column("format", ReportFormat)
    status: Mapped[ReportStatus] = enum_column(
        "status",
        ReportStatus,
        default=ReportStatus.QUEUED,
        server_default=ReportStatus.QUEUED.value,
        index=True,
    )
    #: First and last day, both included; None is without that limit.
    start_date: Mapped[date | None] = mapped_column(index=True)
    end_date: Mapped[date | None] = mapped_column(index=True)
    #: A path of the admin, once it is there.
    file_url: Mapped[WebLink] = mapped_column(default="", server_default="", info={"label": "Link"})
    #: It comes by itself: each time another report is made of the period that has passed.
    is_scheduled: Mapped[bool] = mapped_column(
        default=False, server_default=text("false"), info={"label": "Comes by itself"}
    )
    schedule_frequency: Mapped[ScheduleFrequency | None] = enum_column(
        "schedule_frequency", ScheduleFrequency, info={"label": "How often"}
    )
    #: Per cent.
    progress: Mapped[int] = mapped_column(
        default=0, server_default=text("0"), info={"label": "Done (%)", "shown_as": "percent"}
    )
    row_count: Mapped[int | None] = mapped_column(info={"label": "Rows"})
    error_message: Mapped[LongText | None]
    next_run_at: Mapped[datetime | None] = mapped_column(index=True, info={"label": "Comes next"})
    #: E-mail addresses of admins.
    recipients: Mapped[list[Any]] = mapped_column(
        default=list,
        server_default=text("'[]'::jsonb"),
        info={"label": "Told by letter", "shown_as": "lines"},
    )
    #: None before it is made, and again once the file has expired.
    stored_file_id: Mapped[int | None] = mapped_column(
        ForeignKey("stored_files.id", ondelete="SET NULL"), index=True
    )

    generated_by: Mapped[User] = relationship(innerjoin=True)
    stored_file: Mapped[StoredFile | None] = relationship()

    def __str__(self) -> str:
        return self.report_name


class AnalyticsEvent(Model):
    """One step of a visit to the public pages, without cookie and without name."""

    __tablename__ = "analytics_events"
    __table_args__ = (
        Index("ix_analytics_events_created_at", "created_at", postgresql_using="brin"),
    )

    #: For example "course_viewed", "booking_paid".
    event_type: Mapped[str] = mapped_column(index=True, info={"label": "Event"})
    user_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="RESTRICT"), index=True, info={"label": "Person"}
    )
    event_data: Mapped[Json] = mapped_column(default=dict, server_default=text("'{}'::jsonb"))
    #: Of address and browser with a salt that changes every day.
    visitor_hash: Mapped[str] = mapped_column(default="", server_default="")
    path: Mapped[str] = mapped_column(default="", server_default="")

    def __str__(self) -> str:
        return f"{self.event_type} {self.id}"
