"""Runs a plan of programs under one parent: once per instance, watched, ended together."""

import contextlib
import fcntl
import http.client
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from sandbox.development import CannotRun
from sandbox.postgres import PostgresServer, PostgresUnavailable
from sandbox.processes import Program, ProgramFailed, Programs

READY_SECONDS = 60
WATCH_SECONDS = 0.2
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """Somebody asked us to end."""


@dataclass(frozen=True)
class Plan:
    """What is started: services, then steps one after the other, then the application."""

    services: Sequence[Program]
    steps: Sequence[Program]
    application: Sequence[Program]
    #: Where `/readyz` answers once the application works, and says that the worker lives.
    ready_port: int
    ready_lines: Sequence[str]
    cwd: Path
    logs: Path
    #: The server that was started for this plan, if one was.
    server: PostgresServer | None = None


def run(
    instance: Path,
    arrange: Callable[[], AbstractContextManager[Plan]],
    *,
    parent: int | None = None,
) -> int:
    """Run a plan until asked to end, and return the exit code: 0 then, 1 after a fault.

    :param instance: the directory of all state; it runs at most once at a time.
    :param arrange: makes the plan, and what has to be there before and until after it.
    :param parent: a process; end when it is no longer our parent (a killed `make`).
    """
    try:
        with _stop_signals(), _only_once(instance) as lock, arrange() as plan:
            lock.write_text(f"{plan.ready_lines[0]} (process {os.getpid()})")
            _perform(plan, parent)
    except Stopped:
        print("Ended.", flush=True)
        return 0
    except (CannotRun, PostgresUnavailable, ProgramFailed) as fault:
        print(fault, file=sys.stderr, flush=True)
        return 1
    return 0


@contextlib.contextmanager
def timed(name: str) -> Iterator[None]:
    """Print a step's name and the seconds it took, once it is done."""
    started = time.monotonic()
    yield
    print(f"{name:<16}{time.monotonic() - started:6.1f} s", flush=True)


def _perform(plan: Plan, parent: int | None) -> None:
    with Programs(plan.services, cwd=plan.cwd, logs=plan.logs) as services:
        for step in plan.steps:
            with timed(step.name), Programs([step], cwd=plan.cwd, logs=plan.logs) as running:
                running.wait_for_success()
        with Programs(plan.application, cwd=plan.cwd, logs=plan.logs) as application:
            groups = (services, application)
            with timed(" and ".join(program.name for program in plan.application)):
                _wait_until_ready(plan.ready_port, groups)
            print("\n".join(plan.ready_lines), flush=True)
            _watch(groups, plan.server, parent)


def _watch(groups: Sequence[Programs], server: PostgresServer | None, parent: int | None) -> None:
    while parent is None or os.getppid() == parent:
        for group in groups:
            group.refuse_ended()
        if server is not None and server.has_ended:
            raise ProgramFailed(f"PostgreSQL ended; its log is {server.directory / 'log'}")
        time.sleep(WATCH_SECONDS)
    raise Stopped


def _wait_until_ready(port: int, groups: Sequence[Programs]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while (missing := _what_is_missing(port)) and time.monotonic() < deadline:
        time.sleep(0.1)
        for group in groups:
            group.refuse_ended()
    if missing:
        raise ProgramFailed(f"/readyz is not ready after {READY_SECONDS} seconds: {missing}")


def _what_is_missing(port: int) -> str:
    """Return why the application is not ready, nothing if it is: the web and its worker live."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        words = answer.read(500).decode(errors="replace")
    except (OSError, http.client.HTTPException) as fault:
        return str(fault) or type(fault).__name__
    finally:
        connection.close()
    is_ready = answer.status == 200 and json.loads(words)["worker"] == "ok"
    return "" if is_ready else f"{answer.status} {words}"


@contextlib.contextmanager
def _only_once(instance: Path) -> Iterator[Path]:
    """Hold the instance for this process; the kernel lets go of it however we end."""
    instance.mkdir(parents=True, exist_ok=True)
    path = instance / "run.lock"
    with path.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotRun(f"It already runs here. {path.read_text()}") from None
        path.write_text("It is still starting.")
        yield path


@contextlib.contextmanager
def _stop_signals() -> Iterator[None]:
    """Turn the first request to end into an orderly end, and the second into an abrupt one."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        for number in STOP_SIGNALS:
            signal.signal(number, force)
        raise Stopped

    def force(_number: int, _frame: FrameType | None) -> None:
        os._exit(130)  # the children are tethered: the kernel tells each to end

    for number in STOP_SIGNALS:
        signal.signal(number, stop)
    yield
