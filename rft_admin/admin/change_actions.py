"""What the office can do with a booking that was sold: move it, give up places, have it paid."""

from typing import Any

from flask import request
from flask_admin.form import BaseForm
from wtforms import SelectMultipleField
from wtforms.validators import InputRequired

from rft_admin.admin.actions import Action, Consequences, Done, Order, letter_to
from rft_admin.admin.choosing import read_ids
from rft_admin.admin.fields import LongTextField
from rft_admin.admin.fields_of_actions import NEEDED, TransferForm
from rft_admin.admin.reading_ahead import money_of
from rft_admin.admin.registry import details_address
from rft_admin.bookings import letters, moving, places
from rft_admin.bookings.models import Booking, BookingStatus
from rft_admin.catalogue import service as catalogue
from rft_admin.catalogue.models import CourseSchedule
from rft_admin.core import clock
from rft_admin.core.database import db
from rft_admin.core.errors import DomainError
from rft_admin.core.formats import label_of
from rft_admin.core.money import ZERO, format_pounds
from rft_admin.payments import changes, ledger
from rft_admin.payments import settings as payment_settings

ALIVE = (BookingStatus.PENDING, BookingStatus.CONFIRMED)
#: Dates whose price difference is told before one is chosen.
MOST_DATES = 12


class CardPaymentsOff(DomainError):
    """Card payments are switched off in the settings, so no link would lead to a payment."""

    status = 409


class PlacesForm(BaseForm):  # type: ignore[misc] # Flask-Admin ships no types
    """Which places are given up; those of the chosen bookings can be picked."""

    attendee_ids = SelectMultipleField(
        "Places to give up", coerce=int, validators=[InputRequired(NEEDED)]
    )
    reason = LongTextField("Reason", validators=[InputRequired(NEEDED)])

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        ids = read_ids(request.form.getlist("rowid"))
        self.attendee_ids.choices = [
            (place.id, f"{booking}: {place}, {format_pounds(place.price)}")
            for booking in filter(None, (db.session.get(Booking, row_id) for row_id in ids))
            for place in moving.live_places(booking)
        ]


def _transfer(booking: Any, order: Order) -> Done:
    moved = changes.transfer(
        booking=booking, schedule_id=order.values["schedule_id"], now=order.now, by=order.by
    )
    words = f"Booking {booking} moved to {booking.course_schedule}: {_words(moved.difference)}."
    if moved.refund is not None:
        back = format_pounds(moved.refund.net_refund)
        return Done(f"{words} A refund of {back} waits for approval.", _at(moved.refund))
    if moved.due > 0:
        words += f" {format_pounds(moved.due)} is still to be paid."
    return Done(words, _at(booking))


def _cancel_places(booking: Any, order: Order) -> Done:
    own = {place.id for place in moving.live_places(booking)}
    refund = changes.cancel_places(
        booking=booking,
        attendee_ids=own.intersection(order.values["attendee_ids"]),
        reason=order.values["reason"],
        now=order.now,
        by=order.by,
    )
    words = f"{booking} has {booking.number_of_places} left."
    if refund is None:
        return Done(f"{words} Nothing comes back.", _at(booking))
    return Done(f"{words} Refund of {format_pounds(refund.net_refund)} started.", _at(refund))


def _send_payment_link(booking: Any, order: Order) -> Done:
    if not payment_settings.accept_online_payments():
        raise CardPaymentsOff
    letter = letters.payment_link(booking, due=ledger.amount_due(booking), now=order.now)
    return Done(f"Payment link for {booking} queued.", _at(letter))


def _at(row: Any) -> str | None:
    return details_address(row)


def _words(difference: Any) -> str:
    if difference == 0:
        return "the same price"
    return f"{format_pounds(abs(difference))} {'more' if difference > 0 else 'less'}"


def _immovable(booking: Any) -> str | None:
    if booking.status not in ALIVE:
        return f"It is {label_of(booking.status).lower()}."
    begun = booking.course_schedule.start_datetime <= clock.now()
    return "Its course has begun." if begun else None


def _indivisible(booking: Any) -> str | None:
    if booking.number_of_places < 2:
        return "It has one place only; cancel the booking itself."
    return _immovable(booking)


def _not_payable(booking: Any) -> str | None:
    if booking.is_cancelled:
        return "It is cancelled."
    return None if ledger.amount_due(booking) > 0 else "Nothing is left to pay."


def _dates_for(booking: Any) -> list[CourseSchedule]:
    """Return the next dates with room, those of the same course first."""
    upcoming = [
        date
        for date in catalogue.list_upcoming(now=clock.now())
        if date.id != booking.course_schedule_id
    ]
    room = places.availability([date.id for date in upcoming])
    fitting = [date for date in upcoming if room[date.id].free >= booking.number_of_places]
    course_id = booking.course_schedule.course_id
    return sorted(fitting, key=lambda date: date.course_id != course_id)[:MOST_DATES]


def _what_moving_costs(rows: list[Any]) -> Consequences:
    price = sum((row.payment_amount for row in rows), ZERO)
    return Consequences(
        sums=[
            ("Places", str(sum(row.number_of_places for row in rows))),
            ("Price now", format_pounds(price)),
        ],
        # What each date costs is told for one booking; for many it would be a table of tables.
        notes=[
            f"{row} to {date}: {_words(moving.price_of_move(row, date).difference)}"
            for row in (rows if len(rows) == 1 else [])
            for date in _dates_for(row)
        ],
        letters=[letter_to("booking_transferred", row.user.email) for row in rows],
    )


def _what_places_give(rows: list[Any]) -> Consequences:
    quotes = [
        (row, changes.quote_places(row, [place.id], now=clock.now()))
        for row in rows
        for place in moving.live_places(row)
    ]
    return Consequences(
        notes=[f"{row}: {' '.join(quote.words)}" for row, quote in quotes],
        letters=[letter_to("booking_confirmed", row.user.email) for row in rows],
    )


def _what_is_asked_for(rows: list[Any]) -> Consequences:
    due = sum((ledger.amount_due(row) for row in rows), ZERO)
    return Consequences(
        sums=[("Still to pay", format_pounds(due))],
        letters=[letter_to("payment_link", row.user.email) for row in rows],
    )


CHANGE_ACTIONS = (
    Action(
        name="send_payment_link",
        read_ahead=money_of,
        label="Send payment link",
        question="A letter leads to the booking's page, where what is due can be paid by card.",
        run=_send_payment_link,
        hindrance=_not_payable,
        consequences=_what_is_asked_for,
    ),
    Action(
        name="transfer",
        is_primary=True,
        label="Transfer",
        question="The booking moves to another date; the difference of price is settled.",
        run=_transfer,
        form=TransferForm,
        hindrance=_immovable,
        consequences=_what_moving_costs,
    ),
    Action(
        name="cancel_places",
        is_for_one=True,
        label="Cancel places",
        question="Single places are given up, each at its own price; the booking stays.",
        run=_cancel_places,
        form=PlacesForm,
        hindrance=_indivisible,
        consequences=_what_places_give,
        is_dangerous=True,
    ),
)
