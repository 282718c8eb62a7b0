"""Tests of the visitors' steps: counted without a cookie, a name or an address that is kept."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from rft_admin.reporting import events
from rft_admin.reporting.models import AnalyticsEvent

NOW = datetime(2027, 6, 1, 9, 30, tzinfo=UTC)
VISITOR = "203.0.113.5|Example Browser"


class TestRecord:
    def test_stores_the_step_without_the_visitor(self, session: Session) -> None:
        events.record("started", "/book/1", now=NOW, visitor=VISITOR, event_data={"schedule_id": 1})

        event = session.scalars(select(AnalyticsEvent)).one()
        assert (event.event_type, event.path, event.created_at) == ("started", "/book/1", NOW)
        assert event.event_data == {"schedule_id": 1}
        assert "203.0.113.5" not in event.visitor_hash

    def test_cuts_a_long_path(self, session: Session) -> None:
        events.record("viewed", "/" + "x" * 5000, now=NOW)

        assert len(session.scalars(select(AnalyticsEvent)).one().path) == events.LONGEST_PATH

    def test_lets_the_page_go_on_when_it_cannot_be_stored(self, session: Session) -> None:
        session.execute(text("ALTER TABLE analytics_events RENAME TO away"))

        events.record("viewed", "/", now=NOW)


class TestVisitorHash:
    def test_is_the_same_all_day_in_london(self, session: Session) -> None:
        morning = events.visitor_hash(VISITOR, now=NOW)

        assert events.visitor_hash(VISITOR, now=NOW + timedelta(hours=13)) == morning

    def test_differs_tomorrow_and_for_others(self, session: Session) -> None:
        today = events.visitor_hash(VISITOR, now=NOW)

        assert events.visitor_hash(VISITOR, now=NOW + timedelta(days=1)) != today
        assert events.visitor_hash("203.0.113.6|Example Browser", now=NOW) != today
