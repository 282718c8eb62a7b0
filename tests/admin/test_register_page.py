"""Tests of the register's page: the whole class in one form, without JavaScript."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from rft_admin.bookings.models import Booking, BookingStatus
from rft_admin.catalogue.models import ScheduleStatus
from rft_admin.core import clock
from rft_admin.delivery.models import AttendanceRecord
from tests import factories
from tests.admin.conftest import Office


@pytest.fixture
def booking(session: Session) -> Booking:
    """A party of two on a course of yesterday."""
    start = clock.now().replace(hour=8, minute=0, second=0, microsecond=0) - timedelta(days=1)
    booking = factories.BookingFactory(
        course_schedule=factories.ScheduleFactory(start_datetime=start), number_of_places=2
    )
    session.commit()
    return booking


def path_of(booking: Booking) -> str:
    return f"/admin/register/{booking.course_schedule_id}/"


def mark(booking: Booking, status: str = "present", **others: str) -> dict[str, str]:
    """Return what the form says of the whole party."""
    fields = {"status": status, "assessment": "1", "identity": "1", **others}
    return {f"{name}-{a.id}": value for a in booking.attendees for name, value in fields.items()}


def records(session: Session) -> list[AttendanceRecord]:
    session.expire_all()
    return list(session.scalars(select(AttendanceRecord).order_by(AttendanceRecord.id)))


class TestRegisterPage:
    @pytest.mark.parametrize("ending", ["0/", "99999999999/", "1/?day=nonsense", "abc/"])
    def test_is_not_there_for_bad_addresses(self, office: Office, ending: str) -> None:
        assert office.get(f"/admin/register/{ending}").status_code == 404

    def test_is_not_there_on_another_day(self, office: Office, booking: Booking) -> None:
        assert office.get(path_of(booking) + "?day=2001-01-01").status_code == 404

    def test_shows_everybody(self, office: Office, booking: Booking) -> None:
        page = office.get(path_of(booking)).text

        assert "0 of 2 marked" in page
        assert page.count('type="radio"') == 2 * (5 + 3)

    def test_refuses_nonsense_and_keeps_what_was_typed(
        self, office: Office, booking: Booking, session: Session
    ) -> None:
        for field, typed in (("in", "25:00"), ("minutes", "-1"), ("score", "101"), ("status", "x")):
            answer = office.post(
                path_of(booking),
                mark(booking, feedback="Kept") | {f"{field}-{booking.attendees[0].id}": typed},
            )

            assert answer.status_code == 422, field
            assert "Kept" in answer.text
        assert records(session) == []

    def test_refuses_a_day_to_come(self, office: Office, session: Session) -> None:
        booking = factories.BookingFactory()
        session.commit()

        assert office.post(path_of(booking), mark(booking)).status_code == 422

    def test_saves_the_whole_class(
        self, office: Office, booking: Booking, session: Session
    ) -> None:
        answer = office.post(path_of(booking), mark(booking, score="80", feedback="Well done"))

        found = records(session)
        assert answer.status_code == 303
        assert len(found) == 2
        assert all(one.certificate_eligible and one.minutes_attended == 360 for one in found)
        assert "2 of 2 marked" in office.get(path_of(booking)).text

    def test_writes_nothing_where_nothing_changed(
        self, office: Office, booking: Booking, session: Session
    ) -> None:
        office.post(path_of(booking), mark(booking, minutes="400"))
        before = [one.row_version for one in records(session)]
        starts = clock.to_london(booking.course_schedule.start_datetime).strftime("%H:%M")
        page_fields = mark(booking) | {f"in-{one.id}": starts for one in booking.attendees}

        office.post(path_of(booking), page_fields)

        assert [one.minutes_attended for one in records(session)] == [400, 400]
        assert [one.row_version for one in records(session)] == before

    def test_marks_all_present_without_javascript(
        self, office: Office, booking: Booking, session: Session
    ) -> None:
        first = booking.attendees[0]

        office.post(path_of(booking), {f"status-{first.id}": "absent", "do": "all_present"})

        assert [one.status.value for one in records(session)] == ["absent", "present"]

    def test_refuses_a_result_without_an_attendance(
        self, office: Office, booking: Booking, session: Session
    ) -> None:
        fields = {f"assessment-{booking.attendees[0].id}": "1"}

        answer = office.post(path_of(booking), fields)

        assert answer.status_code == 422
        assert "please say present, late, partial, absent or excused" in answer.text
        assert records(session) == []

    def test_keeps_a_result_when_all_are_marked_present(
        self, office: Office, booking: Booking, session: Session
    ) -> None:
        fields = {f"assessment-{booking.attendees[0].id}": "1", "do": "all_present"}

        office.post(path_of(booking), fields)

        assert [one.passed_assessment for one in records(session)] == [True, None]

    def test_asks_for_the_identity_in_sight_only_where_the_course_does(
        self, office: Office, booking: Booking, session: Session
    ) -> None:
        calm = office.get(path_of(booking)).text
        booking.course_schedule.course.requires_identity_check = True
        session.commit()

        asking = office.get(path_of(booking)).text

        assert 'class="toggle"' not in calm
        assert asking.count('class="toggle"') == 2

    def test_ends_the_day_and_the_course(
        self, office: Office, booking: Booking, session: Session
    ) -> None:
        early = office.post(path_of(booking), {"do": "end_day"})
        office.post(path_of(booking), mark(booking) | {"do": "end_day"})
        done = office.post(path_of(booking), {"do": "complete"})

        assert (early.status_code, done.status_code) == (422, 303)
        assert all(one.check_out_time for one in records(session))
        assert booking.course_schedule.status is ScheduleStatus.COMPLETED
        assert booking.status is BookingStatus.COMPLETED

    def test_is_the_instructors_for_his_own_class_only(
        self, classroom: Office, instructor: object, booking: Booking, session: Session
    ) -> None:
        refused = classroom.post(path_of(booking), mark(booking))
        booking.course_schedule.trainer = factories.TrainerFactory(user=instructor)
        session.commit()
        done = classroom.post(path_of(booking), mark(booking))

        assert (refused.status_code, done.status_code) == (404, 303)
        assert session.scalar(select(func.count(AttendanceRecord.id))) == 2


def seen_on(page: str) -> str:
    """Return what a page of the register says it has shown."""
    found = re.search(r'name="seen" value="([^"]+)"', page)
    assert found is not None
    return found[1]


class TestTwoAtOneRegister:
    def test_each_writes_what_he_touched(
        self, office: Office, booking: Booking, session: Session
    ) -> None:
        first, second = (person.id for person in booking.attendees)
        seen = seen_on(office.get(path_of(booking)).text)

        office.post(path_of(booking), {f"status-{first}": "late", "seen": seen})
        answer = office.post(path_of(booking), {f"status-{second}": "present", "seen": seen})

        assert answer.status_code == 303
        assert [one.status.value for one in records(session)] == ["late", "present"]

    def test_is_told_before_anothers_mark_is_replaced(
        self, office: Office, booking: Booking, session: Session
    ) -> None:
        person = booking.attendees[0]
        seen = seen_on(office.get(path_of(booking)).text)
        office.post(path_of(booking), {f"status-{person.id}": "late", "seen": seen})
        mine = {f"status-{person.id}": "absent"}

        refused = office.post(path_of(booking), mine | {"seen": seen})
        stored = [one.status.value for one in records(session)]
        answer = office.post(path_of(booking), mine | {"seen": seen_on(refused.text)})

        assert refused.status_code == 409
        assert f"{person} was marked by somebody else meanwhile: late" in refused.text
        assert f'name="status-{person.id}" value="absent" checked' in refused.text
        assert stored == ["late"]
        assert answer.status_code == 303
        assert [one.status.value for one in records(session)] == ["absent"]

    def test_a_page_of_another_day_has_shown_nothing(
        self, office: Office, booking: Booking, session: Session
    ) -> None:
        person = booking.attendees[0].id
        other = factories.BookingFactory(course_schedule=factories.ScheduleFactory())
        session.commit()
        foreign = seen_on(office.get(path_of(other)).text)

        answer = office.post(path_of(booking), {f"status-{person}": "late", "seen": foreign})

        assert answer.status_code == 303
        assert len(records(session)) == 1
