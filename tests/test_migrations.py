"""The migrations: up, down and up again; and what `flask db check` is blind to, as declared."""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator

import psycopg
import pytest
from flask_migrate import check, downgrade, upgrade
from sqlalchemy import CheckConstraint

from rft_admin import create_app
from rft_admin.core.database import db
from tests.conftest import PROJECT, Databases, environment
from tests.declared_schema import DECLARED, describe
from tests.plain_sql import psycopg_address

MIGRATIONS = str(PROJECT / "migrations")


@pytest.fixture
def empty_database(any_databases: Databases) -> Iterator[str]:
    """The address of a database without any table."""
    name = f"rft_{uuid.uuid4().hex[:12]}"
    yield any_databases.create(name)
    any_databases.drop(name)


def names(url: str) -> set[str]:
    """Return the tables, functions and types of a database, the extensions' own apart."""
    with psycopg.connect(psycopg_address(url)) as connection:
        rows = connection.execute("""
            SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
            UNION SELECT proname FROM pg_proc AS p WHERE pronamespace = 'public'::regnamespace
                AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = p.oid AND deptype = 'e')
            UNION SELECT typname FROM pg_type AS t WHERE typnamespace = 'public'::regnamespace
                AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = t.oid AND deptype = 'e')
        """).fetchall()
    return {name for (name,) in rows}


class TestMigrations:
    """All revisions, on each server."""

    def test_go_up_find_no_difference_go_down_and_up_again(self, empty_database: str) -> None:
        with create_app(environment(empty_database)).app_context():
            upgrade(directory=MIGRATIONS)
            before = names(empty_database)
            check(directory=MIGRATIONS)

            downgrade(directory=MIGRATIONS, revision="base")
            left = names(empty_database)
            upgrade(directory=MIGRATIONS)

            check(directory=MIGRATIONS)
            db.engine.dispose()
        assert left == {
            "alembic_version",
            "alembic_version_pkc",
            "_alembic_version",
        }
        assert names(empty_database) == before

    def test_notice_a_difference(self, empty_database: str) -> None:
        with create_app(environment(empty_database)).app_context():
            upgrade(directory=MIGRATIONS)
            with psycopg.connect(psycopg_address(empty_database)) as connection:
                connection.execute("ALTER TABLE users DROP COLUMN phone")

            with pytest.raises(SystemExit):
                check(directory=MIGRATIONS)
            db.engine.dispose()

    def test_wait_for_another_release(self, empty_database: str) -> None:
        command = [sys.executable, "-m", "flask", "--app", "wsgi", "db", "upgrade"]
        environ = {**os.environ, **environment(empty_database)}

        releases = [
            subprocess.Popen(command, cwd=PROJECT, env=environ, stderr=subprocess.PIPE, text=True)
            for _ in range(2)
        ]
        errors = [release.communicate(timeout=120)[1] for release in releases]

        assert [release.returncode for release in releases] == [0, 0], errors


class TestDeclaredSchema:
    """Constraints, triggers and functions beside the declared list and the models."""

    def test_is_what_the_database_has(self, shared_database: str) -> None:
        with psycopg.connect(psycopg_address(shared_database)) as connection:
            assert describe(connection) == DECLARED.read_text().splitlines()

    def test_notices_a_trigger_that_is_switched_off(self, shared_database: str) -> None:
        with psycopg.connect(psycopg_address(shared_database)) as connection:
            connection.execute("ALTER TABLE refunds DISABLE TRIGGER refunds_within_payment")

            described = describe(connection)
            connection.rollback()

        assert set(DECLARED.read_text().splitlines()) - set(described) == {
            "CREATE TRIGGER refunds_within_payment AFTER INSERT OR UPDATE OF"
            " payment_transaction_id, net_refund, status ON refunds"
            " FOR EACH ROW EXECUTE FUNCTION refunds_within_payment()"
        }

    def test_has_every_check_of_the_models_and_no_other(self, shared_database: str) -> None:
        create_app(environment(shared_database))
        declared = {
            str(constraint.name)
            for table in db.metadata.tables.values()
            for constraint in table.constraints
            if isinstance(constraint, CheckConstraint)
        }

        with psycopg.connect(psycopg_address(shared_database)) as connection:
            found = connection.execute("""
                SELECT conname FROM pg_constraint
                WHERE contype = 'c' AND connamespace = 'public'::regnamespace AND conrelid <> 0
                  AND conrelid::regclass::text NOT LIKE 'procrastinate%'
            """).fetchall()

        assert {name for (name,) in found} == declared
