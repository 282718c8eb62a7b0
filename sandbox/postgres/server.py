"""One PostgreSQL server, its files in one directory, tied to the life of its owner."""

import contextlib
import fcntl
import pwd
import shutil
import signal
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import psycopg
from psycopg import sql

from sandbox.ports import free_port, is_free
from sandbox.postgres.account import home_for, server_account
from sandbox.postgres.binaries import Binaries, find_binaries, reachable
from sandbox.postgres.cluster import (
    USER,
    environment,
    make_cluster,
    read_or_make_password,
    refuse_other_version,
    write_rules,
)
from sandbox.postgres.faults import PostgresUnavailable
from sandbox.postgres.log import ServerLog
from sandbox.postgres.orphans import end_orphan
from sandbox.tether import Tethered, spawn

#: A recovery after a power cut may take its time.
START_SECONDS = 60
#: How long a server that somebody else is starting or ending is waited for.
OTHERS_SECONDS = 20
START_ATTEMPTS = 5
#: Fast and forgetful, for tests.
NOT_DURABLE = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "wal_level=minimal",
    "max_wal_senders=0",
)


class PostgresServer:
    """A PostgreSQL server on loopback; as a context manager it starts and stops it.

    Its directory holds `password` (mode 600), `port`, `log`, `owner.lock` and `data/`. Whoever
    holds the lock owns the server; others who start it meanwhile share it.
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
        :param tls: refuse every connection without TLS (by a certificate of our own making).
        :param durable: False is faster, and a crash of the machine may lose everything.
        """
        self.directory = directory.absolute()
        self.port = port
        #: Sentences for the person at the keyboard about what is not as usual.
        self.notes: list[str] = []
        self._wanted_port = port
        self._max_connections = max_connections
        self._tls = tls
        self._durable = durable
        self._password = ""
        self._log = ServerLog(self.directory / "log")
        self._process: Tethered | None = None
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
        """Stop the server if it is ours."""
        self.stop()

    @property
    def pid(self) -> int | None:
        """Return the id of the process we keep; None while stopped, or when it is another's."""
        return self._process.pid if self._process else None

    @property
    def has_ended(self) -> bool:
        """Say whether a server we started has ended by itself."""
        return self._process is not None and self._process.poll() is not None

    def start(self) -> None:
        """Start the server, on new files if there are none; or share one that another keeps.

        :raises PostgresUnavailable: if that does not work; the message says why.
        """
        if self._process is not None:
            return
        self.directory.mkdir(parents=True, exist_ok=True)
        if not self._claim():
            self._share()
            return
        try:
            self._start_own()
        except OSError as error:
            self.stop()
            raise PostgresUnavailable(f"PostgreSQL could not be started: {error}.") from error
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the server if we own it, open connections or not; another's is left alone."""
        if self._process is not None:
            self._process.end((signal.SIGINT, 10), (signal.SIGQUIT, 5))
            self._process = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def remove(self) -> None:
        """Stop the server and delete all its files, wherever they lie."""
        self.stop()
        shutil.rmtree(home_for(self.directory, server_account()), ignore_errors=True)
        shutil.rmtree(self.directory, ignore_errors=True)

    def url(self, database: str = "postgres") -> str:
        """Return the address of a database on this server, password included."""
        return f"postgresql://{USER}:{self._password}@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str, *, template: str | None = None) -> None:
        """Create a database, empty or as a copy of `template` (nobody may be connected to it)."""
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        origin = template or "template1"
        self._execute(statement.format(sql.Identifier(name), sql.Identifier(origin)))

    def drop_database(self, name: str) -> None:
        """Drop a database if it is there, ending its connections."""
        statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        self._execute(statement.format(sql.Identifier(name)))

    def has_database(self, name: str) -> bool:
        """Say whether a database of this name is there."""
        question = sql.SQL("SELECT FROM pg_database WHERE datname = {}").format(sql.Literal(name))
        return self._execute(question) == 1

    def _execute(self, statement: sql.Composed) -> int:
        with psycopg.connect(self.url(), autocommit=True) as connection:
            return connection.execute(statement).rowcount

    def _claim(self) -> bool:
        """Become the owner. The kernel frees the lock when its holder ends, however it ends."""
        lock = (self.directory / "owner.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return False
        self._lock = lock
        return True

    def _share(self) -> None:
        data = home_for(self.directory, server_account()) / "data"
        deadline = time.monotonic() + OTHERS_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError, ValueError):
                self._password = (self.directory / "password").read_text().strip()
                self.port = int((self.directory / "port").read_text())
                if self._fault(data) is None:
                    self.notes.append(f"The PostgreSQL that runs on port {self.port} is shared.")
                    return
            time.sleep(0.1)
        raise PostgresUnavailable(
            f"Another process keeps {self.directory}, but its PostgreSQL does not answer."
        )

    def _start_own(self) -> None:
        account = server_account()
        binaries = reachable(find_binaries(), account)
        home = home_for(self.directory, account)
        if account and home != self.directory:
            self.notes.append(
                f"The database lies in {home}: PostgreSQL runs as {account.pw_name}, "
                f"who cannot reach {self.directory}."
            )
        self._password = read_or_make_password(self.directory / "password")
        self._prepare_files(binaries, home / "data", account)
        self._launch(binaries, home / "data", account)

    def _prepare_files(
        self, binaries: Binaries, data: Path, account: pwd.struct_passwd | None
    ) -> None:
        if data.is_dir():
            end_orphan(data)
        else:
            make_cluster(
                binaries,
                data,
                account=account,
                password=self._password,
                log=self._log,
                durable=self._durable,
            )
        refuse_other_version(binaries, data)
        write_rules(data, account=account, tls=self._tls)

    def _launch(self, binaries: Binaries, data: Path, account: pwd.struct_passwd | None) -> None:
        for _attempt in range(START_ATTEMPTS):
            self.port = self._choose_port()
            with self._log.open() as output:
                self._process = spawn(
                    [binaries.postgres, "-D", data, *self._options()],
                    death_signal=signal.SIGINT,
                    account=account,
                    env=environment(),
                    output=output,
                )
            if self._becomes_ready(self._process, data):
                (self.directory / "port").write_text(str(self.port))
                return
            if not self._may_pass(self._log.last_words()):
                break
            time.sleep(0.5)
        raise PostgresUnavailable(f"PostgreSQL did not start: {self._log.last_words()}")

    def _may_pass(self, words: str) -> bool:
        """Say if another try may work: another port, or a killed server's memory freed."""
        port_taken = "Address already in use" in words
        return "in use" in words and not (port_taken and self._wanted_port is not None)

    def _options(self) -> list[str]:
        options = [
            f"port={self.port}",
            "listen_addresses=127.0.0.1",
            # No socket: its path may hold 107 bytes at most, and a killed server's is left over.
            "unix_socket_directories=",
            f"max_connections={self._max_connections}",
            "shared_buffers=128MB",
            "timezone=UTC",
            "log_timezone=UTC",
            f"ssl={'on' if self._tls else 'off'}",
            *(() if self._durable else NOT_DURABLE),
        ]
        return [part for option in options for part in ("-c", option)]

    def _choose_port(self) -> int:
        if self._wanted_port is not None:
            return self._wanted_port
        with contextlib.suppress(OSError, ValueError):
            remembered = int((self.directory / "port").read_text())
            if is_free(remembered):
                return remembered
        return free_port()

    def _becomes_ready(self, process: Tethered, data: Path) -> bool:
        deadline = time.monotonic() + START_SECONDS
        while process.poll() is None:
            fault = self._fault(data)
            if fault is None:
                return True
            if time.monotonic() > deadline:
                raise PostgresUnavailable(f"PostgreSQL started but does not answer: {fault}")
            time.sleep(0.02)
        return False

    def _fault(self, data: Path) -> str | None:
        """Return what keeps us from connecting to the server of `data`, None if nothing does.

        A copied directory has the port and the password of its original, which may be running.
        """
        try:
            with psycopg.connect(self.url(), connect_timeout=5) as connection:
                row = connection.execute("SELECT current_setting('data_directory')").fetchone()
        except psycopg.OperationalError as error:
            return str(error).strip()
        if row is None or Path(row[0]).resolve() != data.resolve():
            return f"Port {self.port} belongs to another server."
        return None
