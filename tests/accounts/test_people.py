"""Tests of finding, making and deactivating people."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from rft_admin.accounts import people
from rft_admin.accounts.models import AdminActivityLog, Role, User
from rft_admin.accounts.people import EmailTaken, LastAdmin, NotYourself
from rft_admin.core.actor import Actor
from rft_admin.core.database import db, transact
from tests.accounts.conftest import NOW, MakeUser

BY = Actor(label="customer")


def find_or_make(email: str, first_name: str = "Kim") -> User:
    """Ask for the customer of an address as a booking does."""
    return people.get_or_create_customer(
        email=email, first_name=first_name, last_name="Example", phone="01130 000000", now=NOW
    )


class TestCustomers:
    @pytest.mark.parametrize("role", list(Role))
    def test_are_never_changed_by_a_public_form(self, make_user: MakeUser, role: Role) -> None:
        known = make_user(role=role)

        found = transact(lambda: find_or_make("ROBIN@example.com"), by=BY)

        assert found is known
        assert (found.first_name, found.last_name, found.role) == ("Robin", None, role)

    def test_are_made_once_with_a_row_of_the_trail(
        self, session: Session, make_user: MakeUser
    ) -> None:
        make_user()

        made = transact(lambda: find_or_make(" kim@example.com "), by=BY)
        again = transact(lambda: find_or_make("Kim@Example.com", "Other"), by=BY)

        trail = session.scalars(select(AdminActivityLog)).all()
        assert made is again
        assert (made.email, made.first_name, made.role) == ("kim@example.com", "Kim", Role.CUSTOMER)
        assert [(row.action, row.entity_id, row.actor_label) for row in trail] == [
            ("created", made.id, "customer")
        ]
        assert trail[0].changes["email"] == {"old": None, "new": "kim@example.com"}

    def test_are_one_row_however_many_ask_at_once(self, committed_app: Flask) -> None:
        start = threading.Barrier(8)

        def ask(number: int) -> int:
            email = "kim@example.com" if number % 2 else "KIM@example.com"
            with committed_app.app_context():
                start.wait()
                return transact(lambda: find_or_make(email).id, by=BY)

        with ThreadPoolExecutor(8) as pool:
            ids = set(pool.map(ask, range(8)))

        with committed_app.app_context():
            stored = db.session.scalars(select(User.id)).all()
            db.session.rollback()
        assert ids == set(stored)
        assert len(stored) == 1


class TestAdmins:
    def test_are_refused_a_second_account(self, make_user: MakeUser) -> None:
        make_user()

        with pytest.raises(EmailTaken):
            people.create_admin(email="Robin@example.com", first_name="Robin", by=BY)

    def test_are_made_without_a_password(self, session: Session) -> None:
        user = transact(
            lambda: people.create_admin(email="sam@example.com", first_name="Sam", by=BY), by=BY
        )

        assert user.is_admin
        assert user.password_hash is None

    def test_cannot_deactivate_themselves(self, make_user: MakeUser) -> None:
        user = make_user()
        make_user("sam@example.com")

        with pytest.raises(NotYourself):
            people.deactivate(user, now=NOW, by=Actor(user_id=user.id, label="Robin"))

    def test_are_never_all_deactivated(self, make_user: MakeUser) -> None:
        user = make_user()
        make_user("sam@example.com", is_active=False)
        make_user("kit@example.com", role=Role.INSTRUCTOR)

        with pytest.raises(LastAdmin):
            people.deactivate(user, now=NOW, by=BY)

    def test_are_deactivated_and_activated_by_name(
        self, session: Session, make_user: MakeUser
    ) -> None:
        user = make_user()
        make_user("sam@example.com")

        transact(lambda: people.deactivate(user, now=NOW, by=BY), by=BY)
        assert people.list_active_admins() == [
            session.scalars(select(User).where(User.email == "sam@example.com")).one()
        ]
        transact(lambda: people.activate(user, by=BY), by=BY)

        trail = session.scalars(select(AdminActivityLog).order_by(AdminActivityLog.id)).all()
        assert [row.action for row in trail] == ["deactivated", "activated"]
        assert trail[0].changes == {"is_active": {"old": True, "new": False}}
