"""Tests of passwords."""

import bcrypt
import pytest
from flask import Flask

from rft_admin import create_app
from rft_admin.accounts import passwords
from rft_admin.accounts.passwords import WeakPassword
from tests.conftest import environment

PLAIN = "quiet-otter-lantern"


@pytest.fixture(autouse=True)
def _in_the_application(app: Flask) -> object:
    with app.app_context():
        yield


class TestHashing:
    def test_refuses_another_password(self) -> None:
        stored = passwords.hash_password(PLAIN)

        assert not passwords.verify_password("quiet-otter-lanterns", stored)

    def test_accepts_its_own_password(self) -> None:
        stored = passwords.hash_password(PLAIN)

        assert stored.startswith("$2b$")
        assert PLAIN not in stored
        assert passwords.verify_password(PLAIN, stored)

    def test_counts_what_stands_beyond_bcrypts_72_bytes(self) -> None:
        long = "a-" * 60
        stored = passwords.hash_password(long + "end")

        assert not passwords.verify_password(long + "END", stored)
        assert passwords.verify_password(long + "end", stored)

    def test_takes_the_same_letters_from_another_keyboard(self) -> None:
        stored = passwords.hash_password("cafe\u0301-lantern")

        assert passwords.verify_password("caf\u00e9-lantern", stored)

    def test_costs_twelve_outside_tests(self, server_url: str) -> None:
        others = {"APP_ENV": "development"}

        with create_app(environment(server_url, **others)).app_context():
            stored = passwords.hash_password(PLAIN)

        assert stored.startswith("$2b$12$")


class TestImportedHashes:
    def test_refuse_another_password(self) -> None:
        imported = bcrypt.hashpw(PLAIN.encode(), bcrypt.gensalt(4)).decode()

        assert not passwords.verify_password("another one", imported)

    def test_are_accepted_and_want_renewal(self) -> None:
        imported = bcrypt.hashpw(PLAIN.encode(), bcrypt.gensalt(4)).decode()

        assert passwords.verify_password(PLAIN, imported)
        assert passwords.needs_renewal(imported)
        assert not passwords.needs_renewal(passwords.hash_password(PLAIN))

    def test_that_are_damaged_open_nothing(self) -> None:
        assert not passwords.verify_password(PLAIN, "not a hash")


class TestUnknownPeople:
    def test_cost_one_comparison_like_everybody(self, monkeypatch: pytest.MonkeyPatch) -> None:
        stored = passwords.hash_password(PLAIN)
        passwords.verify_password(PLAIN, None)
        compared: list[bytes] = []
        real = bcrypt.checkpw

        def counting(password: bytes, hashed: bytes) -> bool:
            compared.append(hashed[:7])
            return real(password, hashed)

        monkeypatch.setattr(bcrypt, "checkpw", counting)
        passwords.verify_password("wrong", stored)
        passwords.verify_password("wrong", None)

        assert compared == [b"$2b$04$", b"$2b$04$"]


class TestNewPasswords:
    @pytest.mark.parametrize(
        "weak",
        ["short-1", "x" * 129, "aaaaaaaaaaaa", "Password1!", "IloveYou", passwords.FIRST_PASSWORD],
    )
    def test_refuses_what_is_easily_guessed_or_too_long(self, weak: str) -> None:
        with pytest.raises(WeakPassword):
            passwords.check_new_password(weak)

    @pytest.mark.parametrize("good", ["blue-k8t", "otter-" * 21 + "ab", "løsen på åtte"])
    def test_accepts_eight_to_a_hundred_and_twenty_eight_characters(self, good: str) -> None:
        passwords.check_new_password(good)

        assert 8 <= len(good) <= 128


class TestThePublicFirstPassword:
    def test_is_for_development(self) -> None:
        assert not passwords.is_public_password(passwords.FIRST_PASSWORD)

    def test_is_never_accepted_in_production(self, server_url: str) -> None:
        production = environment(
            server_url,
            APP_ENV="production",
            SECRET_KEY="a-secret-key-of-more-than-thirty-two-characters",
            STRIPE_SECRET_KEY="sk_live_1",
            SMTP_URL="smtp://mail.example.com:587?tls=starttls",
            PUBLIC_URL="https://example.com",
            FIELD_ENCRYPTION_KEYS="k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        )

        with create_app(production).app_context():
            assert passwords.is_public_password(passwords.FIRST_PASSWORD)
            assert not passwords.is_public_password(PLAIN)
