"""A booking's life: each change, and what it refuses."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from rft_admin.bookings import places
from rft_admin.bookings import service as bookings
from rft_admin.bookings.models import Booking, BookingStatus, PaymentStatus
from rft_admin.bookings.places import NotRunning, SoldOut, availability_of
from rft_admin.bookings.states import CannotChange, NotConfirmed
from rft_admin.catalogue import schedules
from rft_admin.catalogue.models import ScheduleStatus
from rft_admin.core.settings import Setting, ValueType
from rft_admin.messaging.models import EmailLog, Notification, NotificationType
from tests.bookings import offers
from tests.bookings.offers import NOW, OFFICE

pytestmark = pytest.mark.usefixtures("session")


def letters(session: Session, booking: Booking, template: str) -> list[EmailLog]:
    found = select(EmailLog).filter_by(booking_id=booking.id, template_name=template)
    return list(session.scalars(found.order_by(EmailLog.id)))


class TestConfirm:
    """A pending booking is confirmed once."""

    @pytest.mark.parametrize(
        "status", [BookingStatus.CONFIRMED, BookingStatus.CANCELLED, BookingStatus.COMPLETED]
    )
    def test_refuses_what_is_not_pending(self, session: Session, status: BookingStatus) -> None:
        booking = offers.booked(offers.schedule().id)
        booking.status = status
        session.flush()

        with pytest.raises(CannotChange, match=booking.booking_reference):
            bookings.confirm(booking, now=NOW, by=OFFICE)

    def test_refuses_an_expired_hold_whose_places_are_gone(self) -> None:
        date = offers.schedule(max_capacity=1)
        booking = offers.lapse(offers.booked(date.id))
        offers.booked(date.id)

        with pytest.raises(SoldOut):
            bookings.confirm(booking, now=NOW, by=OFFICE)

    def test_takes_the_places_of_an_expired_hold_anew(self) -> None:
        date = offers.schedule(max_capacity=1)
        booking = offers.lapse(offers.booked(date.id))
        assert availability_of(date.id).taken == 0

        bookings.confirm(booking, now=NOW, by=OFFICE)

        assert availability_of(date.id).taken == 1

    def test_sends_one_confirmation_and_tells_the_office(self, session: Session) -> None:
        admin = offers.admin()
        booking = offers.confirmed(offers.schedule().id)

        assert booking.status is BookingStatus.CONFIRMED
        assert booking.confirmation_sent
        assert booking.hold_expires_at is None
        assert len(letters(session, booking, "booking_confirmed")) == 1
        told = session.scalars(select(Notification)).one()
        assert (told.user_id, told.type) == (admin.id, NotificationType.BOOKING_CONFIRMED)


class TestSettle:
    """Nothing more is to pay now."""

    def test_refuses_a_cancelled_booking(self) -> None:
        booking = offers.booked(offers.schedule().id)
        bookings.cancel(booking, reason="", now=NOW, by=OFFICE)

        with pytest.raises(CannotChange):
            bookings.settle(booking, now=NOW, by=OFFICE)

    def test_refuses_a_cancelled_booking_when_the_office_confirms_itself(
        self, session: Session
    ) -> None:
        _confirm_by_hand(session)
        booking = offers.booked(offers.schedule().id)
        bookings.cancel(booking, reason="", now=NOW, by=OFFICE)

        with pytest.raises(CannotChange):
            bookings.settle(booking, now=NOW, by=OFFICE)

    def test_leaves_a_confirmed_booking_as_it_is(self, session: Session) -> None:
        booking = offers.confirmed(offers.schedule().id)

        bookings.settle(booking, now=NOW, by=OFFICE)

        assert len(letters(session, booking, "booking_confirmed")) == 1

    def test_keeps_the_places_for_the_office_when_it_confirms_itself(
        self, session: Session
    ) -> None:
        _confirm_by_hand(session)
        date = offers.schedule(max_capacity=1)
        booking = offers.lapse(offers.booked(date.id))

        bookings.settle(booking, now=NOW, by=OFFICE)

        assert booking.status is BookingStatus.PENDING
        assert booking.hold_expires_at is None
        assert availability_of(date.id).is_full

    def test_refuses_for_the_office_too_when_the_places_are_gone(self, session: Session) -> None:
        _confirm_by_hand(session)
        date = offers.schedule(max_capacity=1)
        booking = offers.lapse(offers.booked(date.id))
        offers.booked(date.id)

        with pytest.raises(SoldOut):
            bookings.settle(booking, now=NOW, by=OFFICE)


class TestCancel:
    """A booking is given up."""

    @pytest.mark.parametrize(
        "status", [BookingStatus.CANCELLED, BookingStatus.COMPLETED, BookingStatus.NO_SHOW]
    )
    def test_refuses_what_is_over(self, session: Session, status: BookingStatus) -> None:
        booking = offers.booked(offers.schedule().id)
        booking.status = status
        session.flush()

        with pytest.raises(CannotChange):
            bookings.cancel(booking, reason="", now=NOW, by=OFFICE)

    def test_frees_the_places_at_once_and_writes_to_the_booker(self, session: Session) -> None:
        date = offers.schedule(max_capacity=1)
        booking = offers.confirmed(date.id)

        bookings.cancel(booking, reason="Ill", now=NOW, by=OFFICE)

        assert availability_of(date.id).free == 1
        assert (booking.cancelled_at, booking.cancellation_reason) == (NOW, "Ill")
        assert "Ill" in letters(session, booking, "booking_cancelled")[0].body_text

    def test_is_silent_when_another_letter_tells_of_it(self, session: Session) -> None:
        booking = offers.confirmed(offers.schedule().id)

        bookings.cancel(booking, reason="Date cancelled", now=NOW, by=OFFICE, tell=False)

        assert letters(session, booking, "booking_cancelled") == []


class TestReinstate:
    """A cancelled booking comes back."""

    def test_refuses_what_is_not_cancelled(self) -> None:
        booking = offers.booked(offers.schedule().id)

        with pytest.raises(CannotChange):
            bookings.reinstate(booking, now=NOW, by=OFFICE)

    def test_refuses_when_there_is_no_room_any_more(self) -> None:
        date = offers.schedule(max_capacity=1)
        booking = offers.booked(date.id)
        bookings.cancel(booking, reason="", now=NOW, by=OFFICE)
        offers.booked(date.id)

        with pytest.raises(SoldOut):
            bookings.reinstate(booking, now=NOW, by=OFFICE)

    def test_refuses_when_the_date_was_cancelled(self) -> None:
        date = offers.schedule()
        booking = offers.booked(date.id)
        bookings.cancel(booking, reason="", now=NOW, by=OFFICE)
        schedules.mark_cancelled(date, reason="Flood", by=OFFICE)

        with pytest.raises(NotRunning):
            bookings.reinstate(booking, now=NOW, by=OFFICE)

    def test_takes_the_places_anew_and_confirms(self, session: Session) -> None:
        date = offers.schedule(max_capacity=2)
        booking = offers.confirmed(date.id, number_of_places=2)
        bookings.cancel(booking, reason="Ill", now=NOW, by=OFFICE)

        bookings.reinstate(booking, now=NOW, by=OFFICE)

        assert booking.status is BookingStatus.CONFIRMED
        assert booking.cancelled_at is None
        assert availability_of(date.id).is_full
        first, second = letters(session, booking, "booking_confirmed")
        assert (first.resend_of_id, second.resend_of_id) == (None, first.id)


class TestClose:
    """The course is over."""

    def test_refuses_what_was_never_confirmed(self) -> None:
        booking = offers.booked(offers.schedule().id)

        for close in (bookings.complete, bookings.mark_no_show):
            with pytest.raises(CannotChange):
                close(booking, now=NOW, by=OFFICE)

    def test_can_be_corrected_both_ways(self) -> None:
        booking = offers.confirmed(offers.schedule().id)

        assert bookings.complete(booking, now=NOW, by=OFFICE).status is BookingStatus.COMPLETED
        assert bookings.mark_no_show(booking, now=NOW, by=OFFICE).status is BookingStatus.NO_SHOW
        assert bookings.complete(booking, now=NOW, by=OFFICE).status is BookingStatus.COMPLETED


class TestResendConfirmation:
    """The confirmation goes out again."""

    def test_refuses_what_has_none(self) -> None:
        booking = offers.booked(offers.schedule().id)

        with pytest.raises(NotConfirmed, match="pending"):
            bookings.resend_confirmation(booking, now=NOW, by=OFFICE)

    def test_queues_it_again_and_names_the_first(self, session: Session) -> None:
        booking = offers.confirmed(offers.schedule().id)

        again = bookings.resend_confirmation(booking, now=NOW, by=OFFICE)

        first, second = letters(session, booking, "booking_confirmed")
        assert again is second
        assert again.resend_of_id == first.id


class TestExpiredHolds:
    """Nobody paid in time."""

    def test_leave_the_places_free_before_anybody_tidies(self) -> None:
        date = offers.schedule(max_capacity=1)
        offers.lapse(offers.booked(date.id))

        assert availability_of(date.id).free == 1

    def test_are_cancelled_only_when_nobody_paid(self, session: Session) -> None:
        paid, unpaid = (offers.lapse(offers.booked(offers.schedule().id)) for _ in range(2))
        live = offers.booked(offers.schedule().id)
        marked = offers.lapse(offers.booked(offers.schedule().id))
        marked.payment_status = PaymentStatus.PAID
        session.flush()

        done = bookings.expire_holds(now=NOW, is_paid=lambda booking: booking is paid, by=OFFICE)

        assert done == 1
        assert unpaid.status is BookingStatus.CANCELLED
        assert {paid.status, live.status, marked.status} == {BookingStatus.PENDING}
        assert letters(session, unpaid, "booking_cancelled") == []

    def test_are_left_alone_when_they_were_paid_meanwhile(self) -> None:
        booking = offers.lapse(offers.booked(offers.schedule().id))
        bookings.confirm(booking, now=NOW, by=OFFICE)

        assert not bookings.expire_hold(booking, now=NOW + timedelta(days=1), by=OFFICE)


def test_every_date_that_does_not_run_refuses_places(session: Session) -> None:
    date = offers.schedule(status=ScheduleStatus.COMPLETED)

    with pytest.raises(NotRunning):
        places.take(date.id, 1, now=NOW)


def _confirm_by_hand(session: Session) -> None:
    session.add(
        Setting(
            key="booking.booking_auto_confirm",
            value="false",
            value_type=ValueType.BOOLEAN,
            category="booking",
            display_name="",
            description="",
            default_value="true",
        )
    )
    session.flush()
