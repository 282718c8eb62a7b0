"""The customer's own page: closed to strangers, clear to its owner."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from rft_admin.bookings import links
from rft_admin.bookings import service as bookings
from rft_admin.bookings.models import Booking, BookingStatus, PaymentStatus, SpecialRequirement
from rft_admin.core import clock, tokens
from rft_admin.core.database import db
from rft_admin.core.files import store_file
from rft_admin.messaging.models import EmailLog
from rft_admin.payments import billing, refunds
from rft_admin.payments.models import Invoice, PaymentTransaction, Refund, TransactionStatus
from rft_admin.public.documents import CERTIFICATE_LINK
from sandbox.stripe import StripeSandbox
from tests.bookings import offers
from tests.bookings.offers import OFFICE
from tests.factories import BookingFactory, CertificateFactory, MaterialFactory, PaymentFactory
from tests.payments.desk import set_setting
from tests.public.conftest import date_in, hidden, send


def path_of(booking: Booking, rest: str = "") -> str:
    """Return the address of the booking's page or a part of it."""
    return f"/bookings/{booking.booking_reference}{rest}"


def token_of(booking: Booking) -> str:
    """Return the token of the booking's link."""
    return tokens.sign_row(links.BOOKING, booking.id, version=booking.links_version)


def open_by_link(client: FlaskClient, booking: Booking) -> Any:
    """Open the booking as from its letter, so that the browser holds the cookie."""
    return client.get(path_of(booking, f"?t={token_of(booking)}"))


def held(**values: Any) -> Booking:
    """Return a pending booking for a date in forty days, held for half an hour."""
    booking: Booking = BookingFactory(
        course_schedule=date_in(40),
        status=BookingStatus.PENDING,
        hold_expires_at=clock.now() + timedelta(minutes=30),
        **values,
    )
    return booking


def paid(days_ahead: int = 40) -> Booking:
    """Return a confirmed booking of £75 paid by bank transfer."""
    booking: Booking = BookingFactory(
        course_schedule=date_in(days_ahead),
        payment_status=PaymentStatus.PAID,
        customer_type="business",
    )
    PaymentFactory(booking=booking)
    return booking


def invoiced() -> Booking:
    """Return a company's booking that is confirmed and billed."""
    booking = bookings.place_booking(
        offers.business_order(date_in(40).id), now=clock.now(), by=OFFICE
    )
    billing.bill(booking, now=clock.now(), by=OFFICE)
    db.session.commit()
    return booking


class TestStranger:
    @pytest.mark.parametrize(
        "rest",
        [
            "",
            "?t=",
            "?t=forged",
            "/cancel",
            "/attendees",
            "/payment",
            "/payment.json",
            "/invoice.pdf",
            "/calendar.ics",
            "/materials/1",
            "/invoices/1.pdf",
        ],
    )
    def test_sees_no_hint(self, client: FlaskClient, rest: str) -> None:
        known = path_of(BookingFactory(), rest)
        unknown = f"/bookings/RFT-UNKNOWN{rest}"

        assert client.get(known).status_code == client.get(unknown).status_code == 404

    @pytest.mark.parametrize("reference", ["%00", "x" * 300, "RFT-'--", "..%2f.."])
    def test_may_type_anything(self, client: FlaskClient, reference: str) -> None:
        assert client.get(f"/bookings/{reference}").status_code == 404
        assert client.get(f"/bookings/{reference}?t=x").status_code == 404

    def test_cannot_pay_or_cancel(self, client: FlaskClient) -> None:
        booking = BookingFactory()
        token = hidden(client.get("/bookings/find").text)

        for rest in ("/pay", "/cancel", "/attendees"):
            assert client.post(path_of(booking, rest), data=token).status_code == 404

    def test_is_not_helped_by_another_bookings_token(self, client: FlaskClient) -> None:
        mine, other = BookingFactory(), BookingFactory()

        assert client.get(path_of(other, f"?t={token_of(mine)}")).status_code == 404


class TestLink:
    def test_leads_to_pages_that_no_browser_keeps(self, client: FlaskClient) -> None:
        booking = paid()
        open_by_link(client, booking)

        for rest in ("", "/cancel", "/attendees"):
            answer = client.get(path_of(booking, rest))
            assert answer.status_code == 200
            assert answer.headers["Cache-Control"] == "private, no-store"
        assert "Cache-Control" not in client.get("/").headers

    def test_is_exchanged_for_a_cookie(self, client: FlaskClient) -> None:
        booking = BookingFactory(course_schedule=date_in(20))

        answer = open_by_link(client, booking)

        assert answer.status_code == 303
        assert answer.location == path_of(booking)
        assert client.get(path_of(booking)).status_code == 200

    def test_leads_back_from_the_payment(self, client: FlaskClient) -> None:
        booking = held()
        back = path_of(booking, f"?t={token_of(booking)}&payment=returned")

        assert client.get(back).location == path_of(booking, "/payment")

    def test_opens_nothing_once_revoked_nor_does_its_cookie(self, client: FlaskClient) -> None:
        booking = BookingFactory(course_schedule=date_in(20))
        link = path_of(booking, f"?t={token_of(booking)}")
        client.get(link)

        booking.links_version += 1
        db.session.commit()

        assert client.get(link).status_code == 404
        assert client.get(path_of(booking)).status_code == 404


class TestPage:
    def test_of_a_pending_booking_offers_payment(self, client: FlaskClient) -> None:
        booking = held()
        open_by_link(client, booking)

        page = client.get(path_of(booking)).text

        assert "Your places are held" in page
        assert "Pay £75.00 by card" in page

    def test_of_a_lapsed_hold_says_so(self, client: FlaskClient) -> None:
        booking = held()
        booking.hold_expires_at = clock.now() - timedelta(minutes=1)
        db.session.commit()
        open_by_link(client, booking)

        assert "The time to pay is over" in client.get(path_of(booking)).text

    def test_of_a_confirmed_booking_has_all(self, client: FlaskClient) -> None:
        booking = paid()
        MaterialFactory(course=booking.course_schedule.course, title="To read")
        CertificateFactory(attendee=booking.attendees[0], holder_name="Sam Holder")
        open_by_link(client, booking)

        page = client.get(path_of(booking)).text

        for words in ("Your booking is confirmed", "To read", "Sam Holder", "Add to my calendar"):
            assert words in page

    def test_of_an_invoice_to_be_paid_says_how_and_by_when(
        self, client: FlaskClient, session: Session
    ) -> None:
        set_setting("business.bank_details", "Example Bank, 00-00-00, 12345678")
        booking = invoiced()
        open_by_link(client, booking)

        page = " ".join(client.get(path_of(booking)).text.split())

        assert "Please pay <strong>£75.00</strong> by <strong>" in page
        assert "By bank transfer: Example Bank, 00-00-00, 12345678" in page
        number = session.scalars(select(Invoice.invoice_number)).one()
        assert f'Please quote <strong class="reference">{number}</strong>' in page

    def test_of_a_booking_paid_by_card_asks_for_no_transfer(self, client: FlaskClient) -> None:
        set_setting("business.bank_details", "Example Bank, 00-00-00, 12345678")
        booking = held()
        open_by_link(client, booking)

        assert "Example Bank" not in client.get(path_of(booking)).text

    def test_tells_what_came_in_and_what_went_back(
        self, client: FlaskClient, session: Session
    ) -> None:
        booking = paid()
        refund = refunds.cancel_and_refund(
            booking=booking, reason="ill", now=clock.now(), by=OFFICE
        )
        assert refund is not None
        refunds.approve(refund=refund, now=clock.now(), by=OFFICE)
        refunds.complete_manual(refund=refund, now=clock.now(), by=OFFICE)
        session.commit()
        open_by_link(client, booking)

        page = client.get(path_of(booking)).text

        assert "has been sent by bank transfer." in page
        assert '<th scope="row">Paid</th><td>£75.00</td>' in page
        assert '<th scope="row">Given back</th><td>-£65.00</td>' in page

    def test_of_a_cancelled_booking_offers_nothing_more(self, client: FlaskClient) -> None:
        booking = BookingFactory(
            course_schedule=date_in(20), status=BookingStatus.CANCELLED, cancelled_at=clock.now()
        )
        open_by_link(client, booking)

        page = client.get(path_of(booking)).text

        assert "This booking is cancelled" in page
        assert path_of(booking, "/cancel") not in page
        assert "by card" not in page


class TestPay:
    def test_says_when_stripe_is_away(self, client: FlaskClient) -> None:
        booking = held()
        open_by_link(client, booking)

        answer = send_from_page(client, booking, "/pay")

        assert answer.location == path_of(booking)
        assert 'role="status"' in client.get(path_of(booking)).text

    def test_leads_to_the_payment_page(self, client: FlaskClient, stripe: StripeSandbox) -> None:
        booking = held()
        open_by_link(client, booking)

        answer = send_from_page(client, booking, "/pay")

        assert answer.status_code == 303
        assert answer.location.startswith(stripe.base_url)


class TestWaiting:
    @pytest.mark.parametrize(
        ("status", "state", "words"),
        [
            (TransactionStatus.PENDING, "waiting", "Waiting for the word"),
            (TransactionStatus.FAILED, "declined", "The payment was declined"),
        ],
    )
    def test_says_how_it_stands(
        self, client: FlaskClient, status: TransactionStatus, state: str, words: str
    ) -> None:
        booking = held()
        PaymentFactory(booking=booking, status=status)
        open_by_link(client, booking)

        assert words in client.get(path_of(booking, "/payment")).text
        assert client.get(path_of(booking, "/payment.json")).json == {"state": state}

    def test_waits_after_a_decline_that_a_good_card_followed(self, client: FlaskClient) -> None:
        booking = held()
        PaymentFactory(booking=booking, status=TransactionStatus.FAILED)

        client.get(path_of(booking, f"?t={token_of(booking)}&payment=returned"))

        assert client.get(path_of(booking, "/payment.json")).json == {"state": "waiting"}

    def test_says_declined_when_the_word_came_later(
        self, client: FlaskClient, session: Session
    ) -> None:
        booking = held()
        payment = PaymentFactory(booking=booking, status=TransactionStatus.PENDING)
        client.get(path_of(booking, f"?t={token_of(booking)}&payment=returned"))

        payment.status = TransactionStatus.FAILED
        payment.updated_at = clock.now() + timedelta(seconds=1)
        session.commit()

        assert client.get(path_of(booking, "/payment.json")).json == {"state": "declined"}

    def test_looks_again_without_a_script(self, client: FlaskClient) -> None:
        booking = held()
        open_by_link(client, booking)

        assert 'http-equiv="refresh" content="3;' in client.get(path_of(booking, "/payment")).text
        slow = client.get(path_of(booking, "/payment?n=99")).text
        assert "This takes longer than usual" in slow
        assert client.get(path_of(booking, "/payment?n=x")).status_code == 200

    def test_says_paid_and_stops(self, client: FlaskClient) -> None:
        booking = paid()
        open_by_link(client, booking)

        page = client.get(path_of(booking, "/payment")).text

        assert "your booking is confirmed" in page
        assert booking.course_schedule.course.name in page
        assert path_of(booking, "/calendar.ics") in page
        assert 'http-equiv="refresh"' not in page


class TestCancel:
    def test_shows_the_sum_and_the_rule_first(self, client: FlaskClient) -> None:
        booking = paid()
        open_by_link(client, booking)

        page = client.get(path_of(booking, "/cancel")).text

        assert "£65.00" in page
        assert "Less the fee of £10.00." in page
        db.session.refresh(booking)
        assert booking.status is BookingStatus.CONFIRMED

    def test_says_of_a_bank_transfer_that_it_is_paid_back_so(self, client: FlaskClient) -> None:
        booking = BookingFactory(course_schedule=date_in(40), payment_status=PaymentStatus.PAID)
        PaymentFactory(booking=booking)
        open_by_link(client, booking)

        page = client.get(path_of(booking, "/cancel")).text

        assert "We pay it back to you by bank transfer." in page
        assert "your card" not in page

    def test_of_an_unpaid_invoice_says_that_nothing_is_to_be_paid(
        self, client: FlaskClient, session: Session
    ) -> None:
        booking = invoiced()
        open_by_link(client, booking)

        page = client.get(path_of(booking, "/cancel")).text

        number = session.scalars(select(Invoice.invoice_number)).one()
        assert "Nothing more to pay" in page
        assert f"Invoice {number} is closed by a credit note" in page
        assert "£0.00" not in page

    def test_cancels_when_confirmed(self, client: FlaskClient, session: Session) -> None:
        booking = paid()
        open_by_link(client, booking)

        answer = send(client, path_of(booking, "/cancel"), {"reason": "Ill"})

        assert answer.location == path_of(booking)
        session.refresh(booking)
        assert booking.status is BookingStatus.CANCELLED
        refund = session.scalars(select(Refund)).one()
        assert refund.net_refund == Decimal("65.00")
        assert "waits for our approval" in client.get(path_of(booking)).text

    def test_changes_nothing_the_second_time(self, client: FlaskClient, session: Session) -> None:
        booking = paid()
        open_by_link(client, booking)
        form = hidden(client.get(path_of(booking, "/cancel")).text)

        client.post(path_of(booking, "/cancel"), data=form)
        again = client.post(path_of(booking, "/cancel"), data=form)

        assert again.status_code == 303
        assert len(session.scalars(select(Refund)).all()) == 1

    def test_is_over_once_the_course_has_begun(self, client: FlaskClient) -> None:
        booking = paid(days_ahead=-1)
        open_by_link(client, booking)

        assert client.get(path_of(booking, "/cancel")).location == path_of(booking)


class TestNames:
    def test_loses_nothing_when_refused(self, client: FlaskClient) -> None:
        booking = BookingFactory(course_schedule=date_in(20))
        open_by_link(client, booking)

        answer = send(
            client,
            path_of(booking, "/attendees"),
            {"attendees-0-first_name": "Bo", "attendees-0-email": "no address"},
        )

        assert answer.status_code == 422
        assert 'value="Bo"' in answer.text
        assert 'href="#attendees-0-email"' in answer.text

    def test_changes_who_comes(self, client: FlaskClient, session: Session) -> None:
        booking = BookingFactory(course_schedule=date_in(20))
        open_by_link(client, booking)

        send(
            client,
            path_of(booking, "/attendees"),
            {"attendees-0-first_name": "Bo", "attendees-0-last_name": "Sample"},
        )

        session.refresh(booking.attendees[0])
        assert booking.attendees[0].full_name == "Bo Sample"


class TestFiles:
    def test_gives_the_calendar_file(self, client: FlaskClient) -> None:
        booking = BookingFactory(course_schedule=date_in(20))
        open_by_link(client, booking)

        answer = client.get(path_of(booking, "/calendar.ics"))

        assert answer.mimetype == "text/calendar"
        assert answer.headers["Cache-Control"] == "private, no-store"

    def test_has_no_invoice_before_there_is_one(self, client: FlaskClient) -> None:
        booking = BookingFactory(course_schedule=date_in(20))
        open_by_link(client, booking)

        assert client.get(path_of(booking, "/invoice.pdf")).status_code == 404
        assert client.get(path_of(booking, "/invoices/99999999999.pdf")).status_code == 404

    def test_gives_materials_of_its_own_course_only(self, client: FlaskClient) -> None:
        booking = BookingFactory(course_schedule=date_in(20))
        mine = MaterialFactory(course=booking.course_schedule.course)
        other = MaterialFactory()
        open_by_link(client, booking)

        assert client.get(path_of(booking, f"/materials/{mine.id}")).location == mine.file_url
        assert client.get(path_of(booking, f"/materials/{other.id}")).status_code == 404


class TestCertificatePdf:
    @pytest.fixture
    def certificate(self, session: Session) -> Any:
        """A certificate with a stored file."""
        stored = store_file(file_name="c.pdf", media_type="application/pdf", content=b"%PDF-x")
        return CertificateFactory(stored_file=stored)

    def test_is_closed_without_its_link(self, client: FlaskClient, certificate: Any) -> None:
        address = f"/certificates/{certificate.certificate_number}.pdf"
        other = tokens.sign_row(CERTIFICATE_LINK, certificate.id + 1)

        assert client.get(address).status_code == 404
        assert client.get(f"{address}?t=forged").status_code == 404
        assert client.get(f"{address}?t={other}").status_code == 404
        assert client.get("/certificates/%00.pdf").status_code == 404

    def test_is_served_as_stored(self, client: FlaskClient, certificate: Any) -> None:
        token = tokens.sign_row(CERTIFICATE_LINK, certificate.id)

        answer = client.get(f"/certificates/{certificate.certificate_number}.pdf?t={token}")

        assert answer.data == b"%PDF-x"
        assert answer.mimetype == "application/pdf"


class TestAttendeeDetails:
    def test_is_closed_without_the_attendees_own_link(self, client: FlaskClient) -> None:
        booking = BookingFactory()
        attendee = booking.attendees[0]

        assert client.get(f"/attendees/{attendee.id}/details").status_code == 404
        wrong = token_of(booking)
        assert client.get(f"/attendees/{attendee.id}/details?t={wrong}").status_code == 404

    def test_stores_nothing_without_consent(self, client: FlaskClient, session: Session) -> None:
        address = details_address(BookingFactory(course_schedule=date_in(20)))

        answer = send(client, address, {"requirement_details": "No nuts"})

        assert answer.status_code == 422
        assert "No nuts" in answer.text
        assert session.scalars(select(SpecialRequirement)).all() == []

    def test_stores_what_the_attendee_says(self, client: FlaskClient, session: Session) -> None:
        address = details_address(BookingFactory(course_schedule=date_in(20)))
        said = {
            "requirement_type": "dietary",
            "requirement_details": "No nuts",
            "health_consent": "y",
        }

        answer = send(client, address, said)

        assert answer.status_code == 200
        assert session.scalars(select(SpecialRequirement)).one().consent_by == "attendee"


class TestFind:
    def test_says_the_same_whether_there_is_a_booking(
        self, client: FlaskClient, session: Session
    ) -> None:
        booking = BookingFactory(course_schedule=date_in(20))

        known = send(client, "/bookings/find", {"email": booking.user.email})
        unknown = send(client, "/bookings/find", {"email": "nobody@example.com"})

        assert known.status_code == unknown.status_code == 200
        assert known.text == unknown.text
        letters = session.scalars(select(EmailLog.recipient_email)).all()
        assert letters == [booking.user.email]

    def test_refuses_what_is_no_address(self, client: FlaskClient) -> None:
        assert send(client, "/bookings/find", {"email": "x"}).status_code == 422

    def test_stops_after_too_many_tries(self, client: FlaskClient) -> None:
        form = hidden(client.get("/bookings/find").text)
        for _ in range(20):
            client.post("/bookings/find", data=form)

        answer = client.post("/bookings/find", data=form)

        assert answer.status_code == 429
        assert int(answer.headers["Retry-After"]) > 0


def details_address(booking: Booking) -> str:
    """Return the address that an attendee gets by letter."""
    attendee = booking.attendees[0]
    token = tokens.sign_row(links.ATTENDEE, attendee.id, version=booking.links_version)
    return f"/attendees/{attendee.id}/details?t={token}"


def send_from_page(client: FlaskClient, booking: Booking, rest: str) -> Any:
    """Press the button on the booking's page."""
    return client.post(path_of(booking, rest), data=hidden(client.get(path_of(booking)).text))


@pytest.fixture
def stripe(
    app: Flask, session: Session, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StripeSandbox]:
    """A Stripe that answers."""
    with (
        StripeSandbox(
            tmp_path_factory.mktemp("stripe"), secret_key="sk_test_public", webhook_secret="whsec"
        ) as sandbox,
        pytest.MonkeyPatch.context() as patch,
    ):
        config = replace(
            app.config["RFT"],
            stripe_secret_key="sk_test_public",
            stripe_api_base=sandbox.base_url,
        )
        patch.setitem(app.config, "RFT", config)
        yield sandbox


class TestLedger:
    def test_is_untouched_by_looking(self, client: FlaskClient, session: Session) -> None:
        booking = paid()
        open_by_link(client, booking)

        client.get(path_of(booking))
        client.get(path_of(booking, "/cancel"))

        assert len(session.scalars(select(PaymentTransaction)).all()) == 1
        assert session.scalars(select(Refund)).all() == []
