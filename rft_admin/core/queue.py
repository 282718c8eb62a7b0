"""Jobs deferred by name in the running transaction: a rollback removes the job too."""

from datetime import datetime
from typing import Any

import procrastinate

from rft_admin.core.database import db

#: The application that jobs/ hangs its tasks on. Deferring uses the session's own connection,
#: so the connector's pool is opened by the worker only.
queue_app = procrastinate.App(connector=procrastinate.SyncPsycopgConnector())


def defer(task_name: str, *, at: datetime | None = None, **ids: int | str) -> None:
    """Queue a job; it exists once the running unit of work is committed.

    :param at: the earliest moment at which it runs; None is at once.
    """
    connection: Any = db.session.connection().connection.driver_connection
    queue_app.configure_task(
        task_name, allow_unknown=True, connection=connection, schedule_at=at
    ).defer(**ids)
