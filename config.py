"""Every setting of the environment: read once, typed and checked."""

import base64
import binascii
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

STRIPE_API = "https://api.stripe.com"
#: Connections of the smallest database plan that the web process may hold (docs/operations.md).
WEB_CONNECTION_BUDGET = 10


class ConfigError(Exception):
    """The environment is incomplete or wrong; the message names each fault."""


class Environment(StrEnum):
    """Where the application runs; unset means production, the strictest."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"
    TESTING = "testing"


@dataclass(frozen=True)
class Config:
    """The environment's settings, checked by :func:`read_environment`."""

    environment: Environment
    database_url: str
    secret_keys: tuple[str, ...]
    public_url: str
    stripe_secret_key: str
    stripe_webhook_secret: str
    stripe_api_base: str
    smtp_url: str
    #: AES-256 keys by id, the current one first.
    field_encryption_keys: dict[str, bytes]
    admin_initial_password: str | None
    web_concurrency: int
    web_threads: int
    #: Connections of this process at most: the dyno's, divided by the number of its processes.
    db_pool_max: int
    log_level: str
    log_format: str

    @property
    def is_production(self) -> bool:
        """True where real people's money and details are handled."""
        return self.environment is Environment.PRODUCTION


def read_environment(environ: Mapping[str, str]) -> Config:
    """Return the checked configuration.

    :raises ConfigError: naming everything that is missing or wrong, all at once.
    """
    faults: list[str] = []
    environment = _environment(environ, faults)
    production = environment is Environment.PRODUCTION
    workers = _integer(environ, "WEB_CONCURRENCY", 1, faults)
    config = Config(
        environment=environment,
        database_url=_database_url(environ, production, faults),
        secret_keys=_secret_keys(environ, production, faults),
        public_url=_required(environ, "PUBLIC_URL", production, "http://127.0.0.1:5000", faults),
        stripe_secret_key=_required(
            environ, "STRIPE_SECRET_KEY", production, "sk_test_unset", faults
        ),
        stripe_webhook_secret=_required(
            environ, "STRIPE_WEBHOOK_SECRET", production, "whsec_unset", faults
        ),
        stripe_api_base=_stripe_api_base(environ, production, faults),
        smtp_url=_required(environ, "SMTP_URL", production, "smtp://127.0.0.1:1025", faults),
        field_encryption_keys=_encryption_keys(environ, production, faults),
        admin_initial_password=environ.get("ADMIN_INITIAL_PASSWORD") or None,
        web_concurrency=workers,
        web_threads=_integer(environ, "WEB_THREADS", 8, faults),
        db_pool_max=_pool(environ, workers, faults),
        log_level=environ.get("LOG_LEVEL", "INFO").upper(),
        log_format=environ.get("LOG_FORMAT", "text"),
    )
    if faults:
        raise ConfigError("The application cannot start: " + " ".join(faults))
    return config


def psycopg_url(url: str, *, require_tls: bool) -> str:
    """Rewrite a `postgres://` or `postgresql://` address for SQLAlchemy with psycopg 3.

    TLS is required unless the host is loopback or a socket.
    """
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    if require_tls and not _is_loopback(parts.hostname) and "sslmode" not in query:
        query["sslmode"] = ["require"]
    return urlunsplit(
        ("postgresql+psycopg", parts.netloc, parts.path, urlencode(query, doseq=True), "")
    )


def _environment(environ: Mapping[str, str], faults: list[str]) -> Environment:
    name = environ.get("APP_ENV") or Environment.PRODUCTION
    try:
        return Environment(name)
    except ValueError:
        faults.append(f"APP_ENV is {name!r}; it is development, production or testing.")
        return Environment.PRODUCTION


def _database_url(environ: Mapping[str, str], production: bool, faults: list[str]) -> str:
    url = environ.get("DATABASE_URL", "")
    if not url:
        faults.append("DATABASE_URL is not set.")
        return ""
    if urlsplit(url).scheme not in {"postgres", "postgresql", "postgresql+psycopg"}:
        faults.append("DATABASE_URL must start with postgres:// or postgresql://.")
        return ""
    parts = urlsplit(url)
    mode = parse_qs(parts.query).get("sslmode", ["require"])[0]
    if not _is_loopback(parts.hostname) and mode in {"disable", "allow", "prefer"}:
        faults.append("DATABASE_URL switches TLS off; it is required for every remote database.")
    return psycopg_url(url, require_tls=True)


def _is_loopback(host: str | None) -> bool:
    if host is None or host == "localhost" or host.startswith("/"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _secret_keys(
    environ: Mapping[str, str], production: bool, faults: list[str]
) -> tuple[str, ...]:
    keys = tuple(key.strip() for key in environ.get("SECRET_KEY", "").split(",") if key.strip())
    if not keys and not production:
        return ("development-only-secret-key",)
    if not keys:
        faults.append("SECRET_KEY is not set.")
    elif production and len(keys[0]) < 32:
        faults.append("SECRET_KEY is too short; use at least 32 random characters.")
    return keys


def _required(
    environ: Mapping[str, str], name: str, production: bool, fallback: str, faults: list[str]
) -> str:
    value = environ.get(name, "")
    if value:
        return value.rstrip("/") if name == "PUBLIC_URL" else value
    if production:
        faults.append(f"{name} is not set.")
    return fallback


def _stripe_api_base(environ: Mapping[str, str], production: bool, faults: list[str]) -> str:
    base = environ.get("STRIPE_API_BASE", "").rstrip("/") or STRIPE_API
    if production and base != STRIPE_API:
        faults.append("STRIPE_API_BASE must be unset or Stripe's own in production.")
    return base


def _encryption_keys(
    environ: Mapping[str, str], production: bool, faults: list[str]
) -> dict[str, bytes]:
    value = environ.get("FIELD_ENCRYPTION_KEYS", "")
    if not value and not production:
        return {"dev": b"development-only-encryption-key!"}
    if not value:
        faults.append("FIELD_ENCRYPTION_KEYS is not set.")
    keys: dict[str, bytes] = {}
    for entry in filter(None, (part.strip() for part in value.split(","))):
        key_id, _, encoded = entry.partition(":")
        try:
            keys[key_id] = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            keys[key_id] = b""
        if not key_id or len(keys[key_id]) != 32:
            faults.append("FIELD_ENCRYPTION_KEYS needs entries of id:base64 with 32 bytes each.")
    return keys


def _pool(environ: Mapping[str, str], workers: int, faults: list[str]) -> int:
    """Return each process's share of the web's connections."""
    largest = _integer(environ, "DB_POOL_MAX", WEB_CONNECTION_BUDGET, faults)
    if largest > WEB_CONNECTION_BUDGET:
        faults.append(
            f"DB_POOL_MAX is {largest}; the web process may hold {WEB_CONNECTION_BUDGET} of the"
            " database's 20 connections."
        )
    if largest < workers:
        faults.append(
            f"WEB_CONCURRENCY is {workers}, more than DB_POOL_MAX ({largest}): a process would"
            " have no connection."
        )
    return max(1, largest // max(1, workers))


def _integer(environ: Mapping[str, str], name: str, default: int, faults: list[str]) -> int:
    value = environ.get(name, "")
    if not value:
        return default
    if not value.isdecimal() or int(value) < 1:
        faults.append(f"{name} is {value!r}; it is a whole number from 1.")
        return default
    return int(value)
