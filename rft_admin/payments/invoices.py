"""Invoices and credit notes: numbered without gaps, frozen as issued, stored as PDF."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from rft_admin.bookings.models import Booking
from rft_admin.core.actor import Actor
from rft_admin.core.clock import london_date
from rft_admin.core.database import Json, db
from rft_admin.core.environment import config
from rft_admin.core.files import store_file
from rft_admin.core.money import ZERO
from rft_admin.core.pdf import render_pdf
from rft_admin.messaging import notifications
from rft_admin.messaging.models import NotificationType, Priority
from rft_admin.payments import invoice_content, ledger, settings
from rft_admin.payments.models import Invoice, InvoiceKind, NumberSeries, Refund

_PREFIXES = {InvoiceKind.INVOICE: "INV", InvoiceKind.CREDIT_NOTE: "CRN"}


def issue_invoice(booking: Booking, *, now: datetime, by: Actor) -> Invoice | None:
    """Return the booking's invoice, issued now unless a live one exists.

    In production None while the legal name or address is missing: a sole trader under a business
    name must state them (Companies Act 2006, part 41); the office is told.
    """
    standing = find_live_invoice(booking)
    if standing is not None or booking.payment_amount == 0:
        return standing
    if not may_issue():
        _warn_office(booking, now=now)
        return None
    due_date = london_date(booking.payment_due_at) if booking.payment_due_at else None
    number = _next_number(InvoiceKind.INVOICE, london_date(now))
    content = invoice_content.for_invoice(
        booking, number=number, paid=ledger.amount_kept(booking), due_date=due_date, now=now
    )
    return _store(
        booking,
        InvoiceKind.INVOICE,
        number,
        content,
        total=booking.payment_amount,
        due_date=due_date,
        now=now,
    )


def credit_note(refund: Refund, *, now: datetime, by: Actor) -> Invoice | None:
    """Return the credit note of a refund, issued now unless it exists.

    None without an invoice, and for money that no invoice asked for: a booking paid twice keeps
    its invoice.
    """
    existing = db.session.scalar(select(Invoice).where(Invoice.refund_id == refund.id))
    if existing is not None:
        return existing
    invoice = find_live_invoice(refund.booking)
    if invoice is None:
        return None
    total = min(refund.net_refund, uncredited(invoice) - ledger.amount_kept(refund.booking))
    return _credit(invoice, total, refund=refund, now=now) if total > 0 else None


def close_unpaid(booking: Booking, *, now: datetime, by: Actor) -> Invoice | None:
    """Close by a credit note what of a cancelled booking's invoice was never paid."""
    invoice = find_live_invoice(booking)
    if invoice is None:
        return None
    unpaid = uncredited(invoice) - ledger.amount_kept(booking)
    return _credit(invoice, unpaid, refund=None, now=now) if unpaid > 0 else None


def take_back(booking: Booking, amount: Decimal, *, now: datetime, by: Actor) -> Invoice | None:
    """Take back by a credit note so many pounds of the invoice that are not to be paid any more.

    None without a live invoice, or where there is nothing to take back.
    """
    invoice = find_live_invoice(booking)
    total = min(amount, uncredited(invoice)) if invoice is not None else ZERO
    if invoice is None or total <= 0:
        return None
    return _credit(invoice, total, refund=None, now=now)


def find_live_invoice(booking: Booking) -> Invoice | None:
    """Return the booking's latest invoice that is not wholly taken back."""
    invoices = db.session.scalars(
        select(Invoice)
        .where(Invoice.booking_id == booking.id, Invoice.kind == InvoiceKind.INVOICE)
        .order_by(Invoice.id.desc())
    )
    return next((invoice for invoice in invoices if uncredited(invoice) > 0), None)


def uncredited(invoice: Invoice) -> Decimal:
    """Return the pounds of an invoice that no credit note has taken back."""
    credited = db.session.scalar(
        select(func.coalesce(func.sum(Invoice.total), ZERO)).where(
            Invoice.credits_invoice_id == invoice.id
        )
    )
    return invoice.total - (credited or ZERO)


def may_issue() -> bool:
    """Return whether an invoice may be printed: production needs the legal name and address."""
    complete = bool(settings.legal_name().strip() and settings.legal_address().strip())
    return complete or not config().is_production


def _credit(invoice: Invoice, total: Decimal, *, refund: Refund | None, now: datetime) -> Invoice:
    number = _next_number(InvoiceKind.CREDIT_NOTE, london_date(now))
    content = invoice_content.for_credit_note(
        invoice, number=number, total=total, refund=refund, now=now
    )
    return _store(
        invoice.booking,
        InvoiceKind.CREDIT_NOTE,
        number,
        content,
        total=total,
        credits_invoice=invoice,
        refund=refund,
        now=now,
    )


def _next_number(kind: InvoiceKind, day: date) -> str:
    """Raise the counter of the year's series; its lock is held to the commit, so no gap."""
    name = f"{_PREFIXES[kind]}-{day.year}"
    db.session.execute(
        insert(NumberSeries).values(name=name).on_conflict_do_nothing(index_elements=["name"])
    )
    series = db.session.scalars(
        select(NumberSeries)
        .where(NumberSeries.name == name)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()
    series.last_number += 1
    db.session.flush()
    return f"{name}-{series.last_number:05d}"


def _store(
    booking: Booking,
    kind: InvoiceKind,
    number: str,
    content: Json,
    *,
    total: Decimal,
    now: datetime,
    due_date: date | None = None,
    credits_invoice: Invoice | None = None,
    refund: Refund | None = None,
) -> Invoice:
    stored = store_file(
        file_name=f"{number}.pdf",
        media_type="application/pdf",
        content=render_pdf("pdf/invoice.typ", content),
    )
    invoice = Invoice(
        invoice_number=number,
        kind=kind,
        booking=booking,
        credits_invoice=credits_invoice,
        refund=refund,
        issue_date=london_date(now),
        due_date=due_date,
        total=total,
        content=content,
        stored_file=stored,
    )
    db.session.add(invoice)
    db.session.flush()
    return invoice


def _warn_office(booking: Booking, *, now: datetime) -> None:
    notifications.notify_office(
        type=NotificationType.SYSTEM_ANNOUNCEMENT,
        title=f"No invoice for {booking.booking_reference}: legal name or address is missing",
        message="Fill in business.legal_name and business.legal_address in the settings.",
        priority=Priority.HIGH,
        action_url="/admin/settings/",
        booking_id=booking.id,
        now=now,
    )
