"""The smallest valid row of each table; whatever a test is about, it says itself."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import factory
from factory.alchemy import SQLAlchemyModelFactory

from rft_admin.accounts.models import ActionRun, Role, RunStatus, User
from rft_admin.bookings.models import (
    Booking,
    BookingAttendee,
    BookingInquiry,
    BookingStatus,
    RequirementType,
    SpecialRequirement,
)
from rft_admin.bookings.note_models import OfficeNote
from rft_admin.catalogue.models import (
    Course,
    CourseMaterial,
    CourseSchedule,
    CourseScheduleDay,
    CourseType,
    DiscountCode,
    DiscountType,
    MaterialType,
    Trainer,
    Venue,
)
from rft_admin.core import clock
from rft_admin.core.database import db
from rft_admin.core.files import store_file
from rft_admin.delivery.models import AttendanceRecord, AttendanceStatus, Certificate
from rft_admin.messaging.models import EmailLog, Notification, NotificationType
from rft_admin.payments.models import (
    DifferenceKind,
    Invoice,
    InvoiceKind,
    PaymentTransaction,
    Provider,
    ReconciliationDifference,
    Refund,
    StripeEvent,
    TransactionStatus,
)
from rft_admin.reporting.models import Report, ReportFormat

#: A Monday in winter, 09:30 in London.
START = datetime(2027, 2, 1, 9, 30, tzinfo=UTC)


class RowFactory(SQLAlchemyModelFactory):
    """A row that is flushed at once."""

    class Meta:
        """Where rows go."""

        abstract = True
        sqlalchemy_session_factory = lambda: db.session()  # noqa: E731 - factory_boy asks for a callable
        sqlalchemy_session_persistence = "flush"


class UserFactory(RowFactory):
    """A customer."""

    class Meta:
        model = User

    email = factory.Sequence(lambda n: f"person-{n}@example.com")
    first_name = "Pat"
    last_name = "Example"


class AdminFactory(UserFactory):
    """Somebody of the office."""

    role = Role.ADMIN
    first_name = "Alex"


class InstructorFactory(UserFactory):
    """Somebody who teaches."""

    role = Role.INSTRUCTOR
    first_name = "Robin"


class CourseFactory(RowFactory):
    """A one-day course of six contact hours for £75."""

    class Meta:
        model = Course

    name = "Emergency First Aid at Work"
    slug = factory.Sequence(lambda n: f"course-{n}")
    course_type = CourseType.EFAW
    duration_hours = Decimal(6)
    price = Decimal("75.00")


class VenueFactory(RowFactory):
    """A venue where several courses may run, so that tests do not clash by chance."""

    class Meta:
        model = Venue

    name = factory.Sequence(lambda n: f"Venue {n}")
    city = "Leeds"
    allows_concurrent = True


class TrainerFactory(RowFactory):
    """A trainer with a user of the role instructor."""

    class Meta:
        model = Trainer

    user = factory.SubFactory(InstructorFactory)
    trainer_code = factory.Sequence(lambda n: f"T-{n}")


class ScheduleFactory(RowFactory):
    """A published date of one day, 09:30 to 16:30 with an hour's break: six contact hours."""

    class Meta:
        model = CourseSchedule

    course = factory.SubFactory(CourseFactory)
    venue = factory.SubFactory(VenueFactory)
    start_datetime = START
    end_datetime = factory.LazyAttribute(lambda row: row.start_datetime + timedelta(hours=7))
    max_capacity = 12
    is_published = True

    @factory.post_generation
    def days(self: Any, create: bool, extracted: Any, **_: Any) -> None:
        """Add one day from start to end, or the given `[(starts_at, ends_at, break), …]`."""
        times = extracted or [(self.start_datetime, self.end_datetime, 60)]
        self.days = [
            CourseScheduleDay(starts_at=start, ends_at=end, break_minutes=rest)
            for start, end, rest in times
        ]
        db.session.flush()


class BookingFactory(RowFactory):
    """A confirmed, unpaid booking; `number_of_places` named attendees sit on its places."""

    class Meta:
        model = Booking

    user = factory.SubFactory(UserFactory)
    course_schedule = factory.SubFactory(ScheduleFactory)
    booking_reference = factory.Sequence(lambda n: f"RFT-TEST{n:04}")
    status = BookingStatus.CONFIRMED
    number_of_places = 1
    price_per_place = Decimal("75.00")
    payment_amount = factory.LazyAttribute(lambda row: row.price_per_place * row.number_of_places)
    contact_first_name = "Pat"
    contact_last_name = "Example"
    booked_start = factory.LazyAttribute(lambda row: row.course_schedule.start_datetime)

    @factory.post_generation
    def attendees(self: Any, create: bool, extracted: Any, **_: Any) -> None:
        """Add one named attendee a place; `attendees=False` adds none."""
        if extracted is False:
            return
        for place in range(self.number_of_places):
            AttendeeFactory(booking=self, last_name=f"Attendee{place + 1}")
        db.session.refresh(self)


class AttendeeFactory(RowFactory):
    """A named person on one place."""

    class Meta:
        model = BookingAttendee

    booking = factory.SubFactory(BookingFactory, attendees=False)
    first_name = "Sam"
    last_name = "Attendee"
    price = factory.LazyAttribute(lambda row: row.booking.price_per_place)


class InquiryFactory(RowFactory):
    """A general inquiry without a hold."""

    class Meta:
        model = BookingInquiry

    inquiry_reference = factory.Sequence(lambda n: f"INQ-TEST{n:04}")
    first_name = "Jo"
    last_name = "Asking"
    email = factory.Sequence(lambda n: f"asking-{n}@example.com")


class RequirementFactory(RowFactory):
    """A dietary requirement without details."""

    class Meta:
        model = SpecialRequirement

    booking = factory.SubFactory(BookingFactory)
    user = factory.LazyAttribute(lambda row: row.booking.user)
    requirement_type = RequirementType.DIETARY


class PaymentFactory(RowFactory):
    """A payment that has come, by bank transfer, of the whole booking."""

    class Meta:
        model = PaymentTransaction

    booking = factory.SubFactory(BookingFactory)
    amount = factory.LazyAttribute(lambda row: row.booking.payment_amount)
    status = TransactionStatus.SUCCEEDED
    provider = Provider.MANUAL
    payment_method = "bank transfer"


class RefundFactory(RowFactory):
    """A pending refund of the whole payment, without a fee."""

    class Meta:
        model = Refund

    payment_transaction = factory.SubFactory(PaymentFactory)
    booking = factory.LazyAttribute(lambda row: row.payment_transaction.booking)
    user = factory.LazyAttribute(lambda row: row.booking.user)
    refund_reference = factory.Sequence(lambda n: f"REF-TEST{n:04}")
    amount = factory.LazyAttribute(lambda row: row.payment_transaction.amount)
    net_refund = factory.LazyAttribute(lambda row: row.amount)


class InvoiceFactory(RowFactory):
    """An invoice of the whole booking, with a stored file."""

    class Meta:
        model = Invoice

    booking = factory.SubFactory(BookingFactory)
    invoice_number = factory.Sequence(lambda n: f"INV-2027-9{n:04}")
    kind = InvoiceKind.INVOICE
    issue_date = date(2027, 1, 4)
    total = factory.LazyAttribute(lambda row: row.booking.payment_amount)
    content = factory.LazyFunction(dict)
    stored_file = factory.LazyAttribute(
        lambda row: store_file(
            file_name=f"{row.invoice_number}.pdf", media_type="application/pdf", content=b"%PDF-1.7"
        )
    )


class AttendanceFactory(RowFactory):
    """A whole day attended and the assessment passed."""

    class Meta:
        model = AttendanceRecord

    attendee = factory.SubFactory(AttendeeFactory)
    booking = factory.LazyAttribute(lambda row: row.attendee.booking)
    course_session = factory.LazyAttribute(lambda row: row.booking.course_schedule)
    user = factory.LazyAttribute(lambda row: row.booking.user)
    session_date = factory.LazyAttribute(lambda row: row.course_session.start_datetime.date())
    status = AttendanceStatus.PRESENT
    minutes_attended = 360
    passed_assessment = True
    assessed_on = factory.LazyAttribute(lambda row: row.session_date)


class CertificateFactory(RowFactory):
    """A live certificate without its PDF."""

    class Meta:
        model = Certificate

    attendee = factory.SubFactory(AttendeeFactory)
    booking = factory.LazyAttribute(lambda row: row.attendee.booking)
    course_schedule = factory.LazyAttribute(lambda row: row.booking.course_schedule)
    course = factory.LazyAttribute(lambda row: row.course_schedule.course)
    user = factory.LazyAttribute(lambda row: row.booking.user)
    certificate_number = factory.Sequence(lambda n: f"RFT-2027-TEST{n:04}")
    issue_date = factory.LazyAttribute(lambda row: row.course_schedule.start_datetime.date())
    expiry_date = factory.LazyAttribute(lambda row: row.issue_date.replace(year=2030))
    holder_name = factory.LazyAttribute(lambda row: row.attendee.full_name)
    contact_hours = Decimal(6)
    course_name = factory.LazyAttribute(lambda row: row.course.name)


class LetterFactory(RowFactory):
    """A queued letter."""

    class Meta:
        model = EmailLog

    recipient_email = "pat@example.com"
    subject = "A letter"
    template_name = "booking_confirmed"
    message_id = factory.Sequence(lambda n: f"<test-{n}@example.com>")


class NotificationFactory(RowFactory):
    """An unread notification of an admin."""

    class Meta:
        model = Notification

    user = factory.SubFactory(AdminFactory)
    type = NotificationType.INQUIRY_RECEIVED
    title = "An inquiry has come"


class MaterialFactory(RowFactory):
    """A link for a course."""

    class Meta:
        model = CourseMaterial

    course = factory.SubFactory(CourseFactory)
    title = "First aid guide"
    material_type = MaterialType.LINK
    file_url = "https://www.example.com/guide"


class DiscountCodeFactory(RowFactory):
    """Ten per cent, for everybody, for ever."""

    class Meta:
        model = DiscountCode

    code = factory.Sequence(lambda n: f"TEN{n}")
    discount_type = DiscountType.PERCENTAGE
    discount_value = Decimal(10)


class ReportFactory(RowFactory):
    """A report that waits to be made."""

    class Meta:
        model = Report

    generated_by = factory.SubFactory(AdminFactory)
    report_type = "bookings_by_date"
    report_name = "Bookings by date range: all"
    format = ReportFormat.CSV


class NoteFactory(RowFactory):
    """A note of the office on whatever the test says."""

    class Meta:
        model = OfficeNote

    text = "Rings again on Monday."


class ActionRunFactory(RowFactory):
    """An action on one row, confirmed and carried out."""

    class Meta:
        model = ActionRun

    user = factory.SubFactory(AdminFactory)
    token = factory.Sequence(lambda n: f"token-{n:030}")
    entity_type = "bookings"
    action = "send_reminder"
    row_count = 1
    done_count = 1
    status = RunStatus.COMPLETED
    finished_at = factory.LazyFunction(clock.now)


class StripeEventFactory(RowFactory):
    """An event that Stripe has told, not worked through yet."""

    class Meta:
        model = StripeEvent

    stripe_event_id = factory.Sequence(lambda n: f"evt_{n}")
    event_type = "payment_intent.succeeded"
    payload = factory.LazyFunction(dict)
    livemode = False


class DifferenceFactory(RowFactory):
    """An open difference between Stripe and the books."""

    class Meta:
        model = ReconciliationDifference

    kind = DifferenceKind.MISSING_HERE
    stripe_object_id = factory.Sequence(lambda n: f"pi_{n}")
    explanation = "Stripe has a payment that the books do not know."
