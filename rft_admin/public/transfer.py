"""Moving a booking to another date of its course, by its customer."""

from datetime import datetime

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from rft_admin.bookings import moving, places
from rft_admin.bookings import service as bookings
from rft_admin.bookings.models import Booking
from rft_admin.bookings.places import NextDate
from rft_admin.core import clock
from rft_admin.core.database import db, transact
from rft_admin.core.errors import Busy, DomainError
from rft_admin.core.formats import format_date, format_time
from rft_admin.public import access, visitor
from rft_admin.public.blueprint import blueprint
from rft_admin.public.forms import TransferForm

MOST_DATES = 12
UNPROCESSABLE = 422


@blueprint.route("/bookings/<reference>/transfer", methods=["GET", "POST"])
def transfer(reference: str) -> ResponseReturnValue:
    """Show the dates with room; move the booking to the chosen one."""
    now = clock.now()
    if request.method == "POST":
        visitor.count_try("transfer", now=now)
    opened = access.open_booking(reference)
    page = url_for("public.booking", reference=opened.booking_reference)
    if not moving.can_be_moved_by_customer(opened, now=now):
        flash("This booking can no longer be moved here. Please write to us.")
        return redirect(page, 303)
    form, dates = _form(opened, now)
    if request.method == "GET":
        return _page(form, opened, dates)
    if not form.validate():
        return _page(form, opened, dates), UNPROCESSABLE
    try:
        new_day = _move(opened.id, form, now)
    except Busy:
        raise
    except DomainError as refusal:
        fresh = access.open_booking(reference)
        form, dates = _form(fresh, now)
        if not form.refuse(refusal):
            form.form_errors = [*form.form_errors, refusal.message]
        return _page(form, fresh, dates), refusal.status
    flash(f"Your booking has moved to {new_day}. A letter with the new date is on its way.")
    return redirect(page, 303)


def _form(opened: Booking, now: datetime) -> tuple[TransferForm, tuple[NextDate, ...]]:
    """Return the form with the dates that have room, and whether one needs an early start."""
    dates = places.list_next_dates(
        opened.course_schedule,
        number_of_places=opened.number_of_places,
        now=now,
        limit=MOST_DATES,
    )
    form = TransferForm()
    form.schedule_id.choices = [(date.schedule_id, _words(date)) for date in dates]
    if not any(moving.needs_early_start(opened, date.starts_at) for date in dates):
        del form.early_start_request
    return form, dates


def _words(date: NextDate) -> str:
    return f"{format_date(date.starts_at)}, {format_time(date.starts_at)}, {date.venue}"


def _move(booking_id: int, form: TransferForm, now: datetime) -> str:
    by = visitor.actor()
    schedule_id: int = form.schedule_id.data
    early = bool(form.early_start_request and form.early_start_request.data)

    def use_case() -> str:
        moved = bookings.transfer_by_customer(
            db.session.get_one(Booking, booking_id),
            schedule_id,
            early_start_requested=early,
            now=now,
            by=by,
        )
        return format_date(moved.course_schedule.start_datetime)

    return transact(use_case, by=by)


def _page(form: TransferForm, opened: Booking, dates: tuple[NextDate, ...]) -> str:
    return render_template("public/transfer.html", form=form, booking=opened, dates=dates)
