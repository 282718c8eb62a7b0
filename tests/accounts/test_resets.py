"""Tests of reset links and password changes."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from rft_admin.accounts import passwords, resets, sessions
from rft_admin.accounts.models import AdminActivityLog, PasswordReset, Role, User
from rft_admin.accounts.passwords import WeakPassword
from rft_admin.accounts.resets import ResetLinkInvalid, SamePassword, WrongPassword
from rft_admin.core.actor import Actor
from rft_admin.core.database import transact
from tests.accounts.conftest import NOW, PASSWORD, MakeUser

BY = Actor(label="reset link", ip_address="192.0.2.7")
NEW = "amber-kettle-window"


def issue(user: User) -> str:
    """Return the token of a fresh link."""
    return transact(
        lambda: resets.issue_token(resets.create(user, now=NOW, by=BY)),
        by=BY,
    )


def use(token: str, *, new_password: str = NEW, now: datetime = NOW) -> User:
    """Use a link as the door does."""
    return transact(
        lambda: resets.reset_password(token=token, new_password=new_password, now=now, by=BY),
        by=BY,
    )


def sign_in(password: str, device_token: str | None = None) -> sessions.SignInResult:
    """Try to sign in as the door does."""
    return transact(
        lambda: sessions.sign_in(
            email="robin@example.com",
            password=password,
            device_token=device_token,
            now=NOW,
            by=BY,
        ),
        by=BY,
    )


class TestResetLink:
    def test_is_refused_when_nobody_issued_it(self, make_user: MakeUser) -> None:
        issue(make_user())

        with pytest.raises(ResetLinkInvalid):
            use("guessed")

    def test_is_refused_after_its_hour(self, make_user: MakeUser) -> None:
        token = issue(make_user())

        with pytest.raises(ResetLinkInvalid):
            use(token, now=NOW + timedelta(hours=1))

    def test_is_refused_the_second_time(self, make_user: MakeUser) -> None:
        token = issue(make_user())
        use(token)

        with pytest.raises(ResetLinkInvalid):
            use(token, new_password="another-long-word")

    def test_is_refused_once_the_user_may_not_enter(
        self, session: Session, make_user: MakeUser
    ) -> None:
        user = make_user()
        token = issue(user)
        user.is_active = False
        session.commit()

        with pytest.raises(ResetLinkInvalid):
            use(token)

    def test_stays_valid_when_the_new_password_is_refused(self, make_user: MakeUser) -> None:
        token = issue(make_user())

        with pytest.raises(WeakPassword):
            use(token, new_password="password1")

        assert use(token).email == "robin@example.com"

    def test_works_until_its_hour_is_over(self, make_user: MakeUser) -> None:
        token = issue(make_user(must_change_password=True))

        user = use(token, now=NOW + timedelta(minutes=59))

        assert not user.must_change_password
        assert passwords.verify_password(NEW, user.password_hash)
        assert not passwords.verify_password(PASSWORD, user.password_hash)

    def test_is_not_voided_by_another_request(self, make_user: MakeUser) -> None:
        user = make_user()
        first, second = issue(user), issue(user)

        use(first)

        with pytest.raises(ResetLinkInvalid):
            use(second, new_password="another-long-word")

    def test_ends_all_sessions_and_locks(self, make_user: MakeUser) -> None:
        user = make_user()
        opened = sign_in(PASSWORD)
        for _ in range(5):
            locked = sign_in("wrong password")
        assert locked.locked_user is user

        use(issue(user))

        assert sessions.find_active(opened.token, now=NOW) is None
        assert sign_in(NEW).refusal is None

    def test_keeps_only_the_digest_and_leaves_no_secret_in_the_trail(
        self, session: Session, make_user: MakeUser
    ) -> None:
        user = make_user()
        token = issue(user)

        use(token)

        row = session.scalars(select(PasswordReset)).one()
        trail = session.scalars(select(AdminActivityLog)).all()
        text = str([entry.changes for entry in trail])
        assert token != row.token
        assert (row.used, row.used_at, row.ip_address) == (True, NOW, "192.0.2.7")
        assert "password_reset" in {entry.action for entry in trail}
        assert all(secret not in text for secret in (token, row.token, NEW, "$2b$"))
        assert {entry.user_id for entry in trail if entry.action == "password_reset"} == {user.id}


class TestRequestByEmail:
    @pytest.mark.parametrize("columns", [{"role": Role.CUSTOMER}, {"is_active": False}])
    def test_makes_nothing_for_who_may_not_enter(
        self, make_user: MakeUser, columns: dict[str, object]
    ) -> None:
        make_user(**columns)

        assert resets.create_for_email("robin@example.com", now=NOW, by=BY) is None
        assert resets.create_for_email("nobody@example.com", now=NOW, by=BY) is None

    def test_finds_the_user_in_any_case(self, make_user: MakeUser) -> None:
        user = make_user()

        reset = resets.create_for_email(" Robin@Example.com", now=NOW, by=BY)

        assert reset is not None
        assert reset.user is user

    def test_of_a_command_returns_an_absolute_address_that_works(self, make_user: MakeUser) -> None:
        user = make_user(password_hash=None)

        address = transact(lambda: resets.create_reset_link(user, now=NOW, by=BY), by=BY)

        assert address.startswith("http://localhost/admin/reset/")
        assert use(address.rpartition("/")[2]) is user


class TestPasswordChange:
    def change(self, opened: sessions.SignInResult, current: str, new: str) -> str:
        """Change the password as the door does."""
        row = sessions.find_active(opened.token, now=NOW)
        assert row is not None
        return transact(
            lambda: resets.change_password(
                session=row, current_password=current, new_password=new, now=NOW, by=BY
            ),
            by=BY,
        )

    def test_is_refused_without_the_present_password(self, make_user: MakeUser) -> None:
        make_user()
        opened = sign_in(PASSWORD)

        with pytest.raises(WrongPassword):
            self.change(opened, "wrong password", NEW)

    def test_is_refused_when_nothing_changes(self, make_user: MakeUser) -> None:
        make_user()
        opened = sign_in(PASSWORD)

        with pytest.raises(SamePassword):
            self.change(opened, PASSWORD, PASSWORD)

    def test_gives_a_new_token_and_ends_the_other_sessions(self, make_user: MakeUser) -> None:
        user = make_user(must_change_password=True)
        link = issue(user)
        other, opened = sign_in(PASSWORD), sign_in(PASSWORD)

        token = self.change(opened, PASSWORD, NEW)

        assert not user.must_change_password
        assert sessions.find_active(token, now=NOW) is not None
        assert sessions.find_active(opened.token, now=NOW) is None
        assert sessions.find_active(other.token, now=NOW) is None
        with pytest.raises(ResetLinkInvalid):
            use(link)
