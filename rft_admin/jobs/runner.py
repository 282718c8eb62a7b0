"""How a job runs: in the application's context; the office is told when it fails for good."""

import functools
import logging
from collections.abc import Callable
from typing import Any, ParamSpec

from flask import Flask
from procrastinate import JobContext, RetryStrategy

from rft_admin.core import clock
from rft_admin.core.actor import Actor
from rft_admin.core.database import db, unit_of_work
from rft_admin.core.queue import queue_app
from rft_admin.messaging import notifications
from rft_admin.messaging.models import NotificationType, Priority

logger = logging.getLogger(__name__)
Arguments = ParamSpec("Arguments")

#: A job is tried once and this often again, after 3, 9, 27, 81, 243 and 729 seconds.
RETRIES = 6
WAIT_BASE_SECONDS = 3

#: Every job of the clock by its name, for `flask jobs run NAME`.
JOBS: dict[str, Callable[[], None]] = {}
_bound: dict[str, Flask] = {}


def bind(app: Flask) -> None:
    """Let jobs run in this application's context."""
    _bound["app"] = app


def task(
    name: str, *, retries: int = RETRIES
) -> Callable[[Callable[Arguments, None]], Callable[Arguments, None]]:
    """Register a function as the job that `core.queue.defer` knows by this name.

    :param retries: how often it is tried again after it failed.
    """
    strategy = RetryStrategy(max_attempts=retries, exponential_wait=WAIT_BASE_SECONDS)

    def register(job: Callable[Arguments, None]) -> Callable[Arguments, None]:
        @queue_app.task(name=name, retry=strategy if retries else False, pass_context=True)
        def run(context: JobContext, *args: Any, **kwargs: Any) -> None:
            with _bound["app"].app_context():
                _run_and_tell(functools.partial(job, *args, **kwargs), name, retries, context)

        return job

    return register


def by_the_clock(name: str, cron: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Register a function as a job that the clock starts, and that can be run by hand.

    It is not tried again when it fails: the clock brings it back.

    :param cron: minute, hour, day, month, weekday in UTC.
    """

    def register(job: Callable[[], None]) -> Callable[[], None]:
        @queue_app.periodic(cron=cron)
        @queue_app.task(name=name, pass_context=True)
        def run(context: JobContext, timestamp: int) -> None:
            with _bound["app"].app_context():
                _run_and_tell(job, name, 0, context)

        JOBS[name] = job
        return job

    return register


def actor_of(job_name: str) -> Actor:
    """Return who the trail names when a job changes something."""
    return Actor(label=f"job {job_name}")


def _run_and_tell(job: Callable[[], None], name: str, retries: int, context: JobContext) -> None:
    try:
        job()
    except Exception:
        db.session.rollback()
        # The engine counts the tries before this one.
        if context.job.attempts >= retries:
            logger.exception("The job %s failed for good", name)
            _tell_office(name, context)
        raise


def _tell_office(name: str, context: JobContext) -> None:
    with unit_of_work(by=actor_of(name)):
        notifications.notify_office(
            type=NotificationType.JOB_FAILED,
            title=f"The job {name} failed",
            message=f"Job {context.job.id}, tries: {context.job.attempts + 1}. The log says why.",
            priority=Priority.HIGH,
            now=clock.now(),
        )
