"""Tests of what the office decides about dates: short hours, too few people, a series."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from rft_admin.catalogue.models import CourseSchedule, ScheduleStatus
from rft_admin.core import clock
from tests import factories
from tests.admin.conftest import Office
from tests.admin.test_actions import act


@pytest.fixture
def short(session: Session) -> CourseSchedule:
    """An unpublished date, in ten weeks, of half the hours that its course needs."""
    start = clock.now() + timedelta(weeks=10)
    days = [(start, start + timedelta(hours=3), 0)]
    return factories.ScheduleFactory(
        start_datetime=start, end_datetime=days[0][1], days=days, is_published=False
    )


class TestPublish:
    def test_shows_the_hours_and_refuses_too_few_without_a_reason(
        self, office: Office, short: CourseSchedule
    ) -> None:
        posted = {"action": "publish", "rowid": str(short.id)}
        asked = office.post("/admin/course_schedules/action/", posted)
        refused = office.post("/admin/course_schedules/action/", {**posted, "confirmed": "1"})

        assert "3 of 6" in asked.text
        assert refused.status_code == 422
        assert "The days give 3 contact hours" in refused.text

    def test_takes_a_reason(self, office: Office, short: CourseSchedule, session: Session) -> None:
        status = act(office, "course_schedules", "publish", short.id, reason="Rest is online.")

        session.expire_all()
        assert status == 303
        assert (short.is_published, short.hours_override_reason) == (True, "Rest is online.")


class TestTooFewPeople:
    def test_stand_on_the_list_until_the_office_decides(
        self, office: Office, session: Session
    ) -> None:
        start = clock.now() + timedelta(days=5)
        schedule = factories.ScheduleFactory(start_datetime=start, min_places=4)
        address = "/admin/course_schedules/?scope=to_decide"
        assert f'value="{schedule.id}"' in office.get(address).text

        assert act(office, "course_schedules", "decide_to_run", schedule.id) == 303
        assert act(office, "course_schedules", "decide_to_run", schedule.id) == 422

        session.expire_all()
        assert schedule.status is ScheduleStatus.CONFIRMED
        assert f'value="{schedule.id}"' not in office.get(address).text


class TestComplete:
    def test_is_offered_from_the_last_day_on(self, office: Office, session: Session) -> None:
        now = clock.now()
        to_come = factories.ScheduleFactory(start_datetime=now + timedelta(days=3))
        start = now - timedelta(days=2)
        days = [(start, start + timedelta(hours=6), 0)]
        held = factories.ScheduleFactory(start_datetime=start, end_datetime=days[0][1], days=days)

        assert [_offers_to_complete(office, one) for one in (to_come, held)] == [False, True]
        assert act(office, "course_schedules", "complete", to_come.id) == 422
        assert act(office, "course_schedules", "complete", held.id) == 303


class TestSeries:
    def test_refuses_a_last_day_that_is_too_early_beside_its_field(
        self, office: Office, short: CourseSchedule
    ) -> None:
        day = clock.london_date(clock.now()).isoformat()
        fields = {"weekday": "2", "every_weeks": "2", "until": day}

        assert act(office, "course_schedules", "make_series", short.id, **fields) == 422

    def test_makes_every_second_week(
        self, office: Office, short: CourseSchedule, session: Session
    ) -> None:
        first = clock.to_london(short.start_datetime)
        fields = {
            "weekday": str(first.weekday()),
            "every_weeks": "2",
            "until": (first + timedelta(weeks=6)).date().isoformat(),
        }

        assert act(office, "course_schedules", "make_series", short.id, **fields) == 303

        dates = session.scalars(select(CourseSchedule).order_by(CourseSchedule.id)).all()
        assert [clock.to_london(row.start_datetime).date() for row in dates] == [
            (first + timedelta(weeks=weeks)).date() for weeks in (0, 2, 4, 6)
        ]


def _offers_to_complete(office: Office, schedule: CourseSchedule) -> bool:
    page = office.get(f"/admin/course_schedules/details/?id={schedule.id}").text
    return "Complete</button>" in page
