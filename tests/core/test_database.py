"""Tests of the unit of work: all or nothing, again after a deadlock, refusals as sentences."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import TextClause, event, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from rft_admin.accounts.models import Role, User
from rft_admin.accounts.people import EmailTaken
from rft_admin.core.actor import SYSTEM, Actor
from rft_admin.core.database import apart, current_actor, db, transact, unit_of_work
from rft_admin.core.errors import Busy, ChangedMeanwhile, DomainError
from tests import factories

BY = Actor(label="office")
#: Visitors at the same moment, fewer than there are connections.
CROWD = 6
PATIENCE_SECONDS = 30


class TestUnitOfWork:
    def test_leaves_nothing_when_it_fails(self, session: Session) -> None:
        with pytest.raises(ZeroDivisionError), unit_of_work():
            _add_and_fail("kim@example.com")

        assert session.scalars(select(User)).all() == []

    def test_is_not_opened_inside_another(self, session: Session) -> None:
        with unit_of_work(), pytest.raises(RuntimeError, match="already open"), unit_of_work():
            pass

    def test_reads_the_databases_refusal_as_a_sentence(self, session: Session) -> None:
        factories.UserFactory(email="kim@example.com")

        with pytest.raises(EmailTaken), unit_of_work():
            session.add(_user("KIM@example.com"))

    def test_lets_a_refusal_without_a_sentence_rise(self, session: Session) -> None:
        with pytest.raises(DBAPIError), unit_of_work():
            session.execute(text("SELECT 1 / 0"))

    def test_says_busy_when_a_lock_is_not_free(self, session: Session) -> None:
        with pytest.raises(Busy), unit_of_work():
            session.execute(_raise("55P03"))

    def test_sees_that_somebody_else_saved_in_between(self, session: Session) -> None:
        user = factories.UserFactory()

        with pytest.raises(ChangedMeanwhile), unit_of_work():
            _save_after_somebody_else(session, user)

    def test_knows_its_actor_and_forgets_him_afterwards(self, session: Session) -> None:
        with unit_of_work(by=BY):
            assert current_actor() == BY

        assert current_actor() == SYSTEM


class TestConnections:
    def test_stay_open_for_the_next_crowd(self, committed_app: Flask) -> None:
        opened: list[object] = []
        with committed_app.app_context():
            event.listen(db.engine, "connect", lambda *connection: opened.append(connection))

        _crowd(committed_app)
        _crowd(committed_app)

        assert len(opened) == CROWD

    def test_end_when_nobody_takes_them_and_are_not_missed(self, committed_app: Flask) -> None:
        with committed_app.app_context():
            assert _value("SHOW idle_session_timeout") == "5min"

        _crowd(committed_app, "SET idle_session_timeout = 50")

        with committed_app.app_context():
            _wait_until_one_is_left()
            assert _value("SELECT 1") == 1
            assert _value("SHOW idle_session_timeout") == "5min"


class TestTransact:
    @pytest.mark.parametrize("sqlstate", ["40P01", "40001"])
    def test_repeats_the_whole_use_case_after_a_lost_race(
        self, session: Session, sqlstate: str
    ) -> None:
        use_case, tries = _failing(session, sqlstate, times=2)

        assert transact(use_case) == "done"
        assert len(tries) == 3

    def test_gives_up_after_the_third_time(self, session: Session) -> None:
        use_case, tries = _failing(session, "40P01", times=3)

        with pytest.raises(DBAPIError):
            transact(use_case)

        assert len(tries) == 3

    def test_does_not_repeat_a_refusal(self, session: Session) -> None:
        tries: list[int] = []

        def refused() -> None:
            tries.append(1)
            raise DomainError

        with pytest.raises(DomainError):
            transact(refused)

        assert len(tries) == 1


class TestApart:
    def test_is_kept_whatever_becomes_of_the_unit_of_work(self, committed_app: Flask) -> None:
        with committed_app.app_context():
            with pytest.raises(ZeroDivisionError), unit_of_work():
                _add_beside_and_fail()

            assert db.session.scalars(select(User.email)).all() == ["beside@example.com"]


def _user(email: str = "kim@example.com") -> User:
    return User(email=email, first_name="Kim", role=Role.CUSTOMER)


def _add_and_fail(email: str) -> None:
    db.session.add(_user(email))
    db.session.flush()
    raise ZeroDivisionError


def _add_beside_and_fail() -> None:
    with apart() as beside:
        beside.add(_user("beside@example.com"))
    _add_and_fail("inside@example.com")


def _save_after_somebody_else(session: Session, user: User) -> None:
    user.first_name = "Ours"
    with session.no_autoflush:
        session.execute(
            text("UPDATE users SET row_version = row_version + 1 WHERE id = :id"), {"id": user.id}
        )


def _failing(session: Session, sqlstate: str, *, times: int) -> tuple[Callable[[], str], list[int]]:
    tries: list[int] = []

    def use_case() -> str:
        tries.append(1)
        if len(tries) <= times:
            session.execute(_raise(sqlstate))
        return "done"

    return use_case, tries


def _raise(sqlstate: str) -> TextClause:
    return text(f"DO $$ BEGIN RAISE EXCEPTION 'raced' USING ERRCODE = '{sqlstate}'; END $$")


def _crowd(app: Flask, statement: str = "SELECT 1") -> None:
    """Let everybody hold a connection at the same moment."""
    all_have_one = threading.Barrier(CROWD)

    def visit(_: int) -> None:
        with app.app_context(), db.engine.begin() as connection:
            connection.execute(text(statement))
            all_have_one.wait(PATIENCE_SECONDS)

    with ThreadPoolExecutor(CROWD) as visitors:
        list(visitors.map(visit, range(CROWD)))


def _value(statement: str) -> object:
    with db.engine.connect() as connection:
        return connection.scalar(text(statement))


def _wait_until_one_is_left() -> None:
    """Wait until this database has no connection but the one that asks."""
    here = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    end = time.monotonic() + PATIENCE_SECONDS
    while _value(here) != 1:
        assert time.monotonic() < end
        time.sleep(0.1)
