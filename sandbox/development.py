"""The environment of a development machine: ports, secrets, addresses, kept under instance/."""

import base64
import json
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.ports import free_port, is_free

WEB_PORT = 5000
MOST_PORTS_TRIED = 100


class CannotRun(Exception):
    """Something of the environment is in the way; the message says what."""


@dataclass(frozen=True)
class Places:
    """Where things listen on 127.0.0.1."""

    web: int
    smtp: int
    mail: int
    stripe: int

    @property
    def web_url(self) -> str:
        """Return the application's address, ending in a slash."""
        return f"http://127.0.0.1:{self.web}/"

    @property
    def mail_url(self) -> str:
        """Return the address of the mail catcher's pages, ending in a slash."""
        return f"http://127.0.0.1:{self.mail}/"

    @property
    def stripe_url(self) -> str:
        """Return the Stripe sandbox's address, without a slash at the end."""
        return f"http://127.0.0.1:{self.stripe}"


def choose_places(instance: Path, environ: Mapping[str, str]) -> Places:
    """Return free ports: `PORT` or the first from 5000 on for the web, the last start's for others.

    :raises CannotRun: if `PORT` is no port, or is taken.
    """
    remembered = instance / "ports.json"
    before: dict[str, int] = json.loads(remembered.read_text()) if remembered.exists() else {}
    chosen = {name: _again_or_free(before.get(name)) for name in ("smtp", "mail", "stripe")}
    remembered.write_text(json.dumps(chosen))
    return Places(web=_web_port(environ.get("PORT", "")), **chosen)


def development_environment(
    instance: Path, environ: Mapping[str, str], places: Places, database_url: str
) -> dict[str, str]:
    """Return the environment of the application's processes; what is set already stays as it is."""
    own = _secrets(instance / "dev.env")
    defaults = {
        "APP_ENV": "development",
        # Threads share two heaps: half the memory, as the Procfile has it.
        "MALLOC_ARENA_MAX": "2",
        "PUBLIC_URL": places.web_url.rstrip("/"),
        "SECRET_KEY": own["SECRET_KEY"],
        "FIELD_ENCRYPTION_KEYS": own["FIELD_ENCRYPTION_KEYS"],
        "SMTP_URL": f"smtp://127.0.0.1:{places.smtp}",
    }
    if wants_stripe_sandbox(environ):
        defaults |= {
            "STRIPE_SECRET_KEY": own["STRIPE_SECRET_KEY"],
            "STRIPE_WEBHOOK_SECRET": own["STRIPE_WEBHOOK_SECRET"],
            "STRIPE_API_BASE": places.stripe_url,
        }
    given = {name: value for name, value in environ.items() if value}
    fixed = {"DATABASE_URL": database_url, "PORT": str(places.web), "PYTHONUNBUFFERED": "1"}
    return {**defaults, **given, **fixed}


def wants_stripe_sandbox(environ: Mapping[str, str]) -> bool:
    """Say whether payments go to our own sandbox: no key of Stripe's is set."""
    return not environ.get("STRIPE_SECRET_KEY")


def wants_mail_catcher(environ: Mapping[str, str]) -> bool:
    """Say whether letters go to our own catcher: no mail server is set."""
    return not environ.get("SMTP_URL")


def _again_or_free(port: int | None) -> int:
    return port if port and is_free(port) else free_port()


def _web_port(wanted: str) -> int:
    if not wanted:
        candidates = range(WEB_PORT, WEB_PORT + MOST_PORTS_TRIED)
        return next((port for port in candidates if is_free(port)), 0) or free_port()
    if not wanted.isdecimal() or not 0 < int(wanted) < 65536:
        raise CannotRun(f"PORT is {wanted!r}; it is a number from 1 to 65535.")
    if not is_free(int(wanted)):
        raise CannotRun(f"Port {wanted} is taken. Set PORT to another one, or leave it unset.")
    return int(wanted)


MAKERS: dict[str, Callable[[], str]] = {
    "SECRET_KEY": lambda: secrets.token_hex(32),
    "FIELD_ENCRYPTION_KEYS": lambda: "dev:" + base64.b64encode(secrets.token_bytes(32)).decode(),
    "STRIPE_SECRET_KEY": lambda: f"sk_test_{secrets.token_hex(24)}",
    "STRIPE_WEBHOOK_SECRET": lambda: f"whsec_{secrets.token_hex(24)}",
}


def _secrets(path: Path) -> dict[str, str]:
    """Return this machine's own secrets, made once and readable by nobody else."""
    lines = path.read_text().splitlines() if path.exists() else []
    known = dict(line.split("=", 1) for line in lines if "=" in line)
    missing = {name: make() for name, make in MAKERS.items() if name not in known}
    if missing:
        known |= missing
        unfinished = path.with_suffix(".new")
        unfinished.unlink(missing_ok=True)
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as to:
            to.writelines(f"{name}={value}\n" for name, value in known.items())
        unfinished.rename(path)
    return known
