"""Is the process alive, and can it do its work?"""

from datetime import datetime
from functools import cache
from typing import Any

from alembic.config import Config as AlembicConfig
from alembic.script import ScriptDirectory
from flask import current_app
from flask.typing import ResponseReturnValue
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from rft_admin.core import clock
from rft_admin.core.database import db
from rft_admin.public.blueprint import blueprint
from rft_admin.upkeep import worker

UNAVAILABLE = 503


@blueprint.get("/healthz")
def healthz() -> ResponseReturnValue:
    """Say that the process answers; nothing else is asked."""
    return {"status": "ok"}


@blueprint.get("/readyz")
def readyz() -> ResponseReturnValue:
    """Say whether the database answers and is migrated; 503 when not. The worker is reported."""
    now = clock.now()
    try:
        is_migrated = _revisions() == _heads()
        report = _report(now)
    except SQLAlchemyError:
        db.session.rollback()
        return {"status": "unavailable", "database": "unreachable"}, UNAVAILABLE
    report["database"] = "ok" if is_migrated else "not migrated"
    report["status"] = "ok" if is_migrated else "unavailable"
    return report, 200 if is_migrated else UNAVAILABLE


def _report(now: datetime) -> dict[str, Any]:
    seen = worker.last_seen()
    oldest = worker.oldest_due_letter(now=now)
    return {
        "worker": "silent" if worker.is_silent(now=now) else "ok",
        "worker_last_seen": seen.isoformat() if seen else None,
        "oldest_due_letter": oldest.isoformat() if oldest else None,
    }


def _revisions() -> set[str]:
    """Return the revisions that the database is at."""
    return set(db.session.scalars(text("SELECT version_num FROM alembic_version")))


@cache
def _heads() -> set[str]:
    """Return the newest revisions that the code knows."""
    directory = current_app.extensions["migrate"].directory
    config = AlembicConfig()
    config.set_main_option("script_location", str(directory))
    return set(ScriptDirectory.from_config(config).get_heads())
