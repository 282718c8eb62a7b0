"""The screen of questions before a booking."""

from typing import Any

from flask_admin.form import BaseForm
from wtforms import IntegerField
from wtforms.validators import NumberRange, Optional

from rft_admin.admin.base import ListScope, TableView
from rft_admin.admin.booking_actions import INQUIRY_ACTIONS
from rft_admin.admin.bookings import NEEDED, reference_to
from rft_admin.admin.fields import LongTextField, TextField
from rft_admin.admin.fields_of_contact import EmailField, PhoneField
from rft_admin.admin.registry import screen
from rft_admin.bookings.inquiries import place_inquiry
from rft_admin.bookings.models import BookingInquiry, InquiryStatus
from rft_admin.bookings.orders import InquiryOrder
from rft_admin.catalogue.models import CourseSchedule
from rft_admin.core import clock


class NewInquiryForm(BaseForm):  # type: ignore[misc] # as above
    """An inquiry that came by telephone."""

    first_name = TextField("First name", validators=[NEEDED])
    last_name = TextField("Last name", validators=[Optional()])
    email = EmailField("E-mail", validators=[NEEDED])
    phone = PhoneField("Phone", validators=[Optional()])
    company_name = TextField("Company", validators=[Optional()])
    course_session_id = reference_to("course_schedules", "Date", validators=[Optional()])
    course_id = reference_to("courses", "Course", validators=[Optional()])
    number_of_people = IntegerField("People", default=1, validators=[NEEDED, NumberRange(1, 500)])
    questions = LongTextField("Questions", validators=[Optional()])


@screen(BookingInquiry)
class BookingInquiryView(TableView):
    """Questions before a booking."""

    group, icon, title, singular = "Bookings", "question", "Inquiries", "inquiry"
    can_delete = False
    question = "Who asks for what, and whose places are held until when?"
    column_list = (
        "inquiry_reference",
        "first_name",
        "course_session_id",
        "number_of_people",
        "status",
        "hold_expires_at",
        "created_at",
    )
    column_labels = {"created_at": "Asked"}
    column_searchable_list = ("inquiry_reference", "full_name", "email", "phone", "company_name")
    column_filters = ("status", "course_session_id", "course_id", "hold_expires_at", "created_at")
    default_order = (("id", True),)
    main_date = "created_at"
    scopes = {
        "open": ListScope(
            "Open",
            lambda: BookingInquiry.status.in_((InquiryStatus.PENDING, InquiryStatus.EXPIRED)),
        ),
        "held": ListScope("Holding places", lambda: BookingInquiry.hold_expires_at > clock.now()),
    }
    new_form = NewInquiryForm
    form_columns = ("first_name", "last_name", "phone", "company_name", "questions")
    not_in_form = {
        name: reason
        for names, reason in (
            (
                (
                    "inquiry_reference",
                    "email",
                    "course_session_id",
                    "course_id",
                    "number_of_people",
                ),
                "as asked",
            ),
            (
                (
                    "status",
                    "hold_expires_at",
                    "response",
                    "responded_by_id",
                    "responded_at",
                    "booking_id",
                    "quoted_total",
                    "quoted_until",
                    "quoted_schedule_id",
                ),
                "changed by the actions",
            ),
        )
        for name in names
    }
    reference_fields = {
        "course_id": BookingInquiry.__table__.c.course_id,
        "trainer_id": CourseSchedule.__table__.c.trainer_id,
        "venue_id": CourseSchedule.__table__.c.venue_id,
    }
    actions = INQUIRY_ACTIONS

    def save_new(self, form: BaseForm) -> Any:
        """Store the inquiry as the public form does, with its hold and letters."""
        order = InquiryOrder(
            first_name=form.first_name.data,
            last_name=form.last_name.data or "",
            email=form.email.data,
            phone=form.phone.data or "",
            company_name=form.company_name.data or "",
            schedule_id=form.course_session_id.data,
            course_id=form.course_id.data,
            number_of_people=form.number_of_people.data,
            questions=form.questions.data or "",
        )
        return place_inquiry(order, now=clock.now(), by=self.actor())
