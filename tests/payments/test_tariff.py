"""What comes back: every band, every right, and no trick that improves it."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from rft_admin.bookings.models import Booking, BookingStatus, CustomerType, PaymentChoice
from rft_admin.catalogue.models import CourseScheduleDay
from rft_admin.core.clock import LONDON, london_date
from rft_admin.core.database import db
from rft_admin.core.settings import ValueType
from rft_admin.messaging.models import EmailLog
from rft_admin.payments import tariff
from rft_admin.payments.models import (
    PaymentTransaction,
    Provider,
    Refund,
    RefundStatus,
    TransactionStatus,
)
from tests.bookings import offers
from tests.payments import desk

pytestmark = pytest.mark.usefixtures("session")

#: A Tuesday in summer time; the course begins 09:30 in London.
START = datetime(2027, 6, 15, 8, 30, tzinfo=UTC)
LONG_AGO = datetime(2027, 1, 4, 12, tzinfo=UTC)


def sold(*, price: str = "75.00", days: int = 1, **values: Any) -> Booking:
    """Store a business's confirmed booking for START, paid in full by bank transfer."""
    date_row = offers.schedule(start_datetime=START, end_datetime=START + timedelta(hours=7))
    for week in range(1, days):
        begins = START + timedelta(weeks=week)
        date_row.days.append(
            CourseScheduleDay(starts_at=begins, ends_at=begins + timedelta(hours=7))
        )
    db.session.flush()
    booking = offers.confirmed(
        date_row.id,
        customer_type="business",
        company_name="Example Ltd",
        number_of_places=values.pop("number_of_places", 1),
    )
    booking.terms_accepted_at = LONG_AGO
    booking.terms_snapshot = tariff.current_terms()
    booking.payment_method_chosen = PaymentChoice.OFFLINE
    for name, value in values.items():
        setattr(booking, name, value)
    pay(booking, price)
    return booking


def pay(booking: Booking, amount: str) -> PaymentTransaction:
    payment = PaymentTransaction(
        booking_id=booking.id,
        amount=Decimal(amount),
        provider=Provider.MANUAL,
        status=TransactionStatus.SUCCEEDED,
    )
    db.session.add(payment)
    db.session.flush()
    return payment


def give_back(booking: Booking, amount: str, fee: str = "0", **values: Any) -> Refund:
    payment = db.session.query(PaymentTransaction).filter_by(booking_id=booking.id).first()
    assert payment is not None
    refund = Refund(
        booking_id=booking.id,
        user_id=booking.user_id,
        payment_transaction_id=payment.id,
        refund_reference=f"REF-{amount}-{booking.id}",
        amount=Decimal(amount),
        processing_fee=Decimal(fee),
        net_refund=Decimal(amount) - Decimal(fee),
        **({"status": RefundStatus.COMPLETED} | values),
    )
    db.session.add(refund)
    db.session.flush()
    return refund


def london(day: date, hour: int = 12, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=LONDON).astimezone(UTC)


def days_before(days: int, hour: int = 12, minute: int = 0) -> datetime:
    return london(london_date(START) - timedelta(days=days), hour, minute)


class TestBands:
    @pytest.mark.parametrize(
        ("days", "amount", "fee", "net"),
        [
            (365, "75.00", "10.00", "65.00"),
            (31, "75.00", "10.00", "65.00"),
            (30, "37.50", "0.00", "37.50"),
            (15, "37.50", "0.00", "37.50"),
            (14, "18.75", "0.00", "18.75"),
            (7, "18.75", "0.00", "18.75"),
            (6, "0.00", "0.00", "0.00"),
            (0, "0.00", "0.00", "0.00"),
            (-1, "0.00", "0.00", "0.00"),
        ],
    )
    def test_gives_back_by_the_days_before_the_first_course_day(
        self, days: int, amount: str, fee: str, net: str
    ) -> None:
        quote = tariff.explain(sold(), days_before(days))

        assert (quote.days, quote.rule) == (days, "tariff")
        assert (quote.amount, quote.fee, quote.net) == (Decimal(amount), Decimal(fee), Decimal(net))
        assert quote.needs_approval is (quote.net > 0)
        assert quote.due_by is None

    @pytest.mark.parametrize(("hour", "minute"), [(0, 0), (0, 30), (23, 59)])
    def test_counts_calendar_days_in_london_whatever_the_hour(self, hour: int, minute: int) -> None:
        booking = sold()

        assert tariff.explain(booking, days_before(31, hour, minute)).days == 31

    def test_counts_days_across_the_clock_change(self) -> None:
        booking = sold()
        # Midnight in London is 00:00 UTC before 28 March and 23:00 UTC the day before after it.
        late = datetime(2027, 4, 1, 23, 30, tzinfo=UTC)

        assert tariff.explain(booking, late).days == (date(2027, 6, 15) - date(2027, 4, 2)).days

    def test_never_takes_a_fee_above_the_refund(self) -> None:
        quote = tariff.explain(sold(price="6.00", payment_amount=Decimal(6)), days_before(40))

        assert (quote.amount, quote.fee, quote.net) == (Decimal(6), Decimal(6), Decimal(0))
        assert quote.needs_approval is False

    def test_takes_the_fee_once_per_booking(self) -> None:
        booking = sold(number_of_places=2, price="150.00")
        give_back(booking, "75.00", "10.00")

        quote = tariff.explain(booking, days_before(40))

        assert (quote.amount, quote.fee) == (Decimal("85.00"), Decimal(0))

    def test_takes_the_fee_again_when_the_refund_that_bore_it_was_rejected(self) -> None:
        booking = sold()
        give_back(booking, "75.00", "10.00", status=RefundStatus.REJECTED)

        assert tariff.explain(booking, days_before(40)).fee == Decimal("10.00")

    def test_says_in_words_how_it_was_reckoned(self) -> None:
        words = tariff.explain(sold(), days_before(30)).words

        assert words == [
            "Cancelled on Sunday 16 May 2027, 30 days before the first course day "
            "(Tuesday 15 June 2027).",
            "50 % of £75.00 is £37.50.",
            "You get back £37.50.",
        ]

    def test_says_the_fee_in_words(self) -> None:
        words = tariff.explain(sold(), days_before(31)).words

        assert "Less the fee of £10.00." in words
        assert words[-1] == "You get back £65.00."

    def test_says_in_words_why_nothing_comes_back(self) -> None:
        one_day = tariff.explain(sold(), days_before(1)).words
        on_the_day = tariff.explain(sold(), days_before(0)).words

        assert ", 1 day before the first course day" in one_day[0]
        assert "on or after the first course day" in on_the_day[0]
        assert one_day[-1].endswith("nothing comes back so close to the course.")


class TestTheTermsAsSold:
    def test_a_changed_setting_never_changes_a_contract(self) -> None:
        booking = sold()
        desk.set_setting("payment.refund_admin_fee", "40.00", ValueType.NUMBER)
        desk.set_setting(
            "payment.refund_bands", '[{"min_days": 0, "percent": 0, "fee": false}]', ValueType.JSON
        )

        assert tariff.explain(booking, days_before(40)).net == Decimal("65.00")

    def test_what_an_old_booking_did_not_keep_is_read_from_the_terms_in_force(self) -> None:
        booking = sold(terms_snapshot={})

        assert tariff.explain(booking, days_before(40)).net == Decimal("65.00")

    def test_a_tariff_without_a_last_band_gives_nothing_below_it(self) -> None:
        bands = [{"min_days": 7, "percent": 100, "fee": False}]
        booking = sold(terms_snapshot={"refund_bands": bands})

        assert tariff.explain(booking, days_before(6)).net == Decimal(0)

    def test_the_earliest_start_ever_booked_counts_after_a_transfer(self) -> None:
        booking = sold()
        later = offers.schedule(
            start_datetime=START + timedelta(days=90),
            end_datetime=START + timedelta(days=90, hours=7),
        )
        booking.course_schedule_id = later.id
        db.session.flush()
        db.session.refresh(booking)

        assert tariff.explain(booking, days_before(10)).percent == 25

    @pytest.mark.parametrize(
        ("days", "percent", "fee"), [(46, 100, "50.00"), (45, 50, "0"), (15, 25, "0"), (14, 0, "0")]
    )
    def test_a_private_course_has_its_own_tariff(self, days: int, percent: int, fee: str) -> None:
        booking = sold(terms_snapshot=tariff.current_terms(private=True))

        quote = tariff.explain(booking, days_before(days))

        assert (quote.rule, quote.percent, quote.fee) == ("tariff_private", percent, Decimal(fee))


class TestCoolingOff:
    def consumer(self, **values: Any) -> Booking:
        return sold(customer_type=CustomerType.INDIVIDUAL, **values)

    def test_does_not_exist_for_a_business(self) -> None:
        booking = sold(terms_accepted_at=days_before(20))

        assert tariff.explain(booking, days_before(19)).rule == "tariff"

    def test_is_over_on_the_fifteenth_day_after_the_contract(self) -> None:
        booking = self.consumer(terms_accepted_at=days_before(25, 23, 59))

        assert tariff.explain(booking, days_before(10, 0, 0)).rule == "tariff"

    def test_lasts_to_the_end_of_the_fourteenth_day_after_the_contract(self) -> None:
        booking = self.consumer(terms_accepted_at=days_before(25, 0, 1))

        quote = tariff.explain(booking, days_before(11, 23, 59))

        assert (quote.rule, quote.net, quote.fee) == ("cooling_off", Decimal(75), Decimal(0))
        assert quote.needs_approval is False
        assert quote.due_by == london_date(days_before(11)) + timedelta(days=14)
        assert "everything comes back, without a fee" in quote.words[0]

    def test_is_as_long_as_it_was_sold(self) -> None:
        terms = tariff.current_terms() | {"consumer_cooling_off_days": 30}
        booking = self.consumer(terms_accepted_at=days_before(28), terms_snapshot=terms)

        assert tariff.explain(booking, days_before(2)).rule == "cooling_off"

    def test_counts_from_the_booking_where_no_acceptance_was_written_down(self) -> None:
        booking = self.consumer(terms_accepted_at=None, created_at=days_before(3))

        assert tariff.explain(booking, days_before(1)).rule == "cooling_off"

    def test_ends_when_the_course_has_been_given(self) -> None:
        booking = self.consumer(terms_accepted_at=days_before(3))

        assert tariff.explain(booking, START + timedelta(hours=1)).rule == "tariff"

    def test_keeps_the_share_of_the_days_that_have_begun(self) -> None:
        booking = self.consumer(
            terms_accepted_at=days_before(3), days=3, price="95.00", payment_amount=Decimal(95)
        )
        booking.attendees[0].price = Decimal(95)
        db.session.flush()

        quote = tariff.explain(booking, START + timedelta(days=1))

        assert (quote.rule, quote.net, quote.percent) == ("cooling_off_begun", Decimal("63.33"), 66)
        assert quote.needs_approval is True
        assert "1 of 3 course days had begun" in quote.words[0]


class TestWhatItIsReckonedFrom:
    def test_nothing_paid_gives_nothing_back(self) -> None:
        booking = offers.confirmed(offers.schedule().id)

        quote = tariff.explain(booking, offers.NOW)

        assert (quote.rule, quote.net, quote.needs_approval) == ("nothing_paid", Decimal(0), False)
        assert quote.words == ["Nothing has been paid, so there is nothing to give back."]

    def test_what_came_back_already_does_not_come_back_again(self) -> None:
        booking = sold()
        give_back(booking, "75.00")

        quote = tariff.explain(booking, days_before(40))

        assert quote.words == ["What was paid has been given back already."]

    def test_a_part_paid_booking_counts_what_was_paid(self) -> None:
        booking = sold(price="30.00")

        assert tariff.explain(booking, days_before(20)).net == Decimal("15.00")

    def test_a_place_given_up_before_counts_no_more(self) -> None:
        booking = sold(number_of_places=2, price="150.00")
        booking.attendees[0].cancelled_at = days_before(20)
        give_back(booking, "37.50")

        assert tariff.explain(booking, days_before(20)).net == Decimal("37.50")

    def test_without_rows_of_attendees_the_price_of_the_booking_counts(self) -> None:
        booking = sold(price="150.00")
        db.session.delete(booking.attendees[0])
        db.session.flush()
        db.session.refresh(booking)

        assert tariff.explain(booking, days_before(20)).paid == Decimal("75.00")

    def test_cancelled_by_us_gives_everything_back_on_the_last_day(self) -> None:
        quote = tariff.explain(sold(), days_before(0), by_us=True)

        assert (quote.rule, quote.net, quote.needs_approval) == (
            "cancelled_by_us",
            Decimal(75),
            False,
        )

    def test_a_cancelled_booking_is_judged_by_the_day_it_was_cancelled(self) -> None:
        booking = sold(status=BookingStatus.CANCELLED, cancelled_at=days_before(20))

        assert tariff.explain(booking, days_before(1)).percent == 50

    def test_keeps_the_calculation_as_json(self) -> None:
        assert tariff.explain(sold(), days_before(31)).as_json() | {"words": []} == {
            "rule": "tariff",
            "days": 31,
            "percent": 100,
            "paid": "75.00",
            "amount": "75.00",
            "fee": "10.00",
            "net": "65.00",
            "words": [],
        }


class TestWords:
    def test_the_tariff_reads_as_sentences(self) -> None:
        assert tariff.tariff_in_words() == [
            "31 days or more before the first course day: everything comes back, less a fee of "
            "£10.00.",
            "15 to 30 days before: 50 % comes back.",
            "7 to 14 days before: 25 % comes back.",
            "6 days or fewer before the first course day: nothing comes back.",
        ]

    def test_the_private_tariff_names_its_own_fee(self) -> None:
        words = tariff.tariff_in_words(tariff.current_terms(private=True))

        assert words[0] == (
            "46 days or more before the first course day: everything comes back, less a fee of "
            "£50.00."
        )

    def test_the_right_to_withdraw_names_its_days(self) -> None:
        desk.set_setting("payment.consumer_cooling_off_days", "20", ValueType.NUMBER)

        assert "within 20 days" in tariff.cooling_off_in_words()

    @pytest.mark.parametrize(("customer", "times"), [("individual", 1), ("business", 0)])
    def test_the_confirmation_says_a_consumers_right_once_and_a_business_nothing_of_it(
        self, customer: str, times: int
    ) -> None:
        booking = offers.confirmed(
            offers.schedule().id,
            customer_type=customer,
            company_name="Example Ltd" if customer == "business" else "",
            terms=tariff.current_terms(),
        )

        letter = db.session.scalars(
            select(EmailLog).filter_by(booking_id=booking.id, template_name="booking_confirmed")
        ).one()

        for words in (letter.body_text, letter.body_html):
            assert " ".join(words.split()).count("without giving a reason") == times
            assert "31 days or more before the first course day" in " ".join(words.split())
