"""Tests of the retention: what is deleted when its time has passed, and what stays."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from rft_admin.accounts.models import (
    ActionRun,
    ActionRunRow,
    AdminActivityLog,
    AdminSession,
    PasswordReset,
    RowOutcome,
)
from rft_admin.bookings.models import (
    Booking,
    BookingInquiry,
    BookingStatus,
    ConsentBy,
    SpecialRequirement,
)
from rft_admin.bookings.requirements import set_details
from rft_admin.core import clock
from rft_admin.core.database import Model, db
from rft_admin.core.files import StoredFile, store_file
from rft_admin.core.limits import RateLimit
from rft_admin.delivery.models import AttendanceRecord, Certificate
from rft_admin.messaging.models import EmailLog, EmailStatus
from rft_admin.payments.models import (
    DifferenceKind,
    Invoice,
    InvoiceKind,
    PaymentTransaction,
    Provider,
    ReconciliationDifference,
    Refund,
    RefundStatus,
    StripeEvent,
    TransactionStatus,
)
from rft_admin.reporting.models import AnalyticsEvent
from rft_admin.upkeep import invariants, retention
from tests import factories

NOW = clock.now()
DAY = timedelta(days=1)


class TestEvents:
    def test_go_after_400_days(self, session: Session) -> None:
        session.add_all(_event(days) for days in (399, 401))
        session.flush()

        counts = retention.run(now=NOW)

        assert counts["analytics_events"] == 1
        assert _count(session, AnalyticsEvent) == 1


class TestActionsTaken:
    def test_go_after_90_days_with_their_rows(self, session: Session) -> None:
        for days in (89, 91):
            run = factories.ActionRunFactory(created_at=NOW - days * DAY)
            session.add(
                ActionRunRow(
                    action_run_id=run.id, entity_id=1, outcome=RowOutcome.DONE, finished_at=NOW
                )
            )
        session.flush()

        counts = retention.run(now=NOW)

        assert counts["action_runs"] == 1
        assert (_count(session, ActionRun), _count(session, ActionRunRow)) == (1, 1)


class TestLetters:
    def test_lose_their_text_after_400_days_and_stay(self, session: Session) -> None:
        old = _letter(401, status=EmailStatus.SENT)
        young = _letter(399, status=EmailStatus.SENT)
        waiting = _letter(401, status=EmailStatus.QUEUED)

        retention.run(now=NOW)

        _reload(session)
        assert (old.body_text, old.body_html, old.subject) == ("", "", "A letter")
        assert (young.body_text, waiting.body_text) == ("text", "text")


class TestSessionsAndResets:
    def test_go_after_90_days(self, session: Session) -> None:
        user = factories.AdminFactory()
        for days in (89, 91):
            moment = NOW - days * DAY
            session.add(
                AdminSession(
                    user=user, session_token=f"s{days}", expires_at=moment, last_activity=moment
                )
            )
            session.add(PasswordReset(user=user, token=f"r{days}", expires_at=moment))
        session.flush()

        retention.run(now=NOW)

        assert session.scalars(select(AdminSession.session_token)).all() == ["s89"]
        assert session.scalars(select(PasswordReset.token)).all() == ["r89"]


class TestBookingsThatCameToNothing:
    def test_go_after_90_days_with_their_declined_cards(self, session: Session) -> None:
        old = _abandoned(91)
        session.add(
            PaymentTransaction(
                booking=old,
                amount=Decimal(75),
                provider=Provider.STRIPE,
                status=TransactionStatus.CANCELLED,
            )
        )
        young = _abandoned(89)

        retention.run(now=NOW)

        assert session.scalars(select(Booking.id)).all() == [young.id]
        assert _count(session, PaymentTransaction) == 0

    def test_stay_while_a_difference_with_stripe_names_their_payment(
        self, session: Session
    ) -> None:
        payment = PaymentTransaction(
            booking=_abandoned(91), amount=Decimal(75), status=TransactionStatus.CANCELLED
        )
        session.add(payment)
        session.flush()
        session.add(_difference(payment))

        retention.run(now=NOW)

        assert _count(session, PaymentTransaction) == 1

    @pytest.mark.parametrize("reason", ["was paid", "was confirmed"])
    def test_stay_where_something_came_of_them(self, session: Session, reason: str) -> None:
        booking = _abandoned(91)
        if reason == "was paid":
            factories.PaymentFactory(booking=booking)
        else:
            booking.confirmation_sent = True
            session.flush()

        retention.run(now=NOW)

        assert _count(session, Booking) == 1


class TestInquiries:
    def test_go_after_twelve_months(self, session: Session) -> None:
        factories.InquiryFactory(created_at=NOW - 366 * DAY)
        young = factories.InquiryFactory(created_at=NOW - 364 * DAY)

        retention.run(now=NOW)

        assert session.scalars(select(BookingInquiry.id)).all() == [young.id]


class TestStripePayloads:
    def test_are_emptied_after_90_days_and_the_ids_stay(self, session: Session) -> None:
        for days, done in ((91, True), (89, True), (92, False)):
            session.add(
                StripeEvent(
                    stripe_event_id=f"evt_{days}",
                    event_type="charge.refunded",
                    object_id="ch_1",
                    payload={"name": "Pat"},
                    livemode=False,
                    processed_at=NOW if done else None,
                    created_at=NOW - days * DAY,
                )
            )
        session.flush()

        retention.run(now=NOW)

        _reload(session)
        kept = {
            event.stripe_event_id: event.payload for event in session.scalars(select(StripeEvent))
        }
        assert kept["evt_91"] == {}
        assert kept["evt_89"] == kept["evt_92"] == {"name": "Pat"}


class TestRequirements:
    def test_are_emptied_30_days_after_the_course(self, session: Session) -> None:
        old = _requirement(ended_days_ago=32)
        young = _requirement(ended_days_ago=29)

        retention.run(now=NOW)

        _reload(session)
        assert old.details == ""
        assert young.details != ""


class TestStoredFiles:
    def test_go_when_they_have_expired(self, session: Session) -> None:
        _file(expires_at=NOW - timedelta(minutes=1))
        kept = [_file(expires_at=NOW + DAY), _file(expires_at=None)]

        retention.run(now=NOW)

        assert set(session.scalars(select(StoredFile.id))) == {file.id for file in kept}


class TestCertificates:
    def test_go_three_years_after_expiry_with_pdf_and_attendance(self, session: Session) -> None:
        today = clock.london_date(NOW)
        old = _certified(expired_on=clock.add_years(today, -3) - DAY)
        young = _certified(expired_on=clock.add_years(today, -3) + DAY)
        young_id, young_file_id = young.id, young.stored_file_id

        retention.run(now=NOW)

        assert old.id != young_id
        assert session.scalars(select(Certificate.id)).all() == [young_id]
        assert session.scalars(select(StoredFile.id)).all() == [young_file_id]
        assert _count(session, AttendanceRecord) == 1


class TestMoney:
    @pytest.mark.parametrize(
        ("today", "expected"),
        [
            (date(2027, 4, 5), date(2020, 4, 6)),
            (date(2027, 4, 6), date(2021, 4, 6)),
            (date(2027, 1, 1), date(2020, 4, 6)),
        ],
    )
    def test_is_kept_six_years_after_the_tax_year(self, today: date, expected: date) -> None:
        assert retention.first_day_of_kept_money(today) == expected

    def test_goes_with_its_booking_after_that(self, session: Session) -> None:
        first_kept = retention.first_day_of_kept_money(clock.london_date(NOW))
        old = _paid_booking(clock.london_midnight(first_kept) - 2 * DAY)
        young = _paid_booking(clock.london_midnight(first_kept) + 2 * DAY)
        old_id, young_id = old.id, young.id
        for payment in session.scalars(select(PaymentTransaction)).all():
            session.add(_difference(payment))

        counts = retention.run(now=NOW)

        assert counts["bookings with their money"] == 1
        assert old_id not in session.scalars(select(Booking.id)).all()
        for model in (PaymentTransaction, Refund, Invoice):
            assert session.scalars(select(model.booking_id)).all() == [young_id]
        assert _count(session, StoredFile) == 1
        assert _count(session, ReconciliationDifference) == 1

    def test_leaves_no_invariant_broken(self, session: Session) -> None:
        first_kept = retention.first_day_of_kept_money(clock.london_date(NOW))
        _paid_booking(clock.london_midnight(first_kept) - 2 * DAY)

        retention.run(now=NOW)

        session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        broken = [i.name for i in invariants.check_all(now=NOW) if not i.holds]
        assert broken == []


class TestCustomers:
    def test_are_blanked_24_months_after_nothing_is_left(self, session: Session) -> None:
        long_ago = NOW - 731 * DAY
        gone = factories.UserFactory(created_at=long_ago, updated_at=long_ago)
        booked = factories.UserFactory(created_at=long_ago, updated_at=long_ago)
        factories.BookingFactory(user=booked)
        recent = factories.UserFactory()
        admin = factories.AdminFactory(created_at=long_ago, updated_at=long_ago)

        counts = retention.run(now=NOW)

        _reload(session)
        assert counts["customers"] == 1
        assert gone.email == f"erased-{gone.id}@invalid"
        assert [user.erased_at for user in (booked, recent, admin)] == [None] * 3


class TestRateLimits:
    def test_go_when_their_window_has_ended(self, session: Session) -> None:
        for key, ends in (("old", NOW - DAY), ("running", NOW + DAY)):
            session.add(RateLimit(key=key, hits=1, window_ends_at=ends))
        session.flush()

        retention.run(now=NOW)

        assert session.scalars(select(RateLimit.key)).all() == ["running"]


class TestTheAudit:
    def test_is_never_deleted_and_tells_what_was(self, session: Session) -> None:
        session.add(_event(401))
        session.flush()
        session.execute(
            text(
                "INSERT INTO admin_activity_logs (action, entity_type, created_at)"
                " VALUES ('created', 'bookings', now() - interval '20 years')"
            )
        )

        retention.run(now=NOW)

        entries = session.scalars(select(AdminActivityLog).order_by(AdminActivityLog.id)).all()
        assert [entry.action for entry in entries] == ["created", "retention"]
        assert entries[1].changes == {"analytics_events": 1}

    def test_says_nothing_when_nothing_was_deleted(self, session: Session) -> None:
        retention.run(now=NOW)

        assert _count(session, AdminActivityLog) == 0


def _difference(payment: PaymentTransaction) -> ReconciliationDifference:
    return ReconciliationDifference(
        kind=DifferenceKind.AMOUNT,
        stripe_object_id=f"ch_{payment.id}",
        payment_transaction=payment,
        explanation="A penny.",
    )


def _event(days_ago: int) -> AnalyticsEvent:
    return AnalyticsEvent(event_type="viewed", created_at=NOW - days_ago * DAY)


def _letter(days_ago: int, *, status: EmailStatus) -> EmailLog:
    letter: EmailLog = factories.LetterFactory(
        body_text="text", body_html="html", status=status, created_at=NOW - days_ago * DAY
    )
    return letter


def _abandoned(days_ago: int) -> Booking:
    booking: Booking = factories.BookingFactory(
        status=BookingStatus.CANCELLED, cancelled_at=NOW - days_ago * DAY
    )
    return booking


def _requirement(*, ended_days_ago: int) -> SpecialRequirement:
    end = NOW - ended_days_ago * DAY
    booking = factories.BookingFactory(course_schedule=_schedule(end))
    requirement: SpecialRequirement = factories.RequirementFactory(
        booking=booking,
        consent_given_at=NOW,
        consent_by=ConsentBy.BOOKER,
        purge_after=clock.london_date(end) + 30 * DAY,
    )
    set_details(requirement, "No nuts, please.")
    return requirement


def _schedule(end: datetime) -> Any:
    return factories.ScheduleFactory(start_datetime=end - timedelta(hours=7), end_datetime=end)


def _file(*, expires_at: datetime | None) -> StoredFile:
    return store_file(
        file_name="a.pdf", media_type="application/pdf", content=b"%PDF-", expires_at=expires_at
    )


def _certified(*, expired_on: date) -> Certificate:
    issued = clock.add_years(expired_on, -3)
    end = clock.london_midnight(issued) + timedelta(hours=16)
    booking = factories.BookingFactory(
        course_schedule=_schedule(end), status=BookingStatus.COMPLETED
    )
    attendee = booking.attendees[0]
    factories.AttendanceFactory(attendee=attendee, session_date=issued)
    certificate: Certificate = factories.CertificateFactory(
        attendee=attendee,
        issue_date=issued,
        expiry_date=expired_on,
        stored_file_id=_file(expires_at=None).id,
    )
    return certificate


def _paid_booking(moment: datetime) -> Booking:
    """Return a booking that was paid, invoiced and refunded at about that moment."""
    booking: Booking = factories.BookingFactory(
        course_schedule=_schedule(moment), status=BookingStatus.COMPLETED, created_at=moment - DAY
    )
    payment = factories.PaymentFactory(booking=booking, created_at=moment)
    factories.RefundFactory(
        payment_transaction=payment, status=RefundStatus.REJECTED, requested_at=moment
    )
    invoice = Invoice(
        invoice_number=f"INV-{moment.year}-{booking.id:05d}",
        kind=InvoiceKind.INVOICE,
        booking=booking,
        issue_date=clock.london_date(moment),
        total=booking.payment_amount,
        content={},
        stored_file_id=_file(expires_at=None).id,
    )
    db.session.add(invoice)
    db.session.flush()
    return booking


def _count(session: Session, model: type[Model]) -> int:
    return session.scalars(select(func.count()).select_from(model)).one()


def _reload(session: Session) -> None:
    session.expire_all()
