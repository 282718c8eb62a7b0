"""The environment's settings for rooms that know nothing of the web."""

from pathlib import Path

from flask import current_app

from config import Config

#: Where Alembic's revisions lie.
MIGRATIONS = Path(__file__).parents[2] / "migrations"


def config() -> Config:
    """Return the checked environment of the running application."""
    checked: Config = current_app.config["RFT"]
    return checked
