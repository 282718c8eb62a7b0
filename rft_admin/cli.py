"""The commands of `flask`: set up, seed, work, check, and help people in."""

import json
import sys
from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext
from flask_migrate import Migrate, upgrade

from rft_admin.accounts import people, resets, sessions
from rft_admin.accounts.models import User
from rft_admin.core import clock
from rft_admin.core.actor import Actor
from rft_admin.core.database import db, transact
from rft_admin.core.environment import MIGRATIONS, config
from rft_admin.core.errors import DomainError
from rft_admin.jobs import runner, worker
from rft_admin.upkeep import invariants, privacy
from seeds import bulk, demo, reference

COMMAND_LINE = Actor(label="command line")

jobs_group = AppGroup("jobs", help="The worker and the jobs of the clock.")
users_group = AppGroup("users", help="Let people in.")
privacy_group = AppGroup("privacy", help="Export or erase a person's details.")


def init_cli(app: Flask) -> None:
    """Add the commands to `flask`, those of the migrations among them."""
    Migrate(app, db, directory=str(MIGRATIONS))
    for command in (setup, seed, check, load_test_data):
        app.cli.add_command(command)
    for group in (jobs_group, users_group, privacy_group):
        app.cli.add_command(group)


@click.command()
@with_appcontext
def setup() -> None:
    """Bring the database up to date: migrate, then seed."""
    upgrade()
    _seed_reference()


@click.command()
@click.option("--demo", "with_demo", is_flag=True, help="Add a fictional quarter.")
@with_appcontext
def seed(*, with_demo: bool) -> None:
    """Add the reference rows that are missing; delete nothing."""
    if with_demo and config().is_production:
        raise click.ClickException("The demo is refused in production.")
    _seed_reference()
    if with_demo:
        for line in demo.seed_demo(now=clock.now()):
            click.echo(line)


def _seed_reference() -> None:
    try:
        added = transact(lambda: reference.seed_reference(config()), by=COMMAND_LINE)
    except DomainError as refusal:
        raise click.ClickException(refusal.message) from refusal
    settings = sum(line.startswith("setting ") for line in added)
    told = [line for line in added if not line.startswith("setting ")]
    told += [f"{settings} settings"] if settings else []
    click.echo(f"Seeded: {', '.join(told)}." if told else "Nothing to seed.")


@click.command()
@with_appcontext
def check() -> None:
    """Check the invariants, each with its figure; exit 1 if any is broken."""
    broken = 0
    for invariant in invariants.check_all(now=clock.now()):
        click.echo(
            f"{'ok    ' if invariant.holds else 'BROKEN'} {invariant.figure:>9}  {invariant.name}"
        )
        broken += not invariant.holds
    if broken:
        sys.exit(1)


@click.command("load-test-data")
@click.option("--bookings", type=click.IntRange(1, 5_000_000), required=True)
@with_appcontext
def load_test_data(bookings: int) -> None:
    """Add bulk rows for measuring, made inside PostgreSQL."""
    if config().is_production:
        raise click.ClickException("Test data is refused in production.")
    with click.progressbar(length=bookings, label="bookings") as bar:
        bulk.load(bookings=bookings, advance=bar.update)


@jobs_group.command()
def work() -> None:
    """Run the worker until it is told to stop."""
    worker.work(_application())


@jobs_group.command()
@click.argument("name")
def run(name: str) -> None:
    """Run one periodic job now."""
    if name not in runner.JOBS:
        raise click.ClickException(f"There is no job {name}. There are: {', '.join(runner.JOBS)}.")
    runner.JOBS[name]()


@users_group.command()
@click.argument("email")
def unlock(email: str) -> None:
    """End the lock on an account."""
    user = _get_user(email)
    transact(lambda: sessions.unlock(user, now=clock.now(), by=COMMAND_LINE), by=COMMAND_LINE)
    click.echo(f"{email} may sign in again.")


@users_group.command("reset-password")
@click.argument("email")
def reset_password(email: str) -> None:
    """Print a link that sets a new password, once, within the hour."""
    user = _get_user(email)
    link = transact(
        lambda: resets.create_reset_link(user, now=clock.now(), by=COMMAND_LINE), by=COMMAND_LINE
    )
    click.echo(link)


@users_group.command("create-admin")
@click.argument("email")
@click.option("--first-name", default="Admin", show_default=True)
def create_admin(email: str, first_name: str) -> None:
    """Create an admin and print the link that sets the password."""

    def create() -> str:
        user = people.create_admin(email=email, first_name=first_name, by=COMMAND_LINE)
        return resets.create_reset_link(user, now=clock.now(), by=COMMAND_LINE)

    try:
        click.echo(transact(create, by=COMMAND_LINE))
    except DomainError as refusal:
        raise click.ClickException(refusal.message) from refusal


@privacy_group.command()
@click.argument("email")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True)
def export(email: str, out: Path) -> None:
    """Write all that is stored of a person into a directory: JSON and PDFs."""
    user = _get_user(email)
    exported = transact(
        lambda: privacy.export(user, now=clock.now(), by=COMMAND_LINE), by=COMMAND_LINE
    )
    out.mkdir(parents=True, exist_ok=True)
    (out / "person.json").write_text(json.dumps(exported.record, indent=2, default=str))
    for name, content in exported.files.items():
        (out / name).write_bytes(content)
    click.echo(f"{1 + len(exported.files)} files in {out}")


@privacy_group.command()
@click.argument("email")
@click.confirmation_option(prompt="Erase this person's details? This cannot be undone.")
def erase(email: str) -> None:
    """Erase a person's details; money and certificate facts stay, with the legal reason."""
    user = _get_user(email)
    try:
        kept = transact(
            lambda: privacy.erase(user, now=clock.now(), by=COMMAND_LINE), by=COMMAND_LINE
        )
    except DomainError as refusal:
        raise click.ClickException(refusal.message) from refusal
    click.echo("Erased. Kept: " + ("; ".join(kept) or "nothing"))


def _get_user(email: str) -> User:
    user = sessions.find_user(email)
    if user is None:
        raise click.ClickException(f"There is no user {email}.")
    return user


def _application() -> Flask:
    application: Flask = current_app._get_current_object()  # type: ignore[attr-defined] # the proxy's own way to its object
    return application
