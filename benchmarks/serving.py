"""A peer as a process of its own: gunicorn, one process with eight threads, as in production."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.browsing import Browser
from benchmarks.data import PROJECT
from sandbox.ports import free_port
from sandbox.tether import spawn

START_SECONDS = 60
MEGABYTE = 1024 * 1024
#: What Linux keeps of each process.
PROC = Path("/proc")


@dataclass(frozen=True)
class Server:
    """A running peer."""

    name: str
    port: int
    pid: int
    log: Path

    def wait(self) -> None:
        """Wait until it answers, with whatever.

        :raises RuntimeError: if it does not, with the end of what it logged.
        """
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            with closing(self.browser()) as browser, suppress(OSError):
                browser.get("/")
                return
            time.sleep(0.1)
        raise RuntimeError(f"{self.name} does not answer:\n{self.log.read_text()[-2000:]}")

    def browser(self, cookie: str = "") -> Browser:
        """Return somebody who asks this peer."""
        return Browser(self.port, cookie)

    @property
    def worker(self) -> int:
        """The process that answers: the child of gunicorn's own."""
        children = (PROC / str(self.pid) / "task" / str(self.pid) / "children").read_text().split()
        return int(children[0]) if children else self.pid

    def forget_peak(self) -> None:
        """Let the highest memory be counted anew (proc(5), clear_refs)."""
        (PROC / str(self.worker) / "clear_refs").write_text("5")

    def memory_megabytes(self, name: str = "VmRSS") -> float:
        """Return the worker's memory now, or its highest since it was forgotten (`VmHWM`)."""
        for line in (PROC / str(self.worker) / "status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) / 1024
        raise LookupError(name)


@contextmanager
def serving(
    name: str, application: str, environment: dict[str, str], logs: Path
) -> Iterator[Server]:
    """Start a peer and stop it at the end; it answers once it has been waited for.

    :param application: as gunicorn names it, `module:app`.
    """
    port = free_port()
    logs.mkdir(parents=True, exist_ok=True)
    command = [
        *(sys.executable, "-m", "gunicorn", "--config", str(PROJECT / "gunicorn.conf.py")),
        *("--bind", f"127.0.0.1:{port}", "--timeout", "300", application),
    ]
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
    with (logs / f"{name}.log").open("wb") as output:
        process = spawn(command, env={**kept, **environment}, cwd=PROJECT, output=output)
    try:
        yield Server(name, port, process.pid, logs / f"{name}.log")
    finally:
        process.end((signal.SIGTERM, 5), (signal.SIGQUIT, 2))
