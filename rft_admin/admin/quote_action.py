"""Quoting a private course: which course, when, where, and the price for the whole group."""

from datetime import timedelta
from typing import Any

from flask_admin.form import BaseForm
from wtforms import DateField, IntegerField
from wtforms.validators import InputRequired, NumberRange, Optional

from rft_admin.admin.actions import Action, Consequences, Done, Order, letter_to
from rft_admin.admin.fields import (
    LondonDateTimeField,
    LongTextField,
    PoundsField,
    ReferenceField,
)
from rft_admin.admin.fields_of_actions import NEEDED
from rft_admin.admin.lookup import find_row, look_up
from rft_admin.admin.registry import details_address
from rft_admin.bookings import quotes
from rft_admin.bookings.models import InquiryStatus
from rft_admin.catalogue.days import DayTimes, moved_by_days
from rft_admin.core.formats import format_date, label_of
from rft_admin.core.money import format_pounds

MOST_DAYS = 6


def _reference_to(table: str, label: str, hint: str = "") -> ReferenceField:
    return ReferenceField(
        label,
        description=hint,
        find=lambda row_id: find_row(table, row_id),
        look_up=lambda text: look_up(table, text, limit=6),
        validators=[Optional()],
    )


class QuoteForm(BaseForm):  # type: ignore[misc] # Flask-Admin ships no types
    """The offer of a private course."""

    course_id = _reference_to("courses", "Course", "Empty: the course that was asked about.")
    starts_at = LondonDateTimeField("First day starts", validators=[InputRequired(NEEDED)])
    ends_at = LondonDateTimeField("First day ends", validators=[InputRequired(NEEDED)])
    break_minutes = IntegerField(
        "Breaks a day (minutes)", default=60, validators=[Optional(), NumberRange(0, 240)]
    )
    number_of_days = IntegerField(
        "Days", default=1, validators=[InputRequired(NEEDED), NumberRange(1, MOST_DAYS)]
    )
    days_apart = IntegerField(
        "From one day to the next (days)",
        default=1,
        validators=[InputRequired(NEEDED), NumberRange(1, 28)],
    )
    trainer_id = _reference_to("trainers", "Trainer")
    venue_id = _reference_to("venues", "Venue")
    site_address = LongTextField("Address of the client's site", validators=[Optional()])
    total = PoundsField("Price for the whole group", validators=[InputRequired(NEEDED)])
    quoted_until = DateField("Valid until", validators=[InputRequired(NEEDED)])
    note = LongTextField("A few words in the letter", validators=[Optional()])
    hours_override_reason = LongTextField(
        "Reason for fewer hours",
        description="Only for days with fewer contact hours than the course; kept in the audit.",
        validators=[Optional()],
    )


def _days(values: dict[str, Any]) -> list[DayTimes]:
    first = DayTimes(
        starts_at=values["starts_at"],
        ends_at=values["ends_at"],
        break_minutes=values["break_minutes"] or 0,
    )
    gap = timedelta(days=values["days_apart"])
    return [moved_by_days(first, number * gap) for number in range(values["number_of_days"])]


def _quote(inquiry: Any, order: Order) -> Done:
    values = order.values
    offer = quotes.QuoteOffer(
        course_id=values["course_id"],
        days=_days(values),
        site_address=values["site_address"] or "",
        venue_id=values["venue_id"],
        trainer_id=values["trainer_id"],
        total=values["total"],
        valid_until=values["quoted_until"],
        note=values["note"] or "",
        hours_override_reason=values["hours_override_reason"] or "",
    )
    quotes.send_quote(inquiry, offer, now=order.now, by=order.by)
    words = f"Quote of {format_pounds(offer.total)} for {inquiry} queued, valid until "
    date = inquiry.quoted_schedule
    return Done(f"{words}{format_date(offer.valid_until)}.", details_address(date))


def _closed(inquiry: Any) -> str | None:
    over = inquiry.status in {InquiryStatus.CLOSED, InquiryStatus.CONVERTED}
    return f"It is {label_of(inquiry.status).lower()}." if over else None


def _what_is_quoted(rows: list[Any]) -> Consequences:
    return Consequences(
        sums=[(f"People of {row}", str(row.number_of_people)) for row in rows],
        letters=[letter_to("quote", row.email) for row in rows],
        notes=[
            f"{row} has a quote of {format_pounds(row.quoted_total)} already; this one replaces it."
            for row in rows
            if row.quoted_total is not None
        ],
    )


QUOTE_ACTION = Action(
    name="quote",
    is_for_one=True,
    label="Quote a private course",
    question="A date is kept for the client, unpublished; the letter leads to accepting it.",
    run=_quote,
    form=QuoteForm,
    hindrance=_closed,
    consequences=_what_is_quoted,
)
