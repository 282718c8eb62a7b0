"""React Fast Training's admin and booking system: create_app() joins the rooms."""

import os
from collections.abc import Mapping

from flask import Flask

from config import Config, read_environment
from rft_admin.core.database import db
from rft_admin.core.extensions import migrate


def create_app(environ: Mapping[str, str] | None = None) -> Flask:
    """Build the application for an environment, the process's own by default.

    :raises ConfigError: naming everything that is missing or wrong.
    """
    config = read_environment(os.environ if environ is None else environ)
    app = Flask(__name__)
    _configure(app, config)
    db.init_app(app)
    migrate.init_app(app, db, directory="migrations")
    return app


def _configure(app: Flask, config: Config) -> None:
    app.config.from_mapping(
        RFT=config,
        SECRET_KEY=config.secret_keys[0],
        SECRET_KEY_FALLBACKS=list(config.secret_keys[1:]),
        TESTING=config.environment == "testing",
        SQLALCHEMY_DATABASE_URI=config.database_url,
    )
