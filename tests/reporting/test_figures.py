"""Tests of the figures of the first page: revenue by London months, fill by course."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from sqlalchemy.orm import Session

from rft_admin.bookings.models import BookingStatus
from rft_admin.payments.models import RefundStatus, TransactionStatus
from rft_admin.reporting import figures
from tests import factories

NOW = datetime(2027, 7, 15, 12, tzinfo=UTC)


class TestRevenueByMonth:
    def test_counts_a_month_without_money_as_nothing(self, session: Session) -> None:
        months = figures.revenue_by_month(NOW)

        assert [month.first for month in months][:2] == [date(2026, 8, 1), date(2026, 9, 1)]
        assert months[-1].first == date(2027, 7, 1)
        assert {month.kept for month in months} == {Decimal("0.00")}

    def test_leaves_out_money_that_never_came(self, session: Session) -> None:
        factories.PaymentFactory(status=TransactionStatus.FAILED, created_at=NOW)
        factories.PaymentFactory(created_at=NOW - timedelta(days=500))

        assert figures.revenue_by_month(NOW)[-1].came == 0

    def test_puts_the_last_hour_of_june_in_london_into_june(self, session: Session) -> None:
        # 23:30 in London on 30 June is 22:30 UTC; half an hour after midnight is 23:30 UTC.
        factories.PaymentFactory(created_at=datetime(2027, 6, 30, 22, 30, tzinfo=UTC))
        factories.PaymentFactory(
            created_at=datetime(2027, 6, 30, 23, 30, tzinfo=UTC), amount=Decimal(40)
        )

        june, july = figures.revenue_by_month(NOW)[-2:]

        assert (june.came, july.came) == (Decimal("75.00"), Decimal("40.00"))

    def test_takes_off_what_was_given_back_in_the_month_it_went(self, session: Session) -> None:
        refund = factories.RefundFactory(
            status=RefundStatus.COMPLETED,
            completed_at=NOW,
            payment_transaction=factories.PaymentFactory(created_at=NOW - timedelta(days=60)),
        )
        factories.RefundFactory(
            payment_transaction=factories.PaymentFactory(created_at=NOW - timedelta(days=60))
        )

        july = figures.revenue_by_month(NOW)[-1]

        assert july.returned == refund.net_refund
        assert july.kept == -refund.net_refund


class TestFillByCourse:
    def test_counts_booked_places_of_the_dates_to_come(self, session: Session) -> None:
        soon = NOW + timedelta(days=10)
        schedule = factories.ScheduleFactory(start_datetime=soon, max_capacity=12)
        factories.BookingFactory(course_schedule=schedule, number_of_places=3)
        factories.BookingFactory(course_schedule=schedule, status=BookingStatus.CANCELLED)
        factories.ScheduleFactory(course=schedule.course, start_datetime=soon + timedelta(days=1))
        late = factories.ScheduleFactory(
            course=schedule.course, start_datetime=NOW + timedelta(days=200)
        )
        factories.BookingFactory(course_schedule=late)

        [fill] = figures.fill_by_course(NOW)

        assert (fill.course, fill.dates, fill.offered, fill.booked) == (
            schedule.course.name,
            2,
            24,
            3,
        )
        assert fill.percent == 12
