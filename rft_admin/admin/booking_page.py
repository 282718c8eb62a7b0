"""What a booking's page says above its facts, and what belongs to it."""

from typing import Any

from markupsafe import Markup
from sqlalchemy import exists, select

from rft_admin.admin.cells import show
from rft_admin.admin.computed import NEEDS
from rft_admin.admin.details import Figure, Notice
from rft_admin.admin.panels import Panel
from rft_admin.admin.registry import view_of
from rft_admin.bookings.models import (
    Booking,
    BookingAttendee,
    BookingInquiry,
    BookingStatus,
    SpecialRequirement,
)
from rft_admin.core import clock
from rft_admin.core.clock import london_date
from rft_admin.core.database import db
from rft_admin.core.formats import format_moment, format_short_date, format_time
from rft_admin.core.money import ZERO, format_pounds
from rft_admin.delivery.models import AttendanceRecord, Certificate
from rft_admin.messaging.models import EmailLog, Notification
from rft_admin.payments.ledger import amount_due
from rft_admin.payments.models import Invoice, PaymentTransaction, Refund, RefundStatus
from rft_admin.payments.sums import sums_of

BOOKING_PANELS = (
    Panel(
        "Attendees",
        BookingAttendee,
        "booking_id",
        ("full_name", "email", "price", "cancelled_at"),
        order=("id",),
        computed=(NEEDS,),
    ),
    Panel(
        "Special requirements",
        SpecialRequirement,
        "booking_id",
        ("requirement_type", "attendee_id", "severity", "requires_action", "action_completed"),
    ),
    Panel(
        "Payments",
        PaymentTransaction,
        "booking_id",
        ("created_at", "payment_method", "status", "amount", "amount_refunded"),
    ),
    Panel(
        "Refunds",
        Refund,
        "booking_id",
        ("refund_reference", "status", "net_refund", "requested_at"),
    ),
    Panel(
        "Invoices",
        Invoice,
        "booking_id",
        ("invoice_number", "kind", "total", "issue_date", "due_date"),
    ),
    Panel(
        "Attendance",
        AttendanceRecord,
        "booking_id",
        ("session_date", "attendee_id", "status", "certificate_eligible"),
        order=("session_date", "id"),
    ),
    Panel(
        "Certificates",
        Certificate,
        "booking_id",
        ("certificate_number", "holder_name", "status", "expiry_date"),
    ),
    Panel("Letters", EmailLog, "booking_id", ("subject", "status", "sent_at"), most=5),
    Panel(
        "Inquiries",
        BookingInquiry,
        "booking_id",
        ("inquiry_reference", "status", "number_of_people", "created_at"),
    ),
    Panel(
        "Notifications",
        Notification,
        "booking_id",
        ("title", "type", "user_id", "status", "created_at"),
        most=3,
    ),
)


def figures_of(booking: Any) -> list[Figure]:
    """Return what it costs, what came, what is due, who comes, and when."""
    sums = sums_of(select(Booking.id).where(Booking.id == booking.id))
    due = amount_due(booking)
    returned = f"{format_pounds(sums.refunded)} given back" if sums.refunded else ""
    return [
        Figure("Total", format_pounds(booking.payment_amount), _how_priced(booking)),
        Figure("Paid", format_pounds(sums.paid), returned),
        Figure(
            "Still to pay", format_pounds(due), _due_words(booking, due), _due_tone(booking, due)
        ),
        Figure("Places", str(booking.number_of_places), _names_missing(booking)),
        Figure(
            "Course",
            format_short_date(booking.course_schedule.start_datetime),
            _when(booking.course_schedule),
        ),
    ]


def notices_of(booking: Any) -> list[Notice]:
    """Return what waits for the office: a hold that runs, a need to see to, a refund to decide."""
    notices = []
    if booking.status is BookingStatus.PENDING and booking.hold_expires_at is not None:
        until = format_moment(booking.hold_expires_at)
        is_over = booking.hold_expires_at <= clock.now()
        words = f"Its places were held until {until}." if is_over else f"Held until {until}."
        notices.append(Notice(f"Not confirmed yet. {words}"))
    to_do, waiting = db.session.execute(select(_needs_to_do(booking), _refund_waits(booking))).one()
    if to_do:
        notices.append(
            _linked(
                "A special requirement waits to be handled.",
                booking,
                "special_requirements",
                "todo",
            )
        )
    if waiting:
        notices.append(_linked("A refund waits for your decision.", booking, "refunds", "waiting"))
    return notices


def _linked(words: str, booking: Any, table: str, scope: str) -> Notice:
    view = view_of(table)
    address = f"{view.filter_url('booking_id', booking.id)}&scope={scope}" if view else ""
    return Notice(Markup('<a href="{}">{}</a>').format(address, words))


def _needs_to_do(booking: Any) -> Any:
    return exists().where(
        SpecialRequirement.booking_id == booking.id,
        SpecialRequirement.requires_action.is_(True),
        SpecialRequirement.action_completed.is_(False),
    )


def _refund_waits(booking: Any) -> Any:
    return exists().where(Refund.booking_id == booking.id, Refund.status == RefundStatus.PENDING)


def _how_priced(booking: Any) -> str:
    price = format_pounds(booking.price_per_place)
    words = f"{booking.number_of_places} × {price}" if booking.number_of_places > 1 else ""
    if booking.discount_applied:
        off = f"{format_pounds(booking.discount_applied)} off"
        return f"{words}, {off}" if words else off
    return words


def _due_words(booking: Any, due: Any) -> Markup | str:
    if not due or booking.payment_due_at is None:
        return ""
    return Markup("by {}").format(show(london_date(booking.payment_due_at), "date"))


def _due_tone(booking: Any, due: Any) -> str:
    if due <= ZERO:
        return ""
    is_late = booking.payment_due_at is not None and booking.payment_due_at < clock.now()
    return "bad" if is_late else "warn"


def _names_missing(booking: Any) -> str:
    unknown = sum(1 for one in booking.attendees if not one.is_cancelled and not one.full_name)
    return f"{unknown} without a name" if unknown else ""


def _when(schedule: Any) -> str:
    days = (london_date(schedule.start_datetime) - london_date(clock.now())).days
    at = format_time(schedule.start_datetime)
    if days < 0:
        return f"{at}, over" if schedule.end_datetime < clock.now() else f"{at}, running"
    return f"{at}, {'today' if days == 0 else 'tomorrow' if days == 1 else f'in {days} days'}"
