"""The screens of who has a place: bookings, inquiries and special requirements."""

from typing import Any

from flask_admin.form import BaseForm
from sqlalchemy import select
from wtforms import BooleanField, IntegerField, SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, NumberRange, Optional

from rft_admin.admin import booking_page, timelines
from rft_admin.admin.base import ListScope, TableView
from rft_admin.admin.booking_actions import BOOKING_ACTIONS, terms_of
from rft_admin.admin.booking_page import BOOKING_PANELS
from rft_admin.admin.details import Figure, Notice
from rft_admin.admin.drilling import this_week
from rft_admin.admin.fields import (
    LongTextField,
    ReferenceField,
    StatusField,
    TextField,
)
from rft_admin.admin.fields_of_contact import EmailField, PhoneField
from rft_admin.admin.lookup import find_row, look_up
from rft_admin.admin.registry import screen
from rft_admin.admin.timeline import Source
from rft_admin.bookings import places
from rft_admin.bookings import service as bookings
from rft_admin.bookings.models import (
    Booking,
    BookingStatus,
    CustomerType,
)
from rft_admin.bookings.orders import AttendeeDetails, BookingOrder
from rft_admin.catalogue.models import CourseSchedule
from rft_admin.core import clock
from rft_admin.core.errors import DomainError
from rft_admin.payments import billing, owed

NEEDED = InputRequired("Please fill this in.")
PAYMENT_CHOICES = [
    SelectChoice("card", "Card, by a link"),
    SelectChoice("invoice", "Invoice"),
    SelectChoice("offline", "Transfer or cash"),
]


def reference_to(table: str, label: str, **options: Any) -> ReferenceField:
    """Return a field that refers to a row of a table, for a hand-made form."""
    return ReferenceField(
        label,
        find=lambda row_id: find_row(table, row_id),
        look_up=lambda text: look_up(table, text, limit=6),
        table=table,
        **options,
    )


class NewBookingForm(BaseForm):  # type: ignore[misc] # Flask-Admin ships no types
    """What a person may set of a new booking; the price is the system's."""

    course_schedule_id = reference_to("course_schedules", "Date", validators=[NEEDED])
    first_name = TextField("First name", validators=[NEEDED])
    last_name = TextField("Last name", validators=[Optional()])
    email = EmailField("E-mail", validators=[NEEDED])
    phone = PhoneField("Phone", validators=[Optional()])
    customer_type = StatusField("Customer", CustomerType)
    company_name = TextField("Company", validators=[Optional()])
    purchase_order = TextField("Purchase order", validators=[Optional()])
    payment_method = SelectField("Pays by", choices=PAYMENT_CHOICES)
    number_of_places = IntegerField("Places", default=1, validators=[NEEDED, NumberRange(1, 12)])
    booker_attends = BooleanField("The booker takes a place", default=True)
    attendees = LongTextField(
        "Other attendees",
        description="One per line: first name, last name, e-mail, separated by commas.",
        validators=[Optional()],
    )
    discount_code = TextField("Discount code", validators=[Optional()])
    early_start_request = BooleanField(
        "The consumer asks to start within the cooling-off time",
        description="Needed for consumers when the course starts within 14 days.",
    )


def _attendees_field() -> LongTextField:
    return LongTextField(
        "Attendees",
        description="One line per place: first name, last name, e-mail, separated by commas.",
        validators=[Optional()],
    )


@screen(Booking)
class BookingView(TableView):
    """Bookings; money and places change by actions only."""

    group, icon, singular = "Bookings", "ticket", "booking"
    can_delete = False
    question = "Who has booked what, is it confirmed, and is it paid?"
    column_list = (
        "booking_reference",
        "contact_name",
        "course_schedule.course_id",
        "course_schedule.start_datetime",
        "number_of_places",
        "status",
        "payment_status",
        "payment_amount",
    )
    column_labels = {
        "contact_name": "Booked by",
        "created_at": "Booked",
        "attendees.full_name": "Attendee",
        "course_schedule.course_id": "Course",
        "course_schedule.start_datetime": "Course date",
    }
    column_searchable_list = (
        "booking_reference",
        "contact_name",
        "company_name",
        "user.email",
        "course_schedule.course.name",
    )
    search_instead = "attendees.full_name"
    column_filters = (
        "status",
        "payment_status",
        "attendees.full_name",
        "course_schedule.course_id",
        "course_schedule_id",
        "course_schedule.start_datetime",
        "user_id",
        "source",
        "payment_amount",
        "payment_due_at",
        "created_at",
    )
    default_order = (("created_at", True),)
    main_date = "course_schedule.start_datetime"
    summed = ("number_of_places", "payment_amount")
    scopes = {
        "upcoming": ListScope(
            "Upcoming",
            lambda: (
                Booking.course_schedule.has(CourseSchedule.start_datetime > clock.now())
                & (Booking.status == BookingStatus.CONFIRMED)
            ),
        ),
        "owed": ListScope("Unpaid", owed.is_owed),
        "week": ListScope(
            "This week",
            lambda: (
                Booking.course_schedule.has(this_week(CourseSchedule.start_datetime))
                & (Booking.status != BookingStatus.CANCELLED)
            ),
        ),
        "overdue": ListScope("Overdue", lambda: owed.is_overdue(clock.now())),
        "pending": ListScope("Pending", lambda: Booking.status == BookingStatus.PENDING),
        "cancelled": ListScope("Cancelled", lambda: Booking.status == BookingStatus.CANCELLED),
    }
    new_form = NewBookingForm
    reference_fields = {
        "course_schedule_id": Booking.__table__.c.course_schedule_id,
        "schedule_id": Booking.__table__.c.course_schedule_id,
    }
    form_columns = (
        "contact_first_name",
        "contact_last_name",
        "contact_phone",
        "company_name",
        "purchase_order",
    )
    form_groups = (
        ("Date", ("course_schedule_id",), ""),
        (
            "Booked by",
            (
                "contact_first_name",
                "contact_last_name",
                "contact_phone",
                "first_name",
                "last_name",
                "email",
                "phone",
                "customer_type",
                "company_name",
                "purchase_order",
            ),
            "",
        ),
        ("Places", ("number_of_places", "booker_attends", "attendees"), ""),
        ("Payment", ("payment_method", "discount_code", "early_start_request"), ""),
    )
    extra_fields = {"attendees": _attendees_field}
    not_in_form = {
        name: reason
        for names, reason in (
            (
                ("user_id", "booking_reference", "idempotency_key", "source", "links_version"),
                "given when booked",
            ),
            (("course_schedule_id",), "changed by Transfer"),
            (
                (
                    "status",
                    "payment_status",
                    "cancelled_at",
                    "cancellation_reason",
                    "hold_expires_at",
                ),
                "changed by actions and payments",
            ),
            (
                (
                    "payment_amount",
                    "discount_applied",
                    "discount_code_id",
                    "price_per_place",
                    "number_of_places",
                ),
                "reckoned by the system",
            ),
            (
                ("confirmation_sent", "reminder_sent", "certificate_issued"),
                "written by the letters and the register",
            ),
            (
                (
                    "customer_type",
                    "payment_method_chosen",
                    "payment_due_at",
                    "terms_snapshot",
                    "terms_accepted_at",
                    "early_start_requested_at",
                    "booked_start",
                ),
                "the contract as sold",
            ),
        )
        for name in names
    }
    panels = BOOKING_PANELS
    not_in_details = ("idempotency_key", "links_version", "confirmation_sent", "reminder_sent")
    fact_groups = (
        (
            "Booked by",
            (
                "contact_first_name",
                "contact_last_name",
                "user.email",
                "contact_phone",
                "customer_type",
                "company_name",
                "purchase_order",
            ),
        ),
        (
            "Course",
            (
                "course_schedule_id",
                "course_schedule.start_datetime",
                "course_schedule.venue_id",
                "number_of_places",
            ),
        ),
        (
            "Money",
            (
                "payment_amount",
                "price_per_place",
                "discount_applied",
                "discount_code_id",
                "payment_method_chosen",
                "payment_due_at",
            ),
        ),
    )
    actions = BOOKING_ACTIONS

    def headline(self, row: Any) -> list[Figure]:
        """Return the few numbers that tell where the row stands."""
        return booking_page.figures_of(row)

    def notices(self, row: Any) -> list[Notice]:
        """Return what wants to be done with the row."""
        return booking_page.notices_of(row)

    def timeline(self, row: Any) -> list[Source]:
        """Return what the row's timeline is made of."""
        return timelines.of_bookings(select(Booking.id).where(Booking.id == row.id))

    def lock_for_change(self, row: Any) -> None:
        """Lock the booking behind its date, in the one order."""
        places.lock_booking(row)

    def extra_values(self, row: Any) -> dict[str, Any]:
        """Return the attendees as lines."""
        return {"attendees": "\n".join(_line(one) for one in row.attendees if not one.is_cancelled)}

    def save_new(self, form: BaseForm) -> Any:
        """Place the booking as the office does it: not bound by notice and publication."""
        order = BookingOrder(
            schedule_id=form.course_schedule_id.data,
            contact_first_name=form.first_name.data,
            contact_last_name=form.last_name.data or "",
            email=form.email.data,
            phone=form.phone.data or "",
            customer_type=form.customer_type.data.value,
            company_name=form.company_name.data or "",
            purchase_order=form.purchase_order.data or "",
            payment_method=form.payment_method.data,
            number_of_places=form.number_of_places.data,
            booker_attends=form.booker_attends.data,
            attendees=tuple(_people(form.attendees.data or "")),
            discount_code=form.discount_code.data or "",
            early_start_requested=form.early_start_request.data,
            accept_terms=True,
            source="admin",
            terms=terms_of(form.course_schedule_id.data),
        )
        now, by = clock.now(), self.actor()
        booking = bookings.place_booking(order, now=now, by=by)
        billing.bill(booking, now=now, by=by)
        return booking

    def save_changes(self, form: BaseForm, row: Any) -> None:
        """Correct what was typed; names of attendees go through the bookings room."""
        super().save_changes(form, row)
        typed = (form.attendees.data or "").strip()
        if typed != self.extra_values(row)["attendees"].strip():
            bookings.change_names(row, _people(typed), now=clock.now(), by=self.actor())


class BadLine(DomainError):
    """Please write each attendee on a line: first name, last name, e-mail."""

    field = "attendees"


def _line(attendee: Any) -> str:
    parts = (attendee.first_name or "", attendee.last_name or "", attendee.email or "")
    return ", ".join(parts).rstrip(", ")


def _people(text: str) -> list[AttendeeDetails]:
    people = []
    for line in text.split("\n"):
        parts = [part.strip() for part in line.split(",")]
        if len(parts) > 3:
            raise BadLine
        first, last, email = (*parts, "", "")[:3]
        people.append(AttendeeDetails(first_name=first, last_name=last, email=email))
    while people and people[-1] == AttendeeDetails():
        people.pop()
    return people
