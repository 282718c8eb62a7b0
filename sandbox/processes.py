"""Programs run together: started, watched, and ended together, their output kept in log files."""

import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from sandbox.tether import Tethered, spawn

LAST_LINES = 15
#: What a program gets when all is to end, and the seconds it has then.
ENDING = ((signal.SIGTERM, 8.0), (signal.SIGQUIT, 1.0))


@dataclass(frozen=True)
class Program:
    """A command with a name to call it by."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str] = field(repr=False)


class ProgramFailed(Exception):
    """A program ended that should not have, or not so; the message says what it said last."""


class Programs:
    """Programs that run side by side; as a context manager it ends them all."""

    def __init__(self, programs: Sequence[Program], *, cwd: Path, logs: Path) -> None:
        """Describe them.

        :param logs: the directory that gets `<name>.log` of each, begun anew at every start.
        """
        self._programs = programs
        self._cwd = cwd
        self._logs = logs
        self._running: dict[str, Tethered] = {}

    def __enter__(self) -> Self:
        """Start them all."""
        self._logs.mkdir(parents=True, exist_ok=True)
        for program in self._programs:
            self._start(program)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End them all at once: kindly, then firmly, then by the kernel."""
        for number, seconds in ENDING:
            for running in self._running.values():
                running.send(number)
            deadline = time.monotonic() + seconds
            for running in self._running.values():
                running.wait(max(0.0, deadline - time.monotonic()))
            if all(running.poll() is not None for running in self._running.values()):
                break
        for running in self._running.values():
            running.kill_group()  # also what an ended program left behind
            running.wait(5)
        self._running.clear()

    def refuse_ended(self) -> None:
        """Look whether all still run.

        :raises ProgramFailed: if one has ended by itself.
        """
        for name, running in self._running.items():
            if (code := running.poll()) is not None:
                raise ProgramFailed(f"{name} ended (exit code {code}).\n{self._last_words(name)}")

    def wait_for_success(self) -> None:
        """Wait until all have ended.

        :raises ProgramFailed: if one did not end with exit code 0.
        """
        for name, running in self._running.items():
            while not running.wait(1):
                pass
            if code := running.poll():
                raise ProgramFailed(f"{name} failed (exit code {code}).\n{self._last_words(name)}")
        self._running.clear()

    def _start(self, program: Program) -> None:
        with self._log(program.name).open("wb") as output:
            self._running[program.name] = spawn(
                program.command, env=program.env, cwd=self._cwd, output=output
            )

    def _log(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def _last_words(self, name: str) -> str:
        log = self._log(name)
        lines = log.read_text(errors="replace").splitlines()[-LAST_LINES:]
        return "\n".join([*(f"{name}| {line}" for line in lines), f"All of it is in {log}"])
