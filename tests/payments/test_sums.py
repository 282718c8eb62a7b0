"""Tests of what many bookings have brought in and still owe."""

from datetime import timedelta
from decimal import Decimal

from sqlalchemy import select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from rft_admin.bookings.models import Booking, BookingStatus, PaymentStatus
from rft_admin.core import clock
from rft_admin.payments import owed
from rft_admin.payments.models import RefundStatus
from rft_admin.payments.sums import Sums, sums_of
from tests import factories


class TestSumsOf:
    def test_has_the_rest_of_each_and_nothing_of_others(self, session: Session) -> None:
        schedule = factories.ScheduleFactory()
        partly = factories.BookingFactory(
            course_schedule=schedule,
            status=BookingStatus.CONFIRMED,
            payment_status=PaymentStatus.PENDING,
            payment_amount=Decimal(150),
        )
        factories.PaymentFactory(booking=partly, amount=Decimal(100))
        back = factories.BookingFactory(
            course_schedule=schedule, payment_status=PaymentStatus.REFUNDED
        )
        payment = factories.PaymentFactory(booking=back, amount=Decimal(80))
        factories.RefundFactory(
            booking=back,
            payment_transaction=payment,
            amount=Decimal(30),
            net_refund=Decimal(30),
            processing_fee=Decimal(0),
            status=RefundStatus.COMPLETED,
            completed_at=clock.now(),
        )
        factories.BookingFactory(
            course_schedule=schedule,
            status=BookingStatus.CANCELLED,
            payment_status=PaymentStatus.PENDING,
        )
        factories.PaymentFactory(amount=Decimal(999))
        session.commit()
        of_date = select(Booking.id).where(Booking.course_schedule_id == schedule.id)

        assert sums_of(of_date) == Sums(Decimal(180), Decimal(30), Decimal(50))
        later = sums_of(of_date, since=clock.now() + timedelta(days=1))
        assert later == Sums(Decimal(0), Decimal(0), Decimal(50))


class TestWhatIsOwed:
    def test_has_an_index_of_its_own(self, session: Session) -> None:
        for condition in (owed.is_owed(), owed.is_overdue(clock.now())):
            statement = select(Booking.id).where(condition)
            written = statement.compile(
                dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}
            )
            session.execute(text("SET LOCAL enable_seqscan = off"))
            session.execute(text("SET LOCAL enable_bitmapscan = off"))
            plan = "\n".join(session.scalars(text(f"EXPLAIN {written}".replace(":", "\\:"))))

            assert "ix_bookings_owed" in plan, plan
