"""Tests that walk the forms of all screens: what they cost, and that they change nothing."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from rft_admin.core import clock
from rft_admin.messaging.models import Notification
from tests import factories
from tests.admin.conftest import Office, QueryCounter
from tests.admin.pages import sent_by

#: Of the whole page, all that surrounds the form included.
MOST_QUERIES = 4
MOST_BYTES = 60_000


@pytest.fixture
def stored(app: Flask, rows: dict[str, int], session: Session, office: Office) -> dict[str, int]:
    """One row of each table that has a form; the register's is of a day that has begun."""
    start = clock.now().replace(hour=6, minute=0, second=0, microsecond=0) - timedelta(days=1)
    schedule = factories.ScheduleFactory(start_datetime=start)
    booking = factories.BookingFactory(course_schedule=schedule)
    record = factories.AttendanceFactory(attendee=booking.attendees[0])
    note = factories.NoteFactory(booking_id=booking.id, created_by_id=office.user_id)
    told = session.get_one(Notification, rows["notifications"])
    told.booking_id, told.course_id = booking.id, schedule.course_id
    session.commit()
    known = rows | {
        "attendance_records": record.id,
        "booking_attendees": booking.attendees[0].id,
        "office_notes": note.id,
    }
    views: dict[str, Any] = app.extensions["rft_admin_views"]
    return {table: known[table] for table, view in views.items() if view.can_edit}


class TestUntouched:
    def test_forms_write_nothing_when_saved(
        self, office: Office, stored: dict[str, int], count_queries: QueryCounter
    ) -> None:
        written = {}
        for table, row_id in stored.items():
            path = f"/admin/{table}/edit/?id={row_id}"
            form = sent_by(office.get(path).text)

            with count_queries() as statements:
                answer = office.client.post(path, data=form)

            assert answer.status_code == 302, (table, answer.text[-3000:])
            written[table] = [one for one in statements if one.startswith(("UPDATE", "INSERT"))]

        assert len(written) > 12
        assert written == {table: [] for table in stored}


class TestCost:
    @pytest.mark.parametrize("more", [0, 150])
    def test_is_small_however_large_the_tables_are(
        self,
        office: Office,
        stored: dict[str, int],
        session: Session,
        count_queries: QueryCounter,
        more: int,
    ) -> None:
        factories.UserFactory.create_batch(more)
        factories.VenueFactory.create_batch(more)
        factories.CourseFactory.create_batch(more)
        session.commit()
        costs = {}

        for table, row_id in stored.items():
            session.expunge_all()
            with count_queries() as statements:
                page = office.get(f"/admin/{table}/edit/?id={row_id}")
            assert page.status_code == 200
            costs[table] = (len(statements), len(page.data))

        assert {
            table: cost
            for table, cost in costs.items()
            if cost[0] > MOST_QUERIES or cost[1] > MOST_BYTES
        } == {}
