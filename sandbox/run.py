"""`make run`: the whole business on one machine, under one parent, until Ctrl-C."""

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from sandbox.development import (
    Places,
    choose_places,
    development_environment,
    wants_mail_catcher,
    wants_stripe_sandbox,
)
from sandbox.postgres import PostgresServer
from sandbox.processes import Program
from sandbox.runner import Plan, run, timed

ROOT = Path(__file__).resolve().parents[1]
DATABASE = "rft"
SIGN_IN = "lex@reactfasttraining.co.uk, first password LexOnly321! (to be changed at once)"


def main() -> int:
    """Run everything and return the exit code; with `--with-parent` end with our parent."""
    instance = Path(os.environ.get("RFT_INSTANCE") or ROOT / "instance").absolute()
    parent = os.getppid() if "--with-parent" in sys.argv[1:] else None
    return run(instance, lambda: _arrangement(instance, os.environ), parent=parent)


@contextlib.contextmanager
def _arrangement(instance: Path, environ: Mapping[str, str]) -> Iterator[Plan]:
    """Choose ports, start the database where none is given, and plan the rest."""
    places = choose_places(instance, environ)
    if url := environ.get("DATABASE_URL"):
        yield _plan(instance, environ, places, url)
        return
    server = PostgresServer(instance / "postgres")
    with contextlib.ExitStack() as stack:
        with timed("database"):
            stack.enter_context(server)
            if not server.has_database(DATABASE):
                server.create_database(DATABASE)
        for note in server.notes:
            print(note, flush=True)
        yield _plan(instance, environ, places, server.url(DATABASE), server)


def _plan(
    instance: Path,
    environ: Mapping[str, str],
    places: Places,
    database_url: str,
    server: PostgresServer | None = None,
) -> Plan:
    env = development_environment(instance, environ, places, database_url)
    bind = f"127.0.0.1:{places.web}"
    return Plan(
        services=_services(instance, environ, places, env),
        steps=[
            _python(env, "migrate", "flask", "db", "upgrade"),
            _python(env, "seed", "flask", "seed", "--demo"),
        ],
        application=[
            _python(env, "web", "gunicorn", "--bind", bind, "wsgi:app"),
            _python(env, "worker", "flask", "jobs", "work"),
        ],
        ready_port=places.web,
        ready_lines=_ready_lines(instance, environ, places),
        cwd=ROOT,
        logs=instance / "logs",
        server=server,
    )


def _services(
    instance: Path, environ: Mapping[str, str], places: Places, env: Mapping[str, str]
) -> list[Program]:
    services = []
    if wants_mail_catcher(environ):
        ports = ("--smtp-port", str(places.smtp), "--web-port", str(places.mail))
        directory = ("--directory", str(instance / "mail"))
        services.append(_python(env, "mail", "sandbox.mail", *ports, *directory))
    if wants_stripe_sandbox(environ):
        options = {
            "--port": str(places.stripe),
            "--public-url": places.stripe_url,
            "--state": str(instance / "stripe.sqlite"),
            "--webhook-url": f"{places.web_url}webhooks/stripe",
            "--webhook-secret": env["STRIPE_WEBHOOK_SECRET"],
            "--secret-key": env["STRIPE_SECRET_KEY"],
        }
        words = [word for option in options.items() for word in option]
        services.append(_python(env, "stripe", "sandbox.stripe", *words))
    return services


def _python(env: Mapping[str, str], name: str, *arguments: str) -> Program:
    return Program(name, [sys.executable, "-m", *arguments], env)


def _ready_lines(instance: Path, environ: Mapping[str, str], places: Places) -> list[str]:
    mail = places.mail_url if wants_mail_catcher(environ) else "as SMTP_URL says"
    lines = [
        f"Ready: {places.web_url}  admin: {places.web_url}admin/  mail: {mail}",
        f"Sign in: {SIGN_IN}",
    ]
    if wants_stripe_sandbox(environ):
        lines.append(f"Stripe sandbox: {places.stripe_url}/")
    return [*lines, f"Logs: {instance / 'logs'}/  Ctrl-C ends everything."]


if __name__ == "__main__":
    sys.exit(main())
