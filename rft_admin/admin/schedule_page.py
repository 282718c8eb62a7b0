"""What a date's page says above its facts, and what belongs to it."""

from typing import Any

from flask import url_for
from markupsafe import Markup
from sqlalchemy import func, select

from rft_admin.admin import timelines
from rft_admin.admin.computed import NEEDS
from rft_admin.admin.details import Figure, Notice
from rft_admin.admin.panels import Panel
from rft_admin.admin.rights import can
from rft_admin.admin.timeline import Source
from rft_admin.bookings.filling import Filling, filling_of
from rft_admin.bookings.models import (
    Booking,
    BookingAttendee,
    BookingInquiry,
    BookingStatus,
    SpecialRequirement,
)
from rft_admin.bookings.note_models import OfficeNote
from rft_admin.catalogue.limits import contact_hours
from rft_admin.catalogue.models import CourseSchedule, CourseScheduleDay, ScheduleStatus
from rft_admin.core import clock
from rft_admin.core.clock import london_date
from rft_admin.core.database import db
from rft_admin.core.formats import format_number, format_short_date, format_time
from rft_admin.core.money import format_pounds
from rft_admin.delivery.models import AttendanceRecord, Certificate
from rft_admin.payments.models import PaymentTransaction, Refund
from rft_admin.payments.sums import sums_of

#: Their attendees do not come.
GONE = (BookingStatus.CANCELLED,)


def _attends() -> Any:
    return BookingAttendee.cancelled_at.is_(None) & BookingAttendee.booking.has(
        Booking.status.not_in(GONE)
    )


SCHEDULE_PANELS = (
    Panel(
        "Days",
        CourseScheduleDay,
        "course_schedule_id",
        ("starts_at", "ends_at", "break_minutes"),
        order=("starts_at",),
    ),
    Panel(
        "Attendees",
        BookingAttendee,
        "booking.course_schedule_id",
        ("full_name", "booking_id", "email"),
        only=_attends,
        order=("last_name", "first_name"),
        computed=(NEEDS,),
        most=24,
    ),
    Panel(
        "Bookings",
        Booking,
        "course_schedule_id",
        (
            "booking_reference",
            "contact_name",
            "number_of_places",
            "status",
            "payment_status",
            "payment_amount",
        ),
        order=("-created_at",),
    ),
    Panel(
        "Special requirements",
        SpecialRequirement,
        "booking.course_schedule_id",
        ("requirement_type", "attendee_id", "booking_id", "severity", "action_completed"),
    ),
    Panel(
        "Payments",
        PaymentTransaction,
        "booking.course_schedule_id",
        ("created_at", "booking_id", "status", "amount", "amount_refunded"),
    ),
    Panel(
        "Refunds",
        Refund,
        "booking.course_schedule_id",
        ("refund_reference", "booking_id", "status", "net_refund", "requested_at"),
    ),
    Panel(
        "Inquiries",
        BookingInquiry,
        "course_session_id",
        ("inquiry_reference", "first_name", "number_of_people", "status", "hold_expires_at"),
    ),
    Panel(
        "Register",
        AttendanceRecord,
        "course_session_id",
        ("session_date", "attendee_id", "status", "certificate_eligible"),
        order=("-session_date", "id"),
    ),
    Panel(
        "Certificates",
        Certificate,
        "course_schedule_id",
        ("certificate_number", "holder_name", "status", "expiry_date"),
    ),
)


def figures_of(schedule: Any) -> list[Figure]:
    """Return how full it is, what it brings, when it begins, and how far the register is."""
    filling = filling_of(schedule.id)
    figures = [_places(filling), _starts(schedule), _register(schedule)]
    if can("list", Booking):
        figures.insert(1, _money(schedule))
    return figures


def notices_of(schedule: Any) -> list[Notice]:
    """Return what is missing or undecided while the date is still to come."""
    if not schedule.is_open or schedule.start_datetime <= clock.now():
        return []
    notices = []
    missing = [
        words
        for words, value in (("a venue", schedule.venue_id), ("a trainer", schedule.trainer_id))
        if value is None
    ]
    if missing:
        notices.append(Notice(f"It still needs {' and '.join(missing)}."))
    if not schedule.is_published and not schedule.is_private:
        notices.append(Notice("Not published: nobody can book it on the website.", "info"))
    taken = filling_of(schedule.id).taken if schedule.min_places else 0
    if taken < schedule.min_places and schedule.status is ScheduleStatus.SCHEDULED:
        words = f"{taken} of at least {schedule.min_places} places are taken: not decided to run."
        notices.append(Notice(words))
    return notices


def sources_of(schedule: Any) -> list[Source]:
    """Return what the date's timeline is made of: its bookings, its register, its changes."""
    own = select(CourseSchedule.id).where(CourseSchedule.id == schedule.id)
    bookings = select(Booking.id).where(Booking.course_schedule_id == schedule.id)
    inquiries = select(BookingInquiry.id).where(
        BookingInquiry.course_session_id == schedule.id, BookingInquiry.booking_id.is_(None)
    )
    return [
        *timelines.of_bookings(bookings),
        *timelines.of_inquiries(inquiries),
        timelines.notes(OfficeNote.course_schedule_id == schedule.id),
        timelines.changes_of(CourseSchedule, own),
    ]


def hours_words(schedule: Any) -> str:
    """Return what the days teach beside what the course needs."""
    hours = contact_hours(schedule.days)
    return f"{format_number(hours)} of {format_number(schedule.course.duration_hours)}"


def _places(filling: Filling) -> Figure:
    whole = max(1, filling.capacity)
    held = f", {filling.held} held" if filling.held else ""
    return Figure(
        "Places",
        f"{filling.taken} of {filling.capacity}",
        f"{filling.taken} taken{held}, {filling.free} free",
        bar=(
            ("taken", round(100 * filling.taken / whole)),
            ("held", round(100 * filling.held / whole)),
        ),
    )


def _money(schedule: Any) -> Figure:
    bookings = select(Booking.id).where(Booking.course_schedule_id == schedule.id)
    sums = sums_of(bookings)
    notes = [
        words
        for words, amount in (
            (f"{format_pounds(sums.owed)} owed", sums.owed),
            (f"{format_pounds(sums.refunded)} given back", sums.refunded),
        )
        if amount
    ]
    return Figure("Money kept", format_pounds(sums.kept), ", ".join(notes))


def _starts(schedule: Any) -> Figure:
    days = (london_date(schedule.start_datetime) - london_date(clock.now())).days
    when = "today" if days == 0 else "tomorrow" if days == 1 else f"in {days} days"
    if days < 0:
        when = "over" if schedule.end_datetime < clock.now() else "running"
    at = f"{format_time(schedule.start_datetime)}, {when}"
    return Figure("Begins", format_short_date(schedule.start_datetime), at)


def _register(schedule: Any) -> Figure:
    marked = db.session.scalar(
        select(func.count(func.distinct(AttendanceRecord.attendee_id))).where(
            AttendanceRecord.course_session_id == schedule.id
        )
    )
    address = url_for("admin.register", schedule_id=schedule.id)
    words = "nobody marked yet" if not marked else f"{marked} marked"
    return Figure(
        "Contact hours",
        hours_words(schedule),
        Markup('<a href="{}">Register</a>: {}').format(address, words),
    )
