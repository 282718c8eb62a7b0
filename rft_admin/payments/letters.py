"""The letters about money: to whom, with which words, queued with the change."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from rft_admin.bookings.letters import BOOKING_LINK
from rft_admin.bookings.models import Booking
from rft_admin.core.database import Json
from rft_admin.core.formats import format_date, format_short_date
from rft_admin.core.links import absolute
from rft_admin.core.money import format_pounds
from rft_admin.messaging import service as messaging
from rft_admin.messaging import settings as business
from rft_admin.messaging.models import EmailLog
from rft_admin.payments.invoice_content import transfer_words
from rft_admin.payments.models import Invoice, PaymentTransaction, Refund


def payment_received(
    booking: Booking,
    payment: PaymentTransaction,
    invoice: Invoice | None,
    *,
    due: Decimal,
    now: datetime,
) -> EmailLog:
    """Thank for a payment; the invoice is attached when there is one.

    :param due: pounds still to be paid.
    """
    return _to_booker(
        booking,
        "payment_received",
        f"Payment received: {format_pounds(payment.amount)} for {booking.booking_reference}",
        now=now,
        attachments=_invoice_files(invoice),
        amount=format_pounds(payment.amount),
        method=payment.payment_method,
        due=format_pounds(due) if due else "",
        invoice_number=invoice.invoice_number if invoice else "",
    )


def invoice_issued(booking: Booking, invoice: Invoice, *, now: datetime) -> EmailLog:
    """Send an invoice that is to be paid."""
    return _to_booker(
        booking,
        "invoice_issued",
        f"Invoice {invoice.invoice_number} for {booking.booking_reference}",
        now=now,
        attachments=_invoice_files(invoice),
        **_invoice_words(booking, invoice, invoice.total),
    )


def invoice_reminder(
    booking: Booking, invoice: Invoice, *, due: Decimal, is_overdue: bool, now: datetime
) -> EmailLog:
    """Remind of an invoice, before or after its due date.

    :param due: pounds still to be paid.
    """
    state = "is overdue" if is_overdue else "is due soon"
    return _to_booker(
        booking,
        "invoice_reminder",
        f"Invoice {invoice.invoice_number} {state}: {format_pounds(due)}",
        now=now,
        attachments=_invoice_files(invoice),
        is_overdue=is_overdue,
        **_invoice_words(booking, invoice, due),
    )


def invoice_closed(invoice: Invoice, credit_note: Invoice, *, now: datetime) -> EmailLog:
    """Tell that what was unpaid of an invoice need not be paid any more."""
    return _to_booker(
        invoice.booking,
        "invoice_closed",
        f"Nothing more to pay on invoice {invoice.invoice_number}",
        now=now,
        attachments=_invoice_files(credit_note),
        credit_note_number=credit_note.invoice_number,
        **_invoice_words(invoice.booking, invoice, credit_note.total),
    )


def payment_failed(booking: Booking, *, now: datetime) -> EmailLog:
    """Tell that the payment did not go through, and how to try again."""
    return _to_booker(
        booking,
        "payment_failed",
        f"Your payment for {booking.booking_reference} did not go through",
        now=now,
    )


def refund_requested(refund: Refund, *, now: datetime) -> EmailLog:
    """Tell the customer that the refund is noted, with its calculation."""
    return _about(
        refund,
        "refund_requested",
        f"Your refund for {refund.booking.booking_reference}",
        now=now,
        needs_approval=refund.approved_at is None,
    )


def refund_requested_office(refund: Refund, *, now: datetime) -> EmailLog:
    """Tell the office of a refund, and whether it waits for a decision."""
    return messaging.queue_letter(
        template="refund_requested_office",
        to=business.office_email(),
        subject=f"Refund {refund.refund_reference}: {format_pounds(refund.net_refund)}",
        context=_refund_words(refund)
        | {"url": _screen(refund), "needs_approval": refund.approved_at is None},
        booking_id=refund.booking_id,
        now=now,
    )


def refund_approved(refund: Refund, *, now: datetime) -> EmailLog:
    """Tell the customer that the refund is approved and on its way."""
    return _about(
        refund, "refund_approved", f"Refund approved: {refund.booking.booking_reference}", now=now
    )


def refund_rejected(refund: Refund, *, now: datetime) -> EmailLog:
    """Tell the customer that there is no refund, and why."""
    return _about(
        refund,
        "refund_rejected",
        f"Your refund request for {refund.booking.booking_reference}",
        now=now,
        rejection_reason=refund.rejection_reason or "",
    )


def refund_completed(refund: Refund, credit_note: Invoice | None, *, now: datetime) -> EmailLog:
    """Tell the customer that the money has been sent."""
    return _about(
        refund,
        "refund_completed",
        f"Refund sent: {format_pounds(refund.net_refund)} for {refund.booking.booking_reference}",
        now=now,
        attachments=_invoice_files(credit_note),
        credit_note_number=credit_note.invoice_number if credit_note else "",
    )


def refund_failed(refund: Refund, *, now: datetime) -> EmailLog:
    """Tell the office that a refund did not arrive."""
    return messaging.queue_letter(
        template="refund_failed",
        to=business.office_email(),
        subject=f"Refund {refund.refund_reference} failed",
        context=_refund_words(refund)
        | {"url": _screen(refund), "failure_reason": refund.failure_reason or ""},
        booking_id=refund.booking_id,
        now=now,
    )


def payment_returned(refund: Refund, *, now: datetime) -> EmailLog:
    """Apologise for a payment that we could not keep: no place any more, or paid twice."""
    return _about(
        refund,
        "payment_returned",
        f"We are returning your payment for {refund.booking.booking_reference}",
        now=now,
        other_dates_url=absolute(f"/courses/{refund.booking.course_schedule.course.slug}"),
    )


def _about(
    refund: Refund,
    template: str,
    subject: str,
    *,
    now: datetime,
    attachments: list[Json] | None = None,
    **words: Any,
) -> EmailLog:
    return _to_booker(
        refund.booking,
        template,
        subject,
        now=now,
        attachments=attachments,
        **_refund_words(refund),
        **words,
    )


def _to_booker(
    booking: Booking,
    template: str,
    subject: str,
    *,
    now: datetime,
    attachments: list[Json] | None = None,
    **words: Any,
) -> EmailLog:
    return messaging.queue_letter(
        template=template,
        to=booking.user.email,
        subject=subject,
        context=_booking_words(booking) | words,
        booking_id=booking.id,
        attachments=attachments,
        personal_link={
            "path": f"/bookings/{booking.booking_reference}",
            "purpose": BOOKING_LINK,
            "row_id": booking.id,
            "version": booking.links_version,
        },
        now=now,
    )


def _booking_words(booking: Booking) -> Json:
    schedule = booking.course_schedule
    return {
        "name": booking.contact_first_name,
        "reference": booking.booking_reference,
        "course": schedule.course.name,
        "day": format_date(schedule.start_datetime),
        "total": format_pounds(booking.payment_amount),
    }


def _invoice_words(booking: Booking, invoice: Invoice, due: Decimal) -> Json:
    return {
        "invoice_number": invoice.invoice_number,
        "due": format_pounds(due),
        "due_date": format_date(invoice.due_date) if invoice.due_date else "",
        "purchase_order": booking.purchase_order,
        "bank_details": transfer_words(),
    }


def _refund_words(refund: Refund) -> Json:
    return _booking_words(refund.booking) | {
        "refund_reference": refund.refund_reference,
        "amount": format_pounds(refund.net_refund),
        "words": [str(words) for words in refund.calculation.get("words", [])],
        "rule": str(refund.calculation.get("rule", "")),
        "reason": refund.reason,
        "by_card": refund.payment_transaction.provider.value == "stripe",
        "due_by": format_short_date(refund.refund_due_by) if refund.refund_due_by else "",
    }


def _screen(refund: Refund) -> str:
    return absolute(f"/admin/refunds/details/?id={refund.id}")


def _invoice_files(invoice: Invoice | None) -> list[Json]:
    if invoice is None or invoice.stored_file_id is None:
        return []
    return [{"kind": "stored_file", "id": invoice.stored_file_id}]
