"""Tests of the demo: a believable quarter, of which nothing is sent and nothing is real."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from rft_admin.core import clock
from rft_admin.core.clock import london_date
from seeds.demo import seed_demo
from seeds.demo.dates import CALLED_OFF, booked_at
from seeds.demo.plan import COMING, DATES, PRESENT, Diary
from seeds.demo.story import Story

#: Two months of todays, leap day and clock changes among them.
TODAYS = [date(2028, 2, 1) + timedelta(days=days) for days in range(62)]


class TestSeedDemo:
    def test_does_nothing_when_it_is_there_already(self, demo_session: Session) -> None:
        before = _count(demo_session, "bookings")

        lines = seed_demo(now=clock.now())

        assert lines == ["The demo is there already."]
        assert _count(demo_session, "bookings") == before

    @pytest.mark.parametrize(
        ("table", "column", "expected"),
        [
            ("bookings", "status", {"pending", "confirmed", "cancelled", "completed", "no_show"}),
            (
                "bookings",
                "payment_status",
                {"pending", "paid", "partially_refunded", "refunded", "failed"},
            ),
            ("refunds", "status", {"pending", "approved", "rejected", "completed"}),
            ("certificates", "status", {"active", "expired", "revoked"}),
            ("course_schedules", "status", {"scheduled", "in_progress", "completed", "cancelled"}),
            ("booking_inquiries", "status", {"pending", "responded", "converted", "closed"}),
            ("special_requirements", "severity", {"low", "medium", "high"}),
            ("attendance_records", "status", {"present", "late", "absent"}),
            ("analytics_events", "event_type", {"viewed", "started", "submitted", "paid"}),
        ],
    )
    def test_shows_every_state(
        self, demo_session: Session, table: str, column: str, expected: set[str]
    ) -> None:
        found = _column(demo_session, f"SELECT DISTINCT {column} FROM {table}")  # noqa: S608 - our own names

        assert set(found) >= expected

    def test_has_a_class_to_mark_today(self, demo_session: Session) -> None:
        unmarked = demo_session.execute(
            text(
                "SELECT d.starts_at FROM course_schedule_days d JOIN bookings b"
                " USING (course_schedule_id) WHERE b.status = 'confirmed' AND NOT EXISTS (SELECT"
                " FROM attendance_records r WHERE r.course_session_id = d.course_schedule_id"
                " AND r.session_date = (d.starts_at AT TIME ZONE 'Europe/London')::date)"
            )
        ).scalars()

        # The suite may run into the next day, or after today's classes have been marked.
        days = {london_date(moment) for moment in unmarked}
        assert any(day >= london_date(clock.now()) - timedelta(days=1) for day in days)

    def test_has_a_full_date_and_one_with_two_places_left(self, demo_session: Session) -> None:
        taken = _column(
            demo_session,
            "SELECT max_capacity - current_capacity FROM course_schedules"
            " WHERE is_published AND status = 'scheduled'",
        )

        assert {0, 2} <= set(taken)

    def test_has_certificates_that_expire_within_thirty_days(self, demo_session: Session) -> None:
        soon = demo_session.scalar(
            text(
                "SELECT count(*) FROM certificates WHERE status = 'active'"
                " AND expiry_date BETWEEN current_date AND current_date + 30"
            )
        )

        assert soon is not None
        assert soon > 0

    def test_sends_nothing_to_anybody(self, demo_session: Session) -> None:
        unsent = _column(demo_session, "SELECT id FROM email_logs WHERE status <> 'sent'")

        assert unsent == []
        assert _count(demo_session, "procrastinate_jobs") == 0

    def test_lets_rows_carry_the_moments_of_the_story(self, demo_session: Session) -> None:
        fresh = demo_session.scalar(
            text("SELECT count(*) FROM bookings WHERE created_at > now() - interval '30 minutes'")
        )
        future = demo_session.scalar(
            text("SELECT count(*) FROM email_logs WHERE created_at > now() OR sent_at > now()")
        )

        # Only the booking that is being paid for just now.
        assert fresh in {0, 1}
        assert future in {0, 1}

    @pytest.mark.parametrize("table", ["bookings", "refunds", "certificates", "users"])
    def test_lets_the_audit_tell_when_the_story_had_it_done(
        self, demo_session: Session, table: str
    ) -> None:
        told = _column(
            demo_session,
            f"SELECT l.created_at = r.created_at FROM {table} r JOIN admin_activity_logs l"  # noqa: S608 - our own names
            f" ON l.entity_type = '{table}' AND l.entity_id = r.id WHERE l.action = 'created'",
        )

        assert set(told) == {True}

    def test_writes_to_reserved_addresses_only(self, demo_session: Session) -> None:
        strange = _column(
            demo_session,
            "SELECT email FROM users"
            " WHERE email::text !~ '@example\\.(com|org)$' AND role <> 'admin'",
        )

        assert strange == []

    def test_invents_no_qualification(self, demo_session: Session) -> None:
        numbers = _column(demo_session, "SELECT qualification_number FROM trainers")

        assert set(numbers) == {""}

    def test_numbers_its_invoices_in_the_order_of_their_days(self, demo_session: Session) -> None:
        days = _column(
            demo_session,
            "SELECT issue_date FROM invoices WHERE invoice_number LIKE 'INV-%'"
            " ORDER BY invoice_number",
        )

        assert all(earlier <= later for earlier, later in pairwise(days))

    def test_has_a_finished_report(self, demo_session: Session) -> None:
        found = demo_session.execute(text("SELECT status, stored_file_id FROM reports")).one()

        assert found.status == "completed"
        assert found.stored_file_id is not None


class TestDiary:
    @pytest.mark.parametrize("today", TODAYS[::7])
    def test_gives_nobody_two_courses_on_one_day(self, today: date) -> None:
        taken = [
            (who, london_date(day.starts_at))
            for planned, days in _plan(today)
            for day in days
            for who in (planned.trainer, planned.venue)
        ]

        assert len(taken) == len(set(taken))

    @pytest.mark.parametrize("today", TODAYS)
    def test_keeps_the_past_past_and_the_future_to_come(self, today: date) -> None:
        for planned, days in _plan(today):
            first, last = london_date(days[0].starts_at), london_date(days[-1].starts_at)
            if planned in PRESENT:
                assert first <= today <= last
            elif planned.years_ago or planned.offset < 0:
                assert last < today
            else:
                assert first > today

    @pytest.mark.parametrize("today", TODAYS[:7])
    def test_teaches_on_weekdays_except_today(self, today: date) -> None:
        weekends = [
            planned
            for planned, days in _plan(today)
            if planned not in PRESENT and any(day.starts_at.weekday() >= 5 for day in days)
        ]

        assert weekends == []


def _plan(today: date) -> list[tuple[Any, Any]]:
    diary = Diary(today)
    return [(planned, diary.days_of(planned)) for planned in DATES]


def _column(session: Session, sql: str) -> Sequence[Any]:
    return session.execute(text(sql)).scalars().all()


def _count(session: Session, table: str) -> int:
    return session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()  # noqa: S608 - our own names


class TestBookedAt:
    def test_lies_before_the_cancelled_date_was_called_off(self) -> None:
        now = datetime(2026, 11, 25, 1, 53, tzinfo=UTC)
        story = Story(now=now, office=SimpleNamespace(id=1))
        [planned] = [one for one in COMING if one.kind == "cancelled"]
        schedule = SimpleNamespace(start_datetime=now + timedelta(days=planned.offset))
        opened = now - timedelta(days=45)

        moments = [
            booked_at(story, planned, party, schedule, opened)
            for _ in range(300)
            for party in planned.parties
        ]

        assert opened < min(moments)
        assert max(moments) < now - CALLED_OFF
