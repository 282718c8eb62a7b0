"""Tests of config: what the environment may say, and what production refuses."""

import base64

import pytest

from config import ConfigError, psycopg_url, read_environment

KEY = base64.b64encode(b"k" * 32).decode()
PRODUCTION = {
    "DATABASE_URL": "postgres://u:p@db.example.com:5432/rft",
    "SECRET_KEY": "s" * 40,
    "PUBLIC_URL": "https://www.example.com/",
    "STRIPE_SECRET_KEY": "sk_live_x",
    "STRIPE_WEBHOOK_SECRET": "whsec_x",
    "SMTP_URL": "smtp://u:p@mail.example.com:587?tls=starttls",
    "FIELD_ENCRYPTION_KEYS": f"k1:{KEY}",
}


class TestProduction:
    def test_is_what_an_unset_environment_means(self) -> None:
        config = read_environment(PRODUCTION)

        assert config.is_production
        assert config.public_url == "https://www.example.com"

    @pytest.mark.parametrize("name", sorted(PRODUCTION))
    def test_refuses_to_start_without(self, name: str) -> None:
        environ = {key: value for key, value in PRODUCTION.items() if key != name}

        with pytest.raises(ConfigError, match=name):
            read_environment(environ)

    def test_names_everything_that_is_missing_at_once(self) -> None:
        with pytest.raises(ConfigError) as refusal:
            read_environment({})

        assert all(name in str(refusal.value) for name in PRODUCTION)

    def test_refuses_an_emulator_of_stripe(self) -> None:
        with pytest.raises(ConfigError, match="STRIPE_API_BASE"):
            read_environment({**PRODUCTION, "STRIPE_API_BASE": "http://127.0.0.1:9000"})

    def test_refuses_a_short_secret(self) -> None:
        with pytest.raises(ConfigError, match="SECRET_KEY is too short"):
            read_environment({**PRODUCTION, "SECRET_KEY": "short"})

    def test_refuses_a_database_without_tls(self) -> None:
        url = PRODUCTION["DATABASE_URL"] + "?sslmode=disable"

        with pytest.raises(ConfigError, match="TLS"):
            read_environment({**PRODUCTION, "DATABASE_URL": url})

    @pytest.mark.parametrize("keys", ["k1", "k1:short", f":{KEY}", "k1:%%%"])
    def test_refuses_an_encryption_key_that_is_none(self, keys: str) -> None:
        with pytest.raises(ConfigError, match="FIELD_ENCRYPTION_KEYS"):
            read_environment({**PRODUCTION, "FIELD_ENCRYPTION_KEYS": keys})


class TestPool:
    def test_refuses_more_connections_than_the_web_may_hold(self) -> None:
        with pytest.raises(ConfigError, match="DB_POOL_MAX is 30"):
            read_environment({**PRODUCTION, "DB_POOL_MAX": "30"})

    def test_refuses_more_processes_than_connections(self) -> None:
        with pytest.raises(ConfigError, match="WEB_CONCURRENCY is 12"):
            read_environment({**PRODUCTION, "WEB_CONCURRENCY": "12"})

    @pytest.mark.parametrize("value", ["0", "-1", "many"])
    def test_refuses_what_is_no_whole_number(self, value: str) -> None:
        with pytest.raises(ConfigError, match="WEB_THREADS"):
            read_environment({**PRODUCTION, "WEB_THREADS": value})

    def test_is_divided_among_the_processes(self) -> None:
        assert read_environment({**PRODUCTION, "WEB_CONCURRENCY": "2"}).db_pool_max == 5


class TestDatabaseAddress:
    def test_refuses_another_kind_of_database(self) -> None:
        with pytest.raises(ConfigError, match="postgres://"):
            read_environment({**PRODUCTION, "DATABASE_URL": "sqlite:///x.db"})

    def test_of_heroku_is_rewritten_and_requires_tls(self) -> None:
        url = psycopg_url("postgres://u:p@db.example.com/rft", require_tls=True)

        assert url == "postgresql+psycopg://u:p@db.example.com/rft?sslmode=require"

    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
    def test_of_this_machine_needs_no_tls(self, host: str) -> None:
        url = psycopg_url(f"postgresql://u:p@{host}:5432/rft", require_tls=True)

        assert "sslmode" not in url


class TestEnvironment:
    def test_refuses_an_unknown_name(self) -> None:
        with pytest.raises(ConfigError, match="APP_ENV is 'staging'"):
            read_environment({**PRODUCTION, "APP_ENV": "staging"})

    def test_of_development_needs_the_database_only(self) -> None:
        config = read_environment(
            {"APP_ENV": "development", "DATABASE_URL": "postgresql://127.0.0.1/rft"}
        )

        assert not config.is_production
        assert len(next(iter(config.field_encryption_keys.values()))) == 32
