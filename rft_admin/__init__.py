"""React Fast Training's admin and booking system: create_app() joins the rooms."""

import os
from collections.abc import Mapping
from datetime import timedelta
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from flask import Flask

from config import Config, Environment, read_environment
from rft_admin.accounts import audit
from rft_admin.accounts import models as accounts
from rft_admin.admin import init_admin
from rft_admin.admin.sign_in import init_sign_in
from rft_admin.bookings import models as bookings
from rft_admin.catalogue import models as catalogue
from rft_admin.core import files, limits, settings
from rft_admin.core.database import db
from rft_admin.core.extensions import csrf
from rft_admin.core.logs import configure_logging
from rft_admin.core.web import init_web
from rft_admin.delivery import models as delivery
from rft_admin.messaging import models as messaging
from rft_admin.payments import models as payments
from rft_admin.public import blueprint as public_door
from rft_admin.reporting import models as reporting

#: Foreign keys name tables of other rooms, so all must be known before any is used.
TABLES = (
    (files, limits, settings),
    (accounts, messaging, catalogue, bookings, payments, delivery, reporting),
)

#: What every connection is told: no statement, lock, forgotten transaction or idleness lasts.
CONNECTION_OPTIONS = " ".join(
    (
        "-c statement_timeout=15000",
        "-c lock_timeout=5000",
        "-c idle_in_transaction_session_timeout=60000",
        "-c idle_session_timeout=300000",
        "-c timezone=UTC",
        # A plan made for no search in particular reads the whole table.
        "-c plan_cache_mode=force_custom_plan",
        # Compiling a plan takes longer than any page's query.
        "-c jit=off",
    )
)
CONNECT_TIMEOUT_SECONDS = 5
POOL_RECYCLE_SECONDS = 1800
POOL_TIMEOUT_SECONDS = 10
MAX_UPLOAD_BYTES = 11 * 1024 * 1024


def create_app(environ: Mapping[str, str] | None = None, *, with_commands: bool = True) -> Flask:
    """Build the application for an environment, the process's own by default.

    :param with_commands: join `flask`'s commands; a web server leaves them, and what they need
        (Alembic, the seeds), out of its memory.
    :raises ConfigError: naming everything that is missing or wrong.
    """
    config = read_environment(os.environ if environ is None else environ)
    app = Flask(__name__)
    app.config.from_mapping(flask_settings(config))
    if config.environment is not Environment.TESTING:
        configure_logging(level=config.log_level, log_format=config.log_format)
    db.init_app(app)
    csrf.init_app(app)
    init_web(app)
    audit.install()
    app.register_blueprint(public_door)
    init_sign_in(app)
    init_admin(app)
    if with_commands:
        import_module("rft_admin.cli").init_cli(app)
    return app


def flask_settings(config: Config) -> dict[str, Any]:
    """Return what Flask and its extensions read, derived from the checked environment."""
    return {
        "RFT": config,
        "SECRET_KEY": config.secret_keys[0],
        "SECRET_KEY_FALLBACKS": list(config.secret_keys[1:]),
        "TESTING": config.environment is Environment.TESTING,
        "SESSION_COOKIE_NAME": "__Host-rft" if config.is_production else "rft",
        "SESSION_COOKIE_SECURE": config.is_production,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "PERMANENT_SESSION_LIFETIME": timedelta(days=30),
        "WTF_CSRF_TIME_LIMIT": None,
        "WTF_CSRF_SSL_STRICT": config.is_production,
        "MAX_CONTENT_LENGTH": MAX_UPLOAD_BYTES,
        "MAX_FORM_MEMORY_SIZE": 1_000_000,
        "TRUSTED_HOSTS": [urlsplit(config.public_url).netloc] if config.is_production else None,
        "SQLALCHEMY_DATABASE_URI": config.database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": {
            # One that is closed after use costs the next visitor of a crowd a new one. So all stay
            # open, the last used is taken first, and PostgreSQL ends those that nobody takes.
            "pool_size": config.db_pool_max,
            "max_overflow": 0,
            "pool_use_lifo": True,
            "pool_pre_ping": True,
            "pool_recycle": POOL_RECYCLE_SECONDS,
            "pool_timeout": POOL_TIMEOUT_SECONDS,
            "connect_args": {
                "connect_timeout": CONNECT_TIMEOUT_SECONDS,
                "options": CONNECTION_OPTIONS,
            },
        },
    }
