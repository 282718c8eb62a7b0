"""The runner behind `make run`: once per instance, watched, and everything ends together."""

import base64
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.development import CannotRun, choose_places, development_environment
from sandbox.ports import free_port, is_free

REPOSITORY = Path(__file__).parents[2]
#: Stands in for the application: answers everything, and does as its name says.
WEB = """
import http.server, json, os, pathlib, sys
class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        worker = "ok" if (place / "worker.pid").exists() else "silent"
        self.wfile.write(json.dumps({"worker": worker}).encode())
    def log_message(self, *_): pass
place = pathlib.Path(sys.argv[2])
(place / "web.pid").write_text(str(os.getpid()))
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Answers).serve_forever()
"""
WORKER = """
import os, pathlib, signal, sys, time
place = pathlib.Path(sys.argv[1])
if sys.argv[2] == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if sys.argv[2] == "orderly":
    def note(*_):
        (place / "ended").write_text("in order")
        sys.exit(0)
    signal.signal(signal.SIGTERM, note)
if sys.argv[2] == "late":
    time.sleep(1)
(place / "worker.pid").write_text(str(os.getpid()))
if sys.argv[2] == "dies":
    time.sleep(0.5)
    print("the worker's last words")
    sys.exit(3)
time.sleep(600)
"""
#: Runs the three above by the real runner.
RUNNER = """
import contextlib, os, sys
from pathlib import Path
from sandbox.processes import Program
from sandbox.runner import Plan, run
place, port, behaviour, step, parent = sys.argv[1:6]
place = Path(place)
python = [sys.executable, "-c"]
worker = [*python, (place / "worker.py").read_text(), str(place), behaviour]
plan = Plan(
    services=[Program("mail", [*python, "import time; time.sleep(600)"], os.environ)],
    steps=[Program("migrate", [*python, step], os.environ)],
    application=[
        Program("web", [*python, (place / "web.py").read_text(), port, str(place)], os.environ),
        Program("worker", worker, os.environ),
    ],
    ready_port=int(port),
    ready_lines=[f"Ready: http://127.0.0.1:{port}/"],
    cwd=place,
    logs=place / "logs",
)
parent = os.getppid() if parent == "with-parent" else None
sys.exit(run(place, lambda: contextlib.nullcontext(plan), parent=parent))
"""
#: Stands in for make: a parent that waits for the runner.
MAKE = ["sh", "-c", 'echo $$ > "$4/make.pid"; "$@"; exit $?', "make"]
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start runners on one instance directory, and end what a failed test leaves."""
    (tmp_path / "web.py").write_text(WEB)
    (tmp_path / "worker.py").write_text(WORKER)
    started: list[subprocess.Popen[str]] = []

    def runner(
        behaviour: str = "orderly", step: str = "pass", parent: str = "-", port: int | None = None
    ) -> subprocess.Popen[str]:
        arguments = [str(tmp_path), str(port or free_port()), behaviour, step, parent]
        process = subprocess.Popen(
            [*(MAKE if parent == "with-parent" else ()), sys.executable, "-c", RUNNER, *arguments],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield runner
    for process in started:
        with process:
            process.kill()


def until_ready(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if line.startswith("Ready:"):
            return said
    raise AssertionError(f"it never got ready: {said}")


def rest_of(process: subprocess.Popen[str], seconds: float = 15) -> str:
    said, _nothing = process.communicate(timeout=seconds)
    return said


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def pids(place: Path) -> list[int]:
    return [int((place / f"{name}.pid").read_text()) for name in ("web", "worker")]


def all_gone(place: Path, seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while any(map(is_alive, pids(place))) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not any(map(is_alive, pids(place)))


class TestARun:
    """Start, watch, end."""

    def test_tells_each_step_with_its_time_and_then_that_it_is_ready(self, start: Start) -> None:
        said = until_ready(start())

        assert re.search(r"^migrate +\d+\.\d s$", said, re.MULTILINE)
        assert re.search(r"^web and worker +\d+\.\d s$", said, re.MULTILINE)

    def test_is_not_ready_before_the_worker_lives(self, start: Start, tmp_path: Path) -> None:
        until_ready(start("late"))

        assert (tmp_path / "worker.pid").exists()

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    def test_ends_everything_when_asked_to(
        self, start: Start, tmp_path: Path, number: signal.Signals
    ) -> None:
        process = start()
        until_ready(process)

        process.send_signal(number)

        assert "Ended." in rest_of(process)
        assert process.returncode == 0
        assert all_gone(tmp_path, 0)
        assert (tmp_path / "ended").read_text() == "in order"

    def test_leaves_no_orphan_when_it_is_killed(self, start: Start, tmp_path: Path) -> None:
        process = start()
        until_ready(process)

        process.kill()

        assert all_gone(tmp_path)

    def test_ends_when_the_make_that_started_it_is_killed(
        self, start: Start, tmp_path: Path
    ) -> None:
        process = start(parent="with-parent")
        until_ready(process)

        os.kill(int((tmp_path / "make.pid").read_text()), signal.SIGKILL)

        assert "Ended." in rest_of(process)
        assert all_gone(tmp_path, 0)

    def test_kills_what_does_not_listen(self, start: Start, tmp_path: Path) -> None:
        process = start("deaf")
        until_ready(process)

        process.terminate()

        rest_of(process, 20)
        assert process.returncode == 0
        assert all_gone(tmp_path, 0)

    def test_ends_at_once_when_asked_twice(self, start: Start, tmp_path: Path) -> None:
        process = start("deaf")
        until_ready(process)
        began = time.monotonic()

        process.terminate()
        time.sleep(0.5)
        process.terminate()

        rest_of(process)
        assert time.monotonic() - began < 5
        os.kill(pids(tmp_path)[1], signal.SIGKILL)

    def test_ends_with_the_last_words_of_a_program_that_died(
        self, start: Start, tmp_path: Path
    ) -> None:
        process = start("dies")

        said = rest_of(process)

        assert process.returncode == 1
        assert "worker ended (exit code 3)" in said
        assert "worker| the worker's last words" in said
        assert all_gone(tmp_path, 0)

    def test_stops_at_a_step_that_fails(self, start: Start, tmp_path: Path) -> None:
        process = start(step="raise SystemExit('no such table')")

        said = rest_of(process)

        assert process.returncode == 1
        assert "migrate failed (exit code 1)" in said
        assert "migrate| no such table" in said
        assert not (tmp_path / "web.pid").exists()

    def test_says_plainly_that_it_already_runs(self, start: Start) -> None:
        port = free_port()
        until_ready(start(port=port))

        second = start()

        assert f"already runs here. Ready: http://127.0.0.1:{port}/" in rest_of(second)
        assert second.returncode == 1

    def test_starts_again_after_it_was_killed(self, start: Start, tmp_path: Path) -> None:
        first = start()
        until_ready(first)
        first.kill()
        assert all_gone(tmp_path)

        assert "Ready:" in until_ready(start())


class TestTheEnvironment:
    """Ports and secrets."""

    def test_refuses_a_port_that_is_taken(self, tmp_path: Path) -> None:
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            port = other.getsockname()[1]

            assert not is_free(port)
            with pytest.raises(CannotRun, match=f"Port {port} is taken"):
                choose_places(tmp_path, {"PORT": str(port)})

    @pytest.mark.parametrize("port", ["web", "0", "65536", "-1"])
    def test_refuses_what_is_no_port(self, tmp_path: Path, port: str) -> None:
        with pytest.raises(CannotRun, match="it is a number"):
            choose_places(tmp_path, {"PORT": port})

    def test_takes_the_port_asked_for_and_remembers_the_others(self, tmp_path: Path) -> None:
        port = free_port()

        first = choose_places(tmp_path, {"PORT": str(port)})
        second = choose_places(tmp_path, {"PORT": str(port)})

        assert first.web_url == f"http://127.0.0.1:{port}/"
        assert second == first

    def test_makes_secrets_once_and_keeps_them_from_others(self, tmp_path: Path) -> None:
        places = choose_places(tmp_path, {})

        first = development_environment(tmp_path, {}, places, "postgresql://127.0.0.1/rft")
        second = development_environment(tmp_path, {}, places, "postgresql://127.0.0.1/rft")

        assert first == second
        assert stat.S_IMODE((tmp_path / "dev.env").stat().st_mode) == 0o600
        key_id, _, key = first["FIELD_ENCRYPTION_KEYS"].partition(":")
        assert (key_id, len(base64.b64decode(key))) == ("dev", 32)
        assert first["STRIPE_SECRET_KEY"].startswith("sk_test_")

    def test_leaves_alone_what_is_set_already(self, tmp_path: Path) -> None:
        places = choose_places(tmp_path, {})
        given = {"STRIPE_SECRET_KEY": "sk_test_own", "SECRET_KEY": "own", "SMTP_URL": ""}

        env = development_environment(tmp_path, given, places, "postgresql://127.0.0.1/rft")

        assert env["STRIPE_SECRET_KEY"] == "sk_test_own"
        assert "STRIPE_API_BASE" not in env
        assert env["SECRET_KEY"] == "own"
        assert env["SMTP_URL"] == f"smtp://127.0.0.1:{places.smtp}"
