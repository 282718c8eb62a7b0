"""Tests of who may do what."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from rft_admin.accounts import permissions
from rft_admin.accounts.models import Role, User
from rft_admin.bookings.models import Booking, BookingAttendee, SpecialRequirement
from rft_admin.catalogue.models import (
    Course,
    CourseSchedule,
    CourseScheduleDay,
    CourseType,
    Trainer,
)
from rft_admin.core.database import Base
from rft_admin.delivery.models import AttendanceRecord, AttendanceStatus
from rft_admin.messaging.models import Notification, NotificationType
from tests.accounts.conftest import NOW, MakeUser

#: The 22 tables of the specification.
SCREENS = [
    "users",
    "courses",
    "venues",
    "course_schedules",
    "bookings",
    "payment_transactions",
    "admin_activity_logs",
    "admin_sessions",
    "password_resets",
    "email_logs",
    "refunds",
    "special_requirements",
    "booking_inquiries",
    "reports",
    "certificates",
    "trainers",
    "course_materials",
    "attendance_records",
    "notifications",
    "settings",
    "discount_codes",
    "analytics_events",
]
VERBS = ("list", "view", "create", "edit", "delete", "export")


@pytest.fixture
def admin(make_user: MakeUser) -> User:
    """An admin."""
    return make_user()


@pytest.fixture
def instructor(make_user: MakeUser) -> User:
    """An instructor who teaches one of two schedules, see `schedules`."""
    return make_user("kit@example.com", role=Role.INSTRUCTOR)


@pytest.fixture
def schedules(session: Session, instructor: User) -> tuple[CourseSchedule, CourseSchedule]:
    """The instructor's own schedule and somebody else's."""
    course = Course(
        name="Example", slug="example", course_type=CourseType.EFAW, duration_hours=6, price=75
    )
    rows = tuple(
        CourseSchedule(
            course=course,
            instructor_id=teacher,
            start_datetime=NOW + timedelta(days=days),
            end_datetime=NOW + timedelta(days=days, hours=7),
            max_capacity=12,
            days=[
                CourseScheduleDay(
                    starts_at=NOW + timedelta(days=days),
                    ends_at=NOW + timedelta(days=days, hours=7),
                )
            ],
        )
        for days, teacher in ((10, instructor.id), (20, None))
    )
    session.add_all(rows)
    session.commit()
    return rows[0], rows[1]


def make_booking(session: Session, schedule: CourseSchedule, user: User) -> Booking:
    """Store a booking of the schedule."""
    booking = Booking(
        user_id=user.id,
        course_schedule_id=schedule.id,
        booking_reference=f"RFT-{schedule.id}",
        payment_amount=75,
        price_per_place=75,
        booked_start=schedule.start_datetime,
    )
    session.add(booking)
    session.commit()
    return booking


class TestNobody:
    @pytest.mark.parametrize("table", SCREENS)
    @pytest.mark.parametrize("verb", VERBS)
    def test_may_do_anything(self, verb: str, table: str) -> None:
        assert not permissions.can(None, verb, table)

    def test_is_a_customer_in_the_office(self, make_user: MakeUser) -> None:
        customer = make_user(role=Role.CUSTOMER)

        assert not any(permissions.can(customer, "list", table) for table in SCREENS)

    def test_is_an_admin_who_was_deactivated(self, make_user: MakeUser) -> None:
        assert not permissions.can(make_user(is_active=False), "list", "courses")


class TestAdmins:
    @pytest.mark.parametrize("table", SCREENS)
    def test_see_every_table(self, admin: User, table: str) -> None:
        assert all(permissions.can(admin, verb, table) for verb in ("list", "view", "export"))

    @pytest.mark.parametrize(
        ("table", "verb"),
        [
            ("admin_activity_logs", "edit"),
            ("admin_sessions", "create"),
            ("email_logs", "edit"),
            ("password_resets", "delete"),
            ("payment_transactions", "edit"),
            ("payment_transactions", "delete"),
            ("bookings", "delete"),
            ("certificates", "delete"),
            ("settings", "create"),
            ("settings", "delete"),
            ("bookings", "action:delete"),
            ("no_such_table", "list"),
        ],
    )
    def test_may_not_rewrite_what_happened(self, admin: User, table: str, verb: str) -> None:
        assert not permissions.can(admin, verb, table)

    @pytest.mark.parametrize(
        ("table", "verb"),
        [
            ("courses", "delete"),
            ("settings", "edit"),
            ("bookings", "edit"),
            ("payment_transactions", "create"),
            ("bookings", "action:issue_certificate"),
            ("refunds", "action:approve_refund"),
            ("users", "action:unlock"),
        ],
    )
    def test_do_what_the_contract_lists(self, admin: User, table: str, verb: str) -> None:
        assert permissions.can(admin, verb, table)

    def test_see_every_row(
        self, session: Session, admin: User, schedules: tuple[CourseSchedule, CourseSchedule]
    ) -> None:
        rows = session.scalars(
            permissions.scope(admin, CourseSchedule, select(CourseSchedule))
        ).all()

        assert set(rows) == set(schedules)


class TestInstructors:
    @pytest.mark.parametrize(
        ("table", "verb"),
        [
            ("courses", "edit"),
            ("users", "list"),
            ("bookings", "list"),
            ("refunds", "list"),
            ("payment_transactions", "list"),
            ("settings", "list"),
            ("certificates", "list"),
            ("email_logs", "list"),
            ("course_schedules", "action:cancel_schedule"),
        ],
    )
    def test_may_not_do_the_offices_work(self, instructor: User, table: str, verb: str) -> None:
        assert not permissions.can(instructor, verb, table)

    def test_see_their_own_schedules_only(
        self,
        session: Session,
        instructor: User,
        schedules: tuple[CourseSchedule, CourseSchedule],
    ) -> None:
        own, other = schedules

        rows = session.scalars(
            permissions.scope(instructor, CourseSchedule, select(CourseSchedule))
        ).all()

        assert rows == [own]
        assert permissions.can(instructor, "view", CourseSchedule, row=own)
        assert not permissions.can(instructor, "view", CourseSchedule, row=other)

    def test_see_the_days_of_their_own_schedules_only(
        self,
        session: Session,
        instructor: User,
        schedules: tuple[CourseSchedule, CourseSchedule],
    ) -> None:
        days = session.scalars(
            permissions.scope(instructor, CourseScheduleDay, select(CourseScheduleDay))
        ).all()

        assert [day.course_schedule_id for day in days] == [schedules[0].id]
        assert session.scalars(select(CourseScheduleDay)).all() != days

    def test_mark_the_registers_of_their_own_schedules_only(
        self,
        session: Session,
        instructor: User,
        admin: User,
        schedules: tuple[CourseSchedule, CourseSchedule],
    ) -> None:
        records = []
        for schedule in schedules:
            booking = make_booking(session, schedule, admin)
            attendee = BookingAttendee(booking_id=booking.id, price=75)
            session.add(attendee)
            session.flush()
            records.append(
                AttendanceRecord(
                    booking_id=booking.id,
                    course_session_id=schedule.id,
                    attendee_id=attendee.id,
                    user_id=admin.id,
                    session_date=schedule.start_datetime.date(),
                    status=AttendanceStatus.PRESENT,
                )
            )
        session.add_all(records)
        session.commit()

        assert permissions.can(instructor, "edit", AttendanceRecord, row=records[0])
        assert not permissions.can(instructor, "edit", AttendanceRecord, row=records[1])

    def test_see_no_row_of_a_table_they_may_not_list(
        self, session: Session, instructor: User, admin: User
    ) -> None:
        rows = session.scalars(permissions.scope(instructor, User, select(User))).all()

        assert rows == []

    def test_read_requirements_that_are_shared_and_of_their_own_schedules(
        self,
        session: Session,
        instructor: User,
        admin: User,
        schedules: tuple[CourseSchedule, CourseSchedule],
    ) -> None:
        own, other = (make_booking(session, schedule, admin) for schedule in schedules)
        requirements = [
            SpecialRequirement(
                booking_id=booking.id,
                user_id=admin.id,
                requirement_type="dietary",
                share_with_trainer=is_shared,
            )
            for booking, is_shared in ((own, True), (own, False), (other, True))
        ]
        session.add_all(requirements)
        session.commit()

        rows = session.scalars(
            permissions.scope(instructor, SpecialRequirement, select(SpecialRequirement))
        ).all()

        assert rows == requirements[:1]

    def test_edit_some_fields_of_their_own_profile_only(
        self, session: Session, instructor: User, admin: User
    ) -> None:
        own = Trainer(user=instructor, trainer_code="T1")
        other = Trainer(user=admin, trainer_code="T2")
        session.add_all([own, other])
        session.commit()

        assert permissions.can(instructor, "edit", Trainer, row=own, field="bio")
        assert not permissions.can(instructor, "edit", Trainer, row=own, field="hourly_rate")
        assert not permissions.can(instructor, "edit", Trainer, row=other, field="bio")

    def test_are_not_shown_a_groups_price(self, instructor: User) -> None:
        assert not permissions.can(instructor, "view", CourseSchedule, field="group_price")
        assert permissions.can(instructor, "view", CourseSchedule, field="start_datetime")

    def test_read_their_own_notifications_only(
        self, session: Session, instructor: User, admin: User
    ) -> None:
        own, other = (
            Notification(user=user, type=NotificationType.REMINDER, title="Tomorrow")
            for user in (instructor, admin)
        )
        session.add_all([own, other])
        session.commit()

        assert permissions.can(instructor, "action:mark_read", Notification, row=own)
        assert not permissions.can(instructor, "action:mark_read", Notification, row=other)


def test_every_grant_names_a_table_and_fields_that_exist() -> None:
    for grants in permissions.GRANTS.values():
        for name, grant in grants.items():
            columns = set(Base.metadata.tables[name].columns.keys())
            assert (grant.editable or frozenset()) | grant.hidden <= columns


def test_every_screen_has_a_grant_for_admins() -> None:
    assert len(SCREENS) == 22
    assert set(SCREENS) <= set(permissions.GRANTS[Role.ADMIN])
