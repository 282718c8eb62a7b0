"""The page of a quote for a private course: what is offered, the terms, and accepting it."""

from datetime import datetime

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from rft_admin.bookings import quotes, rules
from rft_admin.bookings.models import (
    BookingInquiry,
    BookingStatus,
    CustomerType,
    InquiryStatus,
    PaymentChoice,
)
from rft_admin.core import clock
from rft_admin.core.database import Json, db, transact
from rft_admin.core.errors import Busy, DomainError
from rft_admin.payments import billing, tariff
from rft_admin.payments import service as payments
from rft_admin.public import visitor
from rft_admin.public.access import REFERENCE
from rft_admin.public.blueprint import blueprint
from rft_admin.public.book import UNPROCESSABLE, Placed
from rft_admin.public.forms import QuoteForm

CARD = ("card", "By card, now")
INVOICE = ("invoice", "By invoice, later")


@blueprint.route("/quotes/<reference>", methods=["GET", "POST"])
def quote(reference: str) -> ResponseReturnValue:
    """Show the quote to whoever has its link; make the booking when it is accepted."""
    now = clock.now()
    if request.method == "POST":
        visitor.count_try("quote", now=now)
    inquiry = _find(reference)
    terms = tariff.current_terms(private=True)
    form = _form(inquiry, terms, now)
    if request.method == "GET" or not quotes.is_open(inquiry, now=now):
        return _page(form, inquiry, terms, now)
    if not form.validate():
        return _page(form, inquiry, terms, now), UNPROCESSABLE
    try:
        placed = _accept(inquiry.id, form, terms, now)
    except Busy:
        raise
    except DomainError as refusal:
        fresh = _find(reference)
        if not form.refuse(refusal):
            form.form_errors = [*form.form_errors, refusal.message]
        return _page(form, fresh, terms, now), refusal.status
    visitor.remember_booking(placed.booking_id, placed.links_version)
    return redirect(_next_address(placed, now), 303)


def _find(reference: str) -> BookingInquiry:
    """Return the inquiry that the link in the address opens; a stranger sees 404."""
    token = request.args.get("t", "")
    known = REFERENCE.fullmatch(reference) and token
    inquiry = quotes.find_quote(reference, token) if known else None
    if inquiry is None:
        abort(404)
    return inquiry


def _form(inquiry: BookingInquiry, terms: Json, now: datetime) -> QuoteForm:
    form = QuoteForm()
    by_invoice = bool(inquiry.company_name) and bool(terms["invoice_enabled"])
    form.payment_method.choices = [CARD, INVOICE] if by_invoice else [CARD]
    if not by_invoice:
        form.payment_method.data = PaymentChoice.CARD.value
        del form.purchase_order
    if not _needs_early_start(inquiry, terms, now):
        del form.early_start_request
    return form


def _needs_early_start(inquiry: BookingInquiry, terms: Json, now: datetime) -> bool:
    schedule = inquiry.quoted_schedule
    kind = CustomerType.BUSINESS if inquiry.company_name else CustomerType.INDIVIDUAL
    return schedule is not None and rules.needs_early_start(
        schedule, kind, now=now, cooling_off_days=int(terms["consumer_cooling_off_days"])
    )


def _accept(inquiry_id: int, form: QuoteForm, terms: Json, now: datetime) -> Placed:
    by = visitor.actor()
    acceptance = quotes.Acceptance(
        payment_method=form.payment_method.data,
        purchase_order=(form.purchase_order.data or "") if form.purchase_order else "",
        accept_terms=form.accept_terms.data,
        early_start_requested=bool(form.early_start_request and form.early_start_request.data),
        terms=terms,
    )

    def use_case() -> Placed:
        inquiry = db.session.get_one(BookingInquiry, inquiry_id)
        booking = quotes.accept(inquiry, acceptance, now=now, by=by)
        billing.bill(booking, now=now, by=by)
        return Placed(
            booking_id=booking.id,
            reference=booking.booking_reference,
            links_version=booking.links_version,
            awaits_card=booking.status is BookingStatus.PENDING
            and booking.payment_method_chosen is PaymentChoice.CARD,
            is_foreign=False,
        )

    return transact(use_case, by=by)


def _next_address(placed: Placed, now: datetime) -> str:
    """Return the payment page, or the booking's own when nothing is to pay or Stripe is away."""
    page = url_for("public.booking", reference=placed.reference)
    if not placed.awaits_card:
        return page
    try:
        return payments.start_checkout(booking_id=placed.booking_id, now=now, by=visitor.actor())
    except DomainError:
        return page


def _page(form: QuoteForm, inquiry: BookingInquiry, terms: Json, now: datetime) -> str:
    return render_template(
        "public/quote.html",
        form=form,
        inquiry=inquiry,
        schedule=inquiry.quoted_schedule,
        is_open=quotes.is_open(inquiry, now=now),
        is_accepted=inquiry.status is InquiryStatus.CONVERTED,
        terms_words=[*terms["words"], tariff.cooling_off_in_words(terms)],
    )
