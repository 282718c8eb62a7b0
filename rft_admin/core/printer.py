"""The process that prints: started when first asked, spoken to by pipes, replaced when it fails.

The compiler takes some 50 MB that it never gives back, and a fault of its own would end the process
it runs in. Apart from the web, neither does harm.
"""

import atexit
import os
import struct
import subprocess
import sys
import threading
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import IO

from rft_admin.core.errors import Busy

PROGRAM = Path(__file__).with_name("pdf_program.py")
LENGTH = struct.Struct(">I")
PRINTED = b"P"
#: A page takes 25 ms, the longest report a second or two.
PATIENCE_SECONDS = 20.0
FAREWELL_SECONDS = 2.0
#: All that the program is told of its surroundings: where programs and libraries lie, no secret.
SURROUNDINGS = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "HOME", "LANG", "MALLOC_ARENA_MAX")


class PrinterAway(Busy):
    """The document could not be printed just now. Please try again in a few seconds."""


class CannotPrint(Exception):
    """The compiler complained of a template; the message is its own."""


class Printer:
    """One printing process and the orders it is given, one at a time."""

    def __init__(self, command: Sequence[str], *, patience_seconds: float) -> None:
        self._command = list(command)
        #: How long an answer is awaited before the process is ended.
        self.patience_seconds = patience_seconds
        self._turn = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def print(self, order: bytes) -> bytes:
        """Return what an order becomes.

        A process that ended meanwhile, as an idle one does, is replaced once: printing changes
        nothing, so an order may be given twice.

        :raises PrinterAway: if the process does not answer in time, or ends again.
        :raises CannotPrint: if the compiler complains.
        """
        with self._turn:
            answer = self._ask(order) or self._ask(order)
        if answer is None:
            raise PrinterAway
        if not answer.startswith(PRINTED):
            raise CannotPrint(answer[1:].decode())
        return answer[1:]

    def close(self) -> None:
        """End the process, if there is one."""
        with self._turn:
            self._end()

    @property
    def process_id(self) -> int | None:
        """The process that prints at present, if there is one."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def _ask(self, order: bytes) -> bytes | None:
        """Return the answer; None if the process ended before it.

        :raises PrinterAway: if it takes too long.
        """
        process = self._running()
        overdue = threading.Event()

        def give_up() -> None:
            overdue.set()
            process.kill()

        watch = threading.Timer(self.patience_seconds, give_up)
        watch.start()
        try:
            answer = _exchange(process, order)
        finally:
            watch.cancel()
        if overdue.is_set():
            self._end()
            raise PrinterAway
        if answer is None:
            self._end()
        return answer

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._process is not None and self._process.poll() is not None:
            self._end()
        if self._process is None:
            known = {name: os.environ[name] for name in SURROUNDINGS if name in os.environ}
            self._process = subprocess.Popen(  # noqa: S603 - our own program, by its full path
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=known
            )
        return self._process

    def _end(self) -> None:
        """Let the process go: it ends by itself once its pipes are closed."""
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            _close(pipe)
        try:
            process.wait(FAREWELL_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def our_printer(templates: Path, fonts: Path) -> Printer:
    """Return this process's printer; a forked process has its own, for a pipe is not shared."""
    return _printer_of(os.getpid(), templates, fonts)


@cache
def _printer_of(_process_id: int, templates: Path, fonts: Path) -> Printer:
    printer = Printer(
        [sys.executable, "-I", str(PROGRAM), str(templates), str(fonts)],
        patience_seconds=PATIENCE_SECONDS,
    )
    atexit.register(printer.close)
    return printer


def _exchange(process: "subprocess.Popen[bytes]", order: bytes) -> bytes | None:
    """Write the order and read its answer; None if the process ends meanwhile."""
    if process.stdin is None or process.stdout is None:
        raise TypeError("The printer has no pipes.")
    try:
        process.stdin.write(LENGTH.pack(len(order)) + order)
        process.stdin.flush()
    except OSError:
        return None
    head = process.stdout.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    answer = process.stdout.read(length)
    return answer if len(answer) == length else None


def _close(pipe: IO[bytes] | None) -> None:
    try:
        if pipe is not None:
            pipe.close()
    except OSError:
        # What was still to be written is written to nobody: the process has gone.
        return
