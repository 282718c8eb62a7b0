"""What stands in for Heroku: its database, its dynos, its router, and customers beyond it."""

import os
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPMessage
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self
from urllib.parse import urlencode

import psycopg
from honcho.environ import parse_procfile

from sandbox.postgres import PostgresServer
from tests.conftest import PROJECT

HOST = "www.example.com"
CUSTOMER, CUSTOMER_PASSWORD = "customer", "of-the-platform"
PLAN_CONNECTIONS = 20
#: Far beyond what anything takes here, unless the machine is busy with other things.
PATIENCE_SECONDS = 150.0

#: The customer's connections: by whom, how many, and whether all of them by TLS.
CONNECTIONS = """
    SELECT coalesce(nullif(application_name, ''), 'unknown'), count(*), bool_and(ssl)
    FROM pg_stat_activity JOIN pg_stat_ssl USING (pid) WHERE usename = %s GROUP BY 1
"""
WAITING = "SELECT pid FROM pg_stat_activity WHERE usename = %s AND wait_event_type = 'Lock'"


class Database:
    """A plan's database: TLS only, 20 connections, and its owner is no superuser."""

    def __init__(self, directory: Path) -> None:
        self._server = PostgresServer(
            directory, max_connections=PLAN_CONNECTIONS, tls=True, durable=False
        )

    def __enter__(self) -> Self:
        """Start the server, and let ordinary people have each of its connections."""
        self._server.start()
        self.execute("ALTER SYSTEM SET superuser_reserved_connections = 0")
        self._server.stop()
        self._server.start()
        self.execute(f"CREATE ROLE {CUSTOMER} LOGIN PASSWORD '{CUSTOMER_PASSWORD}'")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the server and delete its files."""
        self._server.remove()

    def create(self, name: str, *, template: str = "template1") -> None:
        """Create a database that belongs to the customer."""
        self.execute(f"CREATE DATABASE {name} OWNER {CUSTOMER} TEMPLATE {template}")

    def address(self, name: str) -> str:
        """Return a database's address as the platform gives it: by name, not as loopback."""
        return (
            f"postgres://{CUSTOMER}:{CUSTOMER_PASSWORD}@database.example.com:{self._server.port}"
            f"/{name}?hostaddr=127.0.0.1"
        )

    def execute(self, statement: str, *values: Any, name: str = "postgres") -> int:
        """Run a statement as the platform's own people; return how many rows it touched."""
        with self._open(name) as connection:
            return connection.execute(statement.encode(), values or None).rowcount

    def values(self, question: str, *values: Any, name: str = "postgres") -> list[Any]:
        """Return the first column of what is asked for."""
        with self._open(name) as connection:
            return [row[0] for row in connection.execute(question.encode(), values or None)]

    @contextmanager
    def locked(self, table: str, name: str) -> Iterator[Callable[[], int]]:
        """Lock a table for the block; what it yields counts the customer's who wait for a lock."""
        with psycopg.connect(self._server.url(name)) as connection:
            connection.execute(f"LOCK {table} IN ACCESS EXCLUSIVE MODE".encode())
            yield lambda: len(self.values(WAITING, CUSTOMER))
            connection.rollback()

    @contextmanager
    def counting(self) -> Iterator["Peaks"]:
        """Count the customer's connections, over and over, until the end of the block."""
        peaks, done = Peaks(), threading.Event()

        def count() -> None:
            with self._open("postgres") as connection:
                while not done.wait(0.01):
                    peaks.note(connection.execute(CONNECTIONS, [CUSTOMER]).fetchall())

        counting = threading.Thread(target=count)
        counting.start()
        try:
            yield peaks
        finally:
            done.set()
            counting.join()

    def _open(self, name: str) -> psycopg.Connection[Any]:
        return psycopg.connect(self._server.url(name), autocommit=True)


@dataclass
class Peaks:
    """The most connections seen at one moment."""

    total: int = 0
    by_dyno: Counter[str] = field(default_factory=Counter)
    always_by_tls: bool = True

    def note(self, rows: list[tuple[str, int, bool]]) -> None:
        """Take note of one moment."""
        self.total = max(self.total, sum(count for _name, count, _tls in rows))
        for name, count, tls in rows:
            self.by_dyno[name] = max(self.by_dyno[name], count)
            self.always_by_tls = self.always_by_tls and tls


def procfile_line(name: str) -> str:
    """Return what the Procfile says for a kind of dyno."""
    line: str = parse_procfile((PROJECT / "Procfile").read_text()).processes[name]
    return line


class Dyno:
    """A command, run as Heroku runs it; as a context manager it is ended."""

    def __init__(self, name: str, command: str, environ: Mapping[str, str], log: Path) -> None:
        self._log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                ["bash", "-c", command],
                cwd=PROJECT,
                env={
                    "PATH": f"{PROJECT / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}",
                    "LANG": "en_US.UTF-8",
                    "PYTHONUNBUFFERED": "1",
                    # Heroku gives no such name; by it the connections are told apart.
                    "PGAPPNAME": name,
                    **environ,
                },
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        """Let it run."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Kill what still runs."""
        self.kill()

    @property
    def said(self) -> str:
        """Return all it has printed."""
        return self._log.read_text(errors="replace")

    def wait(self) -> int:
        """Wait for its end and return the exit code."""
        return self.process.wait(PATIENCE_SECONDS)

    def stop(self) -> int:
        """Ask all its processes to end, as the platform does, and return the exit code."""
        os.killpg(self.process.pid, signal.SIGTERM)
        return self.wait()

    def kill(self) -> None:
        """End all its processes at once."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.wait()


@dataclass(frozen=True)
class Answer:
    """What came back through the router."""

    status: int
    headers: HTTPMessage
    text: str


class Customer:
    """Somebody beyond the router: it ends TLS, and says who asks and how."""

    def __init__(
        self,
        port: int,
        ip_address: str = "203.0.113.7",
        cookies: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._port = port
        self._headers = {
            "Host": HOST,
            "Referer": f"https://{HOST}/",
            "X-Forwarded-For": ip_address,
            "X-Forwarded-Proto": "https",
        }
        self._cookies = dict(cookies)

    def get(self, path: str) -> Answer:
        """Ask for a page."""
        return self._ask("GET", path)

    def post(self, path: str, **fields: str) -> Answer:
        """Send a form."""
        return self._ask("POST", path, urlencode(fields))

    def _ask(self, method: str, path: str, body: str | None = None) -> Answer:
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        headers = {**self._headers, "Cookie": cookies}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection = HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            text = answer.read().decode(errors="replace")
        finally:
            connection.close()
        for cookie in answer.headers.get_all("Set-Cookie", []):
            name, _, value = cookie.partition(";")[0].partition("=")
            self._cookies[name] = value
        return Answer(answer.status, answer.headers, text)


def until(question: Callable[[], bool], what: str) -> None:
    """Wait until the answer is yes.

    :raises AssertionError: naming what never came true.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not question():
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.1)
