"""Jobs deferred by name in the running transaction: a rollback removes the job too."""

from datetime import datetime
from typing import Any

import procrastinate

from rft_admin.core.database import db

#: The application that jobs/ hangs its tasks on; the worker gives it a connector of its own.
queue_app = procrastinate.App(connector=procrastinate.SyncPsycopgConnector())
#: What defers. It is apart, because a job that defers another does so on the session's own
#: synchronous connection, while the worker's connector is asynchronous.
_deferring_app = procrastinate.App(connector=procrastinate.SyncPsycopgConnector())


def defer(task_name: str, *, at: datetime | None = None, **ids: int | str) -> None:
    """Queue a job; it exists once the running unit of work is committed.

    :param at: the earliest moment at which it runs; None is at once.
    """
    connection: Any = db.session.connection().connection.driver_connection
    _deferring_app.configure_task(
        task_name, allow_unknown=True, connection=connection, schedule_at=at
    ).defer(**ids)
