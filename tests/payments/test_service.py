"""Money by hand, the sums of a booking, the sweep of open payments, and cancelled dates."""

from datetime import timedelta
from decimal import Decimal

import pytest

from rft_admin.bookings.models import Booking, BookingStatus, PaymentStatus
from rft_admin.bookings.places import availability_of
from rft_admin.catalogue.models import ScheduleStatus
from rft_admin.core import clock
from rft_admin.core.database import db
from rft_admin.core.errors import NotFound
from rft_admin.payments import ledger, reconcile, schedules
from rft_admin.payments import service as payments
from rft_admin.payments.gateway_objects import GatewayAway
from rft_admin.payments.models import Provider, RefundStatus, TransactionStatus
from sandbox.stripe import StripeSandbox
from tests.bookings import offers
from tests.bookings.offers import OFFICE
from tests.payments import desk


def record(booking: Booking, amount: str = "75.00", method: str = "cash") -> None:
    payments.record_payment(
        booking=booking,
        amount=Decimal(amount),
        method=method,
        reference="statement 12",
        now=clock.now(),
        by=OFFICE,
    )


@pytest.mark.usefixtures("session")
class TestRecordingByHand:
    def test_refuses_a_cancelled_booking(self) -> None:
        booking = offers.booked(offers.schedule().id)
        offers.bookings.cancel(booking, reason="no", now=clock.now(), by=OFFICE)

        with pytest.raises(payments.NotPayable):
            record(booking)

    @pytest.mark.parametrize("amount", ["0", "-5", "75.01"])
    def test_refuses_nothing_and_more_than_is_due(self, amount: str) -> None:
        with pytest.raises(payments.AmountWrong, match="up to £75.00"):
            record(offers.booked(offers.schedule().id), amount)

    def test_refuses_an_unknown_way_of_paying(self) -> None:
        with pytest.raises(payments.MethodUnknown):
            record(offers.booked(offers.schedule().id), method="shells")

    def test_refuses_a_booking_that_is_paid(self) -> None:
        booking = offers.booked(offers.schedule().id)
        record(booking)

        with pytest.raises(payments.AmountWrong):
            record(booking)

    def test_a_part_leaves_the_rest_due_and_confirms_nothing(self) -> None:
        booking = offers.booked(offers.schedule().id)

        record(booking, "30.00")

        assert payments.amount_paid(booking) == Decimal("30.00")
        assert payments.amount_due(booking) == Decimal("45.00")
        assert booking.status is BookingStatus.PENDING
        assert booking.payment_status is PaymentStatus.PENDING

    def test_the_whole_confirms_with_letters(self) -> None:
        booking = offers.booked(offers.schedule().id)

        record(booking)

        payment = desk.the_payment(booking)
        assert booking.status is BookingStatus.CONFIRMED
        assert booking.payment_status is PaymentStatus.PAID
        assert payment.provider is Provider.MANUAL
        assert {"booking_confirmed", "payment_received"} <= set(desk.letters(booking))

    def test_an_invoiced_booking_stays_confirmed_and_is_paid(self) -> None:
        date = offers.schedule()
        booking = offers.bookings.place_booking(
            offers.business_order(date.id), now=clock.now(), by=OFFICE
        )

        record(booking)

        assert booking.payment_status is PaymentStatus.PAID
        assert desk.letters(booking).count("booking_confirmed") == 1

    def test_nothing_is_due_for_a_cancelled_booking(self) -> None:
        booking = offers.booked(offers.schedule().id)
        offers.bookings.cancel(booking, reason="no", now=clock.now(), by=OFFICE)

        assert ledger.amount_due(booking) == Decimal(0)


class TestAskingStripe:
    def test_a_payment_whose_events_were_lost_confirms_its_booking(
        self, stripe: StripeSandbox
    ) -> None:
        booking = offers.booked(offers.schedule().id)
        stripe.pay(desk.pay_page(booking))

        reconcile.check_open_payments(clock.now())

        assert booking.status is BookingStatus.CONFIRMED

    def test_a_page_that_never_opened_is_given_up_after_a_day(self, stripe: StripeSandbox) -> None:
        booking = offers.booked(offers.schedule().id)
        desk.pay_page(booking)
        desk.the_payment(booking).stripe_checkout_session_id = None
        db.session.flush()

        reconcile.check_open_payments(clock.now() + timedelta(hours=26))

        assert desk.the_payment(booking).status is TransactionStatus.CANCELLED

    def test_one_stubborn_payment_does_not_stop_the_others(self, stripe: StripeSandbox) -> None:
        stubborn, other = (offers.booked(offers.schedule().id) for _ in range(2))
        desk.pay_page(stubborn)
        desk.the_payment(stubborn).stripe_checkout_session_id = "cs_unknown"
        stripe.pay(desk.pay_page(other))

        asked = reconcile.check_open_payments(clock.now())

        assert asked == 2
        assert other.status is BookingStatus.CONFIRMED

    def test_silence_of_stripe_ends_the_run(self, stripe: StripeSandbox) -> None:
        desk.pay_page(offers.booked(offers.schedule().id))
        stripe.add_fault("error_500", "*", "*", times=9)

        with pytest.raises(GatewayAway):
            reconcile.check_open_payments(clock.now())


class TestTidyingHolds:
    def test_keeps_a_booking_while_stripe_is_silent(self, stripe: StripeSandbox) -> None:
        booking = offers.booked(offers.schedule().id)
        desk.pay_page(booking)
        offers.lapse(booking)
        stripe.add_fault("error_500", "*", "*", times=9)

        assert reconcile.tidy_holds(now=clock.now()) == 0
        assert booking.status is BookingStatus.PENDING

    def test_confirms_what_turns_out_paid(self, stripe: StripeSandbox) -> None:
        booking = offers.booked(offers.schedule().id)
        stripe.pay(desk.pay_page(booking))
        offers.lapse(booking)

        assert reconcile.tidy_holds(now=clock.now()) == 0
        assert booking.status is BookingStatus.CONFIRMED

    @pytest.mark.parametrize("session_id", [None, "cs_unknown"])
    def test_cancels_what_stripe_never_saw_paid(
        self, stripe: StripeSandbox, session_id: str | None
    ) -> None:
        booking = offers.booked(offers.schedule().id)
        desk.pay_page(booking)
        desk.the_payment(booking).stripe_checkout_session_id = session_id
        offers.lapse(booking)

        assert reconcile.tidy_holds(now=clock.now()) == 1
        assert booking.status is BookingStatus.CANCELLED

    def test_cancels_what_was_never_tried(self, stripe: StripeSandbox) -> None:
        booking = offers.lapse(offers.booked(offers.schedule().id))

        assert reconcile.tidy_holds(now=clock.now()) == 1
        assert booking.status is BookingStatus.CANCELLED


class TestCancellingADate:
    def test_refuses_a_date_that_is_completed(self, stripe: StripeSandbox) -> None:
        date = offers.schedule(status=ScheduleStatus.COMPLETED)

        with pytest.raises(schedules.ScheduleOver):
            schedules.cancel_schedule(schedule_id=date.id, reason="x", now=clock.now(), by=OFFICE)

    def test_refuses_without_a_reason(self, stripe: StripeSandbox) -> None:
        date = offers.schedule()

        with pytest.raises(schedules.ReasonNeeded):
            schedules.cancel_schedule(schedule_id=date.id, reason=" ", now=clock.now(), by=OFFICE)

    def test_refuses_a_date_that_is_not_there(self, stripe: StripeSandbox) -> None:
        with pytest.raises(NotFound):
            schedules.cancel_schedule(schedule_id=0, reason="x", now=clock.now(), by=OFFICE)

    def test_shows_beforehand_whom_and_what_it_touches(self, stripe: StripeSandbox) -> None:
        date, _, _ = self.two_bookings(stripe)

        preview = schedules.preview(schedule_id=date, now=clock.now())

        assert (preview.people, preview.refund_total, preview.letters) == (3, Decimal(75), 2)
        assert len(preview.bookings) == 2

    def test_cancels_everybody_and_gives_everything_back(self, stripe: StripeSandbox) -> None:
        date, paid, unpaid = self.two_bookings(stripe)

        done = schedules.cancel_schedule(
            schedule_id=date, reason="The trainer is ill.", now=clock.now(), by=OFFICE
        )
        desk.send_waiting_refunds()

        assert done == 2
        assert {paid.status, unpaid.status} == {BookingStatus.CANCELLED}
        assert desk.the_refund(paid).status is RefundStatus.COMPLETED
        assert desk.the_refund(paid).net_refund == Decimal(75)
        assert desk.letters(unpaid)[-1] == "schedule_cancelled"
        assert "booking_cancelled" not in desk.letters(paid)
        assert availability_of(date).taken == 0

    def test_goes_on_where_it_was_interrupted(self, stripe: StripeSandbox) -> None:
        date, paid, unpaid = self.two_bookings(stripe)
        schedules.cancel_schedule(schedule_id=date, reason="ill", now=clock.now(), by=OFFICE)
        unpaid.status, unpaid.cancelled_at = BookingStatus.CONFIRMED, None
        db.session.flush()

        done = schedules.cancel_schedule(schedule_id=date, reason="ill", now=clock.now(), by=OFFICE)

        assert done == 1
        assert unpaid.status is BookingStatus.CANCELLED
        assert desk.letters(paid).count("schedule_cancelled") == 1

    def two_bookings(self, stripe: StripeSandbox) -> tuple[int, Booking, Booking]:
        date = offers.schedule()
        paid = desk.paid(stripe, offers.booked(date.id))
        unpaid = offers.booked(date.id, number_of_places=2)
        return date.id, paid, unpaid
