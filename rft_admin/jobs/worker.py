"""The worker process: takes jobs from the database and runs them, and those of the clock."""

import asyncio
from typing import cast

from flask import Flask
from procrastinate import PsycopgConnector
from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import make_url

from rft_admin.core.database import db
from rft_admin.core.queue import queue_app
from rft_admin.jobs import periodic, runner, tasks

#: A job exists once its module is imported.
JOB_MODULES = (tasks, periodic)

CONCURRENCY = 2
#: Of the database's 20 connections: 3 for the queue, and 3 for what its jobs do.
QUEUE_CONNECTIONS = 3
JOBS_POOL = {"pool_size": 3, "max_overflow": 0}
HEARTBEAT_SECONDS = 5.0
GRACE_SECONDS = 20.0


def work(app: Flask, *, wait: bool = True) -> None:
    """Run jobs until told to stop; without `wait`, until none is left."""
    runner.bind(app)
    _take_few_connections(app)
    asyncio.run(_work(queue_conninfo(app), wait=wait))


def queue_conninfo(app: Flask) -> str:
    """Return the database's address as psycopg itself reads it."""
    url = make_url(app.config["SQLALCHEMY_DATABASE_URI"])
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def _take_few_connections(app: Flask) -> None:
    """Let the jobs share a pool of their own size: the environment's is the web's."""
    options = app.config["SQLALCHEMY_ENGINE_OPTIONS"] | JOBS_POOL
    with app.app_context():
        db.engine.dispose()
        engines = cast(dict[str | None, Engine], db.engines)
        engines[None] = create_engine(app.config["SQLALCHEMY_DATABASE_URI"], **options)


async def _work(conninfo: str, *, wait: bool) -> None:
    connector = PsycopgConnector(
        conninfo=conninfo, min_size=1, max_size=QUEUE_CONNECTIONS, kwargs={"connect_timeout": 5}
    )
    with queue_app.replace_connector(connector) as working:
        async with working.open_async():
            await working.run_worker_async(
                concurrency=CONCURRENCY,
                wait=wait,
                listen_notify=wait,
                fetch_job_polling_interval=1.0,
                delete_jobs="successful",
                update_heartbeat_interval=HEARTBEAT_SECONDS,
                stalled_worker_timeout=periodic.STALLED_SECONDS,
                shutdown_graceful_timeout=GRACE_SECONDS,
            )
