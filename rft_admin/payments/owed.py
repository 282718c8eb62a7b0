"""What is owed: confirmed bookings that are not paid in full, and how much of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import joinedload

from rft_admin.bookings.models import Booking, BookingStatus, PaymentStatus
from rft_admin.catalogue.models import CourseSchedule
from rft_admin.core.clock import london_date, london_midnight
from rft_admin.core.database import db
from rft_admin.payments import ledger
from rft_admin.payments.models import Invoice, InvoiceKind

#: Of these the money may still be owed.
OWING = (BookingStatus.CONFIRMED, BookingStatus.COMPLETED, BookingStatus.NO_SHOW)
#: What one page shows; the sum is of all.
MOST_SHOWN = 300


@dataclass(frozen=True, kw_only=True)
class Owed:
    """One booking, and what of it is still to be paid."""

    booking: Booking
    #: The latest, if there is one.
    invoice: Invoice | None
    #: Pounds.
    paid: Decimal
    rest: Decimal
    due_date: date | None
    #: Calendar days in London since the due date; nothing before it.
    days_late: int


def is_owed() -> ColumnElement[bool]:
    """Return the condition of bookings that take place, or did, and are not paid in full."""
    return (
        Booking.payment_status.in_((PaymentStatus.PENDING, PaymentStatus.FAILED))
        & (Booking.payment_amount > 0)
        & Booking.status.in_(OWING)
    )


def is_overdue(now: datetime) -> ColumnElement[bool]:
    """Return the condition of what is owed although its due date in London has passed."""
    return is_owed() & (Booking.payment_due_at < london_midnight(london_date(now)))


def list_owed(now: datetime, *, most: int = MOST_SHOWN) -> list[Owed]:
    """Return what is owed, the longest overdue first, what has no due date last."""
    bookings = db.session.scalars(
        select(Booking)
        .where(is_owed())
        .options(joinedload(Booking.course_schedule).joinedload(CourseSchedule.course))
        .order_by(Booking.payment_due_at.asc().nulls_last(), Booking.id)
        .limit(most)
    ).all()
    invoices = _latest_invoices(bookings)
    today = london_date(now)
    with ledger.read_ahead(bookings):
        return [_owed(booking, invoices.get(booking.id), today) for booking in bookings]


def total_owed() -> Decimal:
    """Return the pounds still to be paid of all that is owed."""
    return ledger.total_due(is_owed())


def total_overdue(now: datetime) -> Decimal:
    """Return the pounds still to be paid of all that is overdue."""
    return ledger.total_due(is_overdue(now))


def _owed(booking: Booking, invoice: Invoice | None, today: date) -> Owed:
    due_date = london_date(booking.payment_due_at) if booking.payment_due_at else None
    rest = ledger.amount_due(booking)
    return Owed(
        booking=booking,
        invoice=invoice,
        paid=booking.payment_amount - rest,
        rest=rest,
        due_date=due_date,
        days_late=max(0, (today - due_date).days) if due_date else 0,
    )


def _latest_invoices(bookings: Sequence[Booking]) -> dict[int, Invoice]:
    found = db.session.scalars(
        select(Invoice)
        .where(
            Invoice.kind == InvoiceKind.INVOICE,
            Invoice.booking_id.in_([booking.id for booking in bookings]),
        )
        .order_by(Invoice.id)
    )
    return {invoice.booking_id: invoice for invoice in found}
