"""The screen of attendees: who sits on the places, and the correction of a name."""

from typing import Any

from flask_admin.form import BaseForm

from rft_admin.admin.base import ListScope, TableView
from rft_admin.admin.panels import Panel
from rft_admin.admin.registry import screen
from rft_admin.bookings import places
from rft_admin.bookings import service as bookings
from rft_admin.bookings.models import BookingAttendee, SpecialRequirement
from rft_admin.bookings.orders import AttendeeDetails
from rft_admin.core import clock
from rft_admin.delivery.models import AttendanceRecord, Certificate


@screen(BookingAttendee)
class AttendeeView(TableView):
    """The places of all bookings; they come and go with their booking."""

    group, icon, title, singular = "Learners", "person", "Attendees", "attendee"
    question = "Who sits on the places, on which course, and by whose booking?"
    can_create = False
    can_delete = False
    column_list = (
        "full_name",
        "email",
        "booking.course_schedule_id",
        "booking_id",
        "price",
        "cancelled_at",
    )
    column_labels = {"booking.course_schedule_id": "Date", "cancelled_at": "Given up"}
    column_searchable_list = ("full_name", "email")
    column_filters = ("booking_id", "booking.course_schedule_id", "user_id", "cancelled_at")
    default_order = (("id", True),)
    scopes = {
        "unnamed": ListScope(
            "Without a name",
            lambda: (
                BookingAttendee.first_name.is_(None)
                & BookingAttendee.last_name.is_(None)
                & BookingAttendee.cancelled_at.is_(None)
            ),
        ),
        "cancelled": ListScope("Given up", lambda: BookingAttendee.cancelled_at.is_not(None)),
    }
    form_columns = ("first_name", "last_name", "email")
    not_in_form = {
        "booking_id": "a place stays in its booking",
        "user_id": "found by the e-mail address",
        "price": "as sold",
        "may_have_needs": "told by the booker",
        "cancelled_at": "places are given up on their booking",
    }
    panels = (
        Panel(
            "Attendance",
            AttendanceRecord,
            "attendee_id",
            ("session_date", "course_session_id", "status", "certificate_eligible"),
        ),
        Panel(
            "Certificates",
            Certificate,
            "attendee_id",
            ("certificate_number", "course_name", "status", "expiry_date"),
        ),
        Panel(
            "Special requirements",
            SpecialRequirement,
            "attendee_id",
            ("requirement_type", "severity", "requires_action", "action_completed"),
        ),
    )
    empty_words = "Each place of a booking stands here, with the person who takes it."

    def lock_for_change(self, row: Any) -> None:
        """Lock the booking behind its date, in the one order."""
        places.lock_booking(row.booking)

    def save_changes(self, form: BaseForm, row: Any) -> None:
        """Correct the name, or pass the place to somebody else."""
        typed = _details(form.first_name.data, form.last_name.data, form.email.data)
        # Whoever may have needs is written to anew with each change, so not for nothing.
        if typed != _details(row.first_name, row.last_name, row.email):
            bookings.change_name(row, typed, now=clock.now(), by=self.actor())


def _details(first_name: str | None, last_name: str | None, email: str | None) -> AttendeeDetails:
    first, last, address = ((part or "").strip() for part in (first_name, last_name, email))
    return AttendeeDetails(first_name=first, last_name=last, email=address)
