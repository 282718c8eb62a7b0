"""Moving a booking by its own page: dates with room, in time, free of charge."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from rft_admin.bookings import letters
from rft_admin.bookings.models import Booking
from rft_admin.catalogue.models import CourseSchedule
from rft_admin.core import clock
from rft_admin.messaging.models import EmailLog
from tests.factories import BookingFactory
from tests.public.conftest import date_in, send
from tests.public.test_bookings import open_by_link, path_of


@pytest.fixture
def booking(session: Session) -> Booking:
    """A confirmed booking of a private person, made long ago, for a date in forty days."""
    booked: Booking = BookingFactory(course_schedule=date_in(40))
    booked.terms_accepted_at = clock.now() - timedelta(days=30)
    session.flush()
    return booked


def another(booking: Booking, days: int = 70, **values: object) -> CourseSchedule:
    schedule: CourseSchedule = date_in(days, course=booking.course_schedule.course, **values)
    return schedule


class TestRefusals:
    def test_is_closed_to_strangers(self, client: FlaskClient, booking: Booking) -> None:
        assert client.get(path_of(booking, "/transfer")).status_code == 404

    def test_is_over_six_days_before_the_course(
        self, client: FlaskClient, session: Session
    ) -> None:
        soon: Booking = BookingFactory(course_schedule=date_in(6))
        open_by_link(client, soon)

        answer = client.get(path_of(soon, "/transfer"), follow_redirects=True)

        assert "can no longer be moved here" in answer.text
        assert "Choose another date" not in answer.text

    def test_a_date_must_be_chosen_that_was_offered(
        self, client: FlaskClient, booking: Booking, session: Session
    ) -> None:
        another(booking)
        foreign = date_in(70)
        open_by_link(client, booking)

        page = path_of(booking, "/transfer")
        nothing = send(client, page, {})
        wrong = send(client, page, {"schedule_id": str(foreign.id)})

        assert (nothing.status_code, wrong.status_code) == (422, 422)
        session.refresh(booking)
        assert booking.course_schedule.course_id != foreign.course_id

    def test_without_room_anywhere_leads_to_the_inquiry(
        self, client: FlaskClient, booking: Booking
    ) -> None:
        full = another(booking, max_capacity=1)
        BookingFactory(course_schedule=full)
        open_by_link(client, booking)

        page = client.get(path_of(booking, "/transfer")).text

        assert "No other date of this course has room" in page
        assert 'href="/inquire"' in page


class TestMove:
    def test_is_offered_on_the_bookings_page(self, client: FlaskClient, booking: Booking) -> None:
        open_by_link(client, booking)

        assert "Choose another date" in client.get(path_of(booking)).text

    def test_moves_and_says_so(
        self, client: FlaskClient, booking: Booking, session: Session
    ) -> None:
        target = another(booking)
        open_by_link(client, booking)

        answer = send(client, path_of(booking, "/transfer"), {"schedule_id": str(target.id)})

        assert answer.status_code == 303
        assert "Your booking has moved to" in client.get(path_of(booking)).text
        session.refresh(booking)
        assert booking.course_schedule_id == target.id
        sent = select(func.count()).where(EmailLog.template_name == "booking_transferred")
        assert session.scalar(sent) == 1

    def test_asks_a_new_consumer_before_moving_into_the_cooling_off_time(
        self, client: FlaskClient, booking: Booking, session: Session
    ) -> None:
        booking.terms_accepted_at = clock.now()
        target = another(booking, 10)
        open_by_link(client, booking)
        page = path_of(booking, "/transfer")
        assert 'name="early_start_request"' in client.get(page).text

        refused = send(client, page, {"schedule_id": str(target.id)})
        moved = send(client, page, {"schedule_id": str(target.id), "early_start_request": "y"})

        assert (refused.status_code, moved.status_code) == (422, 303)
        session.refresh(booking)
        assert booking.early_start_requested_at is not None


class TestPayLink:
    def test_lets_a_booking_be_paid_by_card_that_was_to_be_paid_otherwise(
        self, client: FlaskClient, session: Session
    ) -> None:
        unpaid: Booking = BookingFactory(
            course_schedule=date_in(40), payment_method_chosen="offline"
        )
        open_by_link(client, unpaid)
        assert "by card" not in client.get(path_of(unpaid)).text

        letters.payment_link(unpaid, due=unpaid.payment_amount, now=clock.now())

        assert "Pay £75.00 by card" in client.get(path_of(unpaid)).text
