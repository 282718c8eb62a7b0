"""Tests of what the office is told at the bell."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from rft_admin.accounts.models import Role, User
from rft_admin.core.database import transact
from rft_admin.messaging import notifications
from rft_admin.messaging.models import Notification, NotificationStatus, Priority
from tests.messaging.conftest import NOW


def store_people(session: Session) -> list[User]:
    """Store two admins and two who are none."""
    people = [
        User(email="robin@example.com", first_name="Robin", role=Role.ADMIN),
        User(email="sam@example.com", first_name="Sam", role=Role.ADMIN),
        User(email="old@example.com", first_name="Old", role=Role.ADMIN, is_active=False),
        User(email="kit@example.com", first_name="Kit", role=Role.INSTRUCTOR),
    ]
    session.add_all(people)
    session.commit()
    return people


class TestNotifyOffice:
    def test_tells_every_active_admin_and_nobody_else(self, session: Session) -> None:
        robin, sam, *_ = store_people(session)

        transact(
            lambda: notifications.notify_office(
                type="inquiry_received",
                title="New inquiry",
                message="Six places in York",
                priority="high",
                action_url="/admin/booking_inquiries/details/?id=1",
                now=NOW,
            )
        )

        rows = session.scalars(select(Notification).order_by(Notification.id)).all()
        assert [row.user_id for row in rows] == [robin.id, sam.id]
        assert {row.priority for row in rows} == {Priority.HIGH}
        assert {row.status for row in rows} == {NotificationStatus.DELIVERED}
        assert not any(row.send_sms for row in rows)


class TestUnread:
    def test_are_ones_own_unread_and_unexpired(self, session: Session) -> None:
        robin, sam, *_ = store_people(session)
        for moment, expires_at in ((NOW, None), (NOW + timedelta(minutes=1), None), (NOW, NOW)):
            notifications.notify_office(
                type="refund_requested", title="Refund", now=moment, expires_at=expires_at
            )
        session.commit()
        mine = notifications.list_unread(robin, now=NOW)

        notifications.mark_read(mine[0], now=NOW)

        assert [row.created_at for row in mine] == [NOW + timedelta(minutes=1), NOW]
        assert mine[0].status is NotificationStatus.READ
        assert notifications.count_unread(robin, now=NOW) == 1
        assert notifications.count_unread(sam, now=NOW) == 2

    def test_keep_the_moment_they_were_first_read(self, session: Session) -> None:
        store_people(session)
        row = notifications.notify_office(type="job_failed", title="Job failed", now=NOW)[0]

        notifications.mark_read(row, now=NOW)
        notifications.mark_read(row, now=NOW + timedelta(days=1))

        assert row.read_at == NOW
