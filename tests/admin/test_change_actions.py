"""Tests of changing what was sold: moving, giving up places, a link to pay by."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from rft_admin.bookings.models import Booking, BookingStatus, PaymentStatus
from rft_admin.catalogue.models import CourseSchedule
from rft_admin.core import clock
from rft_admin.messaging.models import EmailLog
from rft_admin.payments.models import Refund
from tests import factories
from tests.admin.conftest import Office
from tests.admin.test_actions import act, page_after
from tests.payments.desk import set_setting


def a_date(days_ahead: int = 90, **values: Any) -> CourseSchedule:
    """Store a published date."""
    start = clock.now() + timedelta(days=days_ahead)
    schedule: CourseSchedule = factories.ScheduleFactory(start_datetime=start, **values)
    return schedule


@pytest.fixture
def party(session: Session) -> Booking:
    """A business's two confirmed places in sixty days, £150, paid."""
    booking: Booking = factories.BookingFactory(
        course_schedule=a_date(60),
        number_of_places=2,
        customer_type="business",
        payment_status=PaymentStatus.PAID,
    )
    factories.PaymentFactory(booking=booking)
    return booking


def ask(office: Office, name: str, booking: Booking) -> str:
    return office.post("/admin/bookings/action/", {"action": name, "rowid": str(booking.id)}).text


class TestTransfer:
    def test_refuses_a_full_date_beside_its_field(self, office: Office, party: Booking) -> None:
        full = a_date(max_capacity=1)

        answer = office.post(
            "/admin/bookings/action/",
            {
                "action": "transfer",
                "rowid": str(party.id),
                "confirmed": "1",
                "schedule_id": str(full.id),
            },
        )

        assert answer.status_code == 409
        assert "Only one place is left" in answer.text

    def test_shows_what_each_date_costs_before_one_is_chosen(
        self, office: Office, party: Booking
    ) -> None:
        a_date(price_override=Decimal(95))
        a_date(100, max_capacity=1)

        page = ask(office, "transfer", party)

        assert page.count(f"{party} to ") == 1
        assert "£40.00 more" in page

    def test_moves_and_says_what_is_to_pay(
        self, office: Office, party: Booking, session: Session
    ) -> None:
        target = a_date(price_override=Decimal(95))

        assert act(office, "bookings", "transfer", party.id, schedule_id=str(target.id)) == 303

        session.expire_all()
        assert party.course_schedule_id == target.id
        assert "£40.00 is still to be paid" in page_after(office, "bookings", party.id)

    def test_puts_up_what_comes_back(
        self, office: Office, party: Booking, session: Session
    ) -> None:
        target = a_date(price_override=Decimal(60))

        act(office, "bookings", "transfer", party.id, schedule_id=str(target.id))

        assert session.scalars(select(Refund.net_refund)).all() == [Decimal(30)]

    def test_is_refused_to_what_is_cancelled(self, office: Office, session: Session) -> None:
        gone = factories.BookingFactory(status=BookingStatus.CANCELLED)

        assert "It is cancelled." in ask(office, "transfer", gone)
        assert "It is cancelled." in ask(office, "send_payment_link", gone)

    def test_at_the_same_price_leaves_the_money_alone(self, office: Office, party: Booking) -> None:
        act(office, "bookings", "transfer", party.id, schedule_id=str(a_date().id))

        assert "the same price" in page_after(office, "bookings", party.id)


class TestCancelPlaces:
    def test_needs_a_place_and_a_reason(self, office: Office, party: Booking) -> None:
        place = str(party.attendees[0].id)

        assert act(office, "bookings", "cancel_places", party.id, reason="Ill") == 422
        assert act(office, "bookings", "cancel_places", party.id, attendee_ids=place) == 422

    def test_refuses_another_bookings_place(self, office: Office, party: Booking) -> None:
        other = factories.AttendeeFactory()
        fields = {"attendee_ids": str(other.id), "reason": "Ill"}

        assert act(office, "bookings", "cancel_places", party.id, **fields) == 422

    def test_is_refused_to_a_single_place(self, office: Office, session: Session) -> None:
        single = factories.BookingFactory(course_schedule=a_date(60))

        assert "It has one place only" in ask(office, "cancel_places", single)

    def test_says_when_nothing_comes_back(self, office: Office, session: Session) -> None:
        unpaid = factories.BookingFactory(course_schedule=a_date(60), number_of_places=2)
        fields = {"attendee_ids": str(unpaid.attendees[0].id), "reason": "Ill"}

        act(office, "bookings", "cancel_places", unpaid.id, **fields)

        assert "Nothing comes back" in page_after(office, "bookings", unpaid.id)

    def test_shows_what_each_place_gives_back_and_does_it(
        self, office: Office, party: Booking, session: Session
    ) -> None:
        assert "£75.00. Cancelled on" in ask(office, "cancel_places", party)
        fields = {"attendee_ids": str(party.attendees[0].id), "reason": "Ill"}

        assert act(office, "bookings", "cancel_places", party.id, **fields) == 303

        session.expire_all()
        assert (party.number_of_places, party.payment_amount) == (1, Decimal(75))
        refund = session.scalars(select(Refund)).one()
        assert (refund.net_refund, refund.processing_fee) == (Decimal(65), Decimal(10))


class TestPaymentLink:
    def test_is_refused_where_nothing_is_due_or_cards_are_off(
        self, office: Office, party: Booking
    ) -> None:
        assert act(office, "bookings", "send_payment_link", party.id) == 422

        unpaid = factories.BookingFactory()
        set_setting("payment.accept_online_payments", "false")
        assert act(office, "bookings", "send_payment_link", unpaid.id) == 409

    def test_asks_for_what_is_due(self, office: Office, session: Session) -> None:
        unpaid = factories.BookingFactory(payment_method_chosen="offline")

        assert act(office, "bookings", "send_payment_link", unpaid.id) == 303

        letter = session.scalars(select(EmailLog)).one()
        assert letter.recipient_email == unpaid.user.email
        assert "£75.00 of your booking is still to be paid" in letter.body_text
        assert letter.personal_link["row_id"] == unpaid.id
