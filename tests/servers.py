"""Fixtures for what must hold on every PostgreSQL we promise: the suite's own and the oldest."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask_migrate import upgrade

from rft_admin import create_app
from rft_admin.core.database import db
from sandbox.postgres import PostgresServer
from tests.conftest import PROJECT, Databases, environment
from tests.plain_sql import PlainSql, connect

OLDEST = "PostgreSQL 15"
#: Where Debian puts it; on a machine without it only continuous integration insists.
OLDEST_PROGRAMS = Path("/usr/lib/postgresql/15/bin")
SERVERS = ["the suite's own"]
if OLDEST_PROGRAMS.is_dir() or os.environ.get("CI") == "true":
    SERVERS.append(OLDEST)


@pytest.fixture(scope="session")
def oldest_databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """Databases on the oldest server, with a migrated, empty template."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RFT_POSTGRES_BIN", str(OLDEST_PROGRAMS))
        server = PostgresServer(tmp_path_factory.mktemp("oldest"), durable=False)
        server.start()
    try:
        databases = Databases(server.url())
        migrate_to_head(databases.create(databases.template))
        yield databases
        databases.close()
    finally:
        server.stop()


@pytest.fixture(scope="session", params=SERVERS)
def any_databases(request: pytest.FixtureRequest) -> Databases:
    """The databases of each server in turn."""
    name = "oldest_databases" if request.param == OLDEST else "databases"
    databases: Databases = request.getfixturevalue(name)
    return databases


@pytest.fixture(scope="session")
def shared_database(any_databases: Databases) -> Iterator[str]:
    """The address of a migrated database whose users commit nothing."""
    name = "rft_shared"
    yield any_databases.create(name, template=any_databases.template)
    any_databases.drop(name)


@pytest.fixture
def plain(shared_database: str) -> Iterator[PlainSql]:
    """A connection in plain SQL, on each server; its work is undone."""
    with connect(shared_database) as plain:
        yield plain


def migrate_to_head(url: str) -> None:
    """Run all revisions on a database and let go of it."""
    with create_app(environment(url)).app_context():
        upgrade(directory=str(PROJECT / "migrations"))
        db.engine.dispose()
