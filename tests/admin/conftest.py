"""People of the office with an open session, and one row of each table."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from rft_admin.accounts.models import AdminActivityLog, AdminSession, PasswordReset, Role, User
from rft_admin.core import clock
from rft_admin.core.settings import Setting, ValueType
from rft_admin.core.tokens import hash_token, new_token
from rft_admin.reporting.models import AnalyticsEvent
from tests import factories

QueryCounter = Callable[[], AbstractContextManager[list[str]]]


class Office:
    """A browser of somebody who is signed in."""

    def __init__(self, client: FlaskClient, user: User) -> None:
        self.client = client
        self.user_id = user.id
        self._token = ""

    def get(self, path: str, **options: Any) -> TestResponse:
        """Open a page."""
        return self.client.get(path, **options)

    def post(self, path: str, data: dict[str, Any] | None = None, **options: Any) -> TestResponse:
        """Send a form with its CSRF token."""
        if not self._token:
            page = self.client.get("/admin/password").text
            found = re.search(r'name="csrf_token" value="([^"]+)"', page)
            assert found is not None
            self._token = found[1]
        carried = {"csrf_token": self._token, **self._stamp(path, data or {})}
        return self.client.post(path, data={**carried, **(data or {})}, **options)

    def _stamp(self, path: str, data: dict[str, Any]) -> dict[str, str]:
        """Return what the form of a stored row carries unseen, as a browser sends it back."""
        if "/edit/" not in path or "row_version" in data:
            return {}
        found = re.search(r'name="row_version" value="([^"]+)"', self.client.get(path).text)
        return {"row_version": found[1]} if found else {}


def enter_office(app: Flask, session: Session, user: User) -> Office:
    """Open a session for a user and return the browser."""
    token = new_token()
    session.add(
        AdminSession(
            user=user,
            session_token=hash_token(token),
            expires_at=clock.now() + timedelta(hours=1),
            last_activity=clock.now(),
        )
    )
    session.commit()
    client = app.test_client()
    client.set_cookie("rft_session", token)
    return Office(client, user)


@pytest.fixture
def enter(app: Flask, session: Session) -> Callable[[User], Office]:
    """Open a session for a user, without the cost of a password."""
    return partial(enter_office, app, session)


@pytest.fixture
def admin(session: Session) -> User:
    """Somebody who may do everything."""
    return factories.AdminFactory(email="office@example.com")


@pytest.fixture
def office(admin: User, enter: Callable[[User], Office]) -> Office:
    """An admin's browser."""
    return enter(admin)


@pytest.fixture
def instructor(session: Session) -> User:
    """Somebody who teaches."""
    return factories.InstructorFactory(email="teach@example.com")


@pytest.fixture
def classroom(instructor: User, enter: Callable[[User], Office]) -> Office:
    """An instructor's browser."""
    return enter(instructor)


@pytest.fixture
def rows(session: Session, admin: User) -> dict[str, int]:
    """One row of each of the 22 tables: the table's name and the row's id."""
    refund = factories.RefundFactory()
    attendance = factories.AttendanceFactory()
    made = {
        "users": factories.UserFactory(role=Role.CUSTOMER),
        "courses": factories.CourseFactory(),
        "venues": factories.VenueFactory(),
        "trainers": factories.TrainerFactory(),
        "course_schedules": factories.ScheduleFactory(),
        "bookings": refund.booking,
        "payment_transactions": refund.payment_transaction,
        "refunds": refund,
        "admin_activity_logs": AdminActivityLog(
            action="viewed", entity_type="bookings", entity_id=1, user=admin
        ),
        "admin_sessions": AdminSession(
            session_token="f" * 64, expires_at=clock.now() + timedelta(hours=1)
        ),
        "password_resets": PasswordReset(user=admin, token="e" * 64, expires_at=clock.now()),
        "email_logs": factories.LetterFactory(body_text="Hello"),
        "special_requirements": factories.RequirementFactory(),
        "booking_inquiries": factories.InquiryFactory(),
        "reports": factories.ReportFactory(),
        "certificates": factories.CertificateFactory(attendee=attendance.attendee),
        "course_materials": factories.MaterialFactory(),
        "attendance_records": attendance,
        "notifications": factories.NotificationFactory(),
        "settings": Setting(
            key="booking.payment_hold_minutes",
            value="30",
            value_type=ValueType.NUMBER,
            category="booking",
            display_name="Hold for payment (minutes)",
            description="So long.",
            default_value="30",
            validation_rules={"min": 30, "max": 1440, "whole": True},
        ),
        "discount_codes": factories.DiscountCodeFactory(),
        "analytics_events": AnalyticsEvent(event_type="course_viewed"),
    }
    session.add_all(made.values())
    session.commit()
    return {table: row.id for table, row in made.items()}


@pytest.fixture
def count_queries(session: Session) -> QueryCounter:
    """Collect the statements that reach the database, savepoints apart."""
    connection = session.connection()

    @contextmanager
    def counting() -> Iterator[list[str]]:
        seen: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if "SAVEPOINT" not in statement:
                seen.append(statement)

        event.listen(connection, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(connection, "before_cursor_execute", note)

    return counting
