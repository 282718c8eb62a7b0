"""Tests of the encryption at rest: bound to its row, and its keys can be changed."""

import base64
from dataclasses import replace

import pytest
from flask import Flask

from rft_admin.core import crypto
from rft_admin.core.crypto import CannotDecrypt

ROW = "special_requirements|details|1"
OLD_KEY, NEW_KEY = b"o" * 32, b"n" * 32


@pytest.fixture
def keys(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    _use(app, monkeypatch, {"old": OLD_KEY})
    return app


class TestDecrypt:
    def test_refuses_a_text_that_was_moved_to_another_row(self, keys: Flask) -> None:
        with keys.app_context():
            stored = crypto.encrypt("A nut allergy", context=ROW)

            with pytest.raises(CannotDecrypt, match="does not belong"):
                crypto.decrypt(stored, context="special_requirements|details|2")

    def test_refuses_a_damaged_text(self, keys: Flask) -> None:
        with keys.app_context():
            key_id, _, encoded = crypto.encrypt("A nut allergy", context=ROW).partition(":")
            sealed = bytearray(base64.b64decode(encoded))
            sealed[-1] ^= 1

            with pytest.raises(CannotDecrypt):
                crypto.decrypt(f"{key_id}:{base64.b64encode(sealed).decode()}", context=ROW)

    def test_refuses_a_text_whose_key_is_gone(
        self, keys: Flask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with keys.app_context():
            stored = crypto.encrypt("A nut allergy", context=ROW)
            _use(keys, monkeypatch, {"new": NEW_KEY})

            with pytest.raises(CannotDecrypt, match="no key 'old'"):
                crypto.decrypt(stored, context=ROW)

    def test_opens_what_an_earlier_key_has_sealed(
        self, keys: Flask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with keys.app_context():
            stored = crypto.encrypt("A nut allergy", context=ROW)
            _use(keys, monkeypatch, {"new": NEW_KEY, "old": OLD_KEY})

            assert crypto.decrypt(stored, context=ROW) == "A nut allergy"
            assert not crypto.is_under_current_key(stored)
            assert crypto.is_under_current_key(crypto.encrypt("x", context=ROW))


class TestEncrypt:
    def test_hides_the_text_and_never_repeats_itself(self, keys: Flask) -> None:
        with keys.app_context():
            first, second = (crypto.encrypt("A nut allergy", context=ROW) for _ in range(2))

        assert first != second
        assert "nut" not in first
        assert first.startswith("old:")


def _use(app: Flask, monkeypatch: pytest.MonkeyPatch, keys: dict[str, bytes]) -> None:
    config = replace(app.config["RFT"], field_encryption_keys=keys)
    monkeypatch.setitem(app.config, "RFT", config)
