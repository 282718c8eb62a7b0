"""How Alembic reaches the application's database: one release at a time, and never for long."""

import logging
from typing import Any

from alembic import context
from flask import current_app
from sqlalchemy import Connection, text

from rft_admin.core.database import EnumText

#: Any number, the same for every release: "rft" on a telephone's keys.
RELEASE_LOCK = 738
#: How long a second release waits for the first.
WAIT_FOR_RELEASE = "5min"
#: How long a statement waits for a table that the running application uses.
WAIT_FOR_TABLE = "10s"
#: The job engine's tables, made and changed by its own SQL inside our revisions.
FOREIGN_TABLES = "procrastinate_"

logger = logging.getLogger("alembic.env")


def include_name(name: str | None, kind: str, parents: Any) -> bool:
    """Return whether Alembic compares this table: the job engine's are not ours."""
    return not (kind == "table" and (name or "").startswith(FOREIGN_TABLES))


def render_item(kind: str, item: Any, _context: Any) -> str | bool:
    """Return how a revision writes one of our own types; False leaves it to Alembic."""
    return "sa.Text()" if kind == "type" and isinstance(item, EnumText) else False


def drop_empty(_context: Any, _revision: Any, directives: list[Any]) -> None:
    """Let `flask db migrate` write no revision when there is no difference."""
    if getattr(context.config.cmd_opts, "autogenerate", False) and directives:
        script = directives[0]
        if script.upgrade_ops.is_empty():
            directives[:] = []
            logger.info("No changes in schema detected.")


def configure(**options: Any) -> None:
    """Tell Alembic about our models."""
    context.configure(
        target_metadata=current_app.extensions["migrate"].db.metadata,
        include_name=include_name,
        render_item=render_item,
        process_revision_directives=drop_empty,
        **options,
    )


def wait_for_turn(connection: Connection) -> None:
    """Take the release's lock until this transaction ends; then wait for nothing for long."""
    connection.execute(text("SET LOCAL statement_timeout = 0"))
    connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
    connection.execute(text(f"SET LOCAL lock_timeout = '{WAIT_FOR_RELEASE}'"))
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": RELEASE_LOCK})
    connection.execute(text(f"SET LOCAL lock_timeout = '{WAIT_FOR_TABLE}'"))


def migrate_online() -> None:
    """Run the revisions in one transaction: all of them, or none."""
    engine = current_app.extensions["migrate"].db.engine
    with engine.connect() as connection:
        configure(connection=connection)
        with context.begin_transaction():
            wait_for_turn(connection)
            context.run_migrations()


def migrate_offline() -> None:
    """Print the revisions as SQL (`flask db upgrade --sql`)."""
    configure(
        url=current_app.config["SQLALCHEMY_DATABASE_URI"],
        literal_binds=True,
        dialect_opts={"paramstyle": "named"},
    )
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    migrate_offline()
else:
    migrate_online()
