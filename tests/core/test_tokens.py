"""Tests of tokens: unguessable, kept as digests; signed links bound to purpose, row and version."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
import time_machine
from flask import Flask

from rft_admin.core import tokens
from rft_admin.core.tokens import SignedRow

HOUR = 3600
SIGNED_AT = datetime(2027, 3, 3, 9, 30, tzinfo=UTC)


class TestReadRow:
    def test_refuses_another_purpose(self, app: Flask) -> None:
        with app.app_context():
            token = tokens.sign_row("booking", 7)

            assert tokens.read_row("attendee", token, max_age_seconds=HOUR) is None

    @pytest.mark.parametrize("forged", ["", "x", "a.b.c", "\x00", "é" * 10])
    def test_refuses_what_we_did_not_sign(self, app: Flask, forged: str) -> None:
        with app.app_context():
            assert tokens.read_row("booking", forged, max_age_seconds=HOUR) is None

    def test_refuses_what_has_expired(self, app: Flask) -> None:
        with app.app_context():
            with time_machine.travel(SIGNED_AT, tick=False):
                token = tokens.sign_row("booking", 7)
            with time_machine.travel(SIGNED_AT.replace(hour=10, minute=31), tick=False):
                assert tokens.read_row("booking", token, max_age_seconds=HOUR) is None

    def test_says_which_row_at_which_version(self, app: Flask) -> None:
        with app.app_context():
            token = tokens.sign_row("booking", 7, version=2)

            assert tokens.read_row("booking", token, max_age_seconds=HOUR) == SignedRow(7, 2)

    def test_accepts_an_earlier_secret_and_signs_with_the_first(
        self, app: Flask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with app.app_context():
            _use(app, monkeypatch, "old-secret")
            old = tokens.sign_row("booking", 7)
            _use(app, monkeypatch, "new-secret", "old-secret")
            new = tokens.sign_row("booking", 7)

            assert tokens.read_row("booking", old, max_age_seconds=HOUR) == SignedRow(7, 0)
            _use(app, monkeypatch, "new-secret")
            assert tokens.read_row("booking", old, max_age_seconds=HOUR) is None
            assert tokens.read_row("booking", new, max_age_seconds=HOUR) == SignedRow(7, 0)


class TestNewToken:
    def test_never_repeats_itself_and_is_long(self) -> None:
        made = {tokens.new_token() for _ in range(100)}

        assert len(made) == 100
        assert min(map(len, made)) >= 43

    def test_is_kept_as_a_digest_only(self) -> None:
        token = tokens.new_token()

        assert token not in tokens.hash_token(token)
        assert tokens.hash_token(token) == tokens.hash_token(token)


def _use(app: Flask, monkeypatch: pytest.MonkeyPatch, *secrets: str) -> None:
    monkeypatch.setitem(app.config, "RFT", replace(app.config["RFT"], secret_keys=secrets))
