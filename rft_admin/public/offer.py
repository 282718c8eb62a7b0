"""What the booking form offers: its choices, its people, its price in words, and the order."""

from datetime import datetime
from typing import Any

from rft_admin.bookings import pricing, rules, settings
from rft_admin.bookings.models import CustomerType, PaymentChoice
from rft_admin.bookings.orders import AttendeeDetails, BookingOrder
from rft_admin.bookings.pricing import Quote
from rft_admin.catalogue.discounts import DiscountCodeRefused
from rft_admin.catalogue.models import CourseSchedule
from rft_admin.core.money import format_pounds
from rft_admin.payments import settings as payment_settings
from rft_admin.payments import tariff
from rft_admin.public.forms import MOST_PEOPLE, BookingForm


def booking_form() -> BookingForm:
    """Return the form with what was posted and the choices that the settings allow."""
    form = BookingForm()
    form.payment_method.choices = _payment_choices()
    if len(form.payment_method.choices) == 1:
        form.payment_method.data = next(iter(form.payment_method.choices))
    if not settings.discount_codes_enabled():
        del form.discount_code
    return form


def fit_people(form: BookingForm) -> None:
    """Show one row per place, the booker's own apart; the last rows go first."""
    wanted = _rows_wanted(form)
    while len(form.attendees) > wanted:
        form.attendees.pop_entry()
    while len(form.attendees) < wanted:
        form.attendees.append_entry()


def order(form: BookingForm, schedule_id: int) -> BookingOrder:
    """Return what the visitor asks for; the booker is not counted twice when named again."""
    return BookingOrder(
        schedule_id=schedule_id,
        contact_first_name=form.first_name.data,
        contact_last_name=form.last_name.data,
        email=form.email.data,
        phone=form.phone.data or "",
        customer_type=form.customer_type.data,
        company_name=form.company_name.data or "",
        purchase_order=form.purchase_order.data or "",
        payment_method=form.payment_method.data,
        number_of_places=form.number_of_places.data,
        booker_attends=form.booker_attends.data,
        attendees=tuple(_people(form)),
        requirement_type=form.requirement_type.data or "",
        requirement_details=form.requirement_details.data or "",
        health_consent=form.health_consent.data,
        discount_code=_code(form),
        early_start_requested=form.early_start_request.data,
        reminders_opt_out=form.reminders_opt_out.data,
        accept_terms=form.accept_terms.data,
        idempotency_key=form.idempotency_key.data or None,
        source="public",
        terms=tariff.current_terms(),
    )


def check_code(form: BookingForm, schedule: CourseSchedule, now: datetime) -> None:
    """Put a refusal of the discount code beside its field, before the form is sent."""
    try:
        _quote(form, schedule, now, code=_code(form))
    except DiscountCodeRefused as refusal:
        form.refuse(refusal)


def words(form: BookingForm, schedule: CourseSchedule, now: datetime) -> dict[str, Any]:
    """Return the price, the button and the sentences that depend on what was typed so far."""
    if not form.errors:
        fit_people(form)
    quote = _quote_or_none(form, schedule, now)
    return {
        "quote": quote,
        "most_places": settings.max_places_per_booking(),
        "group_hint": _group_hint(quote),
        "vat_registered": bool(payment_settings.vat_number()),
        "early_start_needed": _needs_early_start(form, schedule, now),
        "cooling_off_days": payment_settings.consumer_cooling_off_days(),
        "requirements_days": settings.requirements_retention_days(),
        "button_words": _button_words(form, quote),
        "button_hint": _button_hint(form, quote),
    }


def _payment_choices() -> dict[str, str]:
    card = {PaymentChoice.CARD.value: "By card, now"}
    invoice = {PaymentChoice.INVOICE.value: "By invoice, later (businesses)"}
    if not payment_settings.invoice_enabled():
        return card
    return card | invoice if payment_settings.accept_online_payments() else invoice


def _rows_wanted(form: BookingForm) -> int:
    number = form.number_of_places.data or 1
    return max(0, min(number, MOST_PEOPLE) - bool(form.booker_attends.data))


def _people(form: BookingForm) -> list[AttendeeDetails]:
    people = [
        AttendeeDetails(
            first_name=row["first_name"] or "",
            last_name=row["last_name"] or "",
            email=row["email"] or "",
            may_have_needs=row["may_have_needs"],
        )
        for row in form.attendees.data
        if any(row.values())
    ]
    if not form.booker_attends.data:
        return people
    booker = (form.first_name.data.casefold(), form.last_name.data.casefold())
    return [p for p in people if (p.first_name.casefold(), p.last_name.casefold()) != booker]


def _code(form: BookingForm) -> str:
    return (form.discount_code.data or "") if form.discount_code else ""


def _quote_or_none(form: BookingForm, schedule: CourseSchedule, now: datetime) -> Quote | None:
    number = form.number_of_places.data
    if number is None or not 1 <= number <= settings.max_places_per_booking():
        return None
    try:
        return _quote(form, schedule, now, code=_code(form))
    except DiscountCodeRefused:
        return _quote(form, schedule, now, code="")


def _quote(form: BookingForm, schedule: CourseSchedule, now: datetime, *, code: str) -> Quote:
    number = form.number_of_places.data or 1
    return pricing.quote(schedule=schedule, number_of_places=number, discount_code=code, now=now)


def _group_hint(quote: Quote | None) -> str:
    percent, start = settings.group_discount_percent(), settings.group_discount_from()
    if quote is None or not percent or not 1 < quote.number_of_places < start:
        return ""
    return f"From {start} places you pay {percent} % less."


def _needs_early_start(form: BookingForm, schedule: CourseSchedule, now: datetime) -> bool:
    return rules.needs_early_start(
        schedule,
        form.customer_type.data or CustomerType.INDIVIDUAL,
        now=now,
        cooling_off_days=payment_settings.consumer_cooling_off_days(),
    )


def _button_words(form: BookingForm, quote: Quote | None) -> str:
    if _is_by_invoice(form):
        return "Book on invoice"
    if quote is None:
        return "Book and pay"
    return "Book now" if quote.is_free else f"Book and pay {format_pounds(quote.total)}"


def _button_hint(form: BookingForm, quote: Quote | None) -> str:
    if _is_by_invoice(form):
        days = payment_settings.invoice_terms_days()
        return f"Confirmed at once. To be paid within {days} days, and before the course."
    if quote is not None and quote.is_free:
        return "Nothing is to pay."
    minutes = settings.payment_hold_minutes()
    return f"You pay on the next page. Your places are kept for {minutes} minutes."


def _is_by_invoice(form: BookingForm) -> bool:
    method: str | None = form.payment_method.data
    return method == PaymentChoice.INVOICE
