"""The office's own notes on a booking, a person, a date or an inquiry."""

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from rft_admin.accounts.models import User
from rft_admin.bookings.models import Booking, BookingInquiry
from rft_admin.catalogue.models import CourseSchedule
from rft_admin.core.database import Audited, LongText, Model, Versioned

#: What a note can be about: the key's column, one of which is filled.
ABOUT = ("booking_id", "user_id", "course_schedule_id", "inquiry_id")


class OfficeNote(Versioned, Audited, Model):
    """What one of the office wrote down for the others; customers never see it.

    It goes with the row it is about: a real key each, no name of a table in a column, so that the
    database itself keeps no note on a row that is gone.
    """

    __tablename__ = "office_notes"
    __table_args__ = (
        CheckConstraint(f"num_nonnulls({', '.join(ABOUT)}) = 1", name="about_one"),
        CheckConstraint("length(text) BETWEEN 1 AND 4000", name="text"),
        Index("ix_office_notes_created_at", "created_at"),
    )

    booking_id: Mapped[int | None] = mapped_column(
        ForeignKey("bookings.id", ondelete="CASCADE"), index=True
    )
    user_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), index=True, info={"label": "Person"}
    )
    course_schedule_id: Mapped[int | None] = mapped_column(
        ForeignKey("course_schedules.id", ondelete="CASCADE"), index=True, info={"label": "Date"}
    )
    inquiry_id: Mapped[int | None] = mapped_column(
        ForeignKey("booking_inquiries.id", ondelete="CASCADE"), index=True
    )
    text: Mapped[LongText] = mapped_column(info={"label": "Note"})

    booking: Mapped[Booking | None] = relationship()
    user: Mapped[User | None] = relationship(foreign_keys=[user_id])
    course_schedule: Mapped[CourseSchedule | None] = relationship()
    inquiry: Mapped[BookingInquiry | None] = relationship()
    #: Who wrote it; written by the audit.
    author: Mapped[User | None] = relationship(
        foreign_keys="OfficeNote.created_by_id", viewonly=True
    )

    def __str__(self) -> str:
        words = " ".join(self.text.split())
        return words if len(words) <= 60 else f"{words[:57]}…"
