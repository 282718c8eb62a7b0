"""A booking moves: both dates count right, the price is carried, people are told."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from rft_admin.bookings import calendar, moving, requirements, rules
from rft_admin.bookings import service as bookings
from rft_admin.bookings.models import Booking, BookingStatus, ConsentBy, SpecialRequirement
from rft_admin.bookings.places import SoldOut
from rft_admin.catalogue.models import CourseSchedule, DiscountCode, DiscountType, ScheduleStatus
from rft_admin.catalogue.service import NoSuchSchedule
from rft_admin.core.database import db
from rft_admin.messaging.models import EmailLog, Notification
from tests.bookings import offers
from tests.bookings.offers import NOW, OFFICE, VISITOR

pytestmark = pytest.mark.usefixtures("session")


def taken(schedule: CourseSchedule) -> int:
    db.session.refresh(schedule)
    return schedule.current_capacity


def move(booking: Booking, to: CourseSchedule, **how: Any) -> Booking:
    return moving.transfer_by_customer(booking, to.id, now=NOW, by=VISITOR, **how)


def another(schedule: CourseSchedule, *, days_ahead: int = 90, **values: Any) -> CourseSchedule:
    return offers.schedule(days_ahead=days_ahead, course=schedule.course, **values)


@pytest.fixture
def booking() -> Booking:
    """Two confirmed places in two months, at £75 each."""
    return offers.confirmed(offers.schedule().id, number_of_places=2)


class TestRefusals:
    """What neither the customer nor the office can move."""

    def test_a_full_date_names_the_next_ones_with_room(self, booking: Booking) -> None:
        full = another(booking.course_schedule, max_capacity=1)
        roomy = another(booking.course_schedule, days_ahead=120)

        with pytest.raises(SoldOut) as refusal:
            bookings.transfer(booking, full.id, now=NOW, by=OFFICE)

        assert roomy.id in [date.schedule_id for date in refusal.value.next_dates]
        assert (taken(full), taken(booking.course_schedule)) == (0, 2)

    def test_the_date_that_it_has(self, booking: Booking) -> None:
        with pytest.raises(moving.SameDate):
            bookings.transfer(booking, booking.course_schedule_id, now=NOW, by=OFFICE)

    @pytest.mark.parametrize(
        "values",
        [
            {"days_ahead": -1},
            {"status": ScheduleStatus.CANCELLED},
            {"status": ScheduleStatus.IN_PROGRESS},
        ],
    )
    def test_a_date_that_has_begun_or_was_cancelled(
        self, booking: Booking, values: dict[str, Any]
    ) -> None:
        with pytest.raises(moving.DateNotOpen):
            bookings.transfer(booking, offers.schedule(**values).id, now=NOW, by=OFFICE)

    def test_another_clients_private_date(self, booking: Booking) -> None:
        private = offers.schedule(private_for_user_id=offers.admin().id, is_published=False)

        with pytest.raises(moving.DateNotOpen):
            bookings.transfer(booking, private.id, now=NOW, by=OFFICE)

    def test_a_cancelled_booking(self, booking: Booking) -> None:
        bookings.cancel(booking, reason="", now=NOW, by=OFFICE)

        with pytest.raises(moving.CannotMove):
            bookings.transfer(booking, offers.schedule().id, now=NOW, by=OFFICE)

    def test_a_lapsed_hold(self) -> None:
        lapsed = offers.lapse(offers.booked(offers.schedule().id))

        with pytest.raises(moving.CannotMove):
            bookings.transfer(lapsed, offers.schedule().id, now=NOW, by=OFFICE)

    def test_a_booking_whose_course_has_begun(self, booking: Booking) -> None:
        later = booking.course_schedule.start_datetime + timedelta(hours=1)

        with pytest.raises(moving.CannotMove, match="has begun"):
            bookings.transfer(booking, another(booking.course_schedule).id, now=later, by=OFFICE)

    def test_to_nowhere(self, booking: Booking) -> None:
        with pytest.raises(NoSuchSchedule):
            bookings.transfer(booking, 2**31 - 1, now=NOW, by=OFFICE)


class TestRefusalsToCustomers:
    """What only the office may do."""

    def test_another_course(self, booking: Booking) -> None:
        with pytest.raises(moving.OtherCourse):
            move(booking, offers.schedule())

    def test_an_unpublished_or_closed_date(self, booking: Booking) -> None:
        for target in (
            another(booking.course_schedule, is_published=False),
            another(booking.course_schedule, days_ahead=2),
        ):
            with pytest.raises(moving.DateNotOpen):
                move(booking, target, early_start_requested=True)

    def test_six_days_before_the_course_but_not_seven(self) -> None:
        booking = offers.confirmed(offers.schedule(days_ahead=7).id, early_start_requested=True)
        target = another(booking.course_schedule)
        tomorrow = NOW + timedelta(days=1)

        with pytest.raises(moving.TooLateToMove):
            moving.transfer_by_customer(booking, target.id, now=tomorrow, by=VISITOR)

        assert move(booking, target).course_schedule_id == target.id

    def test_an_unpaid_booking(self) -> None:
        booking = offers.booked(offers.schedule().id)

        with pytest.raises(moving.TooLateToMove):
            move(booking, another(booking.course_schedule))

    def test_a_consumer_inside_the_cooling_off_time_who_does_not_ask_for_it(
        self, booking: Booking
    ) -> None:
        soon = another(booking.course_schedule, days_ahead=10)

        with pytest.raises(rules.EarlyStartNeeded):
            move(booking, soon)

        move(booking, soon, early_start_requested=True)
        assert booking.early_start_requested_at == NOW


class TestMove:
    """What a move changes, and what stays as it was sold."""

    def test_frees_the_old_places_and_takes_the_new_ones(self, booking: Booking) -> None:
        old, new = booking.course_schedule, another(booking.course_schedule)

        move(booking, new)

        assert booking.course_schedule_id == new.id
        assert (taken(old), taken(new)) == (0, 2)

    def test_costs_the_customer_nothing_although_the_list_price_differs(
        self, booking: Booking
    ) -> None:
        move(booking, another(booking.course_schedule, price_override=Decimal(99)))

        assert booking.payment_amount == Decimal(150)
        assert [place.price for place in booking.attendees] == [Decimal(75), Decimal(75)]

    def test_lets_the_booked_start_only_move_earlier(self, booking: Booking) -> None:
        first = booking.course_schedule.start_datetime
        move(booking, another(booking.course_schedule, days_ahead=90))
        assert booking.booked_start == first

        earlier = another(booking.course_schedule, days_ahead=30)
        move(booking, earlier)

        assert booking.booked_start == earlier.start_datetime

    def test_tells_the_booker_with_both_dates_and_the_office(
        self, booking: Booking, session: Session
    ) -> None:
        offers.admin()
        booking.reminder_sent = True

        move(booking, another(booking.course_schedule))

        letter = session.scalars(
            select(EmailLog).filter_by(template_name="booking_transferred")
        ).one()
        assert letter.attachments == [{"kind": "calendar", "booking_id": booking.id}]
        assert "costs" not in letter.body_text
        title = session.scalars(select(Notification.title).order_by(Notification.id.desc())).first()
        assert title == f"Booking {booking} was moved by its customer"
        assert not booking.reminder_sent

    def test_keeps_requirements_until_the_new_date_is_over(
        self, booking: Booking, session: Session
    ) -> None:
        requirements.add(
            booking,
            requirement_type="dietary",
            details="No nuts",
            consent_by=ConsentBy.BOOKER,
            now=NOW,
            by=VISITOR,
        )

        new = another(booking.course_schedule)
        move(booking, new)

        kept = session.scalars(select(SpecialRequirement)).one()
        assert kept.purge_after == requirements.purge_day(new)

    def test_is_to_be_paid_before_an_earlier_course(self) -> None:
        schedule = offers.schedule(days_ahead=60)
        order = offers.business_order(schedule.id)
        booking = bookings.place_booking(order, now=NOW, by=VISITOR)
        soon = offers.schedule(days_ahead=5)

        bookings.transfer(booking, soon.id, now=NOW, by=OFFICE)

        assert booking.payment_due_at == soon.start_datetime

    def test_gives_the_calendar_file_a_higher_number_than_before(self, booking: Booking) -> None:
        old, new = booking.course_schedule, another(booking.course_schedule)
        old.row_version += 40
        before = _sequence(booking, booking.created_at + timedelta(minutes=1))

        move(booking, new)

        assert _sequence(booking, booking.created_at + timedelta(minutes=2)) > before


class TestPrice:
    """The office moves anywhere; the difference is reckoned from what was sold."""

    def test_nothing_differs_at_the_same_list_price_whatever_was_taken_off(self) -> None:
        booking = offers.confirmed(offers.schedule().id, number_of_places=5)
        assert booking.payment_amount == Decimal("337.50")

        assert bookings.transfer(booking, offers.schedule().id, now=NOW, by=OFFICE) == 0

        assert booking.payment_amount == Decimal("337.50")

    def test_a_percentage_stays_a_percentage(self) -> None:
        booking = offers.confirmed(offers.schedule().id, number_of_places=5)
        dearer = offers.schedule(course=offers.course(price=Decimal(95)))

        difference = bookings.transfer(booking, dearer.id, now=NOW, by=OFFICE)

        # Five places at £95 less 10 %.
        assert booking.payment_amount == Decimal("427.50")
        assert (difference, booking.discount_applied) == (Decimal(90), Decimal("47.50"))
        assert booking.price_per_place == Decimal(95)
        assert sum(place.price for place in booking.attendees) == Decimal("427.50")

    def test_the_pounds_of_a_fixed_code_stay_pounds(self, session: Session) -> None:
        code = DiscountCode(code="TEN", discount_type=DiscountType.FIXED, discount_value=10)
        session.add(code)
        booking = offers.confirmed(offers.schedule().id, discount_code="TEN")
        cheaper = offers.schedule(price_override=Decimal(50))

        difference = bookings.transfer(booking, cheaper.id, now=NOW, by=OFFICE)

        assert (difference, booking.payment_amount) == (Decimal(-25), Decimal(40))

    def test_a_private_date_costs_its_group_price(self, booking: Booking) -> None:
        private = offers.schedule(
            private_for_user_id=booking.user_id, group_price=Decimal(501), is_published=False
        )

        assert bookings.transfer(booking, private.id, now=NOW, by=OFFICE) == Decimal(351)
        assert booking.payment_amount == Decimal(501)

    def test_a_free_course_becomes_a_paid_one(self) -> None:
        free = offers.schedule(course=offers.course(price=Decimal(0)))
        booking = offers.booked(free.id)
        assert booking.status is BookingStatus.CONFIRMED

        assert bookings.transfer(booking, offers.schedule().id, now=NOW, by=OFFICE) == Decimal(75)

    @pytest.mark.parametrize(
        ("price", "words"), [(90, "costs £30.00 more"), (60, "costs £30.00 less")]
    )
    def test_the_letter_says_so(
        self, booking: Booking, session: Session, price: int, words: str
    ) -> None:
        target = offers.schedule(price_override=Decimal(price))

        bookings.transfer(booking, target.id, now=NOW, by=OFFICE)

        letter = session.scalars(
            select(EmailLog).filter_by(template_name="booking_transferred")
        ).one()
        assert words in " ".join(letter.body_text.split())


def _sequence(booking: Booking, changed_at: Any) -> int:
    db.session.flush()
    booking.updated_at = changed_at
    text = calendar.booking_ics(booking).decode()
    return int(text.split("SEQUENCE:")[1].split()[0])
