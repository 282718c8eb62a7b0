"""The Procfile's own lines in production, against a database as Heroku gives it."""

import base64
import json
import logging
import re
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import bcrypt
import psycopg
import pytest

from rft_admin.accounts.passwords import FIRST_PASSWORD
from sandbox.mail import MailCatcher
from sandbox.ports import free_port
from seeds.reference import ADMIN_EMAIL
from tests.dynos import (
    HOST,
    PLAN_CONNECTIONS,
    Answer,
    Customer,
    Database,
    Dyno,
    Peaks,
    procfile_line,
    until,
)

logger = logging.getLogger(__name__)
pytestmark = pytest.mark.xdist_group("heroku")

SHOP, UNSEEDED = "shop", "unseeded"
SECRETS = {
    "SECRET_KEY": secrets.token_hex(32),
    "FIELD_ENCRYPTION_KEYS": "k1:" + base64.b64encode(secrets.token_bytes(32)).decode(),
    "STRIPE_SECRET_KEY": "sk_test_never_used_here",
    "STRIPE_WEBHOOK_SECRET": "whsec_never_used_here",
}
#: design/stack.md: web 10, worker 6, release 2, spare 2.
BUDGET = {"web": 10, "worker": 6, "release": 2}
BUYERS, PLACES = 40, 12
#: A day in Leeds, a month from now.
OPEN_DATE = """
    INSERT INTO course_schedules
        (course_id, venue_id, start_datetime, end_datetime, max_capacity, is_published)
    SELECT c.id, v.id, day + interval '9 hours', day + interval '16 hours', %s, true
    FROM courses c, venues v, date_trunc('day', now() + interval '30 days') AS day
    WHERE c.course_type = 'EFAW' AND v.city = 'Leeds'
    RETURNING id
"""
NEW_PASSWORD = "amber-kettle-window"


class Platform:
    """The database, the mail server, and dynos on demand."""

    def __init__(self, database: Database, mail: MailCatcher, directory: Path) -> None:
        self.database = database
        self.mail = mail
        self.port = free_port()
        self._directory = directory

    def environ(self, name: str = SHOP) -> dict[str, str]:
        """Return the config vars, as `app.json` and Heroku's own buildpack set them."""
        return {
            **SECRETS,
            "DATABASE_URL": self.database.address(name),
            "PUBLIC_URL": f"https://{HOST}",
            "SMTP_URL": f"smtp://127.0.0.1:{self.mail.smtp_port}?tls=none",
            "WEB_CONCURRENCY": "2",
            "PORT": str(self.port),
            "LOG_FORMAT": "json",
        }

    def dyno(self, name: str, environ: dict[str, str] | None = None) -> Dyno:
        """Start one line of the Procfile."""
        return Dyno(name, procfile_line(name), environ or self.environ(), self._log(name))

    def run(self, command: str) -> str:
        """Run a command in a dyno of its own and return what it printed."""
        with Dyno("run", command, self.environ(), self._log("run")) as dyno:
            assert dyno.wait() == 0, dyno.said
        return dyno.said

    def readyz(self) -> dict[str, str]:
        """Return what the web says of the house."""
        said: dict[str, str] = json.loads(Customer(self.port).get("/readyz").text)
        return said

    def _log(self, name: str) -> Path:
        return self._directory / f"{name}-{secrets.token_hex(4)}.log"


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """Heroku with an empty database."""
    directory = tmp_path_factory.mktemp("heroku")
    with Database(directory / "postgres") as database, MailCatcher(directory / "mail") as mail:
        database.create(SHOP)
        yield Platform(database, mail, directory)


@pytest.fixture(scope="module")
def first_releases(platform: Platform) -> list[tuple[int, str]]:
    """Two first releases at once; each one's exit code and words."""
    with platform.dyno("release") as one, platform.dyno("release") as other:
        ended = [(dyno.wait(), dyno.said) for dyno in (one, other)]
    platform.database.create(UNSEEDED, template=SHOP)
    return ended


@pytest.fixture(scope="module")
def web(platform: Platform, first_releases: list[tuple[int, str]]) -> Iterator[Dyno]:
    """The web dyno, as soon as it answers."""
    with platform.dyno("web") as dyno:
        until(lambda: answers(platform, dyno), "the web answers")
        yield dyno


def answers(platform: Platform, web: Dyno) -> bool:
    assert web.process.poll() is None, web.said
    try:
        return Customer(platform.port).get("/healthz").status == 200
    except OSError:
        return False


def csrf_token(answer: Answer) -> str:
    found = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', answer.text)
    assert found, answer.text
    return found[1]


def sign_in(customer: Customer, password: str) -> Answer:
    token = csrf_token(customer.get("/admin/sign-in"))
    return customer.post("/admin/sign-in", email=ADMIN_EMAIL, password=password, csrf_token=token)


class TestARelease:
    """`flask db upgrade && flask seed`."""

    def test_does_not_disturb_another_at_the_same_time(
        self, platform: Platform, first_releases: list[tuple[int, str]]
    ) -> None:
        said = [words for _code, words in first_releases]

        assert [code for code, _words in first_releases] == [0, 0], said
        assert sum(f"admin {ADMIN_EMAIL}" in words for words in said) == 1
        assert platform.database.values("SELECT name FROM courses ORDER BY 1", name=SHOP) == [
            "Emergency First Aid at Work",
            "First Aid at Work",
            "Paediatric First Aid",
        ]

    def test_without_a_first_password_makes_an_admin_who_has_none(
        self, platform: Platform, first_releases: list[tuple[int, str]]
    ) -> None:
        assert "(without a password)" in "".join(words for _code, words in first_releases)
        assert platform.database.values("SELECT password_hash FROM users", name=SHOP) == [None]

    def test_refuses_the_first_password_that_everybody_knows(
        self, platform: Platform, first_releases: list[tuple[int, str]]
    ) -> None:
        platform.database.execute("DELETE FROM users", name=UNSEEDED)
        environ = platform.environ(UNSEEDED) | {"ADMIN_INITIAL_PASSWORD": FIRST_PASSWORD}

        with platform.dyno("release", environ) as release:
            code = release.wait()

        assert code != 0
        assert "ADMIN_INITIAL_PASSWORD cannot be used" in release.said
        assert FIRST_PASSWORD not in release.said
        assert platform.database.values("SELECT email FROM users", name=UNSEEDED) == []


class TestTheStart:
    """What production does not start with."""

    def test_is_refused_without_its_secrets_and_names_each(self, platform: Platform) -> None:
        with platform.dyno("web", {"PORT": str(platform.port)}) as web:
            code = web.wait()

        assert code != 0
        for name in (*SECRETS, "DATABASE_URL", "PUBLIC_URL", "SMTP_URL"):
            assert f"{name} is not set." in web.said

    def test_is_refused_beyond_the_connections_and_without_tls(self, platform: Platform) -> None:
        environ = platform.environ()
        environ |= {
            "DB_POOL_MAX": "11",
            "DATABASE_URL": environ["DATABASE_URL"] + "&sslmode=disable",
        }

        with platform.dyno("web", environ) as web:
            code = web.wait()

        assert code != 0
        assert "DB_POOL_MAX is 11" in web.said
        assert "DATABASE_URL switches TLS off" in web.said

    def test_against_this_database_is_refused_without_tls(self, platform: Platform) -> None:
        with pytest.raises(psycopg.OperationalError, match="no encryption"):
            psycopg.connect(platform.database.address(SHOP) + "&sslmode=disable")


class TestTheWeb:
    """What customers and the office meet."""

    def test_keeps_its_cookies_to_https_and_to_itself(self, platform: Platform, web: Dyno) -> None:
        answer = Customer(platform.port).get("/inquire")
        cookies = answer.headers.get_all("Set-Cookie", [])

        assert answer.status == 200
        assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")
        assert cookies
        for cookie in cookies:
            assert cookie.startswith("__Host-")
            assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))

    def test_lets_nobody_in_by_the_known_password(self, platform: Platform, web: Dyno) -> None:
        without_any = sign_in(Customer(platform.port), FIRST_PASSWORD)
        planted = bcrypt.hashpw(FIRST_PASSWORD.encode(), bcrypt.gensalt(4)).decode()
        platform.database.execute("UPDATE users SET password_hash = %s", planted, name=SHOP)
        with_it_planted = sign_in(Customer(platform.port), FIRST_PASSWORD)
        platform.database.execute("UPDATE users SET password_hash = NULL", name=SHOP)

        assert (without_any.status, with_it_planted.status) == (422, 422)

    def test_lets_the_admin_in_by_the_printed_link(self, platform: Platform, web: Dyno) -> None:
        admin = Customer(platform.port)
        link = platform.run(f"flask users reset-password {ADMIN_EMAIL}")
        path = link.strip().removeprefix(f"https://{HOST}")

        token = csrf_token(admin.get(path))
        changed = admin.post(
            path, new_password=NEW_PASSWORD, confirm_password=NEW_PASSWORD, csrf_token=token
        )
        entered = sign_in(admin, NEW_PASSWORD)

        assert (changed.status, entered.status) == (303, 303), changed.text
        session = [c for c in entered.headers.get_all("Set-Cookie", []) if "rft_session" in c][0]
        assert session.startswith("__Host-rft_session=")
        assert {"Secure", "HttpOnly", "SameSite=Lax"} <= set(session.split("; "))
        assert admin.get("/admin/").status == 200


class TestTheWorker:
    """Its life and its silence."""

    def test_is_missed_until_it_lives_and_ends_in_order(
        self, platform: Platform, web: Dyno
    ) -> None:
        before = platform.readyz()["worker"]
        with platform.dyno("worker") as worker:
            until(lambda: platform.readyz()["worker"] == "ok", "the worker is heard of")
            code = worker.stop()

        assert before == "silent"
        assert code == 0, worker.said
        assert "Traceback" not in worker.said
        assert platform.database.values("SELECT id FROM procrastinate_workers", name=SHOP) == []

    def test_killed_and_silent_for_two_minutes_is_told_to_the_office(
        self, platform: Platform, web: Dyno
    ) -> None:
        with platform.dyno("worker") as worker:
            until(lambda: platform.readyz()["worker"] == "ok", "the worker is heard of")
            worker.kill()
        soon_after = platform.readyz()["worker"]
        self._let_time_pass(platform, minutes=3)

        assert soon_after == "ok"
        assert platform.readyz()["worker"] == "silent"

    def _let_time_pass(self, platform: Platform, *, minutes: int) -> None:
        for statement in (
            "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 s' * %s",
            "UPDATE procrastinate_periodic_defers SET defer_timestamp = defer_timestamp - %s",
        ):
            platform.database.execute(statement, minutes * 60, name=SHOP)


class TestAllAtOnce:
    """A rush on the last places while the worker works and a release runs."""

    def test_stays_within_the_connections_and_fails_nobody(
        self, platform: Platform, web: Dyno
    ) -> None:
        schedule_id = self._open_date(platform)
        with (
            platform.database.counting() as peaks,
            platform.dyno("worker"),
            platform.dyno("release") as release,
        ):
            statuses = self._rush(platform, schedule_id)
            code = release.wait()
            until(
                lambda: len(list(platform.mail.letters.list_letters())) >= PLACES,
                "every letter is sent",
            )
        logger.info("Connections at most: %s, of these %s", peaks.total, dict(peaks.by_dyno))

        assert sorted(statuses) == [303] * PLACES + [409] * (BUYERS - PLACES)
        assert code == 0, release.said
        assert "Nothing to seed." in release.said
        self._assert_within_the_plan(peaks)

    def _assert_within_the_plan(self, peaks: Peaks) -> None:
        assert set(peaks.by_dyno) == set(BUDGET)
        assert {name: count for name, count in peaks.by_dyno.items() if count > BUDGET[name]} == {}
        assert peaks.total <= PLAN_CONNECTIONS
        assert peaks.always_by_tls

    def _open_date(self, platform: Platform) -> int:
        [schedule_id] = platform.database.values(OPEN_DATE, PLACES, name=SHOP)
        return int(schedule_id)

    def _rush(self, platform: Platform, schedule_id: int) -> list[int]:
        """Let all buyers send the form while the table is locked, as by a migration's moment."""
        with ThreadPoolExecutor(BUYERS) as at_once:
            numbers = range(1, BUYERS + 1)
            orders = list(at_once.map(lambda n: Order(platform, schedule_id, n), numbers))
            with platform.database.locked("course_schedules", SHOP) as count_waiting:
                sent = [at_once.submit(order.send) for order in orders]
                until(lambda: count_waiting() > BUDGET["web"] // 2, "most connections wait")
            return [answer.result().status for answer in sent]


class Order:
    """A filled-in booking form, not yet sent."""

    def __init__(self, platform: Platform, schedule_id: int, number: int) -> None:
        self._buyer = Customer(platform.port, f"198.51.100.{number}")
        self._path = f"/book/{schedule_id}"
        form = self._buyer.get(self._path)
        key = re.search(r'name="idempotency_key"[^>]* value="([^"]+)"', form.text)
        assert key, form.text
        self._fields = {
            "csrf_token": csrf_token(form),
            "idempotency_key": key[1],
            "first_name": "Robin",
            "last_name": f"Buyer {number}",
            "email": f"buyer-{number}@example.com",
            "phone": "07700 900123",
            "customer_type": "business",
            "company_name": "Example Ltd",
            "payment_method": "invoice",
            "number_of_places": "1",
            "booker_attends": "y",
            "accept_terms": "y",
        }

    def send(self) -> Answer:
        """Send it."""
        return self._buyer.post(self._path, **self._fields)
