"""Tests of quoting a private course from the inquiry's screen."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from rft_admin.bookings.models import BookingInquiry
from rft_admin.catalogue.models import Course
from rft_admin.core import clock
from rft_admin.messaging.models import EmailLog
from tests import factories
from tests.admin.conftest import Office
from tests.admin.test_actions import act


@pytest.fixture
def inquiry(session: Session) -> BookingInquiry:
    """Eight people of a company ask."""
    asked: BookingInquiry = factories.InquiryFactory(number_of_people=8, company_name="Example Ltd")
    return asked


def offer(**values: str) -> dict[str, str]:
    """Return the form's fields: two days, a week apart, in forty days."""
    course: Course = factories.CourseFactory(duration_hours=Decimal(12))
    day = clock.london_date(clock.now()) + timedelta(days=40)
    return {
        "course_id": str(course.id),
        "starts_at": f"{day}T09:30",
        "ends_at": f"{day}T16:30",
        "break_minutes": "60",
        "number_of_days": "2",
        "days_apart": "7",
        "site_address": "1 Example Street",
        "total": "600",
        "quoted_until": str(day - timedelta(days=20)),
        **values,
    }


class TestQuote:
    def test_refuses_a_last_day_after_the_course_beside_its_field(
        self, office: Office, inquiry: BookingInquiry
    ) -> None:
        late = str(clock.london_date(clock.now()) + timedelta(days=90))

        status = act(office, "booking_inquiries", "quote", inquiry.id, **offer(quoted_until=late))

        assert status == 422
        assert inquiry.quoted_schedule_id is None

    def test_refuses_fewer_hours_than_the_course(
        self, office: Office, inquiry: BookingInquiry
    ) -> None:
        fields = offer(number_of_days="1")

        assert act(office, "booking_inquiries", "quote", inquiry.id, **fields) == 422

    def test_keeps_the_days_and_queues_the_letter(
        self, office: Office, inquiry: BookingInquiry, session: Session
    ) -> None:
        assert act(office, "booking_inquiries", "quote", inquiry.id, **offer()) == 303

        session.expire_all()
        assert inquiry.quoted_schedule is not None
        first, second = inquiry.quoted_schedule.days
        assert second.starts_at.date() - first.starts_at.date() == timedelta(days=7)
        assert inquiry.quoted_total == Decimal(600)
        assert session.scalars(select(EmailLog.template_name)).all() == ["quote"]

    def test_may_be_accepted_by_telephone(
        self, office: Office, inquiry: BookingInquiry, session: Session
    ) -> None:
        act(office, "booking_inquiries", "quote", inquiry.id, **offer())

        status = act(
            office, "booking_inquiries", "convert_to_booking", inquiry.id, payment_method="invoice"
        )

        session.expire_all()
        assert status == 303
        assert inquiry.booking is not None
        assert inquiry.booking.terms_snapshot["private"] is True
