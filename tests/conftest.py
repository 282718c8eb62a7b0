"""Real PostgreSQL, undone after each test; the network beyond this machine is closed."""

import contextvars
import os
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from config import psycopg_url
from rft_admin import create_app
from rft_admin.core import clock
from rft_admin.core.database import db, transact
from sandbox.postgres import PostgresServer
from seeds.demo import seed_demo
from seeds.reference import seed_reference

pytest_plugins = ["tests.reliability.figures", "tests.servers"]

TEMPLATE = "rft_template"
PROJECT = Path(__file__).parent.parent


def environment(database_url: str, **others: str) -> dict[str, str]:
    """Return the environment of an application under test."""
    return {
        "APP_ENV": "testing",
        "DATABASE_URL": database_url,
        "SECRET_KEY": "testing-secret-key",
        "PUBLIC_URL": "http://localhost",
        "STRIPE_WEBHOOK_SECRET": "whsec_testing",
        "SMTP_URL": "smtp://127.0.0.1:1",
        **others,
    }


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep what needs the demo on one worker, so that its quarter is told once."""
    for item in items:
        if "demo_app" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("demo"))


@pytest.fixture(scope="session", autouse=True)
def _closed_network() -> Iterator[None]:
    """Refuse every connection that leaves this machine."""
    connect = socket.socket.connect

    def connect_here_only(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and address[0] not in {"127.0.0.1", "::1", "localhost"}:
            raise RuntimeError(f"A test tried to reach {address[0]}.")
        connect(self, address)

    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", connect_here_only)
    yield
    patch.undo()


class Databases:
    """Makes and drops databases on the server of this test run."""

    def __init__(self, server_url: str) -> None:
        self._server_url = make_url(psycopg_url(server_url, require_tls=True))
        self._engine = create_engine(self._server_url, isolation_level="AUTOCOMMIT")
        #: A migrated, empty database that the others are copied from.
        self.template = f"{TEMPLATE}_{uuid.uuid4().hex[:8]}"

    def create(self, name: str, *, template: str = "template0") -> str:
        """Create a database and return its address."""
        with self._engine.connect() as connection:
            connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'))
        return self.url(name)

    def drop(self, name: str) -> None:
        """Drop a database, whoever is connected."""
        with self._engine.connect() as connection:
            connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))

    def url(self, name: str) -> str:
        """Return the address of a database, as an environment would give it."""
        return self._server_url.set(drivername="postgresql", database=name).render_as_string(
            hide_password=False
        )

    def close(self) -> None:
        """Close the connections to the server."""
        self._engine.dispose()


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL server: TEST_DATABASE_URL's, else an embedded one of this run."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
        return
    directory = tmp_path_factory.mktemp("postgres")
    with PostgresServer(directory, max_connections=250, durable=False) as server:
        yield server.url()
    server.remove()


@pytest.fixture(scope="session")
def databases(server_url: str) -> Iterator[Databases]:
    """The server's databases, with a migrated, empty template."""
    databases = Databases(server_url)
    app = create_app(environment(databases.create(databases.template)))
    with app.app_context():
        upgrade(directory=str(PROJECT / "migrations"))
        db.engine.dispose()
    yield databases
    databases.drop(databases.template)
    databases.close()


@pytest.fixture
def fresh_database(databases: Databases) -> Iterator[str]:
    """The address of a migrated, empty database of its own, for tests that commit."""
    name = f"rft_{uuid.uuid4().hex[:12]}"
    yield databases.create(name, template=databases.template)
    databases.drop(name)


@pytest.fixture
def committed_app(fresh_database: str) -> Iterator[Flask]:
    """An application on a database of its own: what is committed stays, connections are real."""
    app = create_app(environment(fresh_database))
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture(scope="session")
def app(databases: Databases) -> Iterator[Flask]:
    """The application under test; use it with `session`, which undoes what a test does."""
    name = f"rft_{uuid.uuid4().hex[:12]}"
    url = databases.create(name, template=databases.template)
    app = create_app(environment(url))
    app.test_client_class = IsolatedClient
    yield app
    with app.app_context():
        db.engine.dispose()
    databases.drop(name)


class IsolatedClient(FlaskClient):
    """A client whose requests do not share the test's application context and session."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        """Send the request as from another process."""
        return contextvars.Context().run(super().open, *args, **kwargs)


@contextmanager
def undone(app: Flask) -> Iterator[Session]:
    """Give the application's database session; all it does, commits included, is undone."""
    with app.app_context():
        engine = db.engine
        connection = engine.connect()
        transaction = connection.begin()
        db.engines[None] = connection  # type: ignore[assignment] # the documented recipe
        db.session.configure(join_transaction_mode="create_savepoint")
        try:
            yield db.session()
        finally:
            db.session.remove()
            db.session.configure(join_transaction_mode="conditional_savepoint")
            db.engines[None] = engine
            transaction.rollback()
            connection.close()


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    """The database session of a test; everything, commits included, is undone at its end."""
    with undone(app) as session:
        yield session


@pytest.fixture(scope="session")
def demo_app(databases: Databases) -> Iterator[Flask]:
    """An application on a database with the reference rows and the demo; see `demo_session`."""
    name = f"rft_{uuid.uuid4().hex[:12]}"
    app = create_app(environment(databases.create(name, template=databases.template)))
    with app.app_context():
        transact(lambda: seed_reference(app.config["RFT"]))
        seed_demo(now=clock.now())
    yield app
    with app.app_context():
        db.engine.dispose()
    databases.drop(name)


@pytest.fixture
def demo_session(demo_app: Flask) -> Iterator[Session]:
    """The session on the demo's database; everything is undone at the test's end."""
    with undone(demo_app) as session:
        yield session


@pytest.fixture
def client(app: Flask, session: Session) -> FlaskClient:
    """A visitor's browser without JavaScript; CSRF is checked as in real life."""
    return app.test_client()
