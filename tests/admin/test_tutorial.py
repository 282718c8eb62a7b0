"""The tutorial is done word by word in a copy of the project, and the new screen is used."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from config import psycopg_url
from rft_admin import create_app
from rft_admin.accounts.models import AdminSession, User
from rft_admin.core import clock
from rft_admin.core.database import db
from rft_admin.core.tokens import hash_token, new_token
from sandbox.ports import free_port
from tests import factories
from tests.conftest import PROJECT, environment
from tests.dynos import Answer, Customer

TUTORIAL = PROJECT / "docs" / "tutorial.md"
COPIED = ("rft_admin", "migrations", "seeds", "sandbox", "config.py", "wsgi.py")
#: What "under 15 lines" counts: code, not what explains it.
MOST_LINES = 14
HEADINGS = "Name,Serial number,Kept at,Next check date,Price,"


@dataclass
class Copy:
    """A copy of the project with a database of its own, in which the tutorial is done."""

    folder: Path
    environ: dict[str, str]

    def run(self, command: str) -> str:
        """Run a command of the tutorial; it has to succeed."""
        done = subprocess.run(
            [sys.executable, "-m", *_words(command)],
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    def append(self, path: str, code: str) -> None:
        """Write code at the end of a file."""
        file = self.folder / path
        before = file.read_text() if file.exists() else ""
        file.write_text(f"{before}\n\n{code}")


@pytest.fixture
def copy(tmp_path: Path, fresh_database: str) -> Copy:
    """A copy of the project as it is, migrated to today's state."""
    leave = shutil.ignore_patterns("__pycache__", "*.ttf", "*.woff2")
    for name in COPIED:
        source = PROJECT / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name, ignore=leave)
        else:
            shutil.copy(source, tmp_path / name)
    return Copy(tmp_path, {**os.environ, **environment(fresh_database), "FLASK_APP": "wsgi"})


@pytest.fixture
def done(copy: Copy) -> Copy:
    """The tutorial, done."""
    blocks = read_blocks()
    copy.append(*blocks["models"])
    for command in blocks["sh"]:
        copy.run(command)
    copy.append(*blocks["line"])
    return copy


@pytest.fixture
def browser(done: Copy, fresh_database: str) -> Iterator["Browser"]:
    """A signed-in browser before the copy's own server."""
    app = create_app(environment(fresh_database))
    with app.app_context():
        token = sign_in(factories.AdminFactory())
        factories.VenueFactory(name="Leeds Hall")
        db.session.commit()
        db.engine.dispose()
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "flask", "run", "--no-reload", "--port", str(port)],
        cwd=done.folder,
        env=done.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert server.stdout is not None
    said = []
    for line in server.stdout:
        said.append(line)
        if "Running on" in line:
            break
    else:
        pytest.fail("".join(said))
    yield Browser(port, token)
    server.terminate()
    server.wait(30)
    server.stdout.close()


class Browser:
    """Somebody of the office at the copy's own address."""

    def __init__(self, port: int, token: str) -> None:
        self._customer = Customer(port, cookies={"rft_session": token})

    def get(self, path: str) -> Answer:
        """Open a page; it has to be there."""
        answer = self._customer.get(path)
        assert answer.status == 200, (path, answer.status, answer.text[:2000])
        return answer

    def post(self, path: str, **fields: str) -> Answer:
        """Send the form of a page with its hidden fields."""
        page = self.get(path).text
        hidden = dict(re.findall(r'name="(csrf_token|row_version)" value="([^"]+)"', page))
        return self._customer.post(path, **{**hidden, **fields})


def sign_in(user: User) -> str:
    """Open a session and return its token."""
    token = new_token()
    db.session.add(
        AdminSession(
            user=user,
            session_token=hash_token(token),
            expires_at=clock.now() + timedelta(hours=1),
        )
    )
    return token


def read_blocks() -> dict[str, Any]:
    """Return the tutorial's code: where each part goes, and what it is."""
    text = TUTORIAL.read_text()
    parts = re.findall(r"At the end of `([^`]+)`:\n\n```python\n(.*?)```", text, re.DOTALL)
    commands = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    assert (len(parts), len(commands)) == (2, 1)
    (class_block,) = re.findall(r"nothing else:\n\n```python\n(.*?)```", text, re.DOTALL)
    return {
        "models": parts[0],
        "line": parts[1],
        "sh": commands[0].strip().splitlines(),
        "class": class_block,
    }


def count_lines(code: str) -> int:
    """Return how many lines of code there are, what explains it and blank ones left out."""
    without_words = re.sub(r'""".*?"""', "", code, flags=re.DOTALL)
    return sum(1 for line in without_words.splitlines() if line.strip())


def _words(command: str) -> list[str]:
    return [word.strip('"') for word in re.findall(r'"[^"]+"|\S+', command)]


class TestTutorial:
    def test_adds_a_table_in_under_15_lines(self) -> None:
        blocks = read_blocks()

        lines = count_lines(blocks["models"][1]) + count_lines(blocks["line"][1])

        assert lines <= MOST_LINES

    def test_ends_with_a_screen_that_is_used_over_http(
        self, browser: Browser, fresh_database: str
    ) -> None:
        assert "/admin/equipment/" in browser.get("/admin/").text
        assert "Which equipment are there?" in browser.get("/admin/equipment/").text
        form = browser.get("/admin/equipment/new/").text
        assert "On its underside." in form
        assert "Kept at" in form

        refused = browser.post("/admin/equipment/new/", name="", serial_number="A-1")
        assert refused.status == 422
        made = browser.post(
            "/admin/equipment/new/",
            name="Manikin",
            serial_number="MK-17",
            venue_id="Leeds Hall (#1)",
            next_check_date="2027-03-01",
            price="120.50",
            notes="Head replaced.",
        )
        assert made.status == 302, made.text[:2000]
        again = browser.post("/admin/equipment/new/", name="AED", serial_number="MK-17")
        assert again.status == 422
        assert "taken already" in again.text
        other = browser.post("/admin/equipment/new/", name="AED trainer", serial_number="ED-3")
        assert other.status == 302
        number = other.headers["Location"].partition("id=")[2]

        details = browser.get("/admin/equipment/details/?id=1").text
        for shown in ("Manikin", "MK-17", "Leeds Hall", "1 Mar 2027", "£120.50", "Head replaced."):
            assert shown in details, shown
        assert "/admin/venues/details/?id=1" in details
        for query, found in (
            ("", {"Manikin", "AED trainer"}),
            ("?search=mani", {"Manikin"}),
            ("?search=ed-3", {"AED trainer"}),
            ("?search=nothing", set()),
            ("?flt_kept_at_is=1", {"Manikin"}),
            ("?flt_next_check_date_from=2027-03-02", set()),
            ("?sort=name", {"Manikin", "AED trainer"}),
        ):
            listed = browser.get(f"/admin/equipment/{query}").text
            names = {name for name in ("Manikin", "AED trainer") if f">{name}<" in listed}
            assert names == found, query

        everywhere = browser.get("/admin/search?q=ed-3").text
        assert f"/admin/equipment/details/?id={number}" in everywhere
        assert "/admin/equipment/details/?id=1" not in everywhere

        changed = browser.post(
            "/admin/equipment/edit/?id=1",
            name="Manikin, adult",
            serial_number="MK-17",
            venue_id="",
            next_check_date="2027-03-01",
            price="120.50",
            notes="",
        )
        assert changed.status == 302, changed.text[:2000]
        history = browser.get("/admin/equipment/details/?id=1&tab=history").text
        assert re.search(r"<del>.*Manikin.*</del>", history)
        assert "Manikin, adult" in history
        exported = browser.get("/admin/equipment/export/csv/").text
        assert exported.lstrip("\ufeff").startswith(HEADINGS)
        assert exported.count("\n") == 3
        assert browser.get("/admin/equipment/export/xlsx/").text.startswith("PK")
        assert browser.post(f"/admin/equipment/delete/?id={number}", confirmed="1").status == 303
        with psycopg.connect(
            psycopg_url(fresh_database, require_tls=False).replace("+psycopg", "")
        ) as connection:
            written = connection.execute(
                "SELECT action FROM admin_activity_logs WHERE entity_type = 'equipment' ORDER BY id"
            ).fetchall()
        assert [action for (action,) in written] == [
            "created",
            "created",
            "updated",
            "exported",
            "exported",
            "deleted",
        ]

    def test_says_what_a_class_may_state_instead(self, copy: Copy) -> None:
        blocks = read_blocks()
        copy.append(*blocks["models"])
        copy.append(blocks["line"][0], blocks["class"])
        copy.append(
            "asked.py",
            "from rft_admin import create_app\n"
            "view = create_app().extensions['rft_admin_views']['equipment']\n"
            "print(view.question, list(view.scopes))\n",
        )

        assert copy.run("asked") == (
            "What do we own, where is it, and when is it checked? ['due']\n"
        )

    def test_stays_closed_without_the_word_that_opens_it(self, copy: Copy) -> None:
        blocks = read_blocks()
        path, line = blocks["line"]
        closed = line.replace(", admin=ALL, instructor=LOOK", "")
        assert closed != line
        copy.append(*blocks["models"])
        copy.append(path, closed)

        with pytest.raises(AssertionError, match="equipment: nobody may see it"):
            copy.run("wsgi")
