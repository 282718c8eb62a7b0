"""Tests of the office's first page: which class comes next, and what waits."""

from datetime import timedelta

from sqlalchemy.orm import Session

from rft_admin.core import clock
from rft_admin.core.formats import format_short_date
from tests import factories
from tests.admin.conftest import Office


class TestToday:
    def test_says_when_nothing_is_planned(self, office: Office) -> None:
        assert "No course is planned" in office.get("/admin/").text

    def test_shows_the_next_day_of_a_course_in_progress(
        self, office: Office, session: Session
    ) -> None:
        begun = clock.now() - timedelta(days=10)
        coming = begun + timedelta(days=21)
        factories.ScheduleFactory(
            start_datetime=begun,
            end_datetime=coming + timedelta(hours=7),
            days=[(start, start + timedelta(hours=7), 60) for start in (begun, coming)],
        )
        session.commit()

        page = office.get("/admin/").text

        assert "day 2 of 2" in page
        assert f"{format_short_date(coming)}, </span>" in page
        assert f"{format_short_date(begun)}, </span>" not in page

    def test_puts_the_class_of_today_on_top(self, office: Office, session: Session) -> None:
        noon = clock.to_london(clock.now()).replace(hour=12, minute=0, second=0, microsecond=0)
        factories.ScheduleFactory(start_datetime=noon, end_datetime=noon + timedelta(hours=7))
        session.commit()

        page = office.get("/admin/").text

        assert page.index("Classes today") < page.index("Next courses")
        assert "No course is planned after today" in page
