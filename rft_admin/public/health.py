"""Is the process alive, and can it do its work?"""

import re
from datetime import datetime
from functools import cache
from typing import Any

from flask.typing import ResponseReturnValue
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from rft_admin.core import clock
from rft_admin.core.database import db
from rft_admin.core.environment import MIGRATIONS
from rft_admin.public.blueprint import blueprint
from rft_admin.upkeep import worker

UNAVAILABLE = 503
REVISION = re.compile(r"^revision(?:: str)? = [\"']([^\"']+)", re.MULTILINE)
FOLLOWED = re.compile(r"^down_revision[^=]*= [\"']([^\"']+)", re.MULTILINE)


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
    """Return the newest revisions that the code knows: those that no other one follows.

    Read from the files themselves: Alembic would take 11 MB of every web process.
    """
    scripts = [path.read_text() for path in (MIGRATIONS / "versions").glob("*.py")]
    known = {found for script in scripts for found in REVISION.findall(script)}
    return known - {found for script in scripts for found in FOLLOWED.findall(script)}
