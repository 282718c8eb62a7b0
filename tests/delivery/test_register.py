"""Tests of the register: marks, minutes, the end of a day and of the course."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from rft_admin.bookings.models import BookingStatus
from rft_admin.catalogue.models import ScheduleStatus
from rft_admin.core.actor import Actor
from rft_admin.core.database import unit_of_work
from rft_admin.core.errors import NotFound
from rft_admin.delivery import register
from rft_admin.delivery.models import AttendanceRecord, AttendanceStatus
from rft_admin.delivery.register import Mark
from tests.factories import START, AdminFactory, BookingFactory, ScheduleFactory

DAY = START.date()
NOON = START + timedelta(hours=2, minutes=30)
EVENING = START + timedelta(hours=8)
P = AttendanceStatus.PRESENT


@pytest.fixture
def by(session: Session) -> Actor:
    """The person who marks."""
    return Actor(user_id=AdminFactory().id, label="Alex")


def save(schedule, marks, by, *, day=DAY, now=NOON):
    """Save marks as the register's page does."""
    with unit_of_work(by=by):
        register.save_marks(schedule_id=schedule.id, session_date=day, marks=marks, now=now, by=by)


def line_of(schedule, attendee, *, day=DAY):
    """Return one person's line."""
    sheet = register.day_sheet(schedule_id=schedule.id, session_date=day, now=NOON)
    return next(line for line in sheet.lines if line.attendee.id == attendee.id)


class TestDaySheet:
    def test_refuses_an_unknown_schedule(self, session: Session) -> None:
        with pytest.raises(NotFound):
            register.day_sheet(schedule_id=999_999, session_date=None, now=NOON)

    def test_refuses_a_day_on_which_the_course_does_not_run(self, session: Session) -> None:
        schedule = ScheduleFactory()

        with pytest.raises(register.NotThatDay):
            register.day_sheet(schedule_id=schedule.id, session_date=date(2027, 2, 2), now=NOON)

    def test_leaves_out_who_has_no_place(self, session: Session) -> None:
        booking = BookingFactory(number_of_places=2)
        schedule = booking.course_schedule
        BookingFactory(course_schedule=schedule, status=BookingStatus.PENDING)
        BookingFactory(course_schedule=schedule, status=BookingStatus.CANCELLED)
        BookingFactory()
        booking.attendees[1].cancelled_at = NOON
        session.flush()

        sheet = register.day_sheet(schedule_id=schedule.id, session_date=None, now=NOON)

        assert [line.attendee.id for line in sheet.lines] == [booking.attendees[0].id]

    def test_opens_on_the_next_day_of_the_course(self, session: Session) -> None:
        second = START + timedelta(days=7)
        days = [(day, day + timedelta(hours=7), 60) for day in (START, second)]
        schedule = ScheduleFactory(end_datetime=second + timedelta(hours=7), days=days)

        sheet = register.day_sheet(
            schedule_id=schedule.id, session_date=None, now=START + timedelta(days=3)
        )

        assert sheet.session_date == second.date()
        assert sheet.is_last_day


class TestSaveMarks:
    def test_refuses_a_day_that_has_not_come(self, by: Actor) -> None:
        booking = BookingFactory()

        with pytest.raises(register.NotYet):
            save(
                booking.course_schedule,
                [Mark(attendee_id=booking.attendees[0].id, status=P)],
                by,
                now=START - timedelta(days=1),
            )

    def test_refuses_a_cancelled_course(self, by: Actor) -> None:
        booking = BookingFactory(course_schedule__status=ScheduleStatus.CANCELLED)

        with pytest.raises(register.RegisterClosed):
            save(
                booking.course_schedule,
                [Mark(attendee_id=booking.attendees[0].id, status=P)],
                by,
            )

    def test_refuses_somebody_of_another_class(self, by: Actor) -> None:
        booking, other = BookingFactory(), BookingFactory()

        with pytest.raises(register.NotInThisClass):
            save(
                booking.course_schedule,
                [Mark(attendee_id=other.attendees[0].id, status=P)],
                by,
            )

    def test_refuses_a_check_out_before_the_check_in(self, by: Actor) -> None:
        booking = BookingFactory()
        mark = Mark(
            attendee_id=booking.attendees[0].id,
            status=P,
            check_in_time=NOON,
            check_out_time=START,
        )

        with pytest.raises(register.TimesReversed):
            save(booking.course_schedule, [mark], by)

    def test_keeps_nothing_of_a_class_in_which_one_mark_is_refused(self, by, session) -> None:
        booking = BookingFactory(number_of_places=2)
        session.commit()
        good = Mark(attendee_id=booking.attendees[0].id, status=P)
        bad = Mark(
            attendee_id=booking.attendees[1].id,
            status=P,
            check_in_time=NOON,
            check_out_time=START,
        )

        with pytest.raises(register.TimesReversed):
            save(booking.course_schedule, [good, bad], by)

        assert session.query(AttendanceRecord).count() == 0

    def test_gives_whom_it_marks_present_the_whole_day(self, by: Actor) -> None:
        booking = BookingFactory()
        attendee = booking.attendees[0]

        save(booking.course_schedule, [Mark(attendee_id=attendee.id, status=P)], by)

        record = line_of(booking.course_schedule, attendee).record
        assert (record.minutes_attended, record.marked_by_id) == (360, by.user_id)
        assert not record.certificate_eligible

    def test_begins_the_course(self, by: Actor) -> None:
        booking = BookingFactory()

        save(
            booking.course_schedule,
            [Mark(attendee_id=booking.attendees[0].id, status=P)],
            by,
        )

        assert booking.course_schedule.status is ScheduleStatus.IN_PROGRESS

    @pytest.mark.parametrize(
        ("minutes_late", "status"),
        [(15, AttendanceStatus.PRESENT), (16, AttendanceStatus.LATE)],
    )
    def test_lets_the_tolerance_decide_present_or_late(
        self, by: Actor, minutes_late: int, status: AttendanceStatus
    ) -> None:
        booking = BookingFactory()
        attendee = booking.attendees[0]
        came = START + timedelta(minutes=minutes_late)

        save(
            booking.course_schedule,
            [Mark(attendee_id=attendee.id, status=P, check_in_time=came)],
            by,
        )

        record = line_of(booking.course_schedule, attendee).record
        assert record.status is status
        assert record.minutes_attended == 360 - minutes_late

    def test_counts_make_up_time_that_was_typed(self, by: Actor) -> None:
        booking = BookingFactory()
        attendee = booking.attendees[0]
        mark = Mark(
            attendee_id=attendee.id,
            status=AttendanceStatus.PARTIAL,
            check_in_time=NOON,
            minutes_attended=360,
            passed_assessment=True,
        )

        save(booking.course_schedule, [mark], by)

        assert line_of(booking.course_schedule, attendee).record.certificate_eligible

    def test_corrects_a_mark_instead_of_adding_one(self, by: Actor, session: Session) -> None:
        booking = BookingFactory()
        attendee = booking.attendees[0]

        save(booking.course_schedule, [Mark(attendee_id=attendee.id, status=P)], by)
        save(
            booking.course_schedule,
            [Mark(attendee_id=attendee.id, status=AttendanceStatus.ABSENT)],
            by,
        )

        record = line_of(booking.course_schedule, attendee).record
        assert (record.status, record.minutes_attended) == (AttendanceStatus.ABSENT, 0)
        assert record.check_in_time is None
        assert session.query(AttendanceRecord).count() == 1

    def test_dates_the_assessment_once(self, by: Actor) -> None:
        booking = BookingFactory()
        attendee = booking.attendees[0]
        passed = Mark(attendee_id=attendee.id, status=P, passed_assessment=True)

        save(booking.course_schedule, [passed], by)
        save(booking.course_schedule, [passed], by, now=NOON + timedelta(days=3))

        record = line_of(booking.course_schedule, attendee).record
        assert record.assessed_on == DAY
        assert record.certificate_eligible

    def test_leaves_a_trail_of_old_and_new(self, by: Actor, session: Session) -> None:
        booking = BookingFactory()
        attendee = booking.attendees[0]

        save(booking.course_schedule, [Mark(attendee_id=attendee.id, status=P)], by)
        save(
            booking.course_schedule,
            [Mark(attendee_id=attendee.id, status=AttendanceStatus.ABSENT)],
            by,
        )

        changes = session.scalar(
            text(
                "SELECT changes -> 'status' FROM admin_activity_logs"
                " WHERE entity_type = 'attendance_records' AND action = 'updated'"
            )
        )
        assert changes == {"old": "present", "new": "absent"}


class TestMarkAllPresent:
    def test_leaves_alone_who_has_a_mark(self, by: Actor) -> None:
        booking = BookingFactory(number_of_places=3)
        schedule = booking.course_schedule
        absent = booking.attendees[1]
        save(schedule, [Mark(attendee_id=absent.id, status=AttendanceStatus.ABSENT)], by)

        with unit_of_work(by=by):
            marked = register.mark_all_present(
                schedule_id=schedule.id, session_date=DAY, now=NOON, by=by
            )

        assert marked == 2
        assert line_of(schedule, absent).record.status is AttendanceStatus.ABSENT


class TestEndDay:
    def test_refuses_while_somebody_is_not_marked(self, by: Actor) -> None:
        booking = BookingFactory()

        with pytest.raises(register.DayStillOpen):
            register.end_day(
                schedule_id=booking.course_schedule_id, session_date=DAY, now=EVENING, by=by
            )

    def test_checks_out_who_is_still_there(self, by: Actor) -> None:
        booking = BookingFactory(number_of_places=2)
        left_early, stayed = booking.attendees
        schedule = booking.course_schedule
        marks = [
            Mark(attendee_id=left_early.id, status=P, check_out_time=NOON),
            Mark(attendee_id=stayed.id, status=P),
        ]
        save(schedule, marks, by)

        with unit_of_work(by=by):
            register.end_day(schedule_id=schedule.id, session_date=DAY, now=EVENING, by=by)

        assert line_of(schedule, left_early).record.check_out_time == NOON
        assert line_of(schedule, stayed).record.check_out_time == schedule.end_datetime


class TestComplete:
    def test_refuses_while_a_day_is_not_marked(self, by: Actor) -> None:
        booking = BookingFactory()

        with pytest.raises(register.DayStillOpen):
            register.complete(schedule_id=booking.course_schedule_id, now=EVENING, by=by)

    def test_tells_parties_that_came_from_those_that_did_not(self, by: Actor) -> None:
        half_came = BookingFactory(number_of_places=2)
        schedule = half_came.course_schedule
        nobody_came = BookingFactory(course_schedule=schedule)
        absent = AttendanceStatus.ABSENT
        marks = [
            Mark(attendee_id=half_came.attendees[0].id, status=P),
            Mark(attendee_id=half_came.attendees[1].id, status=absent),
            Mark(attendee_id=nobody_came.attendees[0].id, status=absent),
        ]
        save(schedule, marks, by)

        with unit_of_work(by=by):
            register.complete(schedule_id=schedule.id, now=EVENING, by=by)

        assert schedule.status is ScheduleStatus.COMPLETED
        assert half_came.status is BookingStatus.COMPLETED
        assert nobody_came.status is BookingStatus.NO_SHOW

    def test_queues_the_certificates(self, by: Actor, session: Session) -> None:
        booking = BookingFactory()
        save(
            booking.course_schedule,
            [Mark(attendee_id=booking.attendees[0].id, status=P, passed_assessment=True)],
            by,
        )

        with unit_of_work(by=by):
            register.complete(schedule_id=booking.course_schedule_id, now=EVENING, by=by)

        queued = session.scalars(text("SELECT task_name FROM procrastinate_jobs")).all()
        assert "issue_schedule_certificates" in queued


class TestMinutes:
    @pytest.mark.parametrize(
        ("came", "left", "expected"),
        [
            (None, None, 360),
            (START - timedelta(hours=1), None, 360),
            (START + timedelta(minutes=30), None, 330),
            (None, START + timedelta(hours=5), 240),
            (START + timedelta(hours=6, minutes=50), None, 0),
        ],
    )
    def test_are_the_days_less_what_was_missed(self, session, came, left, expected) -> None:
        schedule = ScheduleFactory()

        assert register.minutes_between(came, left, schedule.days[0]) == expected

    def test_of_a_day_in_summer_count_from_its_own_start(self, session: Session) -> None:
        start = datetime(2027, 6, 1, 8, 30, tzinfo=UTC)
        schedule = ScheduleFactory(start_datetime=start)

        sheet = register.day_sheet(
            schedule_id=schedule.id, session_date=date(2027, 6, 1), now=start
        )

        assert register.contact_minutes(sheet.day) == 360
