"""Tests of sign-in, sessions and the timed lock."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import bcrypt
import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from rft_admin.accounts import locking, passwords, sessions
from rft_admin.accounts.locking import AccountLocked
from rft_admin.accounts.models import AdminActivityLog, AdminSession, Role, User
from rft_admin.accounts.sessions import SignInResult, WrongCredentials
from rft_admin.core.actor import Actor
from rft_admin.core.database import db, transact
from rft_admin.core.settings import Setting, ValueType
from rft_admin.core.tokens import hash_token
from tests.accounts.conftest import NOW, PASSWORD, MakeUser

BY = Actor(label="visitor", ip_address="192.0.2.7", user_agent="Browser", request_id="request-1")


def sign_in(
    email: str = "robin@example.com",
    password: str = PASSWORD,
    device_token: str | None = None,
    now: object = NOW,
) -> SignInResult:
    """Try to sign in as the door does."""
    return transact(
        lambda: sessions.sign_in(
            email=email, password=password, device_token=device_token, now=now, by=BY
        ),
        by=BY,
    )


def fail(times: int, **how: object) -> SignInResult:
    """Fail so often; return the last answer."""
    return [sign_in(password="wrong password", **how) for _ in range(times)][-1]


class TestSignIn:
    def test_refuses_a_wrong_password_and_an_unknown_address_alike(
        self, make_user: MakeUser
    ) -> None:
        make_user()

        wrong, unknown = fail(1), sign_in("nobody@example.com")

        assert type(wrong.refusal) is type(unknown.refusal) is WrongCredentials
        assert str(wrong.refusal) == str(unknown.refusal)
        assert wrong.token is unknown.token is None

    @pytest.mark.parametrize(
        "columns", [{"role": Role.CUSTOMER}, {"is_active": False}, {"password_hash": None}]
    )
    def test_refuses_who_may_not_enter_the_office(
        self, make_user: MakeUser, columns: dict[str, object]
    ) -> None:
        make_user(**columns)

        assert isinstance(sign_in().refusal, WrongCredentials)

    def test_compares_one_hash_whoever_asks(
        self, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_user()
        make_user("robin.customer@example.com", role=Role.CUSTOMER)
        make_user("robin.none@example.com", password_hash=None)
        passwords.verify_password("warm", None)
        real, counts = bcrypt.checkpw, []

        def counting(password: bytes, hashed: bytes) -> bool:
            counts[-1] += 1
            return real(password, hashed)

        monkeypatch.setattr(bcrypt, "checkpw", counting)
        for email in (
            "robin@example.com",
            "robin.customer@example.com",
            "robin.none@example.com",
            "nobody@example.com",
            "no\x00body@example.com",
        ):
            counts.append(0)
            fail(1, email=email)

        assert counts == [1, 1, 1, 1, 1]

    def test_opens_a_session_of_which_only_the_digest_is_kept(
        self, session: Session, make_user: MakeUser
    ) -> None:
        user = make_user()

        result = sign_in("  ROBIN@example.com ")

        row = session.scalars(select(AdminSession)).one()
        assert result.refusal is None
        assert result.token is not None
        assert row.session_token == hash_token(result.token)
        assert (row.user_id, row.ip_address, row.is_active) == (user.id, "192.0.2.7", True)
        assert row.expires_at == NOW + timedelta(hours=12)
        assert user.last_login == NOW

    def test_renews_an_imported_hash(self, session: Session, make_user: MakeUser) -> None:
        imported = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
        user = make_user(password_hash=imported)

        sign_in()

        assert user.password_hash is not None
        assert not passwords.needs_renewal(user.password_hash)
        assert passwords.verify_password(PASSWORD, user.password_hash)

    def test_leaves_an_audit_row_in_the_persons_name(
        self, session: Session, make_user: MakeUser
    ) -> None:
        user = make_user()

        result = sign_in()

        rows = session.scalars(
            select(AdminActivityLog).where(AdminActivityLog.entity_type == "admin_sessions")
        ).all()
        assert [(row.action, row.user_id, row.request_id) for row in rows] == [
            ("signed_in", user.id, "request-1")
        ]
        assert rows[0].changes["session_token"] == "changed"
        assert result.token is not None
        assert hash_token(result.token) not in str(rows[0].changes)


class TestLock:
    def test_comes_with_the_fifth_failure_and_says_how_long(self, make_user: MakeUser) -> None:
        make_user()

        fourth, fifth = fail(4), fail(1)

        assert isinstance(fourth.refusal, WrongCredentials)
        assert isinstance(fifth.refusal, AccountLocked)
        assert fifth.refusal.locked_until == NOW + timedelta(minutes=15)
        assert fifth.refusal.retry_after_seconds == 900
        assert "15 minutes, at 09:45" in fifth.refusal.message

    def test_refuses_the_right_password_until_its_minute(self, make_user: MakeUser) -> None:
        make_user()
        fail(5)

        before = sign_in(now=NOW + timedelta(minutes=14, seconds=59))
        after = sign_in(now=NOW + timedelta(minutes=15))

        assert isinstance(before.refusal, AccountLocked)
        assert "1 minute," in before.refusal.message
        assert after.refusal is None

    def test_is_not_prolonged_by_more_attempts(self, make_user: MakeUser) -> None:
        make_user()
        fail(5)

        fail(3, now=NOW + timedelta(minutes=10))

        assert sign_in(now=NOW + timedelta(minutes=15)).refusal is None

    def test_tells_whose_account_was_locked_just_once(self, make_user: MakeUser) -> None:
        user = make_user()

        answers = [fail(1).locked_user for _ in range(7)]

        assert answers == [None, None, None, None, user, None, None]

    def test_starts_counting_anew_after_a_success(self, make_user: MakeUser) -> None:
        make_user()
        fail(4)
        sign_in()

        assert isinstance(fail(4).refusal, WrongCredentials)

    def test_starts_counting_anew_after_a_quiet_quarter_of_an_hour(
        self, make_user: MakeUser
    ) -> None:
        make_user()
        fail(4)

        later = fail(1, now=NOW + timedelta(minutes=15))

        assert isinstance(later.refusal, WrongCredentials)

    def test_looks_the_same_for_an_address_nobody_has(
        self, session: Session, make_user: MakeUser
    ) -> None:
        make_user()
        known, unknown = fail(5), fail(5, email="nobody@example.com")

        rows = session.scalars(select(AdminSession).where(AdminSession.user_id.is_(None))).all()
        assert str(known.refusal) == str(unknown.refusal)
        assert unknown.locked_user is None
        assert [(row.failed_attempts, row.is_active) for row in rows] == [(5, False)]
        assert "nobody" not in rows[0].device_fingerprint

    def test_counts_different_unknown_addresses_apart(self, make_user: MakeUser) -> None:
        fail(4, email="one@example.com")

        other = fail(1, email="two@example.com")

        assert isinstance(other.refusal, WrongCredentials)

    def test_by_strangers_leaves_a_known_device_open(self, make_user: MakeUser) -> None:
        make_user()
        own = sign_in().device_token

        stranger = fail(6)

        assert isinstance(stranger.refusal, AccountLocked)
        assert sign_in(device_token=own, now=NOW + timedelta(seconds=1)).refusal is None

    def test_of_a_known_device_leaves_the_others_open(self, make_user: MakeUser) -> None:
        make_user()
        first, second = sign_in().device_token, sign_in().device_token

        locked = fail(5, device_token=first)

        assert isinstance(locked.refusal, AccountLocked)
        assert isinstance(sign_in(device_token=first).refusal, AccountLocked)
        assert sign_in(device_token=second).refusal is None
        assert sign_in().refusal is None

    def test_is_not_escaped_by_a_forged_or_foreign_device(self, make_user: MakeUser) -> None:
        make_user()
        make_user("sam@example.com")
        foreign = sign_in("sam@example.com").device_token
        fail(5)

        assert isinstance(sign_in(device_token="forged.cookie").refusal, AccountLocked)
        assert isinstance(sign_in(device_token=foreign).refusal, AccountLocked)

    def test_ends_when_an_admin_unlocks(self, session: Session, make_user: MakeUser) -> None:
        user = make_user()
        fail(5)
        assert sessions.find_locked_until(user, now=NOW) == NOW + timedelta(minutes=15)

        transact(lambda: sessions.unlock(user, now=NOW, by=BY), by=BY)

        assert sessions.find_locked_until(user, now=NOW) is None
        assert sign_in().refusal is None
        actions = session.scalars(
            select(AdminActivityLog.action).where(AdminActivityLog.entity_id == user.id)
        ).all()
        assert {"locked", "unlocked"} <= set(actions)


class TestDevices:
    def test_keep_their_name_at_the_next_sign_in(self, make_user: MakeUser) -> None:
        make_user()
        first = sign_in()

        second = sign_in(device_token=first.device_token)

        assert second.device_token == first.device_token
        assert first.session is not None
        assert second.session is not None
        assert first.session.device_fingerprint == second.session.device_fingerprint != ""

    def test_can_be_shared_by_two_people(self, make_user: MakeUser) -> None:
        make_user()
        make_user("sam@example.com")
        shared = sign_in("sam@example.com", device_token=sign_in().device_token).device_token

        assert sessions.known_device("robin@example.com", shared)
        assert sessions.known_device("sam@example.com", shared)
        assert not sessions.known_device("nobody@example.com", shared)


class TestActiveSession:
    def token(self) -> str:
        """Sign in and return the cookie's token."""
        token = sign_in().token
        assert token is not None
        return token

    def test_is_not_found_by_another_token(self, make_user: MakeUser) -> None:
        make_user()
        self.token()

        assert sessions.find_active("another", now=NOW) is None
        assert sessions.find_active(None, now=NOW) is None

    def test_ends_after_an_idle_hour(self, make_user: MakeUser) -> None:
        make_user()
        token = self.token()

        assert sessions.find_active(token, now=NOW + timedelta(minutes=60)) is None
        assert sessions.find_active(token, now=NOW + timedelta(minutes=59)) is not None

    def test_obeys_the_setting_of_the_idle_time(
        self, session: Session, make_user: MakeUser
    ) -> None:
        make_user()
        token = self.token()
        session.add(
            Setting(
                key="system.session_timeout_minutes",
                value="5",
                value_type=ValueType.NUMBER,
                category="system",
                display_name="",
                description="",
                default_value="60",
            )
        )
        session.commit()

        assert sessions.find_active(token, now=NOW + timedelta(minutes=5)) is None

    def test_ends_after_twelve_hours_however_busy(self, make_user: MakeUser) -> None:
        make_user()
        token = self.token()
        for half_hours in range(1, 24):
            assert sessions.find_active(token, now=NOW + timedelta(minutes=30 * half_hours))

        assert sessions.find_active(token, now=NOW + timedelta(hours=12)) is None

    def test_writes_its_activity_at_most_once_a_minute(
        self, session: Session, make_user: MakeUser
    ) -> None:
        make_user()
        token = self.token()

        seen = []
        for seconds in (30, 60, 90, 125):
            sessions.find_active(token, now=NOW + timedelta(seconds=seconds))
            session.commit()
            row = session.scalars(select(AdminSession)).one()
            seen.append((row.last_activity - NOW).total_seconds())

        assert seen == [0, 60, 60, 125]

    def test_ends_when_the_user_is_deactivated(self, session: Session, make_user: MakeUser) -> None:
        user = make_user()
        token = self.token()
        user.is_active = False
        session.commit()

        assert sessions.find_active(token, now=NOW) is None

    def test_ends_by_hand_and_says_by_whom(self, session: Session, make_user: MakeUser) -> None:
        user = make_user()
        token = self.token()
        row = session.scalars(select(AdminSession)).one()
        admin = replace(BY, user_id=user.id)

        transact(lambda: sessions.end(row, now=NOW, by=admin), by=admin)

        assert sessions.find_active(token, now=NOW) is None
        assert (row.revoked_at, row.revoked_by_id) == (NOW, user.id)

    def test_all_end_but_the_one_in_use(self, session: Session, make_user: MakeUser) -> None:
        user = make_user()
        used, other = self.token(), self.token()
        kept = sessions.find_active(used, now=NOW)

        ended = transact(lambda: sessions.end_all(user, now=NOW, by=BY, except_session=kept), by=BY)

        assert ended == 1
        assert sessions.find_active(used, now=NOW) is not None
        assert sessions.find_active(other, now=NOW) is None

    def test_lives_on_under_a_new_token(self, session: Session, make_user: MakeUser) -> None:
        make_user()
        old = self.token()
        row = session.scalars(select(AdminSession)).one()

        new = transact(lambda: sessions.rotate(row, now=NOW), by=BY)

        assert sessions.find_active(old, now=NOW) is None
        assert sessions.find_active(new, now=NOW) is row


class TestParallelAttempts:
    def attempt_together(self, app: Flask, attempts: int) -> list[SignInResult]:
        """Try wrong passwords at the same moment, each on a connection of its own."""
        start = threading.Barrier(attempts)

        def attempt(_: int) -> SignInResult:
            with app.app_context():
                start.wait()
                return fail(1)

        with ThreadPoolExecutor(attempts) as pool:
            return list(pool.map(attempt, range(attempts)))

    def test_are_counted_one_after_another(self, committed_app: Flask) -> None:
        with committed_app.app_context():
            self.store_user()

        answers = self.attempt_together(committed_app, 8)

        refusals = sorted(type(answer.refusal).__name__ for answer in answers)
        assert refusals == ["AccountLocked"] * 4 + ["WrongCredentials"] * 4
        with committed_app.app_context():
            rows = db.session.scalars(select(AdminSession.failed_attempts)).all()
            db.session.rollback()
        assert rows == [5]

    def test_would_pass_uncounted_without_their_queue(
        self, committed_app: Flask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with committed_app.app_context():
            self.store_user()
        monkeypatch.setattr(locking, "queue_up", lambda **_: None)

        answers = self.attempt_together(committed_app, 8)

        wrong = [a for a in answers if isinstance(a.refusal, WrongCredentials)]
        assert len(wrong) > 4

    def store_user(self) -> None:
        """Store the admin whose password is guessed."""
        db.session.add(
            User(
                email="robin@example.com",
                first_name="Robin",
                role=Role.ADMIN,
                password_hash=passwords.hash_password(PASSWORD),
            )
        )
        db.session.commit()
