"""The customer's page of a booking: its state, paying, names, cancelling, finding it again."""

from datetime import datetime

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from rft_admin.bookings import links
from rft_admin.bookings import service as bookings
from rft_admin.bookings.models import Booking, BookingAttendee, BookingStatus
from rft_admin.bookings.orders import AttendeeDetails
from rft_admin.catalogue import service as catalogue
from rft_admin.core import clock
from rft_admin.core.database import db, transact
from rft_admin.core.errors import Busy, DomainError
from rft_admin.payments import invoices, ledger, refunds, tariff
from rft_admin.payments import service as payments
from rft_admin.payments.models import Provider
from rft_admin.public import access, standing, visitor, waiting
from rft_admin.public.blueprint import blueprint
from rft_admin.public.forms import CancelForm, FindForm, NamesForm, PublicForm

CONFLICT = 409
UNPROCESSABLE = 422


@blueprint.get("/bookings/<reference>")
def booking(reference: str) -> ResponseReturnValue:
    """Exchange a link for the cookie, or show the booking to the browser that holds it."""
    now = clock.now()
    if "t" in request.args:
        return _exchange(reference, now)
    opened = access.open_booking(reference)
    return render_template(
        "public/booking.html",
        booking=opened,
        state=standing.of(opened, now=now),
        materials=catalogue.list_materials(opened.course_schedule.course_id),
        people=_people(opened),
        has_left=request.args.get("payment") == "left",
        form=PublicForm(),
    )


@blueprint.post("/bookings/<reference>/pay")
def pay(reference: str) -> ResponseReturnValue:
    """Open the payment page."""
    now = clock.now()
    visitor.count_try("pay", now=now)
    opened = access.open_booking(reference)
    booking_id, page = opened.id, _address(opened)
    db.session.rollback()
    try:
        return redirect(
            payments.start_checkout(booking_id=booking_id, now=now, by=visitor.actor()), 303
        )
    except Busy:
        raise
    except DomainError as refusal:
        flash(refusal.message)
        return redirect(page, 303)


@blueprint.route("/bookings/<reference>/cancel", methods=["GET", "POST"])
def cancel(reference: str) -> ResponseReturnValue:
    """Show what comes back, with the rule; cancel when it is confirmed."""
    now = clock.now()
    if request.method == "POST":
        visitor.count_try("cancel", now=now)
    opened = access.open_booking(reference)
    form = CancelForm()
    page = _address(opened)
    if not _can_cancel(opened, now):
        flash("This booking can no longer be cancelled here. Please write to us.")
        return redirect(page, 303)
    if request.method == "GET":
        return _cancel_page(form, opened, now)
    if not form.validate():
        return _cancel_page(form, opened, now), UNPROCESSABLE
    by = visitor.actor()
    booking_id, reason = opened.id, form.reason.data or "Cancelled by the customer"

    def use_case() -> None:
        refunds.cancel_and_refund(
            booking=db.session.get_one(Booking, booking_id), reason=reason, now=now, by=by
        )

    try:
        transact(use_case, by=by)
    except DomainError as refusal:
        flash(refusal.message)
    return redirect(page, 303)


@blueprint.route("/bookings/<reference>/attendees", methods=["GET", "POST"])
def attendees(reference: str) -> ResponseReturnValue:
    """Show and change who comes; a person may be replaced until the start."""
    now = clock.now()
    if request.method == "POST":
        visitor.count_try("names", now=now)
    opened = access.open_booking(reference)
    page = _address(opened)
    if not _can_change_names(opened, now):
        flash("The names can no longer be changed here. Please write to us.")
        return redirect(page, 303)
    people = _people(opened)
    if request.method == "GET":
        return _names_page(_names_form(people), opened)
    form = NamesForm()
    if not form.validate():
        return _names_page(form, opened), UNPROCESSABLE
    by = visitor.actor()
    booking_id, names = opened.id, _names(form)

    def use_case() -> None:
        bookings.change_names(db.session.get_one(Booking, booking_id), names, now=now, by=by)

    try:
        transact(use_case, by=by)
    except DomainError as refusal:
        if not form.refuse(refusal):
            form.form_errors = [*form.form_errors, refusal.message]
        return _names_page(form, access.open_booking(reference)), UNPROCESSABLE
    flash("The names are saved.")
    return redirect(page, 303)


@blueprint.route("/bookings/find", methods=["GET", "POST"])
def find_booking() -> ResponseReturnValue:
    """Send the links again; the answer is the same whether there is a booking or not."""
    form = FindForm()
    if request.method == "GET":
        return render_template("public/find.html", form=form)
    now = clock.now()
    visitor.count_try("find", now=now)
    if not form.validate():
        return render_template("public/find.html", form=form), UNPROCESSABLE
    visitor.count_try(f"find-{form.email.data.lower()}", now=now)
    by = visitor.actor()
    transact(lambda: links.send_links(email=form.email.data, now=now, by=by), by=by)
    return render_template("public/find_sent.html")


def _exchange(reference: str, now: datetime) -> ResponseReturnValue:
    opened = access.open_by_link(reference, now=now) or access.open_booking(reference)
    payment = request.args.get("payment")
    if payment == "returned":
        waiting.note_return(opened, now=now)
        return redirect(url_for("public.payment_state", reference=opened.booking_reference), 303)
    page = _address(opened)
    return redirect(f"{page}?payment=left" if payment == "left" else page, 303)


def _address(opened: Booking) -> str:
    return url_for("public.booking", reference=opened.booking_reference)


def _people(opened: Booking) -> list[BookingAttendee]:
    return [person for person in opened.attendees if not person.is_cancelled]


def _can_cancel(opened: Booking, now: datetime) -> bool:
    live = opened.status in {BookingStatus.PENDING, BookingStatus.CONFIRMED}
    return live and now < opened.course_schedule.start_datetime


def _can_change_names(opened: Booking, now: datetime) -> bool:
    return _can_cancel(opened, now)


def _cancel_page(form: CancelForm, opened: Booking, now: datetime) -> str:
    return render_template(
        "public/cancel.html",
        form=form,
        booking=opened,
        refund=tariff.explain(opened, now),
        invoice=invoices.find_live_invoice(opened),
        by_card=all(
            payment.provider is Provider.STRIPE for payment in ledger.list_payments(opened)
        ),
    )


def _names_form(people: list[BookingAttendee]) -> NamesForm:
    rows = [
        {
            "first_name": person.first_name or "",
            "last_name": person.last_name or "",
            "email": person.email or "",
            "may_have_needs": person.may_have_needs,
        }
        for person in people
    ]
    return NamesForm(data={"attendees": rows})


def _names_page(form: NamesForm, opened: Booking) -> str:
    return render_template("public/attendees.html", form=form, booking=opened)


def _names(form: NamesForm) -> list[AttendeeDetails]:
    return [
        AttendeeDetails(
            first_name=row["first_name"] or "",
            last_name=row["last_name"] or "",
            email=row["email"] or "",
            may_have_needs=row["may_have_needs"],
        )
        for row in form.attendees.data
    ]
