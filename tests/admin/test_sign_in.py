"""Tests of the office's door, from outside: pages, cookies, limits, redirects."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from rft_admin import create_app
from rft_admin.accounts import passwords, resets
from rft_admin.accounts.models import AdminActivityLog, AdminSession, Role, User
from rft_admin.admin import guard
from rft_admin.core import clock
from rft_admin.core.actor import SYSTEM
from rft_admin.core.database import db, transact
from rft_admin.core.tokens import hash_token
from rft_admin.messaging.models import EmailLog
from tests.conftest import Databases, IsolatedClient, environment

EMAIL = "robin@example.com"
PASSWORD = "quiet-otter-lantern"
NEW = "amber-kettle-window"


@pytest.fixture
def user(session: Session) -> User:
    """An admin with a known password."""
    user = User(
        email=EMAIL,
        first_name="Robin",
        role=Role.ADMIN,
        password_hash=passwords.hash_password(PASSWORD),
    )
    session.add(user)
    session.commit()
    return user


def csrf_token(client: FlaskClient, page: str) -> str:
    """Return the token of a page's form."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(page).text)
    assert found is not None
    return found[1]


def post(client: FlaskClient, page: str, *, to: str | None = None, **fields: str) -> TestResponse:
    """Fill in a page's form and send it."""
    return client.post(to or page, data={"csrf_token": csrf_token(client, page), **fields})


def sign_in(client: FlaskClient, password: str = PASSWORD, **fields: str) -> TestResponse:
    """Fill in the sign-in form and send it."""
    return post(client, "/admin/sign-in", **({"email": EMAIL, "password": password} | fields))


def session_cookie(client: FlaskClient) -> str:
    """Return the token of the office's session."""
    cookie = client.get_cookie("rft_session")
    assert cookie is not None
    return cookie.value


def store_admin(app: Flask, password: str) -> None:
    """Store an admin whose hash belongs to the password, for good."""
    with app.app_context():
        db.session.add(
            User(
                email=EMAIL,
                first_name="Robin",
                role=Role.ADMIN,
                password_hash=passwords.hash_password(password),
            )
        )
        db.session.commit()


class TestTheGuard:
    @pytest.mark.parametrize(
        "path", ["/admin/", "/admin", "/admin/bookings/", "/admin/no-such-page", "/admin/password"]
    )
    def test_sends_strangers_to_sign_in_and_remembers_where_they_headed(
        self, client: FlaskClient, path: str
    ) -> None:
        response = client.get(path)

        assert response.status_code == 302
        assert response.location.startswith("/admin/sign-in")

    def test_keeps_the_whole_address_for_afterwards(self, client: FlaskClient, user: User) -> None:
        location = client.get("/admin/password?from=letter").location

        assert location == "/admin/sign-in?next=/admin/password?from%3Dletter"

    def test_answers_programs_with_401(self, client: FlaskClient) -> None:
        response = client.get("/admin/bookings/", headers={"Accept": "application/json"})

        assert response.status_code == 401
        assert response.is_json

    def test_stops_unsafe_requests_of_strangers(self, client: FlaskClient, user: User) -> None:
        token = csrf_token(client, "/admin/sign-in")

        response = client.post("/admin/password", data={"csrf_token": token})

        assert (response.status_code, response.location) == (
            302,
            "/admin/sign-in?next=/admin/password",
        )

    @pytest.mark.parametrize(
        ("referrer", "heading"),
        [
            ("http://localhost/admin/bookings/?page=2", "/admin/bookings/?page%3D2"),
            ("https://example.org/admin/bookings/", None),
            ("", None),
        ],
    )
    def test_leads_back_to_the_page_whose_action_was_interrupted(
        self, client: FlaskClient, referrer: str, heading: str | None
    ) -> None:
        token = csrf_token(client, "/admin/sign-in")

        response = client.post(
            "/admin/bookings/action/", data={"csrf_token": token}, headers={"Referer": referrer}
        )

        query = f"?next={heading}" if heading else ""
        assert (response.status_code, response.location) == (302, "/admin/sign-in" + query)

    def test_lets_nobody_in_with_a_forged_or_ended_session(
        self, client: FlaskClient, user: User, session: Session
    ) -> None:
        client.set_cookie("rft_session", "forged")
        assert client.get("/admin/password").status_code == 302

        sign_in(client)
        assert client.get("/admin/password").status_code == 200
        row = session.scalars(select(AdminSession)).one()
        row.is_active = False
        session.commit()
        assert client.get("/admin/password").status_code == 302

    def test_lets_nobody_near_the_office_before_the_first_password_is_replaced(
        self, client: FlaskClient, user: User, session: Session
    ) -> None:
        user.must_change_password = True
        session.commit()
        sign_in(client)

        for path in ("/admin/", "/admin/bookings/", "/admin/no-such-page"):
            response = client.get(path)
            assert (response.status_code, response.location) == (302, "/admin/password")
        assert "Choose your own password" in client.get("/admin/password").text


class TestSignIn:
    def test_is_refused_without_a_csrf_token(self, client: FlaskClient, user: User) -> None:
        response = client.post("/admin/sign-in", data={"email": EMAIL, "password": PASSWORD})

        assert response.status_code == 400
        assert client.get_cookie("rft_session") is None

    @pytest.mark.parametrize(
        ("email", "password"),
        [(EMAIL, "wrong password"), ("nobody@example.com", PASSWORD), ("", ""), (EMAIL, "x\x00y")],
    )
    def test_says_the_same_whatever_is_wrong(
        self, client: FlaskClient, user: User, email: str, password: str
    ) -> None:
        response = sign_in(client, password, email=email)

        assert response.status_code == 422
        assert "The e-mail address or the password is not right." in response.text
        assert f'value="{email}"' in response.text
        assert password not in response.text or not password
        assert client.get_cookie("rft_session") is None

    def test_is_refused_to_customers(
        self, client: FlaskClient, user: User, session: Session
    ) -> None:
        user.role = Role.CUSTOMER
        session.commit()

        assert sign_in(client).status_code == 422

    @pytest.mark.parametrize("role", [Role.ADMIN, Role.INSTRUCTOR])
    def test_opens_the_office_to_its_people(
        self, client: FlaskClient, user: User, session: Session, role: Role
    ) -> None:
        user.role = role
        session.commit()

        response = sign_in(client)

        assert (response.status_code, response.location) == (303, "/admin/")
        row = session.scalars(select(AdminSession)).one()
        assert row.session_token == hash_token(session_cookie(client))
        assert client.get("/admin/password").status_code == 200

    def test_sets_cookies_that_scripts_and_other_sites_cannot_use(
        self, client: FlaskClient, user: User
    ) -> None:
        response = sign_in(client)

        cookies = {
            cookie.split("=")[0]: cookie for cookie in response.headers.getlist("Set-Cookie")
        }
        for name in ("rft_session", "rft_device"):
            assert "HttpOnly" in cookies[name]
            assert "SameSite=Lax" in cookies[name]
            assert "Path=/" in cookies[name]
        assert "Max-Age=43200" in cookies["rft_session"]
        assert "Max-Age=34560000" in cookies["rft_device"]

    def test_gives_a_new_token_each_time(self, client: FlaskClient, user: User) -> None:
        client.set_cookie("rft_session", "planted-by-somebody")
        sign_in(client)
        first = session_cookie(client)
        client.delete_cookie("rft_session")

        sign_in(client)

        assert "planted-by-somebody" != first != session_cookie(client)

    def test_voids_forms_that_were_open_before(self, client: FlaskClient, user: User) -> None:
        planted = csrf_token(client, "/admin/sign-in")
        sign_in(client)

        response = client.post("/admin/sign-out", data={"csrf_token": planted})

        assert response.status_code == 400

    @pytest.mark.parametrize(
        ("asked", "reached"),
        [
            ("/admin/bookings/?page=2", "/admin/bookings/?page=2"),
            ("https://example.org/admin/", "/admin/"),
            ("//example.org/admin/", "/admin/"),
            ("/admin/\\example.org", "/admin/"),
            ("/\\example.org", "/admin/"),
            ("/admin/\r\nSet-Cookie: a=b", "/admin/"),
            ("javascript:alert(1)", "/admin/"),
            ("/admin/sign-out", "/admin/"),
            ("/admin/sign-in", "/admin/"),
            ("", "/admin/"),
        ],
    )
    def test_goes_on_to_pages_of_this_office_only(
        self, client: FlaskClient, user: User, asked: str, reached: str
    ) -> None:
        response = sign_in(client, next=asked)

        assert response.location == reached

    def test_carries_the_heading_through_a_mistake(self, client: FlaskClient, user: User) -> None:
        response = sign_in(client, "wrong password", next="/admin/bookings/")

        assert 'name="next" value="/admin/bookings/"' in response.text

    def test_page_sends_the_signed_in_onwards(self, client: FlaskClient, user: User) -> None:
        sign_in(client)

        assert client.get("/admin/sign-in").location == "/admin/"

    def test_pages_are_not_kept_by_caches(self, client: FlaskClient) -> None:
        response = client.get("/admin/sign-in")

        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["Referrer-Policy"] == "same-origin"


class TestTooManyTries:
    def test_lock_and_say_how_long(self, client: FlaskClient, user: User, session: Session) -> None:
        for _ in range(4):
            assert sign_in(client, "wrong password").status_code == 422

        fifth = sign_in(client, "wrong password")

        assert fifth.status_code == 429
        assert 800 < int(fifth.headers["Retry-After"]) <= 900
        assert "Please try again in 15 minutes" in fifth.text
        assert sign_in(client).status_code == 429
        for row in session.scalars(select(AdminSession)):
            row.expires_at = row.locked_until = clock.now()
        session.commit()
        assert [sign_in(client, "wrong password").status_code for _ in range(5)][-1] == 429
        letters = session.scalars(select(EmailLog)).all()
        assert [(letter.template_name, letter.recipient_email) for letter in letters] == [
            ("account_locked", EMAIL)
        ]

    def test_look_the_same_for_an_address_nobody_has(
        self, client: FlaskClient, user: User, session: Session
    ) -> None:
        answers = [sign_in(client, "wrong password", email="nobody@example.com") for _ in range(5)]

        assert [answer.status_code for answer in answers] == [422, 422, 422, 422, 429]
        assert session.scalars(select(EmailLog)).all() == []

    def test_by_a_stranger_leave_the_owners_device_open(
        self, app: Flask, client: FlaskClient, user: User
    ) -> None:
        sign_in(client)
        stranger = app.test_client()
        answers = {sign_in(stranger, "wrong password").status_code for _ in range(25)}
        client.delete_cookie("rft_session")

        again = sign_in(client)

        assert answers == {422, 429}
        assert again.status_code == 303

    def test_of_one_network_address_are_limited_whatever_the_e_mail(
        self, client: FlaskClient
    ) -> None:
        token = csrf_token(client, "/admin/sign-in")
        statuses = [
            client.post(
                "/admin/sign-in",
                data={"csrf_token": token, "email": f"{number}@example.com", "password": "x"},
            ).status_code
            for number in range(61)
        ]

        assert statuses == [422] * 60 + [429]

    def test_to_ask_for_links_are_limited_for_every_address_alike(
        self, client: FlaskClient, user: User
    ) -> None:
        for email in (EMAIL, "nobody@example.com"):
            statuses = [post(client, "/admin/forgot", email=email).status_code for _ in range(6)]
            assert statuses == [200] * 5 + [429]

    def test_to_guess_a_reset_link_are_limited(self, client: FlaskClient) -> None:
        statuses = [client.get(f"/admin/reset/{number}").status_code for number in range(31)]

        assert statuses == [404] * 30 + [429]

    def test_lock_the_known_device_alone_when_they_come_from_it(
        self, app: Flask, client: FlaskClient, user: User
    ) -> None:
        sign_in(client)
        client.delete_cookie("rft_session")
        for _ in range(5):
            answer = sign_in(client, "wrong password")

        assert answer.status_code == 429
        assert sign_in(app.test_client()).status_code == 303

    def test_to_guess_the_present_password_are_limited(self, committed_app: Flask) -> None:
        store_admin(committed_app, PASSWORD)
        client = committed_app.test_client()
        sign_in(client)
        answers = [
            post(
                client,
                "/admin/password",
                current_password="wrong password",
                new_password=NEW,
                confirm_password=NEW,
            )
            for _ in range(11)
        ]

        assert [answer.status_code for answer in answers] == [422] * 10 + [429]
        assert int(answers[-1].headers["Retry-After"]) > 0


class TestSignOut:
    def test_is_no_link(self, client: FlaskClient, user: User) -> None:
        sign_in(client)

        assert client.get("/admin/sign-out").status_code == 405

    def test_ends_the_session_on_the_server_too(
        self, client: FlaskClient, user: User, session: Session
    ) -> None:
        sign_in(client)
        token = session_cookie(client)

        response = post(client, "/admin/password", to="/admin/sign-out")

        assert (response.status_code, response.location) == (303, "/admin/sign-in")
        assert client.get_cookie("rft_session") is None
        assert client.get_cookie("rft_device") is not None
        client.set_cookie("rft_session", token)
        assert client.get("/admin/password").status_code == 302
        session.expire_all()
        assert session.scalars(select(AdminSession)).one().revoked_by_id == user.id


class TestPasswordPage:
    def change(self, client: FlaskClient, **fields: str) -> TestResponse:
        """Fill in the page and send it."""
        filled = {"current_password": PASSWORD, "new_password": NEW, "confirm_password": NEW}
        return post(client, "/admin/password", **(filled | fields))

    @pytest.mark.parametrize(
        ("fields", "field", "fault"),
        [
            ({"current_password": "wrong"}, "current_password", "not your present password"),
            ({"new_password": "short"}, "new_password", "at least 8 characters"),
            ({"new_password": "password1"}, "new_password", "among the commonest"),
            (
                {"new_password": passwords.FIRST_PASSWORD},
                "new_password",
                "the password the system came with",
            ),
            ({"confirm_password": "other"}, "confirm_password", "The two passwords differ"),
            (
                {"new_password": PASSWORD, "confirm_password": PASSWORD},
                "new_password",
                "differs from the present one",
            ),
        ],
    )
    def test_shows_each_fault_beside_its_field(
        self, client: FlaskClient, user: User, fields: dict[str, str], field: str, fault: str
    ) -> None:
        sign_in(client)

        response = self.change(client, **fields)

        assert response.status_code == 422
        beside = re.search(rf'id="{field}-fault">([^<]+)<', response.text)
        assert beside is not None
        assert fault in beside[1]
        assert "aria-invalid" in response.text

    def test_changes_it_with_a_new_token_a_letter_and_an_audit_row(
        self, client: FlaskClient, user: User, session: Session
    ) -> None:
        user.must_change_password = True
        session.commit()
        sign_in(client)
        before = session_cookie(client)

        response = self.change(client)

        assert (response.status_code, response.location) == (303, "/admin/")
        assert session_cookie(client) != before
        assert client.get("/admin/password").status_code == 200
        session.expire_all()
        assert not user.must_change_password
        assert session.scalars(select(EmailLog.template_name)).all() == ["password_changed"]
        row = session.scalars(
            select(AdminActivityLog).where(
                AdminActivityLog.action == "password_changed",
                AdminActivityLog.entity_type == "users",
            )
        ).one()
        assert (row.user_id, row.actor_label) == (user.id, "Robin")
        assert row.changes["password_hash"] == "changed"
        assert row.request_id == response.headers["X-Request-ID"]


class TestForgotten:
    def test_never_tells_whether_the_address_exists(
        self, client: FlaskClient, user: User, session: Session
    ) -> None:
        unknown = post(client, "/admin/forgot", email="nobody@example.com")
        known = post(client, "/admin/forgot", email=EMAIL)

        same = re.compile(r"nonce-[^']+|nobody@example\.com|robin@example\.com")
        assert unknown.status_code == known.status_code == 200
        assert same.sub("", unknown.text) == same.sub("", known.text)
        letters = session.scalars(select(EmailLog)).all()
        assert [letter.recipient_email for letter in letters] == [EMAIL]

    def test_survives_nonsense(self, client: FlaskClient) -> None:
        assert post(client, "/admin/forgot", email="a\x00b").status_code == 200
        assert post(client, "/admin/forgot", email="").status_code == 200


class TestReset:
    @pytest.fixture
    def page(self, user: User) -> str:
        """The page of a fresh link."""
        link = transact(lambda: resets.create_reset_link(user, now=clock.now(), by=SYSTEM))
        return link.removeprefix("http://localhost")

    def test_of_an_unknown_or_used_link_offers_a_new_one(
        self, client: FlaskClient, page: str
    ) -> None:
        post(client, page, new_password=NEW, confirm_password=NEW)

        for address in (page, "/admin/reset/guessed"):
            response = client.get(address)
            assert response.status_code == 404
            assert "used or is older than an hour" in response.text
            assert 'href="/admin/forgot"' in response.text

    def test_keeps_the_link_good_through_a_fault(self, client: FlaskClient, page: str) -> None:
        weak = post(client, page, new_password="short", confirm_password="short")
        differing = post(client, page, new_password=NEW, confirm_password="other")
        done = post(client, page, new_password=NEW, confirm_password=NEW)

        assert [weak.status_code, differing.status_code, done.status_code] == [422, 422, 303]

    def test_opens_a_locked_account_and_ends_its_sessions(
        self, app: Flask, client: FlaskClient, user: User, page: str, session: Session
    ) -> None:
        elsewhere = app.test_client()
        sign_in(elsewhere)
        for _ in range(5):
            locked = sign_in(client, "wrong password")
        assert locked.status_code == 429

        response = post(client, page, new_password=NEW, confirm_password=NEW)

        assert (response.status_code, response.location) == (303, "/admin/sign-in")
        assert "Password changed" in client.get("/admin/sign-in").text
        assert elsewhere.get("/admin/password").status_code == 302
        assert sign_in(client).status_code == 422
        assert sign_in(client, NEW).status_code == 303
        templates = session.scalars(select(EmailLog.template_name).order_by(EmailLog.id)).all()
        assert templates == ["account_locked", "password_changed"]


class TestIdleness:
    def test_ends_the_session_after_an_hour(
        self, client: FlaskClient, user: User, session: Session
    ) -> None:
        sign_in(client)
        row = session.scalars(select(AdminSession)).one()
        row.last_activity -= timedelta(minutes=61)
        session.commit()

        assert client.get("/admin/password").status_code == 302


@pytest.fixture
def production(databases: Databases, fresh_database: str) -> Iterator[Flask]:
    """The application as it runs in production, on a database of its own."""
    app = create_app(
        environment(
            fresh_database,
            APP_ENV="production",
            SECRET_KEY="a-secret-key-of-more-than-thirty-two-characters",
            STRIPE_SECRET_KEY="sk_live_1",
            SMTP_URL="smtp://mail.example.com:587?tls=starttls",
            PUBLIC_URL="https://localhost",
            FIELD_ENCRYPTION_KEYS="k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        )
    )
    app.test_client_class = IsolatedClient
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


class TestProduction:
    def sign_in(self, app: Flask, password: str) -> TestResponse:
        """Sign in over TLS, as a browser does it."""
        client = app.test_client()
        secure = {"base_url": "https://localhost"}
        page = client.get("/admin/sign-in", **secure).text
        found = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert found is not None
        return client.post(
            "/admin/sign-in",
            data={"csrf_token": found[1], "email": EMAIL, "password": password},
            headers={"Referer": "https://localhost/admin/sign-in"},
            **secure,
        )

    def test_never_accepts_the_known_first_password(self, production: Flask) -> None:
        store_admin(production, passwords.FIRST_PASSWORD)

        response = self.sign_in(production, passwords.FIRST_PASSWORD)

        assert response.status_code == 422
        with production.app_context(), db.engine.connect() as connection:
            opened = connection.scalar(text("SELECT count(*) FROM admin_sessions WHERE is_active"))
        assert opened == 0

    def test_binds_its_cookies_to_this_host_and_to_tls(self, production: Flask) -> None:
        store_admin(production, PASSWORD)

        response = self.sign_in(production, PASSWORD)

        assert response.status_code == 303
        cookies = response.headers.getlist("Set-Cookie")
        ours = [cookie for cookie in cookies if "rft_session=" in cookie or "rft_device=" in cookie]
        assert len(ours) == 2
        for cookie in ours:
            assert cookie.startswith("__Host-")
            assert "; Secure" in cookie
            assert "Path=/" in cookie
            assert "Domain" not in cookie


class TestADatabaseThatIsAway:
    def test_shows_the_signed_in_a_plain_page(self) -> None:
        client = create_app(environment("postgresql://nobody@127.0.0.1:1/none")).test_client()
        client.set_cookie("rft_session", "any")

        response = client.get("/admin/")

        assert response.status_code == 503
        assert "Retry-After" in response.headers
        assert "busy" in response.text


def test_the_doors_own_pages_need_no_sign_in() -> None:
    assert {"office.sign_in", "office.forgot", "office.reset"} < guard.OPEN_ENDPOINTS
    assert "office.password" not in guard.OPEN_ENDPOINTS
