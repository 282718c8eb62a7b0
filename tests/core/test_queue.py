"""Tests of the queue: a job lives and dies with the transaction that causes it."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from rft_admin.core import queue
from rft_admin.core.database import unit_of_work

LATER = datetime(2027, 3, 3, 9, 30, tzinfo=UTC)


class TestDefer:
    def test_is_taken_back_by_a_rollback(self, session: Session) -> None:
        with pytest.raises(ZeroDivisionError), unit_of_work():
            _defer_and_fail()

        assert _jobs(session) == []

    def test_keeps_name_and_ids(self, session: Session) -> None:
        with unit_of_work():
            queue.defer("send_email", email_log_id=7)

        assert _jobs(session) == [("send_email", {"email_log_id": 7}, None)]

    def test_waits_until_the_given_moment(self, session: Session) -> None:
        with unit_of_work():
            queue.defer("send_email", at=LATER, email_log_id=7)

        assert _jobs(session) == [("send_email", {"email_log_id": 7}, LATER)]


def _jobs(session: Session) -> list[tuple[object, ...]]:
    found = text("SELECT task_name, args, scheduled_at FROM procrastinate_jobs ORDER BY id")
    return [tuple(row) for row in session.execute(found)]


def _defer_and_fail() -> None:
    queue.defer("send_email", email_log_id=1)
    raise ZeroDivisionError
