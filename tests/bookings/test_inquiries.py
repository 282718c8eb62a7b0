"""Inquiries: what is stored, when places are held, and how one becomes a booking."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from rft_admin.bookings import inquiries
from rft_admin.bookings import service as bookings
from rft_admin.bookings.models import (
    BookingInquiry,
    BookingSource,
    BookingStatus,
    CustomerType,
    InquiryStatus,
)
from rft_admin.bookings.orders import EmailInvalid, Incomplete, PhoneInvalid
from rft_admin.bookings.places import SoldOut, availability_of
from rft_admin.catalogue.models import CourseSchedule
from rft_admin.catalogue.service import NoSuchSchedule
from rft_admin.core.errors import DomainError
from rft_admin.core.settings import Setting, ValueType
from rft_admin.messaging.models import EmailLog, Notification, NotificationType
from tests.bookings import offers
from tests.bookings.offers import NOW, OFFICE, VISITOR

pytestmark = pytest.mark.usefixtures("session")


def ask(schedule: CourseSchedule | None = None, **values: object) -> BookingInquiry:
    order = offers.inquiry(schedule.id if schedule else None, **values)
    return inquiries.place_inquiry(order, now=NOW, by=VISITOR)


class TestPlaceInquiry:
    """What is stored, and who is told."""

    @pytest.mark.parametrize(
        ("values", "error", "field"),
        [
            ({"first_name": ""}, Incomplete, "first_name"),
            ({"email": "nobody"}, EmailInvalid, "email"),
            ({"phone": "x"}, PhoneInvalid, "phone"),
            ({"number_of_people": 0}, Incomplete, "number_of_people"),
            ({"questions": "x" * 4001}, Incomplete, "questions"),
            ({"course_id": 999_999}, Incomplete, "course_id"),
            ({"course_id": 2**40}, Incomplete, "course_id"),
        ],
    )
    def test_refuses_what_is_missing_or_wrong(
        self, values: dict[str, object], error: type[DomainError], field: str
    ) -> None:
        with pytest.raises(error) as refusal:
            ask(**values)

        assert refusal.value.field == field

    def test_refuses_an_unknown_date(self) -> None:
        with pytest.raises(NoSuchSchedule):
            inquiries.place_inquiry(offers.inquiry(999_999), now=NOW, by=VISITOR)

    def test_stores_a_general_inquiry_without_a_hold(self) -> None:
        course = offers.course()

        inquiry = ask(course_id=course.id, questions="Can you come to us?")

        assert inquiry.course_id == course.id
        assert inquiry.hold_expires_at is None

    def test_tells_both_sides(self, session: Session) -> None:
        offers.admin()

        inquiry = ask(questions="<b>When?</b>")

        customer, office = session.scalars(select(EmailLog).order_by(EmailLog.id))
        assert customer.template_name == "inquiry_received"
        assert customer.recipient_email == inquiry.email
        assert "&lt;b&gt;When?" in customer.body_html
        assert office.recipient_email == "info@reactfasttraining.co.uk"
        assert session.scalars(select(Notification.type)).one() is NotificationType.INQUIRY_RECEIVED


class TestHold:
    """When an inquiry holds places, and for how long."""

    def test_keeps_the_places_for_a_day(self) -> None:
        date = offers.schedule()

        inquiry = ask(date, number_of_people=6)

        assert inquiry.hold_expires_at == NOW + timedelta(hours=24)
        assert availability_of(date.id).taken == 6
        assert inquiry.course_id == date.course_id

    def test_is_refused_beyond_half_of_the_places(self) -> None:
        date = offers.schedule(max_capacity=8)
        ask(date, number_of_people=3)

        assert ask(date, number_of_people=2).hold_expires_at is None
        assert ask(date, number_of_people=1).hold_expires_at is not None

    def test_is_refused_when_too_few_places_are_free(self) -> None:
        date = offers.schedule(max_capacity=4)
        offers.booked(date.id, number_of_places=3)

        assert ask(date, number_of_people=2).hold_expires_at is None

    def test_is_refused_to_an_address_that_has_one(self) -> None:
        first, second = offers.schedule(), offers.schedule()
        held = ask(first, email="one@example.com")

        assert ask(second, email="ONE@example.com").hold_expires_at is None

        inquiries.close(held, now=NOW, by=OFFICE)
        assert ask(second, email="one@example.com").hold_expires_at is not None

    def test_is_refused_on_dates_that_are_not_sold(self) -> None:
        assert ask(offers.schedule(is_published=False)).hold_expires_at is None
        assert ask(offers.schedule(days_ahead=-1)).hold_expires_at is None

    def test_ignores_the_notice_that_bookings_need(self) -> None:
        assert ask(offers.schedule(days_ahead=1)).hold_expires_at is not None

    def test_is_switched_off_by_no_hours(self, session: Session) -> None:
        session.add(
            Setting(
                key="booking.inquiry_hold_hours",
                value="0",
                value_type=ValueType.NUMBER,
                category="booking",
                display_name="",
                description="",
                default_value="24",
            )
        )
        session.flush()

        assert ask(offers.schedule()).hold_expires_at is None


class TestAnswer:
    """The office answers, closes, or makes a booking of it."""

    def test_must_not_be_empty(self) -> None:
        with pytest.raises(Incomplete):
            inquiries.respond(ask(), " ", now=NOW, by=OFFICE)

    def test_is_refused_for_a_closed_inquiry(self) -> None:
        inquiry = inquiries.close(ask(), now=NOW, by=OFFICE)

        with pytest.raises(inquiries.InquiryClosed, match="closed"):
            inquiries.respond(inquiry, "Yes", now=NOW, by=OFFICE)
        with pytest.raises(inquiries.InquiryClosed):
            inquiries.close(inquiry, now=NOW, by=OFFICE)

    def test_goes_out_by_letter_and_may_be_followed_by_another(self, session: Session) -> None:
        date = offers.schedule()
        inquiry = ask(date)

        inquiries.respond(inquiry, "Yes, we can.", now=NOW, by=OFFICE)
        inquiries.respond(inquiry, "And no parking.", now=NOW, by=OFFICE)

        assert inquiry.status is InquiryStatus.RESPONDED
        assert inquiry.hold_expires_at is not None
        sent = session.scalars(
            select(EmailLog).filter_by(template_name="inquiry_response").order_by(EmailLog.id)
        ).all()
        assert "Yes, we can." in sent[0].body_text
        assert f"/book/{date.id}" in sent[1].body_html

    def test_closing_frees_the_places(self) -> None:
        date = offers.schedule()

        inquiries.close(ask(date), now=NOW, by=OFFICE)

        assert availability_of(date.id).taken == 0


class TestConvertToBooking:
    """The hold becomes a booking without a moment in between."""

    def test_refuses_an_inquiry_without_a_date(self) -> None:
        with pytest.raises(inquiries.NotForADate):
            inquiries.convert_to_booking(ask(), now=NOW, by=OFFICE)

    def test_refuses_a_second_time(self) -> None:
        inquiry = ask(offers.schedule())
        inquiries.convert_to_booking(inquiry, now=NOW, by=OFFICE)

        with pytest.raises(inquiries.InquiryClosed):
            inquiries.convert_to_booking(inquiry, now=NOW, by=OFFICE)

    def test_refuses_when_the_hold_is_over_and_the_places_are_gone(self, session: Session) -> None:
        date = offers.schedule(max_capacity=2)
        inquiry = ask(date)
        inquiry.hold_expires_at = NOW - timedelta(minutes=1)
        session.flush()
        offers.booked(date.id, number_of_places=2)

        with pytest.raises(SoldOut):
            inquiries.convert_to_booking(inquiry, now=NOW, by=OFFICE)

    def test_keeps_the_held_places_even_of_a_full_date(self) -> None:
        date = offers.schedule(max_capacity=4)
        inquiry = ask(date, number_of_people=2, company_name="Example Ltd", last_name="")
        offers.booked(date.id, number_of_places=2)
        assert availability_of(date.id).is_full

        booking = inquiries.convert_to_booking(inquiry, terms=offers.TERMS, now=NOW, by=OFFICE)

        assert inquiry.status is InquiryStatus.CONVERTED
        assert inquiry.booking_id == booking.id
        assert booking.source is BookingSource.INQUIRY
        assert booking.customer_type is CustomerType.BUSINESS
        assert booking.status is BookingStatus.PENDING
        assert availability_of(date.id).taken == 4

    def test_on_invoice_is_confirmed_at_once(self) -> None:
        inquiry = ask(offers.schedule())

        booking = inquiries.convert_to_booking(
            inquiry, payment_method="invoice", now=NOW, by=OFFICE
        )

        assert booking.status is BookingStatus.CONFIRMED
        assert bookings.link_for(booking)


class TestExpire:
    """What nobody dealt with in time."""

    def test_frees_expired_holds_and_still_waits_for_the_answer(self, session: Session) -> None:
        old, live = ask(offers.schedule()), ask(offers.schedule())
        old.hold_expires_at = NOW - timedelta(minutes=1)
        session.flush()

        assert inquiries.expire(now=NOW) == 1
        assert (old.hold_expires_at, old.status) == (None, InquiryStatus.PENDING)
        assert live.hold_expires_at is not None

    def test_gives_up_inquiries_whose_date_has_begun(self) -> None:
        inquiry = ask(offers.schedule(days_ahead=1))

        assert inquiries.expire(now=NOW + timedelta(days=2)) == 1
        assert inquiry.status is InquiryStatus.EXPIRED
