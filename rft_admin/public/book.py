"""The booking form: shown, priced again, sent, and refused without losing what was typed."""

from dataclasses import dataclass
from datetime import datetime

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from rft_admin.bookings import places, rules
from rft_admin.bookings import service as bookings
from rft_admin.bookings import settings as booking_settings
from rft_admin.bookings.models import Booking, BookingStatus, PaymentChoice
from rft_admin.bookings.orders import BookingOrder
from rft_admin.catalogue import service as catalogue
from rft_admin.catalogue.models import CourseSchedule
from rft_admin.core import clock
from rft_admin.core.database import db, transact
from rft_admin.core.errors import Busy, DomainError, NotFound
from rft_admin.payments import billing
from rft_admin.payments import service as payments
from rft_admin.public import funnel, offer, visitor
from rft_admin.public.blueprint import blueprint
from rft_admin.public.dates import DateCard, list_cards
from rft_admin.public.forms import BookingForm

CONFLICT = 409
UNPROCESSABLE = 422


@dataclass(frozen=True)
class Placed:
    """What the door needs of a booking after its transaction is over."""

    booking_id: int
    reference: str
    links_version: int
    #: To be paid by card now.
    awaits_card: bool
    #: The form had been sent before, and not by this browser.
    is_foreign: bool


@blueprint.route("/book/<int:schedule_id>", methods=["GET", "POST"])
def book(schedule_id: int) -> ResponseReturnValue:
    """Show the form; price it again when asked to; place the booking when it is sent."""
    now = clock.now()
    is_update = "update" in request.form
    if request.method == "POST":
        _count(now, is_update=is_update)
    schedule = catalogue.get_schedule_on_show(schedule_id, now=now)
    form = offer.booking_form()
    if is_update:
        offer.fit_people(form)
        return _page(form, schedule, now)
    if request.method == "POST":
        return _send(form, schedule, now)
    card = list_cards([schedule], now=now)[0]
    if not card.is_bookable:
        return _closed(card, now)
    form.idempotency_key.data = visitor.new_form_key()
    form.booker_attends.data = True
    funnel.note("started", schedule_id=schedule_id)
    return _page(form, schedule, now)


def _count(now: datetime, *, is_update: bool) -> None:
    """Count the try before anything else is read."""
    if is_update:
        visitor.count_try("price", now=now, limit=visitor.PRICE_LIMIT)
    else:
        visitor.count_try("book", now=now)


def _send(form: BookingForm, schedule: CourseSchedule, now: datetime) -> ResponseReturnValue:
    if not form.validate():
        return _page(form, schedule, now), UNPROCESSABLE
    schedule_id = schedule.id
    order = offer.order(form, schedule_id)
    try:
        bookings.turn_away(order, schedule, now=now)
    except DomainError as refusal:
        return _refused(form, schedule, refusal, now)
    try:
        placed = _place(order, now)
    except (NotFound, Busy):
        raise
    except DomainError as refusal:
        return _refused(form, catalogue.get_schedule(schedule_id), refusal, now)
    if placed.is_foreign:
        return render_template("public/already_sent.html"), CONFLICT
    visitor.remember_booking(placed.booking_id, placed.links_version)
    funnel.note("submitted", schedule_id=schedule_id)
    return redirect(_next_address(placed, now), 303)


def _place(order: BookingOrder, now: datetime) -> Placed:
    is_own = visitor.is_own_form_key(order.idempotency_key or "")
    by = visitor.actor()

    def use_case() -> Placed:
        is_known = _is_known(order.idempotency_key)
        booking = bookings.place_booking(order, now=now, by=by)
        billing.bill(booking, now=now, by=by)
        may_open = is_own or visitor.may_open(booking.id, booking.links_version)
        return Placed(
            booking_id=booking.id,
            reference=booking.booking_reference,
            links_version=booking.links_version,
            awaits_card=_awaits_card(booking),
            is_foreign=is_known and not may_open,
        )

    return transact(use_case, by=by)


def _is_known(key: str | None) -> bool:
    found = db.session.scalar(select(Booking.id).where(Booking.idempotency_key == key))
    return found is not None


def _awaits_card(booking: Booking) -> bool:
    return (
        booking.status is BookingStatus.PENDING
        and booking.payment_method_chosen is PaymentChoice.CARD
        and booking.payment_amount > 0
    )


def _next_address(placed: Placed, now: datetime) -> str:
    """Return the payment page, or the booking's own when nothing is to pay or Stripe is away."""
    page = url_for("public.booking", reference=placed.reference)
    if not placed.awaits_card:
        return page
    try:
        return payments.start_checkout(booking_id=placed.booking_id, now=now, by=visitor.actor())
    except DomainError:
        return page


def _refused(
    form: BookingForm, schedule: CourseSchedule, refusal: DomainError, now: datetime
) -> ResponseReturnValue:
    if isinstance(refusal, rules.BookingClosed):
        return _closed(list_cards([schedule], now=now)[0], now), CONFLICT
    if isinstance(refusal, places.SoldOut) and not refusal.free:
        return _full(form, schedule, refusal.next_dates), CONFLICT
    if not form.refuse(refusal):
        form.form_errors = [*form.form_errors, refusal.message]
    if isinstance(refusal, places.SoldOut):
        return _page(form, schedule, now, next_dates=refusal.next_dates), CONFLICT
    return _page(form, schedule, now), UNPROCESSABLE


def _page(
    form: BookingForm,
    schedule: CourseSchedule,
    now: datetime,
    *,
    next_dates: tuple[places.NextDate, ...] = (),
) -> str:
    if not form.errors:
        offer.check_code(form, schedule, now)
    return render_template(
        "public/book.html",
        form=form,
        schedule=schedule,
        card=list_cards([schedule], now=now)[0],
        next_dates=next_dates,
        **offer.words(form, schedule, now),
    )


def _full(
    form: BookingForm, schedule: CourseSchedule, next_dates: tuple[places.NextDate, ...]
) -> str:
    """Return the page of a date that has filled up; what was typed goes on to another one."""
    typed = [
        (name, value)
        for name, value in request.form.items(multi=True)
        if name != form.csrf_token.name
    ]
    return render_template(
        "public/sold_out.html",
        schedule=schedule,
        csrf_token=form.csrf_token,
        typed=typed,
        next_dates=next_dates,
        hold_minutes=booking_settings.payment_hold_minutes(),
    )


def _closed(card: DateCard, now: datetime) -> str:
    """Return the page of a date that cannot be booked, with the next ones of its course."""
    schedule = card.schedule
    others = catalogue.list_next_dates(schedule.course_id, now=now, besides=schedule.id)
    return render_template(
        "public/closed.html",
        title="This date is full" if card.is_full else "Bookings for this date are closed",
        message=(
            "All places are taken. Choose another date below, or ask us."
            if card.is_full
            else "It is too late to book online, but not to ask."
        ),
        schedule=schedule,
        cards=list_cards(others, now=now),
    )
