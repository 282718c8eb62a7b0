"""Tests of the commands: each as a person types it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select, text

from config import Environment
from rft_admin import create_app
from rft_admin.accounts.models import AdminSession, PasswordReset, Role, User
from rft_admin.accounts.passwords import FIRST_PASSWORD, hash_password, verify_password
from rft_admin.accounts.sessions import sign_in
from rft_admin.bookings.models import Booking
from rft_admin.core import clock
from rft_admin.core.actor import SYSTEM
from rft_admin.core.database import db, transact
from seeds.reference import ADMIN_EMAIL
from tests.conftest import Databases, environment

Flask_ = Callable[..., Result]

PRODUCTION = {
    "APP_ENV": "production",
    "SECRET_KEY": "a-secret-key-of-more-than-thirty-two-characters",
    "PUBLIC_URL": "https://www.example.com",
    "STRIPE_SECRET_KEY": "sk_test_x",
    "STRIPE_WEBHOOK_SECRET": "whsec_x",
    "SMTP_URL": "smtp://mail.example.com:587",
    "FIELD_ENCRYPTION_KEYS": "a:" + "A" * 43 + "=",
}


@pytest.fixture
def flask(committed_app: Flask) -> Flask_:
    """Run a command of `flask` against a database of its own."""

    def run(*words: str, **options: Any) -> Result:
        return committed_app.test_cli_runner().invoke(args=list(words), **options)

    return run


@pytest.fixture
def seeded(flask: Flask_) -> Flask_:
    assert flask("seed").exit_code == 0
    return flask


@pytest.fixture
def production(fresh_database: str) -> Iterator[Callable[..., Flask]]:
    """Build the application for production."""
    made = []

    def build(**others: str) -> Flask:
        app = create_app(environment(fresh_database, **PRODUCTION, **others))
        made.append(app)
        return app

    yield build
    for app in made:
        with app.app_context():
            db.engine.dispose()


class TestSeed:
    def test_refuses_the_demo_in_production(self, production: Callable[..., Flask]) -> None:
        result = production().test_cli_runner().invoke(args=["seed", "--demo"])

        assert result.exit_code == 1
        assert "The demo is refused in production." in result.output

    def test_refuses_the_known_password_in_production(
        self, production: Callable[..., Flask]
    ) -> None:
        app = production(ADMIN_INITIAL_PASSWORD=FIRST_PASSWORD)

        result = app.test_cli_runner().invoke(args=["seed"])

        assert result.exit_code == 1
        assert "ADMIN_INITIAL_PASSWORD cannot be used" in result.output
        with app.app_context():
            assert db.session.scalars(select(User)).all() == []

    def test_never_accepts_the_known_password_in_production(
        self, production: Callable[..., Flask]
    ) -> None:
        app = production()
        app.test_cli_runner().invoke(args=["seed"])

        with app.app_context():
            # Even if it came from a development database.
            _set_password(FIRST_PASSWORD)
            result = transact(
                lambda: sign_in(
                    email=ADMIN_EMAIL,
                    password=FIRST_PASSWORD,
                    device_token=None,
                    now=clock.now(),
                    by=SYSTEM,
                )
            )

        assert app.config["RFT"].environment is Environment.PRODUCTION
        assert result.refusal is not None
        assert result.token is None

    def test_says_what_it_added_and_then_nothing(self, flask: Flask_) -> None:
        first, second = flask("seed"), flask("seed")

        assert "course Emergency First Aid at Work" in first.output
        assert "45 settings" in first.output
        assert second.output == "Nothing to seed.\n"


class TestSetup:
    def test_migrates_and_seeds_an_empty_database(self, databases: Databases) -> None:
        url = databases.create("rft_setup")
        app = create_app(environment(url))

        result = app.test_cli_runner().invoke(args=["setup"])

        with app.app_context():
            found = db.session.scalar(select(User.email))
            db.session.remove()
            db.engine.dispose()
        databases.drop("rft_setup")
        assert result.exit_code == 0, result.output
        assert found == ADMIN_EMAIL


class TestCheck:
    def test_tells_each_figure(self, seeded: Flask_) -> None:
        result = seeded("check")

        assert result.exit_code == 0
        figures = result.output.splitlines()
        assert len(figures) >= 15
        assert all(line.startswith("ok ") for line in figures)

    def test_ends_with_1_when_one_is_broken(self, committed_app: Flask, seeded: Flask_) -> None:
        seeded("load-test-data", "--bookings", "1")
        with committed_app.app_context():
            db.session.execute(text("UPDATE bookings SET payment_amount = payment_amount + 1"))
            db.session.commit()

        result = seeded("check")

        assert result.exit_code == 1
        assert "BROKEN         1  bookings said to be paid for which less has come" in result.output


class TestLoadTestData:
    def test_is_refused_in_production(self, production: Callable[..., Flask]) -> None:
        result = production().test_cli_runner().invoke(args=["load-test-data", "--bookings", "10"])

        assert result.exit_code == 1
        assert "refused in production" in result.output

    def test_adds_consistent_bookings_and_more_later(
        self, committed_app: Flask, seeded: Flask_
    ) -> None:
        for number in ("25", "14"):
            assert seeded("load-test-data", "--bookings", number).exit_code == 0

        with committed_app.app_context():
            assert len(db.session.scalars(select(Booking.id)).all()) == 39
        assert seeded("check").exit_code == 0


class TestJobs:
    def test_names_the_jobs_when_there_is_no_such_one(self, flask: Flask_) -> None:
        result = flask("jobs", "run", "nothing")

        assert result.exit_code == 1
        assert "retention" in result.output

    @pytest.mark.parametrize(
        "name",
        [
            "sweep_letters",
            "tidy_holds",
            "check_payments",
            "send_reminders",
            "ask_to_decide",
            "remind_of_expiry",
            "remind_of_invoices",
            "expire_certificates",
            "expire_quotes",
            "retention",
            "warn_of_disputes",
            "watch_size",
        ],
    )
    def test_run_by_hand(self, seeded: Flask_, name: str) -> None:
        result = seeded("jobs", "run", name)

        assert result.exit_code == 0, result.output


class TestUsers:
    @pytest.mark.parametrize("command", ["unlock", "reset-password"])
    def test_are_told_when_unknown(self, seeded: Flask_, command: str) -> None:
        result = seeded("users", command, "nobody@example.com")

        assert result.exit_code == 1
        assert "There is no user nobody@example.com." in result.output

    def test_get_a_link_for_an_hour(self, committed_app: Flask, seeded: Flask_) -> None:
        result = seeded("users", "reset-password", ADMIN_EMAIL.upper())

        assert result.output.startswith("http://localhost/admin/reset/")
        with committed_app.app_context():
            reset = db.session.scalars(select(PasswordReset)).one()
            assert 3500 < (reset.expires_at - clock.now()).total_seconds() <= 3600

    def test_are_unlocked(self, committed_app: Flask, seeded: Flask_) -> None:
        with committed_app.app_context():
            for _ in range(5):
                transact(lambda: _fail_to_sign_in())
            assert transact(lambda: _fail_to_sign_in().refusal) is not None

        result = seeded("users", "unlock", ADMIN_EMAIL)

        assert result.exit_code == 0
        with committed_app.app_context():
            _set_password("a password of our own")
            signed_in = transact(lambda: _sign_in("a password of our own"))
            assert signed_in.refusal is None
            assert db.session.scalars(select(AdminSession).where(AdminSession.is_active)).all()

    def test_become_admins_by_a_link(self, committed_app: Flask, seeded: Flask_) -> None:
        result = seeded("users", "create-admin", "kim@example.com", "--first-name", "Kim")

        assert result.output.startswith("http://localhost/admin/reset/")
        with committed_app.app_context():
            user = db.session.scalars(select(User).where(User.email == "kim@example.com")).one()
            assert (user.role, user.first_name, user.password_hash) == (Role.ADMIN, "Kim", None)

    def test_are_not_made_twice(self, seeded: Flask_) -> None:
        result = seeded("users", "create-admin", ADMIN_EMAIL)

        assert result.exit_code == 1
        assert "already a person with this e-mail address" in result.output


class TestPrivacy:
    def test_writes_an_export_into_a_directory(self, seeded: Flask_, tmp_path: Path) -> None:
        seeded("load-test-data", "--bookings", "10")

        result = seeded(
            "privacy", "export", "ada.aldacre.0@example.com", "--out", str(tmp_path / "a")
        )

        assert result.exit_code == 0, result.output
        record = json.loads((tmp_path / "a" / "person.json").read_text())
        assert len(record["bookings"]) == 10

    def test_asks_before_it_erases(self, committed_app: Flask, seeded: Flask_) -> None:
        seeded("load-test-data", "--bookings", "10")

        declined = seeded("privacy", "erase", "ada.aldacre.0@example.com", input="n\n")
        accepted = seeded("privacy", "erase", "ada.aldacre.0@example.com", input="y\n")

        assert declined.exit_code == 1
        assert "Erased. Kept: payments" in accepted.output
        with committed_app.app_context():
            assert "ada.aldacre.0@example.com" not in db.session.scalars(select(User.email)).all()

    def test_refuses_to_erase_who_works_here(self, seeded: Flask_) -> None:
        result = seeded("privacy", "erase", ADMIN_EMAIL, "--yes")

        assert result.exit_code == 1
        assert "works here" in result.output


def _set_password(plain: str) -> None:
    user = db.session.scalars(select(User).where(User.email == ADMIN_EMAIL)).one()
    user.password_hash = hash_password(plain)
    db.session.commit()
    assert verify_password(plain, user.password_hash)


def _fail_to_sign_in() -> Any:
    return _sign_in("not the password")


def _sign_in(password: str) -> Any:
    return sign_in(
        email=ADMIN_EMAIL, password=password, device_token=None, now=clock.now(), by=SYSTEM
    )
