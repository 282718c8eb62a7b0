"""Actions by several at once: real connections, real commits, a worker killed in the middle."""

import os
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from rft_admin.accounts import action_runs
from rft_admin.accounts.models import (
    ActionRun,
    ActionRunRow,
    AdminActivityLog,
    AdminSession,
    RowOutcome,
    RunStatus,
)
from rft_admin.core import clock
from rft_admin.core.actor import Actor
from rft_admin.core.database import db, transact
from rft_admin.core.tokens import hash_token, new_token
from rft_admin.jobs import worker
from rft_admin.messaging.models import EmailLog
from tests import factories
from tests.admin.conftest import Office
from tests.conftest import PROJECT, environment

PATIENCE_SECONDS = 30.0
ROWS = 12


@pytest.fixture
def house(committed_app: Flask) -> Iterator[Flask]:
    """An application whose commits are real."""
    with committed_app.app_context():
        yield committed_app


def somebody(app: Flask, email: str) -> Office:
    """Open the office's door to a new admin."""
    token = new_token()
    user = factories.AdminFactory(email=email)
    db.session.add(
        AdminSession(
            user=user,
            session_token=hash_token(token),
            expires_at=clock.now() + timedelta(hours=1),
            last_activity=clock.now(),
        )
    )
    db.session.commit()
    client = app.test_client()
    client.set_cookie("rft_session", token)
    browser = Office(client, user)
    db.session.rollback()
    return browser


def at_once(acts: list[Callable[[], Any]]) -> list[Any]:
    """Run the acts at the same moment and return what they answer."""
    gate = threading.Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        gate.wait()
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def a_run(count: int = ROWS) -> tuple[int, list[int]]:
    """Confirm reminders for so many bookings; return the run's id and the bookings'."""
    admin = factories.AdminFactory()
    schedule = factories.ScheduleFactory(
        start_datetime=clock.now() + timedelta(days=20), max_capacity=100
    )
    ids = [factories.BookingFactory(course_schedule=schedule).id for _ in range(count)]
    db.session.commit()
    by = Actor(user_id=admin.id, label="office")
    run_id = transact(
        lambda: (
            action_runs.open_run(
                token="t" * 30,
                entity_type="bookings",
                action="send_reminder",
                fields={},
                entity_ids=ids,
                is_together=False,
                return_url="",
                by=by,
            ).id
        ),
        by=by,
    )
    db.session.rollback()
    return run_id, ids


def letters() -> dict[int | None, int]:
    """Return how many letters each booking has got."""
    db.session.rollback()
    statement = select(EmailLog.booking_id, func.count()).group_by(EmailLog.booking_id)
    return dict(db.session.execute(statement).all())


def carry_on_in(app: Flask, run_id: int) -> Callable[[], None]:
    """Return what a worker does with the run, in an application context of its own."""

    def work() -> None:
        with app.app_context():
            action_runs.carry_on(run_id)

    return work


class TestWorkers:
    def test_take_the_same_row_without_the_lock(
        self, house: Flask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The control: the race is there."""
        run_id, _ = a_run()
        taken: list[int] = []
        monkeypatch.setattr(action_runs, "lock_next", lambda run_id: _unlocked(run_id, taken))

        def work() -> None:
            # The counts' constraint notices it, at the latest.
            with suppress(IntegrityError):
                carry_on_in(house, run_id)()

        at_once([work] * 3)

        assert max(Counter(taken).values()) > 1

    def test_three_at_once_do_each_row_once(self, house: Flask) -> None:
        run_id, ids = a_run()

        at_once([carry_on_in(house, run_id) for _ in range(3)])

        run = db.session.get_one(ActionRun, run_id)
        assert letters() == dict.fromkeys(ids, 1)
        assert (run.status, run.done_count, run.refused_count) == (RunStatus.COMPLETED, ROWS, 0)

    def test_act_in_the_name_of_who_confirmed_it(self, house: Flask) -> None:
        run_id, ids = a_run(3)
        user_id = db.session.get_one(ActionRun, run_id).user_id
        transact(lambda: action_runs.queue(run_id))

        worker.work(house, wait=False)

        assert letters() == dict.fromkeys(ids, 1)
        trail = select(AdminActivityLog.user_id).where(
            AdminActivityLog.entity_type == "email_logs", AdminActivityLog.action == "created"
        )
        assert db.session.scalars(trail).all() == [user_id] * 3

    def test_killed_in_the_middle_leaves_the_rest_to_the_next(
        self, house: Flask, fresh_database: str
    ) -> None:
        run_id, ids = a_run(25)
        program = (
            "from rft_admin import create_app\n"
            "from rft_admin.accounts import action_runs\n"
            f"with create_app().app_context(): action_runs.carry_on({run_id})\n"
        )
        own = {**os.environ, **environment(fresh_database)}
        victim = subprocess.Popen([sys.executable, "-c", program], cwd=PROJECT, env=own)

        until = time.monotonic() + PATIENCE_SECONDS
        while len(letters()) < 3 and time.monotonic() < until:
            time.sleep(0.005)
        victim.kill()
        victim.wait(timeout=PATIENCE_SECONDS)
        before = len(letters())
        action_runs.carry_on(run_id)

        assert 3 <= before < 25
        assert letters() == dict.fromkeys(ids, 1)
        outcomes = select(ActionRunRow.outcome).where(ActionRunRow.action_run_id == run_id)
        assert set(db.session.scalars(outcomes)) == {RowOutcome.DONE}


class TestPeople:
    def test_a_confirmation_sent_four_times_at_once_is_done_once(self, house: Flask) -> None:
        office = somebody(house, "office@example.com")
        _, ids = a_run(2)
        asked = office.post("/admin/bookings/action/", _chosen("send_reminder", ids)).text
        found = re.search(r'name="token" value="([^"]+)"', asked)
        assert found is not None
        fields = _chosen("send_reminder", ids) | {"confirmed": "1", "token": found[1]}
        browsers = [_same(house, office) for _ in range(4)]

        answers = at_once(
            [lambda b=b: b.post("/admin/bookings/action/", fields) for b in browsers]  # type: ignore[misc] # bound now
        )

        assert {answer.status_code for answer in answers} == {303}
        assert len({answer.headers["Location"] for answer in answers}) == 1
        assert letters() == dict.fromkeys(ids, 1)

    def test_two_approving_one_refund_one_wins_and_the_other_is_told(self, house: Flask) -> None:
        browsers = [somebody(house, f"office{number}@example.com") for number in range(2)]
        refund_id = factories.RefundFactory().id
        db.session.commit()
        fields = _chosen("approve_refund", [refund_id]) | {"confirmed": "1"}
        for browser in browsers:
            browser.get("/admin/password")

        answers = at_once(
            [lambda b=b: b.post("/admin/refunds/action/", fields) for b in browsers]  # type: ignore[misc] # bound now
        )

        statuses = sorted(answer.status_code for answer in answers)
        loser = next(answer for answer in answers if answer.status_code != 303)
        assert statuses[0] == 303
        assert statuses[1] in (409, 422)
        assert re.search(r"approved|completed|decided", loser.text)


def _chosen(action: str, ids: list[int]) -> dict[str, Any]:
    return {"action": action, "rowid": [str(row_id) for row_id in ids]}


def _same(app: Flask, office: Office) -> Office:
    """Return another window of the same browser: its cookies, its form's token."""
    client = app.test_client()
    for name in ("rft_session", "rft"):
        cookie = office.client.get_cookie(name)
        if cookie is not None:
            client.set_cookie(name, cookie.value)
    twin = Office.__new__(Office)
    twin.client, twin.user_id, twin._token = client, office.user_id, office._token
    return twin


def _unlocked(run_id: int, taken: list[int]) -> ActionRunRow | None:
    row = db.session.scalar(
        select(ActionRunRow)
        .where(ActionRunRow.action_run_id == run_id, ActionRunRow.outcome == RowOutcome.WAITING)
        .order_by(ActionRunRow.entity_id)
        .limit(1)
        .execution_options(populate_existing=True)
    )
    if row is not None:
        taken.append(row.entity_id)
    return row
