"""Tests of the worker as a process: it sends, survives a kill, and two of it do a thing once."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text

from rft_admin.accounts.models import Role, User
from rft_admin.core import clock, queue
from rft_admin.core.database import db, transact
from rft_admin.jobs import runner, worker
from rft_admin.messaging import service as messaging
from rft_admin.messaging.models import EmailLog, EmailStatus, Notification
from rft_admin.upkeep import worker as heartbeat
from tests.conftest import environment
from tests.messaging.conftest import Mailbox, mailbox, point_at

__all__ = ["mailbox"]

PROJECT = Path(__file__).parent.parent.parent
PATIENCE_SECONDS = 60.0


@pytest.fixture(autouse=True)
def _admin(committed_app: Flask) -> None:
    with committed_app.app_context():
        transact(lambda: db.session.add(_office()))


class TestDefer:
    def test_is_taken_back_with_the_transaction(self, committed_app: Flask) -> None:
        with committed_app.app_context():
            queue.defer("send_email", email_log_id=1)
            db.session.rollback()

            assert _jobs() == []

    def test_keeps_the_job_with_the_transaction(self, committed_app: Flask) -> None:
        with committed_app.app_context():
            queue.defer("send_email", email_log_id=1)
            db.session.commit()

            assert _jobs() == ["send_email"]


class TestWorkInThisProcess:
    def test_runs_what_is_waiting_and_removes_it(
        self, committed_app: Flask, mailbox: Mailbox
    ) -> None:
        point_at(committed_app, mailbox.url)
        with committed_app.app_context():
            letter_id = _queue_letter()

        worker.work(committed_app, wait=False)

        with committed_app.app_context():
            assert db.session.get_one(EmailLog, letter_id).status is EmailStatus.SENT
            assert "send_email" not in _jobs()
        assert len(mailbox.letters) == 1

    def test_tells_the_office_after_the_last_try(self, committed_app: Flask) -> None:
        with committed_app.app_context():
            queue.defer("issue_certificate", attendee_id=-1, course_schedule_id=-1)
            db.session.execute(text("UPDATE procrastinate_jobs SET attempts = 5"))
            db.session.commit()

            worker.work(committed_app, wait=False)
            assert _told("issue_certificate") == []

            db.session.execute(text("UPDATE procrastinate_jobs SET scheduled_at = NULL"))
            db.session.commit()
            worker.work(committed_app, wait=False)

            assert _told("issue_certificate") == ["The job issue_certificate failed"]
            assert _status_of("issue_certificate") == "failed"

    def test_does_not_try_a_job_of_the_clock_again(
        self, committed_app: Flask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with committed_app.app_context():
            db.session.execute(text("ALTER TABLE special_requirements RENAME TO away"))
            queue.defer("retention", timestamp=0)
            db.session.commit()

            worker.work(committed_app, wait=False)

            assert _told("retention") == ["The job retention failed"]
            assert _status_of("retention") == "failed"

    def test_holds_three_connections_at_most_for_its_jobs(self, committed_app: Flask) -> None:
        worker.work(committed_app, wait=False)

        with committed_app.app_context():
            pool: Any = db.engine.pool
            assert pool.size() + pool._max_overflow == 3


class TestWorkAsAProcess:
    def test_sends_a_deferred_letter_and_reports_that_it_lives(
        self, committed_app: Flask, fresh_database: str, mailbox: Mailbox
    ) -> None:
        with _worker(fresh_database, mailbox), committed_app.app_context():
            letter_id = _queue_letter()

            _wait_until(lambda: _status_of_letter(letter_id) is EmailStatus.SENT)

            assert not heartbeat.is_silent(now=clock.now())
        assert [letter["To"] for letter in mailbox.letters] == ["kim@example.com"]

    def test_ends_quietly_on_sigterm(self, fresh_database: str, mailbox: Mailbox) -> None:
        with _worker(fresh_database, mailbox) as process:
            _wait_for_worker(fresh_database)

            process.terminate()

            assert process.wait(timeout=30) == 0

    def test_takes_up_what_a_killed_worker_left(
        self, committed_app: Flask, fresh_database: str, mailbox: Mailbox
    ) -> None:
        victims: list[subprocess.Popen[bytes]] = []
        mailbox.meanwhile = lambda: _kill(victims)
        with _worker(fresh_database, mailbox) as first, committed_app.app_context():
            victims.append(first)
            letter_id = _queue_letter()
            _wait_until(lambda: first.poll() is not None)
            assert _status_of("send_email") == "doing"
            # Ten minutes later: nobody wrote down whether it was sent.
            _claim_long_ago(letter_id)

            with _worker(fresh_database, mailbox):
                _wait_until(lambda: _status_of_letter(letter_id) is EmailStatus.SENT)
                _wait_until(lambda: "send_email" not in _jobs())

        message_ids = {letter["Message-ID"] for letter in mailbox.letters}
        assert len(message_ids) == 1

    def test_sends_one_letter_once_with_two_workers(
        self, committed_app: Flask, fresh_database: str, mailbox: Mailbox
    ) -> None:
        mailbox.meanwhile = lambda: time.sleep(0.3)
        with (
            _worker(fresh_database, mailbox),
            _worker(fresh_database, mailbox),
            committed_app.app_context(),
        ):
            letter_id = _queue_letter()
            for _ in range(7):
                queue.defer("send_email", email_log_id=letter_id)
            db.session.commit()

            _wait_until(lambda: _status_of_letter(letter_id) is EmailStatus.SENT)
            _wait_until(lambda: "send_email" not in _jobs())

        assert len(mailbox.letters) == 1


class TestHeartbeat:
    def test_is_silent_when_no_worker_ever_reported(self, committed_app: Flask) -> None:
        with committed_app.app_context():
            assert heartbeat.last_seen() is None
            assert heartbeat.is_silent(now=clock.now())

    def test_is_silent_two_minutes_after_the_last_report(self, committed_app: Flask) -> None:
        with committed_app.app_context():
            db.session.execute(text("INSERT INTO procrastinate_workers DEFAULT VALUES"))
            db.session.commit()
            seen = heartbeat.last_seen()

            assert seen is not None
            assert not heartbeat.is_silent(now=seen + timedelta(minutes=2))
            assert heartbeat.is_silent(now=seen + timedelta(minutes=2, seconds=1))

    def test_remembers_a_worker_that_was_stopped(self, committed_app: Flask) -> None:
        moment = clock.now().replace(microsecond=0)
        with committed_app.app_context():
            db.session.execute(
                text(
                    "INSERT INTO procrastinate_periodic_defers (task_name, defer_timestamp)"
                    " VALUES ('sweep_letters', :at)"
                ),
                {"at": int(moment.timestamp())},
            )

            assert heartbeat.last_seen() == moment

    def test_tells_since_when_a_letter_is_due(self, committed_app: Flask) -> None:
        with committed_app.app_context():
            now = clock.now()
            assert heartbeat.oldest_due_letter(now=now) is None

            _queue_letter()

            assert heartbeat.oldest_due_letter(now=clock.now()) is not None


class TestJobs:
    def test_are_all_known_by_name(self) -> None:
        assert set(runner.JOBS) >= {
            "ask_to_decide",
            "check_payments",
            "expire_certificates",
            "expire_quotes",
            "reconcile_nightly",
            "remind_of_expiry",
            "remind_of_invoices",
            "retention",
            "send_reminders",
            "sweep_letters",
            "tidy_holds",
            "warn_of_disputes",
            "watch_size",
        }
        assert set(queue.queue_app.tasks) >= {
            *runner.JOBS,
            "send_email",
            "process_event",
            "send_refund",
            "issue_certificate",
            "issue_schedule_certificates",
            "run_report",
            "carry_on_action",
            "retry_stalled",
        }


@contextmanager
def _worker(database_url: str, mailbox: Mailbox) -> Iterator[subprocess.Popen[bytes]]:
    """Run `flask jobs work` as a process of its own and end it afterwards."""
    own = environment(database_url, SMTP_URL=mailbox.url, FLASK_APP="wsgi.py")
    process = subprocess.Popen(
        [sys.executable, "-m", "flask", "jobs", "work"], cwd=PROJECT, env={**os.environ, **own}
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(timeout=30)


def _wait_for_worker(database_url: str) -> None:

    def is_there() -> bool:
        with psycopg.connect(database_url) as connection:
            return bool(connection.execute("SELECT 1 FROM procrastinate_workers").fetchall())

    _wait_until(is_there)


def _wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < end, "It did not happen in time."
        time.sleep(0.1)


def _kill(victims: list[subprocess.Popen[bytes]]) -> None:
    while victims:
        victims.pop().send_signal(signal.SIGKILL)


def _queue_letter() -> int:
    letter = transact(
        lambda: messaging.queue_letter(
            template="password_changed",
            to="kim@example.com",
            subject="Your password was changed",
            context={
                "first_name": "Kim",
                "changed_at": "3 Mar 2027, 09:30",
                "forgot_address": "http://localhost/admin/forgot",
            },
            now=clock.now(),
        )
    )
    return letter.id


def _claim_long_ago(letter_id: int) -> None:
    db.session.execute(
        text("UPDATE email_logs SET claimed_at = now() - interval '11 minutes' WHERE id = :id"),
        {"id": letter_id},
    )
    # The worker's last sign of life is as old.
    db.session.execute(
        text("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '11 minutes'")
    )
    db.session.commit()


def _office() -> User:
    return User(email="alex@example.com", first_name="Alex", role=Role.ADMIN)


def _jobs() -> list[str]:
    db.session.rollback()
    names = db.session.execute(text("SELECT task_name FROM procrastinate_jobs ORDER BY id"))
    return list(names.scalars())


def _status_of(task_name: str) -> str:
    db.session.rollback()
    found = text("SELECT status FROM procrastinate_jobs WHERE task_name = :name")
    return str(db.session.scalar(found, {"name": task_name}))


def _status_of_letter(letter_id: int) -> EmailStatus:
    db.session.rollback()
    return db.session.get_one(EmailLog, letter_id, populate_existing=True).status


def _told(job: str) -> list[str]:
    """Return what the office was told of a job; the clock may have started others as well."""
    db.session.rollback()
    titles = [row.title for row in db.session.query(Notification).order_by(Notification.id)]
    return [title for title in titles if title.startswith(f"The job {job} ")]
