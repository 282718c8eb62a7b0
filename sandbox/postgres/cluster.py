"""The files of a server: made by initdb, with our rules on who may connect."""

import os
import pwd
import secrets
import shutil
import signal
from pathlib import Path

from sandbox.postgres.account import give
from sandbox.postgres.binaries import Binaries
from sandbox.postgres.certificate import write_certificate
from sandbox.postgres.faults import PostgresUnavailable
from sandbox.postgres.log import ServerLog
from sandbox.tether import ON_LINUX, spawn

USER = "rft"
INITDB_SECONDS = 120


def environment() -> dict[str, str]:
    """Return what PostgreSQL's programs get: no secrets, no PG* variable to lead them astray."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return {**kept, "LC_ALL": "C"}


def read_or_make_password(path: Path) -> str:
    """Return the password in a file only we can read, making one up the first time."""
    path.touch(mode=0o600)
    path.chmod(0o600)
    if not (password := path.read_text().strip()):
        password = secrets.token_hex(24)
        path.write_text(f"{password}\n")
    return password


def make_cluster(
    binaries: Binaries,
    data: Path,
    *,
    account: pwd.struct_passwd | None,
    password: str,
    log: ServerLog,
    durable: bool,
) -> None:
    """Make an empty cluster beside its place and move it there when whole.

    :raises PostgresUnavailable: if initdb fails.
    """
    half_made, password_file = data.with_name("data.new"), data.with_name("password.new")
    shutil.rmtree(half_made, ignore_errors=True)
    half_made.mkdir(mode=0o700)
    password_file.unlink(missing_ok=True)
    password_file.touch(mode=0o600)
    password_file.write_text(password)
    give(account, half_made, password_file)
    try:
        _run_initdb(binaries, half_made, password_file, account, log, durable)
    finally:
        password_file.unlink()
    half_made.rename(data)


def refuse_other_version(binaries: Binaries, data: Path) -> None:
    """Check that the programs fit the files.

    :raises PostgresUnavailable: if another major version made them.
    """
    major = (data / "PG_VERSION").read_text().strip()
    if major != str(binaries.major):
        raise PostgresUnavailable(
            f"{data} was made by PostgreSQL {major}, but {binaries.bin_dir} holds "
            f"{binaries.major}: set RFT_POSTGRES_BIN to the old one's directory, "
            "or remove the data to start afresh."
        )


def write_rules(data: Path, *, account: pwd.struct_passwd | None, tls: bool) -> None:
    """Let people in by password from this machine only, and with `tls` by TLS only."""
    rules = data / "pg_hba.conf"
    rules.write_text(f"{'hostssl' if tls else 'host'} all all 127.0.0.1/32 scram-sha-256\n")
    give(account, rules)
    if tls:
        give(account, *write_certificate(data))


def _run_initdb(
    binaries: Binaries,
    target: Path,
    password_file: Path,
    account: pwd.struct_passwd | None,
    log: ServerLog,
    durable: bool,
) -> None:
    command = [
        *(binaries.initdb, "--pgdata", target, "--username", USER, "--pwfile", password_file),
        *("--auth", "scram-sha-256", "--encoding", "UTF8", "--no-instructions"),
        *_locale_options(),
        *(() if durable else ("--no-sync",)),
    ]
    with log.open() as output:
        initdb = spawn(
            command,
            death_signal=signal.SIGTERM,
            account=account,
            env=environment(),
            output=output,
        )
    try:
        ended = initdb.wait(INITDB_SECONDS)
    finally:
        initdb.end()
    if not ended or initdb.poll() != 0:
        raise PostgresUnavailable(f"PostgreSQL could not make its files: {log.last_words()}")


def _locale_options() -> tuple[str, ...]:
    """Sort by code point everywhere; a system without C.UTF-8 uses PostgreSQL's own (17 and up)."""
    if ON_LINUX:
        return ("--locale", "C.UTF-8")
    builtin = ("--locale-provider", "builtin", "--builtin-locale", "C.UTF-8")
    return ("--locale", "C", "--lc-ctype", "en_US.UTF-8", *builtin)
