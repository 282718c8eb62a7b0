"""The keeper: a server that answers, belongs to one owner, and leaves nothing behind."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from sandbox.postgres import PostgresServer, PostgresUnavailable
from sandbox.postgres.binaries import WHEELS, find_binaries
from sandbox.postgres.orphans import running_postmaster

REPOSITORY = Path(__file__).parents[2]
#: A program that keeps a server, says where it is, and then waits to be killed.
OWNER = """
import sys, threading, time
from pathlib import Path
from sandbox.postgres import PostgresServer
server = PostgresServer(Path(sys.argv[1]), durable=False)
starter = threading.Thread(target=server.start, daemon=True) if sys.argv[2] == "thread" else None
if starter:
    starter.start()
    starter.join()
else:
    server.start()
print(server.url(), flush=True)
time.sleep(600)
"""
#: The wheel's, and those Debian keeps, which the migrations have to work on too.
INSTALLED = [find_binaries().bin_dir, *sorted(Path("/usr/lib/postgresql").glob("*/bin"))]
Make = Callable[..., PostgresServer]


@pytest.fixture(scope="module")
def prepared() -> Iterator[Path]:
    """The files of a server that was started once: copying them is quicker than initdb."""
    with open_directory() as place:
        server = PostgresServer(place / "prepared", durable=False)
        with server:
            pass
        (server.directory / "port").unlink()
        yield server.directory
        server.remove()


@pytest.fixture
def make(prepared: Path) -> Iterator[Make]:
    """Describe servers, on prepared files unless told otherwise, and remove them at the end."""
    servers: list[PostgresServer] = []
    with open_directory() as place:

        def describe(
            name: str = "pg", *, new: bool = False, **options: bool | int
        ) -> PostgresServer:
            servers.append(PostgresServer(place / name, **{"durable": False, **options}))
            if not new and not (place / name).exists():
                subprocess.run(["cp", "-a", prepared, place / name], check=True)
            return servers[-1]

        yield describe
        for server in reversed(servers):
            server.remove()


@contextmanager
def open_directory() -> Iterator[Path]:
    """Give a directory every user can reach: as root, pytest's own are closed to the server."""
    with tempfile.TemporaryDirectory(prefix="rft-keeper-", ignore_cleanup_errors=True) as place:
        Path(place).chmod(0o755)
        yield Path(place)


def start_owner(directory: Path, *, from_thread: bool = False) -> tuple[subprocess.Popen[str], str]:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, directory, "thread" if from_thread else "main"],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert owner.stdout is not None
    return owner, owner.stdout.readline().strip()


def kill_owner(owner: subprocess.Popen[str]) -> None:
    owner.kill()
    owner.wait()
    assert owner.stdout is not None
    owner.stdout.close()


def ask(url: str, question: str) -> object:
    with psycopg.connect(url, connect_timeout=5) as connection:
        row = connection.execute(question).fetchone()
    assert row is not None
    return row[0]


def until_gone(pid: int, lock: Path, seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while running_postmaster(lock) == pid and time.monotonic() < deadline:
        time.sleep(0.02)
    return running_postmaster(lock) != pid


def lock_of(server: PostgresServer) -> Path:
    return server.directory / "data" / "postmaster.pid"


def pid_of(server: PostgresServer) -> int:
    pid = running_postmaster(lock_of(server))
    assert pid is not None
    return pid


class TestAServer:
    """What a started server is like."""

    def test_refuses_a_wrong_password(self, make: Make) -> None:
        with make() as server, pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(server.url().replace("rft:", "rft:x"))

    def test_answers_on_loopback_only_in_utf8_and_utc(self, make: Make) -> None:
        with make() as server:
            url = server.url()

            assert ask(url, "SHOW listen_addresses") == "127.0.0.1"
            assert ask(url, "SHOW unix_socket_directories") == ""
            assert ask(url, "SHOW server_encoding") == "UTF8"
            assert ask(url, "SHOW TimeZone") == "UTC"
            assert ask(url, "SELECT lower('ÄÉ') || ('Z' < 'a')::text") == "äétrue"

    def test_keeps_its_data_port_and_password_for_the_next_start(self, make: Make) -> None:
        with make() as first:
            first.create_database("kept")
            address = first.url("kept")

        with make() as second:
            assert second.url("kept") == address
            assert ask(address, "SELECT current_database()") == "kept"

    def test_keeps_its_password_from_others(self, make: Make) -> None:
        with make() as server:
            assert (server.directory / "password").stat().st_mode & 0o777 == 0o600
            assert (server.directory / "data").stat().st_mode & 0o777 == 0o700

    def test_copies_and_drops_databases(self, make: Make) -> None:
        with make() as server:
            server.create_database("origin")
            with psycopg.connect(server.url("origin")) as connection:
                connection.execute("CREATE TABLE seen AS SELECT 7 AS number")
            server.create_database("copy", template="origin")
            server.drop_database("origin")

            assert ask(server.url("copy"), "SELECT number FROM seen") == 7
            assert not server.has_database("origin")
            assert server.has_database("copy")

    def test_has_the_extensions_the_schema_uses(self, make: Make) -> None:
        with make() as server, psycopg.connect(server.url()) as connection:
            for name in ("btree_gist", "pg_trgm", "citext"):
                connection.execute(f"CREATE EXTENSION {name}")

    def test_refuses_all_but_tls_when_told_to(self, make: Make) -> None:
        with make(tls=True, max_connections=20) as server:
            with pytest.raises(psycopg.OperationalError, match="no encryption"):
                psycopg.connect(server.url(), sslmode="disable")

            with psycopg.connect(server.url(), sslmode="require") as connection:
                row = connection.execute("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
                assert row.fetchone() == (True,)
            assert ask(server.url(), "SHOW max_connections") == "20"

    def test_says_in_a_sentence_that_its_port_is_taken(self, make: Make) -> None:
        with make("one") as one:
            two = make("two", port=one.port or 0)

            with pytest.raises(PostgresUnavailable, match="did not start.*in use"):
                two.start()

    def test_is_not_fooled_by_the_original_of_a_copied_directory(self, make: Make) -> None:
        with make("original") as original, make("copy") as copy:
            shutil.copy(original.directory / "port", copy.directory / "port")
            copy.stop()

            copy.start()

            assert copy.port != original.port
            assert ask(copy.url(), "SHOW data_directory") == str(copy.directory / "data")


class TestOwnership:
    """Whose server it is, and what is left when the owner is gone."""

    @pytest.mark.parametrize("from_thread", [False, True])
    def test_a_killed_owner_leaves_no_server(self, make: Make, from_thread: bool) -> None:
        server = make()
        owner, url = start_owner(server.directory, from_thread=from_thread)
        pid = pid_of(server)
        assert ask(url, "SELECT 1") == 1

        kill_owner(owner)

        assert until_gone(pid, lock_of(server))
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(url, connect_timeout=2)

    def test_starts_at_once_after_its_owner_was_killed(self, make: Make) -> None:
        owner, _url = start_owner(make().directory)
        kill_owner(owner)

        with make() as server:
            assert ask(server.url(), "SELECT 1") == 1
            assert server.pid is not None

    def test_starts_after_the_server_itself_was_killed(self, make: Make) -> None:
        with make() as server:
            os.kill(pid_of(server), signal.SIGKILL)

        with make() as again:
            assert ask(again.url(), "SELECT 1") == 1

    def test_ends_a_server_left_without_an_owner(self, make: Make) -> None:
        owner, url = start_owner(make().directory)
        orphan = pid_of(make())
        (make().directory / "owner.lock").unlink()  # as if its owner were gone and it were stuck

        with make() as server:
            assert pid_of(server) != orphan
            assert ask(server.url(), "SELECT 1") == 1
        kill_owner(owner)
        assert url

    def test_is_not_fooled_by_a_lock_that_names_another_process(self, make: Make) -> None:
        with make() as server:
            lock = lock_of(server)
        lock.write_text(f"{os.getpid()}\n{lock.parent}\n1\n5432\n\n127.0.0.1\n\nready\n")

        with make() as again:
            assert ask(again.url(), "SELECT 1") == 1

    def test_is_not_fooled_by_a_zombie(self, make: Make) -> None:
        with make() as server:
            lock = lock_of(server)
        zombie = subprocess.Popen(["true"])
        os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)
        lock.write_text(f"{zombie.pid}\n{lock.parent}\n1\n5432\n\n127.0.0.1\n\nready\n")

        with make() as again:
            assert ask(again.url(), "SELECT 1") == 1
        zombie.wait()

    def test_is_shared_by_whoever_comes_second_and_ends_with_the_first(self, make: Make) -> None:
        with make() as first:
            with make() as second:
                assert second.url() == first.url()
                assert "shared" in second.notes[0]
            assert ask(first.url(), "SELECT 1") == 1

        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(first.url(), connect_timeout=2)

    def test_makes_its_files_anew_when_it_was_interrupted_making_them(self, make: Make) -> None:
        half_made = make(new=True).directory / "data.new"
        half_made.mkdir(parents=True)
        (half_made / "PG_VERSION").write_text("17\n")

        with make(new=True) as server:
            assert ask(server.url(), "SELECT 1") == 1
        assert not half_made.exists()

    def test_works_where_only_we_can_go(self, make: Make) -> None:
        server = make("closed/pg", new=True)
        server.directory.parent.mkdir(mode=0o700)

        with server:
            assert ask(server.url(), "SELECT 1") == 1

        data = server.directory / "data"
        elsewhere = any("The database lies in" in note for note in server.notes)
        assert elsewhere == (os.geteuid() == 0)
        assert elsewhere != data.exists()

    def test_may_be_started_by_a_thread_that_ends(self, make: Make) -> None:
        server = make()
        starter = threading.Thread(target=server.start)
        starter.start()
        starter.join()
        time.sleep(0.2)

        assert ask(server.url(), "SELECT 1") == 1


class TestBinaries:
    """Which PostgreSQL is used."""

    def test_refuses_a_directory_without_a_server(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("RFT_POSTGRES_BIN", str(tmp_path))

        with pytest.raises(PostgresUnavailable, match="holds no PostgreSQL"):
            find_binaries()

    @pytest.mark.parametrize(
        ("version", "fault"),
        [("14.9", "15 or newer is needed"), ("99.1", "was made by PostgreSQL")],
    )
    def test_refuses_versions_that_do_not_fit(
        self, make: Make, monkeypatch: pytest.MonkeyPatch, version: str, fault: str
    ) -> None:
        with make() as server:
            other = server.directory.parent / "other"
        other.mkdir()
        for name in ("postgres", "initdb"):
            (other / name).write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
            (other / name).chmod(0o755)
        monkeypatch.setenv("RFT_POSTGRES_BIN", str(other))

        with pytest.raises(PostgresUnavailable, match=fault):
            make().start()

    def test_prefers_the_wheel_for_the_same_server_everywhere(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("RFT_POSTGRES_BIN", raising=False)

        assert any(name in str(find_binaries().bin_dir) for name in WHEELS)

    @pytest.mark.parametrize("bin_dir", INSTALLED, ids=str)
    def test_runs_every_server_installed_here(
        self, make: Make, monkeypatch: pytest.MonkeyPatch, bin_dir: Path
    ) -> None:
        monkeypatch.setenv("RFT_POSTGRES_BIN", str(bin_dir))
        major = find_binaries().major

        with make(new=True) as server:
            assert str(ask(server.url(), "SHOW server_version")).startswith(f"{major}.")
