"""Tests of what every answer carries: an id, its headers, and errors as plain pages."""

import re
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from config import Environment
from rft_admin.core import web
from rft_admin.core.errors import Busy, DomainError, NotAllowed, TooManyTries


class TestHeaders:
    @pytest.mark.parametrize("path", ["/healthz", "/nothing-here"])
    def test_are_on_every_answer(self, client: FlaskClient, path: str) -> None:
        headers = client.get(path).headers

        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "same-origin"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert "unsafe-inline" not in headers["Content-Security-Policy"]
        assert re.fullmatch(r"[0-9a-f]{16}", headers["X-Request-ID"])
        assert "Strict-Transport-Security" not in headers

    def test_have_a_new_nonce_each_time(self, client: FlaskClient) -> None:
        policies = {client.get("/").headers["Content-Security-Policy"] for _ in range(2)}

        assert len(policies) == 2

    def test_allow_forms_to_lead_to_the_payment_page_only(self, client: FlaskClient) -> None:
        policy = client.get("/").headers["Content-Security-Policy"]

        assert "form-action 'self' https://checkout.stripe.com" in policy

    def test_demand_tls_in_production(
        self, app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        production = replace(app.config["RFT"], environment=Environment.PRODUCTION)
        monkeypatch.setitem(app.config, "RFT", production)

        assert "max-age=31536000" in client.get("/healthz").headers["Strict-Transport-Security"]


class TestRequestId:
    def test_is_taken_over_when_it_is_harmless(self, client: FlaskClient) -> None:
        answer = client.get("/healthz", headers={"X-Request-ID": "abcdef-123456"})

        assert answer.headers["X-Request-ID"] == "abcdef-123456"

    @pytest.mark.parametrize("given", ["short", "<script>alert(1)</script>", "x" * 65])
    def test_is_our_own_otherwise(self, client: FlaskClient, given: str) -> None:
        answer = client.get("/healthz", headers={"X-Request-ID": given})

        assert answer.headers["X-Request-ID"] != given


class TestErrorPage:
    @pytest.mark.parametrize(
        ("error", "status"), [(NotAllowed(), 403), (DomainError(), 422), (Busy(), 503)]
    )
    def test_says_the_refusal_in_its_own_words(
        self, app: Flask, error: DomainError, status: int
    ) -> None:
        with app.test_request_context("/"):
            answer = web._refused(error)

            assert answer.status_code == status
            assert error.message in answer.get_data(as_text=True)

    def test_says_when_to_come_again(self, app: Flask) -> None:
        with app.test_request_context("/"):
            assert web._refused(Busy()).headers["Retry-After"] == "5"
            too_many = web._refused(TooManyTries(retry_after_seconds=42))
            assert (too_many.status_code, too_many.headers["Retry-After"]) == (429, "42")

    def test_is_json_for_programs(self, client: FlaskClient) -> None:
        answer = client.get("/nothing-here", headers={"Accept": "application/json"})

        assert answer.status_code == 404
        assert answer.json is not None
        assert answer.json["error"] == "There is nothing here"

    def test_is_a_plain_page_for_people(self, client: FlaskClient) -> None:
        answer = client.get("/nothing-here")

        assert answer.status_code == 404
        assert "Traceback" not in answer.get_data(as_text=True)
        assert "There is nothing here" in answer.get_data(as_text=True)
