"""How a job runs: in the application's context, alone with its exceptions, told of when it fails."""

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

#: Seconds until the second try, growing: 3, 9, 27, 81, 243, 729.
TRIES = RetryStrategy(max_attempts=6, exponential_wait=3)
#: For jobs that come again by the clock anyway.
ONCE = RetryStrategy(max_attempts=1)

#: Every job of the clock by its name, for `flask jobs run NAME`.
JOBS: dict[str, Callable[[], None]] = {}
_bound: dict[str, Flask] = {}


def bind(app: Flask) -> None:
    """Let jobs run in this application's context."""
    _bound["app"] = app


def task(
    name: str, *, retry: RetryStrategy = TRIES
) -> Callable[[Callable[Arguments, None]], Callable[Arguments, None]]:
    """Register a function as the job that `core.queue.defer` knows by this name."""

    def register(job: Callable[Arguments, None]) -> Callable[Arguments, None]:
        @queue_app.task(name=name, retry=retry, pass_context=True)
        def run(context: JobContext, *args: Any, **kwargs: Any) -> None:
            with _bound["app"].app_context():
                _run_and_tell(functools.partial(job, *args, **kwargs), name, retry, context)

        return job

    return register


def by_the_clock(name: str, cron: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Register a function as a job that the clock starts, and that can be run by hand.

    :param cron: minute, hour, day, month, weekday in UTC; with a sixth field, seconds come last.
    """

    def register(job: Callable[[], None]) -> Callable[[], None]:
        @queue_app.periodic(cron=cron)
        @queue_app.task(name=name, retry=ONCE, pass_context=True)
        def run(context: JobContext, timestamp: int) -> None:
            with _bound["app"].app_context():
                _run_and_tell(job, name, ONCE, context)

        JOBS[name] = job
        return job

    return register


def actor_of(job_name: str) -> Actor:
    """Return who the trail names when a job changes something."""
    return Actor(label=f"job {job_name}")


def _run_and_tell(
    job: Callable[[], None], name: str, retry: RetryStrategy, context: JobContext
) -> None:
    try:
        job()
    except Exception:
        db.session.rollback()
        if context.job.attempts + 1 >= (retry.max_attempts or 1):
            logger.exception("The job %s failed for good", name)
            _tell_office(name, context)
        raise


def _tell_office(name: str, context: JobContext) -> None:
    with unit_of_work(by=actor_of(name)):
        notifications.notify_office(
            type=NotificationType.JOB_FAILED,
            title=f"The job {name} failed",
            message=f"Job {context.job.id} was tried {context.job.attempts + 1} times.",
            priority=Priority.HIGH,
            now=clock.now(),
        )
