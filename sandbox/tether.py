"""Ties a child process to the life of its parent: however that ends, the child is told to stop.

On Linux the kernel does it (PR_SET_PDEATHSIG, see prctl(2)). That signal follows the parent's
*thread*, so a child started from any thread but the main one, and every child elsewhere, gets a
holder process that watches a pipe from the parent instead: the pipe closes when the parent is gone.

This file is also the small program that stands between the two, run by path and without
site-packages. It uses nothing but the standard library.
"""

import contextlib
import ctypes
import os
import pwd
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

PR_SET_PDEATHSIG = 1
ON_LINUX = os.uname().sysname == "Linux"
#: Seconds a child has after the parent's end before its holder kills it.
GRACE_SECONDS = 10
FORWARDED_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP)


@dataclass
class Tethered:
    """A child that does not outlive this process."""

    process: subprocess.Popen[bytes]
    _leash: int | None = None

    @property
    def pid(self) -> int:
        """Return the id of the process we started (the holder's where a pipe is used)."""
        return self.process.pid

    def poll(self) -> int | None:
        """Return the exit code, or None while it runs."""
        return self.process.poll()

    def send(self, number: signal.Signals) -> None:
        """Send a signal; a child already gone is no error."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)

    def end(self, *steps: tuple[signal.Signals, float]) -> None:
        """Send each signal and wait its seconds until the child is gone; at last kill its group."""
        for number, seconds in steps:
            self.send(number)
            if self.wait(seconds):
                return
        if self.poll() is None:
            self.kill_group()
        self.wait(GRACE_SECONDS)

    def kill_group(self) -> None:
        """Kill the child and everything in its process group."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def wait(self, seconds: float) -> bool:
        """Wait up to `seconds`; return whether it has ended."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        self._let_go()
        return True

    def _let_go(self) -> None:
        if self._leash is not None:
            os.close(self._leash)
            self._leash = None


def spawn(
    command: Sequence[str | Path],
    *,
    death_signal: signal.Signals = signal.SIGTERM,
    account: pwd.struct_passwd | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    output: IO[bytes] | int | None = None,
) -> Tethered:
    """Start `command` in its own session, tied to this process.

    :param death_signal: what the child gets when this process ends.
    :param account: the user it becomes first (only root may ask for that).
    """
    own_thread_lasts = threading.current_thread() is threading.main_thread()
    by_kernel = ON_LINUX and own_thread_lasts
    reading, writing = (None, None) if by_kernel else os.pipe()
    who = f"{account.pw_uid}:{account.pw_gid}" if account else "-"
    link = f"parent={os.getpid()}" if by_kernel else f"pipe={reading}"
    wrapper = [sys.executable, "-I", "-S", __file__, link, str(int(death_signal)), who]
    try:
        process = subprocess.Popen(
            [*wrapper, *map(str, command)],
            env=env,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if output is not None else None,
            start_new_session=True,
            pass_fds=() if reading is None else (reading,),
        )
    finally:
        if reading is not None:
            os.close(reading)
    return Tethered(process, writing)


def _become(who: str) -> None:
    if who == "-":
        return
    uid, gid = map(int, who.split(":"))
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def _exec_with_death_signal(parent: int, death_signal: int, command: Sequence[str]) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "PR_SET_PDEATHSIG was refused")
    if os.getppid() != parent:
        sys.exit(1)  # the parent ended before the kernel knew of the wish
    os.execvp(command[0], list(command))  # noqa: S606 - no shell is the point


def _hold(leash: int, death_signal: int, command: Sequence[str]) -> int:
    with subprocess.Popen(command) as child:
        for number in FORWARDED_SIGNALS:
            signal.signal(number, lambda received, _frame: child.send_signal(received))
        threading.Thread(
            target=_end_with_parent, args=(leash, death_signal, child), daemon=True
        ).start()
        code = child.wait()
    return code if code >= 0 else 128 - code


def _end_with_parent(leash: int, death_signal: int, child: subprocess.Popen[bytes]) -> None:
    while os.read(leash, 1):
        pass
    child.send_signal(death_signal)
    time.sleep(GRACE_SECONDS)
    child.kill()


def main(arguments: Sequence[str]) -> int:
    """Become the account, then the command (or its holder)."""
    link, death_signal, who, *command = arguments
    kind, _, value = link.partition("=")
    _become(who)
    if kind == "parent":
        _exec_with_death_signal(int(value), int(death_signal), command)
    return _hold(int(value), int(death_signal), command)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
