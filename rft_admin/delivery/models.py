"""What was done and earned: attendance day by day, and certificates as printed."""

import enum
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from rft_admin.accounts.models import User
from rft_admin.bookings.models import Booking, BookingAttendee
from rft_admin.catalogue.models import Course, CourseSchedule
from rft_admin.core.database import Audited, LongText, Model, Versioned, enum_column, search_index
from rft_admin.core.files import StoredFile


class AttendanceStatus(enum.StrEnum):
    """How a person attended a day."""

    PRESENT = "present"
    ABSENT = "absent"
    LATE = "late"
    PARTIAL = "partial"
    EXCUSED = "excused"


#: The person was in the room, for some of the day at least.
ATTENDED = frozenset({AttendanceStatus.PRESENT, AttendanceStatus.LATE, AttendanceStatus.PARTIAL})


class AttendanceRecord(Versioned, Model):
    """One attendee on one day of a dated course."""

    __tablename__ = "attendance_records"
    titled_by = ("attendee", "session_date", "status")
    __table_args__ = (
        UniqueConstraint(
            "attendee_id",
            "course_session_id",
            "session_date",
            name="uq_attendance_records_attendee_day",
        ),
        CheckConstraint("check_out_time > check_in_time", name="period"),
        CheckConstraint("participation_score BETWEEN 0 AND 100", name="participation_score"),
        CheckConstraint("minutes_attended >= 0", name="minutes_attended"),
    )

    booking_id: Mapped[int] = mapped_column(
        ForeignKey("bookings.id", ondelete="RESTRICT"), index=True
    )
    #: The dated course.
    course_session_id: Mapped[int] = mapped_column(
        ForeignKey("course_schedules.id", ondelete="RESTRICT"),
        index=True,
        info={"label": "Schedule"},
    )
    attendee_id: Mapped[int] = mapped_column(
        ForeignKey("booking_attendees.id", ondelete="RESTRICT"), index=True
    )
    #: The attendee's user when there is one, else the booker.
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="RESTRICT"), index=True, info={"label": "Person"}
    )
    marked_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="RESTRICT"), index=True
    )
    #: The day in London.
    session_date: Mapped[date] = mapped_column(index=True)
    status: Mapped[AttendanceStatus] = enum_column("status", AttendanceStatus, index=True)
    check_in_time: Mapped[datetime | None]
    check_out_time: Mapped[datetime | None]
    #: Contact minutes, without breaks.
    minutes_attended: Mapped[int] = mapped_column(
        default=0, server_default=text("0"), info={"label": "Minutes"}
    )
    certificate_eligible: Mapped[bool] = mapped_column(
        default=False, server_default=text("false"), index=True, info={"label": "Eligible"}
    )
    participation_score: Mapped[int | None]
    #: None is not yet assessed.
    passed_assessment: Mapped[bool | None] = mapped_column(info={"label": "Passed"})
    assessed_on: Mapped[date | None]
    identity_checked: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    trainer_feedback: Mapped[LongText] = mapped_column(default="", server_default="")

    booking: Mapped[Booking] = relationship(innerjoin=True)
    course_session: Mapped[CourseSchedule] = relationship(innerjoin=True)
    attendee: Mapped[BookingAttendee] = relationship(innerjoin=True)
    user: Mapped[User] = relationship(foreign_keys=[user_id], innerjoin=True)
    marked_by: Mapped[User | None] = relationship(foreign_keys=[marked_by_id])

    def __str__(self) -> str:
        return f"{self.attendee}, {self.session_date:%-d %b %Y}: {self.status.value}"


class CertificateStatus(enum.StrEnum):
    """What a certificate is worth."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


class Certificate(Versioned, Audited, Model):
    """A certificate as printed: what it says never follows a later change of its sources."""

    __tablename__ = "certificates"
    titled_by = ("certificate_number",)
    __table_args__ = (
        CheckConstraint("expiry_date >= issue_date", name="period"),
        CheckConstraint("contact_hours > 0", name="contact_hours"),
        CheckConstraint("(status = 'revoked') = (revoked_at IS NOT NULL)", name="revoked"),
        Index(
            "uq_certificates_live",
            "attendee_id",
            "course_schedule_id",
            unique=True,
            postgresql_where=text("status <> 'revoked' AND superseded_by_id IS NULL"),
        ),
        Index("ix_certificates_created_at", "created_at"),
        search_index(
            "certificates",
            "certificate_number",
            "holder_name",
            "COALESCE(external_number, ''::text)",
        ),
    )
    __searched__ = ("certificate_number", "holder_name", "external_number")

    booking_id: Mapped[int] = mapped_column(
        ForeignKey("bookings.id", ondelete="RESTRICT"), index=True
    )
    #: The attendee's user when there is one, else the booker.
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="RESTRICT"), index=True, info={"label": "Person"}
    )
    course_id: Mapped[int] = mapped_column(
        ForeignKey("courses.id", ondelete="RESTRICT"), index=True
    )
    course_schedule_id: Mapped[int] = mapped_column(
        ForeignKey("course_schedules.id", ondelete="RESTRICT"),
        index=True,
        info={"label": "Schedule"},
    )
    attendee_id: Mapped[int] = mapped_column(
        ForeignKey("booking_attendees.id", ondelete="RESTRICT"), index=True
    )
    #: RFT, the year, six unguessable characters and a check character.
    certificate_number: Mapped[str] = mapped_column(unique=True, info={"label": "Number"})
    issue_date: Mapped[date] = mapped_column(index=True, info={"label": "Issued"})
    #: Valid to the end of this day.
    expiry_date: Mapped[date] = mapped_column(index=True, info={"label": "Expires"})
    #: A path of this site.
    pdf_url: Mapped[str] = mapped_column(default="", server_default="")
    status: Mapped[CertificateStatus] = enum_column(
        "status",
        CertificateStatus,
        default=CertificateStatus.ACTIVE,
        server_default=CertificateStatus.ACTIVE.value,
        index=True,
    )
    holder_name: Mapped[str] = mapped_column(info={"label": "Holder"})
    contact_hours: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    course_name: Mapped[str] = mapped_column(info={"label": "Course"})
    venue_name: Mapped[str] = mapped_column(default="", server_default="")
    trainer_name: Mapped[str] = mapped_column(default="", server_default="")
    #: The awarding body's own number.
    external_number: Mapped[str | None] = mapped_column(
        index=True,
        info={"label": "Awarding body's number", "help": "An awarding body's own number."},
    )
    revoked_at: Mapped[datetime | None]
    revocation_reason: Mapped[LongText | None]
    #: The corrected certificate that took its place.
    superseded_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("certificates.id", ondelete="RESTRICT"),
        index=True,
        info={"label": "Replaced by"},
    )
    stored_file_id: Mapped[int | None] = mapped_column(
        ForeignKey("stored_files.id", ondelete="RESTRICT"), index=True
    )
    #: Of the PDF as issued, hexadecimal.
    pdf_sha256: Mapped[str | None] = mapped_column(info={"label": "Digest of the PDF"})
    #: The last reminder of its expiry that went out, by its days before; None is none yet.
    reminded_days_before: Mapped[int | None]

    booking: Mapped[Booking] = relationship(innerjoin=True)
    user: Mapped[User] = relationship(foreign_keys=[user_id], innerjoin=True)
    course: Mapped[Course] = relationship(innerjoin=True)
    course_schedule: Mapped[CourseSchedule] = relationship(innerjoin=True)
    attendee: Mapped[BookingAttendee] = relationship(innerjoin=True)
    superseded_by: Mapped["Certificate | None"] = relationship(remote_side="Certificate.id")
    stored_file: Mapped[StoredFile | None] = relationship()

    @property
    def is_live(self) -> bool:
        """Whether it is neither revoked nor superseded; it may have expired."""
        return self.status is not CertificateStatus.REVOKED and self.superseded_by_id is None

    def is_valid_on(self, day: date) -> bool:
        """Return whether it holds on that day in London."""
        return self.is_live and self.issue_date <= day <= self.expiry_date

    def __str__(self) -> str:
        return self.certificate_number
