"""Where a booking stands, as its own page says it: in words, with what can be done next."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select

from rft_admin.bookings import letters, moving
from rft_admin.bookings.models import Booking, BookingStatus, PaymentChoice
from rft_admin.core.database import db
from rft_admin.delivery.models import Certificate
from rft_admin.messaging.models import EmailLog
from rft_admin.payments import invoice_content, invoices, ledger
from rft_admin.payments.models import Invoice, Refund

PAYMENT_LINK = letters.payment_link.__name__
FINISHED = frozenset({BookingStatus.COMPLETED, BookingStatus.NO_SHOW})


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What the customer's page shows of a booking besides its own row."""

    #: pending, lapsed, confirmed, cancelled or completed.
    name: str
    due: Decimal
    paid: Decimal
    #: What has been sent back.
    given_back: Decimal
    can_pay: bool
    can_change: bool
    #: The customer may choose another date.
    can_move: bool
    refunds: list[Refund]
    invoices: list[Invoice]
    #: The one that is to be paid.
    invoice: Invoice | None
    #: The bank details, where the sum is not paid by card.
    how_to_pay: str
    certificates: list[Certificate]


def of(booking: Booking, *, now: datetime) -> Standing:
    """Return where the booking stands at that moment."""
    due = ledger.amount_due(booking)
    is_live = booking.status in {BookingStatus.PENDING, BookingStatus.CONFIRMED}
    to_come = now < booking.course_schedule.start_datetime
    by_card = _pays_by_card(booking)
    return Standing(
        name=_name(booking, now),
        due=due,
        paid=ledger.amount_paid(booking),
        given_back=ledger.amount_returned(booking),
        can_pay=is_live and due > 0 and by_card,
        can_change=is_live and to_come,
        can_move=moving.can_be_moved_by_customer(booking, now=now),
        refunds=list(
            db.session.scalars(
                select(Refund).where(Refund.booking_id == booking.id).order_by(Refund.id)
            )
        ),
        invoices=list(
            db.session.scalars(
                select(Invoice)
                .where(Invoice.booking_id == booking.id, Invoice.stored_file_id.is_not(None))
                .order_by(Invoice.id)
            )
        ),
        invoice=invoices.find_live_invoice(booking) if due > 0 else None,
        how_to_pay=invoice_content.transfer_words() if due > 0 and not by_card else "",
        certificates=_certificates(booking),
    )


def _name(booking: Booking, now: datetime) -> str:
    if booking.status is BookingStatus.PENDING and not booking.holds_places_at(now):
        return "lapsed"
    if booking.status in FINISHED:
        return "completed"
    return booking.status.value


def _pays_by_card(booking: Booking) -> bool:
    """Return whether the card was chosen, or the office has sent a link to pay by it."""
    if booking.payment_method_chosen is PaymentChoice.CARD:
        return True
    link = select(EmailLog.id).where(
        EmailLog.booking_id == booking.id, EmailLog.template_name == PAYMENT_LINK
    )
    return db.session.scalar(link.limit(1)) is not None


def _certificates(booking: Booking) -> list[Certificate]:
    rows = db.session.scalars(
        select(Certificate).where(Certificate.booking_id == booking.id).order_by(Certificate.id)
    )
    return [certificate for certificate in rows if certificate.is_live]
