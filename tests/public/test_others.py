"""Inquiries, verification, Stripe's webhook and health."""

import json
import time

import pytest
import stripe
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from rft_admin.accounts import settings as access_settings
from rft_admin.bookings.models import BookingInquiry
from rft_admin.payments.models import StripeEvent
from tests.factories import BookingFactory, CertificateFactory
from tests.public.conftest import date_in, hidden, send
from tests.public.test_pages import change_setting

#: The webhook secret of the application under test.
SECRET = "whsec_testing"
QUESTION = {
    "first_name": "Jo",
    "last_name": "Asking",
    "email": "jo@example.com",
    "number_of_people": "3",
    "questions": "Do you come to us?",
}


class TestInquiry:
    @pytest.mark.parametrize("schedule_id", ["999999", "99999999999999999999", "x"])
    def test_does_not_know_other_dates(self, client: FlaskClient, schedule_id: str) -> None:
        assert client.get(f"/inquire/{schedule_id}").status_code == 404

    def test_loses_nothing_when_refused(self, client: FlaskClient, session: Session) -> None:
        answer = send(client, "/inquire", QUESTION | {"email": "x", "number_of_people": "many"})

        assert answer.status_code == 422
        assert "Do you come to us?" in answer.text
        assert 'href="#email"' in answer.text
        assert 'href="#number_of_people"' in answer.text
        assert session.scalars(select(BookingInquiry)).all() == []

    def test_wants_the_form_of_this_site(self, client: FlaskClient) -> None:
        assert client.post("/inquire", data=QUESTION).status_code == 400

    def test_is_stored_and_its_reference_told(self, client: FlaskClient, session: Session) -> None:
        answer = send(client, "/inquire", QUESTION)

        inquiry = session.scalars(select(BookingInquiry)).one()
        assert answer.status_code == 303
        assert inquiry.inquiry_reference in client.get(answer.location).text

    def test_holds_places_of_a_date_and_says_so(
        self, client: FlaskClient, session: Session
    ) -> None:
        schedule = date_in(20)

        answer = send(client, f"/inquire/{schedule.id}", QUESTION)

        assert session.scalars(select(BookingInquiry)).one().hold_expires_at is not None
        assert "We keep the places for you until" in client.get(answer.location).text

    def test_says_when_nothing_is_held(self, client: FlaskClient) -> None:
        full = date_in(20, max_capacity=1)
        BookingFactory(course_schedule=full)

        answer = send(client, f"/inquire/{full.id}", QUESTION)

        assert "We do not keep places" in client.get(answer.location).text

    def test_is_open_inside_the_notice(self, client: FlaskClient) -> None:
        assert client.get(f"/inquire/{date_in(1).id}").status_code == 200


class TestVerify:
    @pytest.mark.parametrize("number", ["RFT-2026-ABC", "a%00b", "x" * 500, "<b>"])
    def test_says_plainly_that_a_number_is_unknown(self, client: FlaskClient, number: str) -> None:
        answer = client.get(f"/verify/{number}")

        assert answer.status_code == 404
        assert "We do not know this number" in answer.text
        assert "<b>" not in answer.text

    def test_asks_again_for_nothing_at_all(self, client: FlaskClient) -> None:
        assert client.get("/verify/%00").location == "/verify"

    def test_leads_from_the_form_to_the_number(self, client: FlaskClient) -> None:
        answer = client.get("/verify?number=rft-2027-test1")

        assert answer.location == "/verify/RFT-2027-TEST1"

    def test_shows_name_course_dates_and_nothing_more(self, client: FlaskClient) -> None:
        certificate = CertificateFactory(holder_name="Sam Holder")

        page = client.get(f"/verify/{certificate.certificate_number.lower()}").text

        assert "genuine and valid" in page
        assert "Sam Holder" in page
        assert certificate.course_name in page
        assert certificate.booking.booking_reference not in page
        assert certificate.user.email not in page

    def test_says_expired_and_revoked(self, client: FlaskClient, session: Session) -> None:
        certificate = CertificateFactory()
        certificate.issue_date = certificate.issue_date.replace(year=2020)
        certificate.expiry_date = certificate.expiry_date.replace(year=2023)
        session.commit()
        assert "It expired" in client.get(f"/verify/{certificate.certificate_number}").text

        certificate.status = "revoked"
        certificate.revoked_at = certificate.created_at
        session.commit()
        assert "withdrawn" in client.get(f"/verify/{certificate.certificate_number}").text


class TestWebhook:
    def payload(self) -> str:
        """Return an event as Stripe sends it."""
        return json.dumps(
            {
                "id": "evt_public",
                "object": "event",
                "api_version": "2026-10-28",
                "type": "checkout.session.expired",
                "livemode": False,
                "created": int(time.time()),
                "data": {"object": {"id": "cs_public", "object": "checkout.session"}},
            }
        )

    def signed(self, payload: str, by: str = SECRET) -> dict[str, str]:
        """Return the header with Stripe's signature."""
        header = stripe.WebhookSignature.generate_signature_header(payload, by)
        return {"Stripe-Signature": header, "Content-Type": "application/json"}

    def test_refuses_a_bad_signature(self, client: FlaskClient, session: Session) -> None:
        payload = self.payload()

        forged = client.post(
            "/webhooks/stripe", data=payload, headers=self.signed(payload, "whsec_other")
        )
        unsigned = client.post("/webhooks/stripe", data=payload)

        assert forged.status_code == unsigned.status_code == 400
        assert session.scalars(select(StripeEvent)).all() == []

    def test_is_not_answered_200_when_it_cannot_be_stored(
        self, client: FlaskClient, session: Session
    ) -> None:
        payload = self.payload()
        session.execute(text("ALTER TABLE stripe_events RENAME TO stripe_events_away"))
        client.application.config["PROPAGATE_EXCEPTIONS"] = False

        try:
            answer = client.post("/webhooks/stripe", data=payload, headers=self.signed(payload))
        finally:
            client.application.config["PROPAGATE_EXCEPTIONS"] = None

        assert answer.status_code == 500
        assert "stripe_events" not in answer.text

    def test_stores_an_event_once(self, client: FlaskClient, session: Session) -> None:
        payload = self.payload()

        for _ in range(2):
            answer = client.post("/webhooks/stripe", data=payload, headers=self.signed(payload))
            assert answer.status_code == 200

        assert len(session.scalars(select(StripeEvent)).all()) == 1


class TestHealth:
    def test_answers_without_the_database(self, client: FlaskClient) -> None:
        assert client.get("/healthz").json == {"status": "ok"}

    def test_is_not_ready_before_the_migration(self, client: FlaskClient, session: Session) -> None:
        session.execute(text("UPDATE alembic_version SET version_num = 'older'"))
        session.commit()

        answer = client.get("/readyz")

        assert answer.status_code == 503
        assert answer.json["database"] == "not migrated"

    def test_is_ready_and_tells_of_the_worker_and_letters(self, client: FlaskClient) -> None:
        answer = client.get("/readyz")

        assert answer.status_code == 200
        assert answer.json == {
            "status": "ok",
            "database": "ok",
            "worker": "silent",
            "worker_last_seen": None,
            "oldest_due_letter": None,
        }


class TestMaintenance:
    def test_closes_the_pages_but_not_stripe_and_probes(self, client: FlaskClient) -> None:
        change_setting(access_settings.maintenance_mode, "true")

        closed = client.get("/")

        assert closed.status_code == 503
        assert closed.headers["Retry-After"]
        assert "We are back soon" in closed.text
        assert client.get("/healthz").status_code == 200
        assert client.get("/readyz").status_code == 200
        assert client.post("/webhooks/stripe", data=b"").status_code == 400


class TestHeaders:
    def test_let_no_inline_script_run(self, client: FlaskClient) -> None:
        schedule = date_in(20)

        for address in ("/", f"/book/{schedule.id}", "/inquire", "/verify", "/terms"):
            answer = client.get(address)
            assert "unsafe-inline" not in answer.headers["Content-Security-Policy"]
            for inline in (" style=", " onclick=", " onsubmit=", "<style", "javascript:"):
                assert inline not in answer.text
        assert hidden(client.get("/inquire").text)["csrf_token"]
