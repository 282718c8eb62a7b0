"""The keeper of an embedded PostgreSQL: one directory, one server on loopback, gone when its owner is gone.

As a program (`python -m sandbox.postgres`) it keeps the development database running and prints its address.
"""

import contextlib
import fcntl
import hashlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import psycopg
from psycopg import sql

from sandbox.postgres_binaries import (
    SHARED_PLACE,
    Binaries,
    PostgresUnavailable,
    can_run,
    find_binaries,
    reachable,
    server_account,
)
from sandbox.postgres_certificate import write_certificate
from sandbox.tether import Tethered, spawn

__all__ = ["PostgresServer", "PostgresUnavailable"]

USER = "rft"
START_SECONDS = 60
#: How long an ending or starting server of somebody else is waited for.
OTHERS_SECONDS = 20
LOG_BYTES_KEPT = 5_000_000
NOT_DURABLE = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "wal_level=minimal",
    "max_wal_senders=0",
)


class PostgresServer:
    """A PostgreSQL server whose files lie in one directory; as a context manager it starts and stops it.

    The directory holds `password` (600), `port`, `log`, `owner.lock` and `data/`. Whoever holds the
    lock owns the server, and the server ends with its owner; others who start it share it.
    """

    def __init__(
        self,
        directory: Path,
        *,
        port: int | None = None,
        max_connections: int = 60,
        tls: bool = False,
        durable: bool = True,
    ) -> None:
        """Describe a server.

        :param port: on 127.0.0.1; None: a free one, remembered for the next start.
        :param tls: refuse every connection without TLS (a self-signed certificate is made).
        :param durable: False is faster and may lose all on a crash: for tests.
        """
        self.directory = directory.absolute()
        self.port = port
        #: Sentences for the person at the keyboard: what was done in an unexpected way.
        self.notes: list[str] = []
        self._wanted_port = port
        self._max_connections = max_connections
        self._tls = tls
        self._durable = durable
        self._password = ""
        self._server: Tethered | None = None
        self._lock: IO[str] | None = None

    def __enter__(self) -> Self:
        """Start the server."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the server, if it is ours."""
        self.stop()

    def start(self) -> None:
        """Start the server, making an empty cluster first where there is none; share one that somebody else owns.

        :raises PostgresUnavailable: if that does not work; the message says why.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        if not self._claim():
            self._share()
            return
        try:
            self._start_own()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the server if we own it, open connections or not; a shared one is left alone."""
        if self._server is not None:
            _end(self._server)
            self._server = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def url(self, database: str = "postgres") -> str:
        """Return the address of a database on this server, password included."""
        return f"postgresql://{USER}:{self._password}@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str, *, template: str | None = None) -> None:
        """Create a database, empty or as a copy of `template` (nobody may be connected to that)."""
        self._execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(template or "template0")
            )
        )

    def drop_database(self, name: str) -> None:
        """Drop a database if it is there, ending its connections."""
        self._execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        )

    @property
    def pid(self) -> int | None:
        """Return the server's process id if we own it."""
        return self._server.pid if self._server else None

    def _execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(statement)

    # Whose server it is

    def _claim(self) -> bool:
        """Become the owner. The kernel frees the lock when the owner ends, kill -9 included."""
        lock = (self.directory / "owner.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return False
        self._lock = lock
        return True

    def _share(self) -> None:
        deadline = time.monotonic() + OTHERS_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError, ValueError):
                self._password = (self.directory / "password").read_text().strip()
                self.port = int((self.directory / "port").read_text())
                if self._answers() is None:
                    self.notes.append(
                        f"The PostgreSQL already running on port {self.port} is used."
                    )
                    return
            time.sleep(0.1)
        raise PostgresUnavailable(
            f"Another process keeps {self.directory}, but its PostgreSQL does not answer."
        )

    # Our own

    def _start_own(self) -> None:
        account = server_account()
        binaries = reachable(find_binaries(), account)
        home = _home(self.directory, account)
        if home != self.directory:
            self.notes.append(
                f"The database lies in {home}: {_name(account)} cannot reach {self.directory}."
            )
        data = home / "data"
        self._password = self._read_or_make_password()
        if data.is_dir():
            _end_orphan(data)
        else:
            self._initialise(binaries, data, account)
        _refuse_other_version(binaries, data)
        self._write_rules(data, account)
        self._launch_on_a_free_port(binaries, data, account)

    def _read_or_make_password(self) -> str:
        path = self.directory / "password"
        if not path.exists():
            path.touch(mode=0o600)
        path.chmod(0o600)
        if not (password := path.read_text().strip()):
            password = secrets.token_hex(24)
            path.write_text(f"{password}\n")
        return password

    def _initialise(
        self, binaries: Binaries, data: Path, account: pwd.struct_passwd | None
    ) -> None:
        """Make the cluster beside its place and move it there when whole: a half-made one is never used."""
        half_made = data.with_name("data.new")
        shutil.rmtree(half_made, ignore_errors=True)
        half_made.mkdir(mode=0o700)
        password_file = data.with_name("password.new")
        password_file.touch(mode=0o600)
        password_file.write_text(self._password)
        _give(account, half_made, password_file)
        command = [
            *(
                binaries.initdb,
                "--pgdata",
                half_made,
                "--username",
                USER,
                "--pwfile",
                password_file,
            ),
            *("--auth", "scram-sha-256", "--encoding", "UTF8", "--no-instructions"),
            *_locale_options(),
            *(() if self._durable else ("--no-sync",)),
        ]
        log_start = self._log_size()
        with self._open_log() as log:
            initdb = spawn(
                command,
                death_signal=signal.SIGTERM,
                account=account,
                env=_environment(),
                output=log,
            )
        try:
            ended = initdb.wait(START_SECONDS)
        finally:
            initdb.kill_group()
            password_file.unlink()
        if not ended or initdb.poll() != 0:
            raise PostgresUnavailable(
                f"PostgreSQL could not make its files: {self._last_words(log_start)}"
            )
        half_made.rename(data)

    def _write_rules(self, data: Path, account: pwd.struct_passwd | None) -> None:
        kind = "hostssl" if self._tls else "host"
        rules = data / "pg_hba.conf"
        rules.write_text(f"{kind} all all 127.0.0.1/32 scram-sha-256\n")
        if self._tls:
            _give(account, *write_certificate(data))
        _give(account, rules)

    def _launch_on_a_free_port(
        self, binaries: Binaries, data: Path, account: pwd.struct_passwd | None
    ) -> None:
        for _attempt in range(5):
            self.port = self._choose_port()
            log_start = self._log_size()
            with self._open_log() as log:
                self._server = spawn(
                    self._command(binaries, data),
                    death_signal=signal.SIGINT,
                    account=account,
                    env=_environment(),
                    output=log,
                )
            if self._becomes_ready():
                (self.directory / "port").write_text(str(self.port))
                return
            words = self._last_words(log_start)
            if (
                "in use" not in words
            ):  # a port taken meanwhile, or the memory of a killed server's last process
                break
            time.sleep(0.5)
        raise PostgresUnavailable(f"PostgreSQL did not start: {words}")

    def _command(self, binaries: Binaries, data: Path) -> list[str | Path]:
        options = [
            f"port={self.port}",
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",  # a path under a deep directory would pass the limit of 107 bytes
            f"max_connections={self._max_connections}",
            "shared_buffers=128MB",
            "timezone=UTC",
            "log_timezone=UTC",
            f"ssl={'on' if self._tls else 'off'}",
            *(() if self._durable else NOT_DURABLE),
        ]
        return [
            binaries.postgres,
            "-D",
            data,
            *(part for option in options for part in ("-c", option)),
        ]

    def _choose_port(self) -> int:
        if self._wanted_port is not None:
            return self._wanted_port
        with contextlib.suppress(OSError, ValueError):
            remembered = int((self.directory / "port").read_text())
            if _is_free(remembered):
                return remembered
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return int(probe.getsockname()[1])

    def _becomes_ready(self) -> bool:
        deadline = time.monotonic() + START_SECONDS
        while self._server is not None and self._server.poll() is None:
            fault = self._answers()
            if fault is None:
                return True
            if time.monotonic() > deadline:
                raise PostgresUnavailable(f"PostgreSQL started but does not answer: {fault}")
            time.sleep(0.02)
        return False

    def _answers(self) -> str | None:
        """Return None if our server answers our password, else the fault."""
        try:
            with psycopg.connect(self.url(), connect_timeout=5) as connection:
                connection.execute("SELECT 1")
        except psycopg.OperationalError as error:
            return str(error).strip()
        return None

    # Its log

    def _open_log(self) -> IO[bytes]:
        path = self.directory / "log"
        too_long = path.exists() and path.stat().st_size > LOG_BYTES_KEPT
        return path.open("wb" if too_long else "ab")

    def _log_size(self) -> int:
        with contextlib.suppress(FileNotFoundError):
            return (self.directory / "log").stat().st_size
        return 0

    def _last_words(self, start: int) -> str:
        with (self.directory / "log").open("rb") as log:
            log.seek(start if start <= self._log_size() else 0)
            lines = log.read().decode(errors="replace").strip().splitlines()
        return " / ".join(lines[-6:]) or "it said nothing."


def _environment() -> dict[str, str]:
    """Return an environment without our secrets and without PG* variables that would lead astray."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return {**kept, "LC_ALL": "C"}


def _locale_options() -> tuple[str, ...]:
    """Order and letters by code point everywhere; where the system has no C.UTF-8, by PostgreSQL's own."""
    if sys.platform == "linux":
        return ("--locale", "C.UTF-8")
    return (
        "--locale",
        "C",
        "--lc-ctype",
        "en_US.UTF-8",
        "--locale-provider",
        "builtin",
        "--builtin-locale",
        "C.UTF-8",
    )


def _home(directory: Path, account: pwd.struct_passwd | None) -> Path:
    """Return where the data lies: the directory, or a shared place if the server's user cannot get there."""
    if account is None or can_run(account, "/bin/sh", "-c", 'cd "$1"', "sh", str(directory)):
        return directory
    name = hashlib.sha256(os.fsencode(directory)).hexdigest()[:12]
    home = SHARED_PLACE / f"rft-postgres-data-{name}"
    with contextlib.suppress(FileExistsError):
        home.mkdir(mode=0o711)
    found = home.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise PostgresUnavailable(
            f"{home} belongs to somebody else: remove it, or set DATABASE_URL."
        )
    return home


def _name(account: pwd.struct_passwd | None) -> str:
    return account.pw_name if account else "the server"


def _give(account: pwd.struct_passwd | None, *paths: Path) -> None:
    if account is not None:
        for path in paths:
            os.chown(path, account.pw_uid, account.pw_gid)


def _refuse_other_version(binaries: Binaries, data: Path) -> None:
    major = (data / "PG_VERSION").read_text().strip()
    if major != str(binaries.major):
        raise PostgresUnavailable(
            f"{data} was made by PostgreSQL {major}, but {binaries.major} was found in {binaries.bin_dir}: "
            "set RFT_POSTGRES_BIN to the old one, or remove the directory to start afresh."
        )


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _end(server: Tethered) -> None:
    """Fast shutdown, then immediate, then the kernel's way."""
    for number, seconds in ((signal.SIGINT, 10), (signal.SIGQUIT, 5)):
        server.signal(number)
        if server.wait(seconds):
            return
    server.kill_group()
    server.wait(5)


def _end_orphan(data: Path) -> None:
    """End a server whose owner is gone (it may be ending already), and remove a lock that names another process."""
    lock = data / "postmaster.pid"
    waits = ((None, 3), (signal.SIGINT, 5), (signal.SIGQUIT, 5), (signal.SIGKILL, 5))
    for number, seconds in waits:
        if (pid := _running_postmaster(lock)) is None:
            break
        if number is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        _wait_until_gone(lock, seconds)
    if _running_postmaster(lock) is not None:
        raise PostgresUnavailable(
            f"A PostgreSQL server without an owner keeps {data} and does not end."
        )
    lock.unlink(missing_ok=True)


def _wait_until_gone(lock: Path, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and _running_postmaster(lock) is not None:
        time.sleep(0.05)


def _running_postmaster(lock: Path) -> int | None:
    """Return the id of the live server of this very directory; a zombie, or another's reused id, is none."""
    try:
        pid = int(lock.read_text().splitlines()[0])
    except (OSError, ValueError, IndexError):
        return None
    if sys.platform == "linux":
        try:
            return pid if os.readlink(f"/proc/{pid}/cwd") == str(lock.parent.resolve()) else None
        except OSError:
            return None
    answer = subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return pid if str(lock.parent) in answer.stdout else None


def main() -> int:
    """Keep the development database running until interrupted."""
    instance = Path(os.environ.get("RFT_INSTANCE", "instance"))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with PostgresServer(instance / "postgres") as server:
            sys.stdout.write(f"{server.url()}\n")
            sys.stdout.flush()
            signal.pause()
    except PostgresUnavailable as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
