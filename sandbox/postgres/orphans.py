"""Servers whose owner is gone, and locks whose server is gone."""

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

from sandbox.postgres.faults import PostgresUnavailable
from sandbox.tether import ON_LINUX

#: What an orphan gets, and the seconds it has then; first it may end by itself.
STEPS = ((None, 3), (signal.SIGINT, 5), (signal.SIGQUIT, 5), (signal.SIGKILL, 5))


def end_orphan(data: Path) -> None:
    """End a server that still runs on `data`, and remove a lock that names no such server.

    Only the owner of the directory may call this: nobody alive keeps that server.

    :raises PostgresUnavailable: if it does not end.
    """
    lock = data / "postmaster.pid"
    for number, seconds in STEPS:
        pid = running_postmaster(lock)
        if pid is None:
            lock.unlink(missing_ok=True)
            return
        if number is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        _wait_until_gone(lock, seconds)
    if running_postmaster(lock) is not None:
        raise PostgresUnavailable(f"A PostgreSQL without an owner keeps {data} and does not end.")
    lock.unlink(missing_ok=True)


def running_postmaster(lock: Path) -> int | None:
    """Return the id of the live server of this very directory, else None.

    A zombie is none, and neither is another program that was given the same id since.
    """
    try:
        pid = int(lock.read_text().splitlines()[0])
    except (OSError, ValueError, IndexError):
        return None
    return pid if _works_in(pid, lock.parent.resolve()) else None


def _works_in(pid: int, data: Path) -> bool:
    if ON_LINUX:
        with contextlib.suppress(OSError):
            return os.readlink(f"/proc/{pid}/cwd") == str(data)
        return False
    command = ["ps", "-o", "command=", "-p", str(pid)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    return str(data) in answer.stdout


def _wait_until_gone(lock: Path, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and running_postmaster(lock) is not None:
        time.sleep(0.05)
