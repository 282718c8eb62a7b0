"""The databases of a run: a large and a small one on one embedded server, kept between runs."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString

import psycopg

from benchmarks.options import Options
from sandbox.postgres import PostgresServer

PROJECT = Path(__file__).parent.parent
#: Django's own tables lie in a schema of their own, beside ours.
DJANGO_SCHEMA = "django_peer"
FLASK = (sys.executable, "-m", "flask")


@dataclass(frozen=True)
class Database:
    """A loaded database."""

    url: str
    bookings: int

    def scalar(self, question: LiteralString, *values: object) -> object:
        """Return the first value of a question's answer."""
        with psycopg.connect(self.url) as connection:
            row = connection.execute(question, values).fetchone()
        if row is None:
            raise LookupError(question)
        return row[0]

    def environment(self) -> dict[str, str]:
        """Return the environment of a process that serves this database."""
        return environment(self.url)


@dataclass(frozen=True)
class Databases:
    """The two databases of a run."""

    large: Database
    small: Database


@contextmanager
def databases(options: Options) -> Iterator[Databases]:
    """Start the server and give both databases, loading what is not loaded yet."""
    server = PostgresServer(options.directory / "postgres", durable=False, max_connections=120)
    with server:
        yield Databases(
            large=_prepare(server, options.bookings), small=_prepare(server, options.few_bookings)
        )


def environment(url: str) -> dict[str, str]:
    """Return what our commands and processes read: development, and no secrets of anybody's."""
    return {
        "APP_ENV": "development",
        "DATABASE_URL": url,
        "SECRET_KEY": "benchmarks-only",
        "LOG_LEVEL": "WARNING",
        "MALLOC_ARENA_MAX": "2",
        "PYTHONPATH": str(PROJECT),
    }


def _prepare(server: PostgresServer, bookings: int) -> Database:
    name = f"bench_{bookings}"
    if not server.has_database(name):
        # Under another name first: one that was broken off is never taken for whole.
        half_made = f"{name}_new"
        server.drop_database(half_made)
        server.create_database(half_made)
        prepare(server.url(half_made), bookings)
        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute(f'ALTER DATABASE "{half_made}" RENAME TO "{name}"'.encode())
    return prepare(server.url(name), bookings)


def prepare(url: str, bookings: int) -> Database:
    """Bring a database to the present revision, and to so many bookings if it has none."""
    database = Database(url, bookings)
    started = time.monotonic()
    _run(database, [*FLASK, "setup"])
    if not database.scalar("SELECT count(*) FROM (SELECT FROM bookings LIMIT 1) one"):
        _run(database, [*FLASK, "load-test-data", "--bookings", str(bookings)], is_shown=True)
        seconds = time.monotonic() - started
        print(f"{bookings:,} bookings loaded in {seconds:.0f} s", flush=True)
    _add_django(database)
    return database


def _add_django(database: Database) -> None:
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {DJANGO_SCHEMA}".encode())
    _run(database, [sys.executable, "-m", "benchmarks.peers.django_admin", "migrate"])


def _run(database: Database, command: list[str], *, is_shown: bool = False) -> None:
    variables: Mapping[str, str] = {**environment(database.url), "FLASK_APP": "wsgi"}
    done = subprocess.run(
        command,
        cwd=PROJECT,
        env={**_inherited(), **variables},
        capture_output=not is_shown,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr or ''}{done.stdout or ''}")


def _inherited() -> dict[str, str]:
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
