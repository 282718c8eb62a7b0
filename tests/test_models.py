"""The models' answers about their own row, and what holds for all of them."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import ForeignKey, Numeric, inspect
from sqlalchemy.orm import Mapper

from rft_admin.accounts.models import AdminSession, PasswordReset, Role, User
from rft_admin.bookings.models import (
    BOOKING_TRANSITIONS,
    INQUIRY_TRANSITIONS,
    Booking,
    BookingAttendee,
    BookingInquiry,
    BookingStatus,
    InquiryStatus,
)
from rft_admin.catalogue.models import (
    SCHEDULE_TRANSITIONS,
    Course,
    CourseSchedule,
    CourseScheduleDay,
    DiscountCode,
    ScheduleStatus,
    Trainer,
    Venue,
)
from rft_admin.core.database import db
from rft_admin.delivery.models import Certificate, CertificateStatus
from rft_admin.payments.models import (
    REFUND_TRANSITIONS,
    TRANSACTION_TRANSITIONS,
    PaymentTransaction,
    Refund,
    RefundStatus,
    TransactionStatus,
)

NOW = datetime(2027, 3, 3, 9, tzinfo=UTC)
SOON = NOW + timedelta(minutes=1)
ROOMS = [
    "core",
    "accounts",
    "messaging",
    "catalogue",
    "bookings",
    "payments",
    "delivery",
    "reporting",
]
SPECIFIED = {
    "users", "courses", "venues", "course_schedules", "bookings", "payment_transactions",
    "admin_activity_logs", "admin_sessions", "password_resets", "email_logs", "refunds",
    "special_requirements", "booking_inquiries", "reports", "certificates", "trainers",
    "course_materials", "attendance_records", "notifications", "settings", "discount_codes",
    "analytics_events",
}  # fmt: skip


def mappers() -> list[Mapper[Any]]:
    """Return the mappers of all models."""
    return sorted(db.Model.registry.mappers, key=lambda mapper: mapper.class_.__name__)


class TestTables:
    """All tables."""

    def test_are_the_twenty_two_of_the_specification_and_a_few_more(self) -> None:
        assert SPECIFIED | {
            "booking_attendees", "course_schedule_days", "stripe_events", "invoices",
            "number_series", "stored_files", "rate_limits", "reconciliation_differences",
            "office_notes", "action_runs", "action_run_rows",
        } == set(db.metadata.tables)  # fmt: skip

    def test_index_every_foreign_key(self) -> None:
        unindexed = [
            f"{table.name}.{column.name}"
            for table in db.metadata.tables.values()
            for column in table.columns
            if column.foreign_keys and not (column.index or column.unique)
        ]

        assert unindexed == []

    def test_choose_what_happens_when_the_other_row_is_deleted(self) -> None:
        undecided = [
            str(key)
            for table in db.metadata.tables.values()
            for column in table.columns
            for key in column.foreign_keys
            if isinstance(key, ForeignKey) and key.ondelete is None
        ]

        assert undecided == []

    def test_keep_money_in_pounds_and_pence_never_in_floats(self) -> None:
        scales = {
            column.type.scale
            for table in db.metadata.tables.values()
            for column in table.columns
            if isinstance(column.type, Numeric)
        }

        assert scales == {2}

    def test_relate_downwards_only(self) -> None:
        upward = [
            f"{mapper.class_.__name__}.{relation.key}"
            for mapper in mappers()
            for relation in inspect(mapper.class_).relationships
            if room(relation.mapper.class_) > room(mapper.class_)
        ]

        assert upward == []

    def test_have_a_name_for_every_row(self) -> None:
        unnamed = [
            mapper.class_.__name__
            for mapper in mappers()
            if mapper.class_.__str__ is object.__str__ and mapper.class_.__module__ not in CORE
        ]

        assert unnamed == []


CORE = {"rft_admin.core.files", "rft_admin.core.limits", "rft_admin.core.settings"}


def room(model: type) -> int:
    """Return how high the model's room lies."""
    return ROOMS.index(model.__module__.split(".")[1])


class TestTransitions:
    """The tables of what may follow what."""

    @pytest.mark.parametrize(
        ("transitions", "statuses"),
        [
            (BOOKING_TRANSITIONS, BookingStatus),
            (INQUIRY_TRANSITIONS, InquiryStatus),
            (SCHEDULE_TRANSITIONS, ScheduleStatus),
            (REFUND_TRANSITIONS, RefundStatus),
            (TRANSACTION_TRANSITIONS, TransactionStatus),
        ],
    )
    def test_know_every_status_and_never_stand_still(
        self, transitions: Mapping[Any, frozenset[Any]], statuses: type
    ) -> None:
        assert set(transitions) == set(statuses)  # type: ignore[call-overload] # an enum's members
        assert all(status not in following for status, following in transitions.items())

    def test_bring_a_cancelled_booking_back_to_confirmed_only(self) -> None:
        cancelled = Booking(status=BookingStatus.CANCELLED)

        possible = {status for status in BookingStatus if cancelled.can_become(status)}

        assert possible == {BookingStatus.CONFIRMED}

    def test_let_a_completed_schedule_be(self) -> None:
        completed = CourseSchedule(status=ScheduleStatus.COMPLETED)

        assert not any(completed.can_become(status) for status in ScheduleStatus)

    def test_let_a_completed_refund_fail_and_a_failed_one_be_sent_again(self) -> None:
        assert Refund(status=RefundStatus.COMPLETED).can_become(RefundStatus.FAILED)
        assert Refund(status=RefundStatus.FAILED).can_become(RefundStatus.PROCESSING)
        assert not Refund(status=RefundStatus.REJECTED).can_become(RefundStatus.APPROVED)

    def test_let_a_declined_card_be_followed_by_a_good_one(self) -> None:
        declined = PaymentTransaction(status=TransactionStatus.FAILED)

        assert declined.can_become(TransactionStatus.SUCCEEDED)
        assert not declined.is_settled

    def test_bring_an_expired_inquiry_to_an_answer(self) -> None:
        assert BookingInquiry(status=InquiryStatus.EXPIRED).can_become(InquiryStatus.RESPONDED)


class TestHolds:
    """Whether places are taken, as the database counts them."""

    @pytest.mark.parametrize(
        ("status", "until", "held"),
        [
            (BookingStatus.PENDING, SOON, True),
            (BookingStatus.PENDING, NOW, False),
            (BookingStatus.PENDING, None, True),
            (BookingStatus.CONFIRMED, NOW, True),
            (BookingStatus.COMPLETED, None, True),
            (BookingStatus.NO_SHOW, None, True),
            (BookingStatus.CANCELLED, SOON, False),
        ],
    )
    def test_of_bookings(self, status: BookingStatus, until: datetime | None, held: bool) -> None:
        booking = Booking(status=status, hold_expires_at=until)

        assert booking.holds_places_at(NOW) is held

    @pytest.mark.parametrize(
        ("status", "schedule_id", "until", "held"),
        [
            (InquiryStatus.PENDING, 1, SOON, True),
            (InquiryStatus.RESPONDED, 1, SOON, True),
            (InquiryStatus.PENDING, 1, NOW, False),
            (InquiryStatus.PENDING, 1, None, False),
            (InquiryStatus.PENDING, None, SOON, False),
            (InquiryStatus.CONVERTED, 1, SOON, False),
        ],
    )
    def test_of_inquiries(
        self, status: InquiryStatus, schedule_id: int | None, until: datetime | None, held: bool
    ) -> None:
        inquiry = BookingInquiry(
            status=status, course_session_id=schedule_id, hold_expires_at=until
        )

        assert inquiry.holds_places_at(NOW) is held


class TestPeriods:
    """Answers that depend on the moment."""

    def test_end_before_their_last_moment(self) -> None:
        code = DiscountCode(is_active=True, valid_from=NOW, valid_until=SOON)

        assert code.is_valid_at(NOW)
        assert not code.is_valid_at(SOON)
        assert not code.is_valid_at(NOW - timedelta(seconds=1))

    def test_are_open_where_nothing_is_said(self) -> None:
        assert DiscountCode(is_active=True, valid_from=None, valid_until=None).is_valid_at(NOW)
        assert not DiscountCode(is_active=False).is_valid_at(NOW)

    def test_of_a_certificate_include_its_last_day(self) -> None:
        certificate = Certificate(
            status=CertificateStatus.ACTIVE,
            issue_date=date(2027, 3, 1),
            expiry_date=date(2030, 3, 1),
        )

        assert certificate.is_valid_on(date(2030, 3, 1))
        assert not certificate.is_valid_on(date(2030, 3, 2))
        certificate.status = CertificateStatus.REVOKED
        assert not certificate.is_valid_on(date(2030, 3, 1))

    def test_of_a_reset_link_end_with_its_use(self) -> None:
        link = PasswordReset(used=False, expires_at=SOON)

        assert link.is_valid_at(NOW)
        assert not link.is_valid_at(SOON)
        link.used = True
        assert not link.is_valid_at(NOW)

    def test_of_a_lock_end_by_themselves(self) -> None:
        assert AdminSession(locked_until=SOON).is_locked_at(NOW)
        assert not AdminSession(locked_until=SOON).is_locked_at(SOON)
        assert not AdminSession(locked_until=None).is_locked_at(NOW)


class TestNames:
    """Rows as people call them."""

    def test_of_a_person_are_what_is_known(self) -> None:
        assert str(User(first_name="Ann", last_name="Example")) == "Ann Example"
        assert str(User(first_name="Ann", last_name=None)) == "Ann"
        assert str(User(first_name="", last_name=None, email="ann@example.com")) == (
            "ann@example.com"
        )

    def test_of_a_place_wait_for_the_person(self) -> None:
        assert str(BookingAttendee(first_name=None, last_name=None)) == "Name to follow"

    def test_of_a_date_say_course_day_and_venue_in_london(self) -> None:
        schedule = CourseSchedule(
            course=Course(name="Emergency First Aid at Work"),
            start_datetime=datetime(2027, 6, 2, 23, 30, tzinfo=UTC),
        )

        assert str(schedule) == "Emergency First Aid at Work, 3 Jun 2027, venue to be confirmed"
        schedule.venue = Venue(name="Leeds City Centre Training Venue")
        assert str(schedule).endswith(", 3 Jun 2027, Leeds City Centre Training Venue")

    def test_of_a_day_say_its_times(self) -> None:
        day = CourseScheduleDay(starts_at=NOW, ends_at=NOW + timedelta(hours=7))

        assert str(day) == "3 Mar 2027, 09:00 to 16:00"

    def test_of_a_trainer_carry_the_code(self) -> None:
        assert str(Trainer(user=User(first_name="Ann"), trainer_code="T1")) == "Ann (T1)"

    def test_of_a_payment_say_how_much(self) -> None:
        payment = PaymentTransaction(amount=Decimal("75.00"), payment_method="card")

        assert str(payment).startswith("£75.00 by card")


class TestRoles:
    """Who may enter the office."""

    def test_admit_admins_and_instructors_who_are_active(self) -> None:
        assert User(role=Role.ADMIN, is_active=True).may_enter_office
        assert User(role=Role.INSTRUCTOR, is_active=True).may_enter_office
        assert not User(role=Role.CUSTOMER, is_active=True).may_enter_office
        assert not User(role=Role.ADMIN, is_active=False).may_enter_office

    def test_set_admins_apart(self) -> None:
        assert User(role=Role.ADMIN).is_admin
        assert not User(role=Role.INSTRUCTOR).is_admin


class TestVenues:
    """What is not known of a venue."""

    def test_is_not_invented(self) -> None:
        assert Venue(city="Leeds").address == ""
        assert Venue(address_line1="1 Example Street", city="Leeds").address == (
            "1 Example Street, Leeds"
        )
