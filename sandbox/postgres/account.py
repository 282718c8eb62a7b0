"""Whom the server runs as: ourselves, or, since PostgreSQL refuses root, an unprivileged user."""

import contextlib
import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

from sandbox.postgres.faults import PostgresUnavailable
from sandbox.postgres.orphans import running_postmaster

#: The first of these that exists stands in for root.
ACCOUNTS = ("postgres", "nobody")
#: A place every user can reach and a restart of the machine does not empty. What we put there has
#: a name of its own, and its owner is checked.
SHARED_PLACE = Path("/var/tmp")  # noqa: S108 - see above


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
        if error.filename is None:  # a refused exec names its file; a refused setuid has none
            raise PostgresUnavailable(
                f"PostgreSQL does not run as root, and this root may not become "
                f"{account.pw_name}: run as an ordinary user, or set DATABASE_URL."
            ) from error
        return False
    return done.returncode == 0


def home_for(directory: Path, account: pwd.struct_passwd | None) -> Path:
    """Return where the data lies: the directory, or a shared place if the account cannot go there.

    :raises PostgresUnavailable: if somebody else made the shared place.
    """
    if account is None or can_run(account, "/bin/sh", "-c", 'cd "$1"', "sh", str(directory)):
        return directory
    name = hashlib.sha256(os.fsencode(directory)).hexdigest()[:12]
    home = SHARED_PLACE / f"rft-postgres-data-{name}"
    with contextlib.suppress(FileExistsError):
        home.mkdir(mode=0o711)
    refuse_others(home)
    (home / "origin").write_text(str(directory))
    _sweep()
    return home


def _sweep() -> None:
    """Remove what temporary directories since deleted have left in the shared place."""
    for note in SHARED_PLACE.glob("rft-postgres-data-*/origin"):
        with contextlib.suppress(OSError):
            origin = Path(note.read_text())
            temporary = Path(tempfile.gettempdir()) in origin.parents
            runs = running_postmaster(note.parent / "data" / "postmaster.pid") is not None
            if temporary and not origin.exists() and not runs:
                shutil.rmtree(note.parent)


def refuse_others(place: Path) -> None:
    """Check that a directory in the shared place is ours.

    :raises PostgresUnavailable: if it is not.
    """
    found = place.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise PostgresUnavailable(
            f"{place} belongs to somebody else: remove it, or set DATABASE_URL."
        )


def give(account: pwd.struct_passwd | None, *paths: Path) -> None:
    """Hand files over to the account, if there is one."""
    if account is not None:
        for path in paths:
            os.chown(path, account.pw_uid, account.pw_gid)
