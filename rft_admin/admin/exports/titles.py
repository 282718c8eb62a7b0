"""Rows' titles in SQL: what `__str__` says in Python, so that PostgreSQL can write a whole file."""

from collections.abc import Callable
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Text, cast, func, literal

from rft_admin.core.clock import LONDON


class Row(Protocol):
    """A row of the statement: its columns, and the rows that it refers to."""

    def column(self, name: str) -> Any:
        """Return a column."""

    def title_of(self, name: str) -> ColumnElement[Any]:
        """Return the title of the row that a relationship refers to; NULL where there is none."""


def at_london(moment: Any) -> ColumnElement[Any]:
    """Return a moment as the wall clock in London shows it, without a zone."""
    return func.timezone(LONDON.key, moment)


def _text_of(name: str) -> Callable[[Row], ColumnElement[Any]]:
    return lambda row: cast(row.column(name), Text)


def joined_names(row: Row, first: str, last: str) -> ColumnElement[Any]:
    """Return two names as one, with no blank too many; an empty text where both are missing."""
    return func.concat_ws(
        " ", func.nullif(row.column(first), ""), func.nullif(row.column(last), "")
    )


def _person(row: Row) -> ColumnElement[Any]:
    name = func.nullif(joined_names(row, "first_name", "last_name"), "")
    return func.coalesce(name, cast(row.column("email"), Text))


def _attendee(row: Row) -> ColumnElement[Any]:
    name = func.nullif(joined_names(row, "first_name", "last_name"), "")
    return func.coalesce(name, "Name to follow")


def _schedule(row: Row) -> ColumnElement[Any]:
    day = func.to_char(at_london(row.column("start_datetime")), "FMDD Mon YYYY")
    venue = func.coalesce(row.title_of("venue"), "venue to be confirmed")
    return func.concat(row.title_of("course"), ", ", day, ", ", venue)


def _trainer(row: Row) -> ColumnElement[Any]:
    return func.concat(row.title_of("user"), " (", row.column("trainer_code"), ")")


def _payment(row: Row) -> ColumnElement[Any]:
    method = row.column("payment_method")
    return func.concat("£", row.column("amount"), " by ", method, ", payment ", row.column("id"))


def _letter(row: Row) -> ColumnElement[Any]:
    return func.concat(row.column("subject"), literal(" to "), row.column("recipient_email"))


#: The titles of the tables that others refer to. A table that is missing here is exported all the
#: same, more slowly: its rows are read in portions and named in Python.
TITLES: dict[str, Callable[[Row], ColumnElement[Any]]] = {
    "booking_attendees": _attendee,
    "booking_inquiries": _text_of("inquiry_reference"),
    "bookings": _text_of("booking_reference"),
    "certificates": _text_of("certificate_number"),
    "course_schedules": _schedule,
    "courses": _text_of("name"),
    "discount_codes": _text_of("code"),
    "email_logs": _letter,
    "payment_transactions": _payment,
    "refunds": _text_of("refund_reference"),
    "trainers": _trainer,
    "users": _person,
    "venues": _text_of("name"),
}
#: Properties of models that are two columns joined by a blank.
NAMES = {
    "full_name": ("first_name", "last_name"),
    "contact_name": ("contact_first_name", "contact_last_name"),
}
