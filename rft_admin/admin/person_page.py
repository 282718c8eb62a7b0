"""What a person's page says above its facts, and what belongs to it."""

from typing import Any

from sqlalchemy import func, select

from rft_admin.accounts.models import AdminSession, User
from rft_admin.admin import timelines
from rft_admin.admin.details import Figure, Notice
from rft_admin.admin.panels import Panel
from rft_admin.admin.timeline import Source
from rft_admin.bookings.models import (
    Booking,
    BookingAttendee,
    BookingInquiry,
    SpecialRequirement,
)
from rft_admin.bookings.note_models import OfficeNote
from rft_admin.catalogue.models import CourseSchedule, Trainer
from rft_admin.core import clock
from rft_admin.core.clock import london_date
from rft_admin.core.database import db
from rft_admin.core.formats import format_short_date
from rft_admin.core.money import format_pounds
from rft_admin.delivery.models import Certificate, CertificateStatus
from rft_admin.messaging.models import EmailLog, Notification
from rft_admin.payments.models import Invoice, PaymentTransaction, Refund
from rft_admin.payments.sums import sums_of

PERSON_PANELS = (
    Panel(
        "Bookings",
        Booking,
        "user_id",
        (
            "booking_reference",
            "course_schedule_id",
            "number_of_places",
            "status",
            "payment_status",
            "payment_amount",
        ),
        order=("-created_at",),
    ),
    Panel(
        "Certificates",
        Certificate,
        "user_id",
        ("certificate_number", "holder_name", "course_name", "status", "expiry_date"),
        order=("-expiry_date",),
    ),
    Panel(
        "Special requirements",
        SpecialRequirement,
        "user_id",
        ("requirement_type", "booking_id", "severity", "requires_action", "action_completed"),
    ),
    Panel(
        "Payments",
        PaymentTransaction,
        "booking.user_id",
        ("created_at", "booking_id", "status", "amount", "amount_refunded"),
    ),
    Panel(
        "Invoices",
        Invoice,
        "booking.user_id",
        ("invoice_number", "kind", "booking_id", "total", "due_date"),
    ),
    Panel(
        "Refunds",
        Refund,
        "user_id",
        ("refund_reference", "booking_id", "status", "net_refund", "requested_at"),
    ),
    Panel(
        "Inquiries",
        BookingInquiry,
        "email",
        ("inquiry_reference", "status", "number_of_people", "course_session_id", "created_at"),
        by="email",
    ),
    Panel(
        "Letters",
        EmailLog,
        "recipient_email",
        ("subject", "status", "sent_at", "booking_id"),
        by="email",
    ),
    Panel(
        "Places taken for this person",
        BookingAttendee,
        "user_id",
        ("full_name", "booking_id", "cancelled_at"),
    ),
    Panel(
        "Private dates",
        CourseSchedule,
        "private_for_user_id",
        ("course_id", "start_datetime", "status"),
        order=("-start_datetime",),
    ),
    Panel("Trainer's profile", Trainer, "user_id", ("trainer_code", "qualification_expiry")),
    Panel(
        "Dates taught",
        CourseSchedule,
        "instructor_id",
        ("course_id", "start_datetime", "venue_id", "status"),
        order=("-start_datetime",),
    ),
    Panel(
        "Notifications",
        Notification,
        "user_id",
        ("title", "type", "priority", "status", "created_at"),
    ),
    Panel(
        "Sessions",
        AdminSession,
        "user_id",
        ("last_activity", "ip_address", "is_active", "failed_attempts"),
        order=("-last_activity",),
    ),
)


def figures_of(user: Any) -> list[Figure]:
    """Return how much the person booked, paid and owes, and how many certificates hold."""
    bookings = select(Booking.id).where(Booking.user_id == user.id)
    number, valid, expiry = _counts(user)
    if not number and user.may_enter_office:
        return []
    sums = sums_of(bookings)
    return [
        Figure("Bookings", f"{number:,}"),
        Figure("Paid", format_pounds(sums.paid)),
        Figure("Owed", format_pounds(sums.owed), tone="warn" if sums.owed else ""),
        Figure("Given back", format_pounds(sums.refunded)),
        Figure("Valid certificates", f"{valid:,}", _next_expiry(expiry)),
    ]


def notices_of(user: Any) -> list[Notice]:
    """Return that the person was erased, or may not sign in any more."""
    if user.erased_at is not None:
        day = format_short_date(user.erased_at)
        return [Notice(f"This person's details were erased on {day}.", "info")]
    if not user.is_active:
        return [Notice("Not active: this person cannot sign in.", "info")]
    return []


def sources_of(user: Any) -> list[Source]:
    """Return what the person's timeline is made of: bookings, inquiries, letters, notes."""
    own = select(User.id).where(User.id == user.id)
    bookings = select(Booking.id).where(Booking.user_id == user.id)
    inquiries = select(BookingInquiry.id).where(
        BookingInquiry.email == user.email, BookingInquiry.booking_id.is_(None)
    )
    letters = (EmailLog.recipient_email == user.email) & EmailLog.booking_id.is_(None)
    return [
        *timelines.of_bookings(bookings),
        *timelines.of_inquiries(inquiries),
        timelines.letters(letters),
        timelines.notes(OfficeNote.user_id == user.id),
        timelines.changes_of(User, own),
    ]


def _counts(user: Any) -> Any:
    """Return the numbers of bookings and of valid certificates, and the next expiry."""
    today = london_date(clock.now())
    valid = (
        Certificate.user_id == user.id,
        Certificate.status == CertificateStatus.ACTIVE,
        Certificate.superseded_by_id.is_(None),
        Certificate.expiry_date >= today,
    )
    return db.session.execute(
        select(
            select(func.count()).where(Booking.user_id == user.id).scalar_subquery(),
            select(func.count()).where(*valid).scalar_subquery(),
            select(func.min(Certificate.expiry_date)).where(*valid).scalar_subquery(),
        )
    ).one()


def _next_expiry(expiry: Any) -> str:
    return f"the next expires {format_short_date(expiry)}" if expiry else ""
