"""What an invoice or a credit note says: plain values, frozen with it and printed as they are."""

from datetime import date, datetime
from decimal import Decimal

from rft_admin.bookings.calendar import venue_words
from rft_admin.bookings.models import Booking
from rft_admin.core.database import Json
from rft_admin.core.formats import format_date, format_short_date, format_time
from rft_admin.core.money import ZERO, format_pounds, pounds
from rft_admin.messaging import settings as business
from rft_admin.payments import settings
from rft_admin.payments.models import Invoice, Refund

SLOGAN = "Act Fast | Save Lives"
#: The standard rate (VAT Act 1994, section 2): what part of a price that includes it is VAT.
VAT_RATE_PERCENT = 20


def for_invoice(
    booking: Booking, *, number: str, paid: Decimal, due_date: date | None, now: datetime
) -> Json:
    """Return what the booking's invoice says.

    :param paid: pounds received so far.
    """
    total = booking.payment_amount
    to_pay = max(ZERO, total - paid)
    totals = [
        _sum("Total", total, strong=True),
        *_vat(total),
        _sum("Paid", paid),
        _sum("To pay", to_pay, strong=True),
    ]
    return {
        "title": "Invoice",
        "number": number,
        "seller": _seller(),
        "buyer": _buyer(booking),
        "facts": _facts(
            ("Invoice number", number),
            ("Date", format_short_date(now)),
            ("Booking", booking.booking_reference),
            ("Purchase order", booking.purchase_order),
            ("To be paid by", format_short_date(due_date) if due_date and to_pay else ""),
        ),
        "lines": _lines(booking),
        "totals": totals,
        "notes": _notes(number, to_pay),
    }


def transfer_words() -> str:
    """Return where to transfer money to, or whom to ask while the office has not entered it."""
    details = settings.bank_details().strip()
    return details or f"Please write to {business.business_email()} for our bank details."


def for_credit_note(
    invoice: Invoice, *, number: str, total: Decimal, refund: Refund | None, now: datetime
) -> Json:
    """Return what a credit note says: what it takes back of which invoice, and why."""
    booking = invoice.booking
    unpaid = "Unpaid amount, booking cancelled" if booking.is_cancelled else "Booking changed"
    why = "Refund" if refund else unpaid
    return {
        "title": "Credit note",
        "number": number,
        "seller": invoice.content["seller"],
        "buyer": invoice.content["buyer"],
        "facts": _facts(
            ("Credit note number", number),
            ("Date", format_short_date(now)),
            ("Credits invoice", invoice.invoice_number),
            ("Of", format_short_date(invoice.issue_date)),
            ("Booking", booking.booking_reference),
            ("Purchase order", booking.purchase_order),
        ),
        "lines": [
            {
                "description": f"{why}: {booking.course_schedule.course.name}",
                "detail": _course_days(booking),
                "quantity": "",
                "each": "",
                "amount": format_pounds(total),
            }
        ],
        "totals": [_sum("Credited", total, strong=True), *_vat(total)],
        "notes": _refund_notes(refund),
    }


def _seller() -> Json:
    name, legal_name = business.business_name(), settings.legal_name().strip()
    legal_address = settings.legal_address().strip()
    parts = [f"{name} is a trading name of {legal_name}"] if legal_name else [name]
    if legal_address:
        parts.append(", ".join(_lines_of(legal_address)))
    vat_number = settings.vat_number().strip()
    return {
        "business_name": name,
        "slogan": SLOGAN,
        "legal_name": legal_name or "Legal name to be entered in the settings",
        "trading": f"trading as {name}",
        "legal_address": legal_address or "Legal address to be entered in the settings",
        "vat_number": f"VAT number {vat_number}" if vat_number else "",
        "footer": " · ".join([", ".join(parts), business.business_email()]),
    }


def _buyer(booking: Booking) -> str:
    return "\n".join(filter(None, (booking.company_name, booking.contact_name, booking.user.email)))


def _facts(*pairs: tuple[str, str]) -> list[list[str]]:
    return [[words, value] for words, value in pairs if value]


def _lines(booking: Booking) -> list[Json]:
    full = booking.payment_amount + booking.discount_applied
    each = booking.price_per_place
    adds_up = pounds(each * booking.number_of_places) == full
    lines = [
        {
            "description": booking.course_schedule.course.name,
            "detail": _course_days(booking),
            "quantity": str(booking.number_of_places),
            "each": format_pounds(each) if adds_up else "",
            "amount": format_pounds(full),
        }
    ]
    if booking.discount_applied:
        code = booking.discount_code
        lines.append(
            {
                "description": f"Discount code {code.code}" if code else "Group discount",
                "detail": "",
                "quantity": "",
                "each": "",
                "amount": format_pounds(-booking.discount_applied),
            }
        )
    return lines


def _course_days(booking: Booking) -> str:
    schedule = booking.course_schedule
    days = [
        f"{format_date(day.starts_at)}, {format_time(day.starts_at)} to {format_time(day.ends_at)}"
        for day in schedule.days
    ]
    return "\n".join([*(days or [format_date(schedule.start_datetime)]), venue_words(schedule)])


def _sum(words: str, amount: Decimal, *, strong: bool = False) -> Json:
    return {"words": words, "amount": format_pounds(amount), "strong": strong}


def _vat(total: Decimal) -> list[Json]:
    """Return the VAT line; none without a VAT number."""
    if not settings.vat_number().strip():
        return []
    vat = pounds(total * VAT_RATE_PERCENT / (100 + VAT_RATE_PERCENT))
    return [_sum(f"of which VAT at {VAT_RATE_PERCENT} %", vat)]


def _notes(number: str, to_pay: Decimal) -> list[Json]:
    if not to_pay:
        return [{"title": "Paid", "text": "Thank you. There is nothing left to pay."}]
    return [
        {
            "title": "How to pay",
            "text": f"By bank transfer:\n{transfer_words()}\nPlease quote {number}.",
        }
    ]


def _refund_notes(refund: Refund | None) -> list[Json]:
    words = refund.calculation.get("words", []) if refund else []
    return [{"title": "How it was reckoned", "text": "\n".join(words)}] if words else []


def _lines_of(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]
