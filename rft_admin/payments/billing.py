"""Paying by invoice: the invoice goes out before the payment, and is reminded of until paid."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial

from sqlalchemy import select

from rft_admin.bookings.models import Booking, PaymentChoice, PaymentStatus
from rft_admin.core.actor import SYSTEM, Actor
from rft_admin.core.clock import london_date
from rft_admin.core.database import db, transact
from rft_admin.core.formats import format_date
from rft_admin.core.money import format_pounds
from rft_admin.messaging import notifications
from rft_admin.messaging.models import NotificationType, Priority
from rft_admin.payments import invoices, ledger, letters, locks
from rft_admin.payments.models import Invoice, InvoiceKind
from rft_admin.payments.owed import OWING, is_owed

#: When an invoice is reminded of, in days from its due date.
REMINDER_DAYS = (-3, 3, 10)


def bill(booking: Booking, *, now: datetime, by: Actor) -> Invoice | None:
    """Issue the invoice of a booking that is paid by invoice and send it, once.

    None for a booking paid otherwise, not confirmed yet, or free; and, in production, while the
    business's legal name or address is missing: the daily job bills it when they are filled in.
    """
    if not _is_to_be_billed(booking) or invoices.find_live_invoice(booking) is not None:
        return None
    invoice = invoices.issue_invoice(booking, now=now, by=by)
    if invoice is not None:
        letters.invoice_issued(booking, invoice, now=now)
    return invoice


def remind(*, now: datetime, by: Actor = SYSTEM) -> int:
    """Bill what was not billed yet and send the reminders that are due; return how many.

    Opens its own unit of work for each booking; call it outside one. A second run on the same
    day sends nothing.
    """
    for booking_id in transact(_list_unbilled, by=by):
        transact(partial(_bill_late, booking_id, now=now, by=by), by=by)
    sent = 0
    for invoice_id in transact(lambda: _list_unpaid(now), by=by):
        sent += transact(partial(_remind_once, invoice_id, now=now), by=by)
    return sent


def reminder_due(due_date: date, today: date) -> int | None:
    """Return which reminder an unpaid invoice has reached, in days from its due date, or None.

    The one before the due date is not sent after it.
    """
    reached = [days for days in REMINDER_DAYS if due_date + timedelta(days=days) <= today]
    if not reached or (reached[-1] < 0 and today > due_date):
        return None
    return reached[-1]


def _is_to_be_billed(booking: Booking) -> bool:
    return (
        booking.payment_method_chosen is PaymentChoice.INVOICE
        and booking.status in OWING
        and booking.payment_status in {PaymentStatus.PENDING, PaymentStatus.FAILED}
    )


def _list_unbilled() -> Sequence[int]:
    if not invoices.may_issue():
        return []
    billed = select(Invoice.booking_id).where(Invoice.kind == InvoiceKind.INVOICE)
    return db.session.scalars(
        select(Booking.id)
        .where(
            Booking.payment_method_chosen == PaymentChoice.INVOICE,
            is_owed(),
            Booking.id.not_in(billed),
        )
        .order_by(Booking.id)
    ).all()


def _bill_late(booking_id: int, *, now: datetime, by: Actor) -> None:
    bill(locks.lock_booking(booking_id), now=now, by=by)


def _list_unpaid(now: datetime) -> Sequence[int]:
    today = london_date(now)
    return db.session.scalars(
        select(Invoice.id)
        .join(Booking, Invoice.booking_id == Booking.id)
        .where(
            Invoice.kind == InvoiceKind.INVOICE,
            Invoice.due_date <= today - timedelta(days=REMINDER_DAYS[0]),
            Invoice.issue_date < today,
            is_owed(),
        )
        .order_by(Invoice.id)
    ).all()


def _remind_once(invoice_id: int, *, now: datetime) -> bool:
    """Send the reminder that is due unless it went out; return whether one did."""
    invoice = db.session.get_one(Invoice, invoice_id)
    booking = locks.lock_booking(invoice.booking_id)
    db.session.refresh(invoice)
    due = ledger.amount_due(booking)
    if invoice.due_date is None or due <= 0 or invoices.uncredited(invoice) <= 0:
        return False
    days = reminder_due(invoice.due_date, london_date(now))
    last = invoice.last_reminder_days
    if days is None or (last is not None and last >= days):
        return False
    invoice.last_reminder_days = days
    letters.invoice_reminder(booking, invoice, due=due, is_overdue=days > 0, now=now)
    if days == REMINDER_DAYS[-1]:
        _tell_office(booking, invoice, due, now=now)
    return True


def _tell_office(booking: Booking, invoice: Invoice, due: Decimal, *, now: datetime) -> None:
    when = format_date(invoice.due_date) if invoice.due_date else ""
    notifications.notify_office(
        type=NotificationType.SYSTEM_ANNOUNCEMENT,
        title=f"{format_pounds(due)} overdue for {booking.booking_reference}",
        message=f"{invoice.invoice_number} was due by {when}. The last reminder has gone out: "
        "please telephone.",
        priority=Priority.HIGH,
        action_url=f"/admin/bookings/details/?id={booking.id}",
        booking_id=booking.id,
        now=now,
    )
