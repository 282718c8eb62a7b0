"""The booking form: refusals first, nothing typed is lost, one form makes one booking."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from rft_admin.bookings import settings as booking_settings
from rft_admin.bookings.models import Booking, BookingStatus, SpecialRequirement
from rft_admin.core.database import db
from rft_admin.messaging.models import EmailLog
from rft_admin.payments import settings as payment_settings
from rft_admin.payments import tariff
from rft_admin.payments.models import Invoice
from rft_admin.reporting.models import AnalyticsEvent
from tests.factories import BookingFactory, DiscountCodeFactory
from tests.public.conftest import ANSWERS, ON_INVOICE, date_in, hidden, send
from tests.public.test_pages import change_setting

#: The settings, the tries, the date and its days, its places, and what the visitor has on it.
MOST_QUERIES_OF_A_REFUSAL = 6


def bookings() -> list[Booking]:
    """Return all bookings, oldest first."""
    db.session.expire_all()
    return list(db.session.scalars(select(Booking).order_by(Booking.id)))


class TestForm:
    @pytest.mark.parametrize("schedule_id", ["0", "999999", "99999999999999999999", "x", "-1"])
    def test_does_not_know_other_dates(self, client: FlaskClient, schedule_id: str) -> None:
        assert client.get(f"/book/{schedule_id}").status_code == 404

    def test_does_not_show_what_is_unpublished(self, client: FlaskClient) -> None:
        draft = date_in(20, is_published=False)

        assert client.get(f"/book/{draft.id}").status_code == 404

    def test_points_to_other_dates_when_full(self, client: FlaskClient) -> None:
        full = date_in(20, max_capacity=1)
        BookingFactory(course_schedule=full)
        other = date_in(30, course=full.course)

        page = client.get(f"/book/{full.id}").text

        assert "This date is full" in page
        assert f"/book/{other.id}" in page
        assert f"/inquire/{full.id}" in page

    def test_is_closed_inside_the_notice(self, client: FlaskClient) -> None:
        soon = date_in(2)

        assert "Bookings for this date are closed" in client.get(f"/book/{soon.id}").text

    def test_is_closed_when_online_booking_is_off(self, client: FlaskClient) -> None:
        schedule = date_in(40)
        change_setting(booking_settings.online_booking_enabled, "false")

        assert "accept_terms" not in client.get(f"/book/{schedule.id}").text

    def test_says_what_the_button_does(self, client: FlaskClient) -> None:
        page = client.get(f"/book/{date_in(40).id}").text

        assert "Book and pay £75.00" in page
        assert "early_start_request" not in page

    def test_asks_a_consumer_for_an_early_start(self, client: FlaskClient) -> None:
        assert "early_start_request" in client.get(f"/book/{date_in(10).id}").text


class TestTerms:
    def test_are_kept_wholly_and_stand_in_the_confirmation(self, client: FlaskClient) -> None:
        send(client, f"/book/{date_in(40).id}", ANSWERS | ON_INVOICE)

        booking = bookings()[0]
        letter = db.session.scalars(
            select(EmailLog).filter_by(booking_id=booking.id, template_name="booking_confirmed")
        ).one()
        assert booking.terms_snapshot["words"] == tariff.current_terms()["words"]
        for words in booking.terms_snapshot["words"]:
            assert words in " ".join(letter.body_text.split())


class TestUpdate:
    def test_shows_a_row_for_each_person_and_the_price(self, client: FlaskClient) -> None:
        address = f"/book/{date_in(40).id}"

        answer = send(client, address, ANSWERS | {"number_of_places": "5", "update": "1"})

        assert answer.status_code == 200
        assert answer.text.count('class="person"') == 4
        assert "Group discount (10 %)" in answer.text
        assert "Book and pay £337.50" in answer.text
        assert 'value="Dana"' in answer.text
        assert bookings() == []

    def test_counts_the_booker_only_when_he_attends(self, client: FlaskClient) -> None:
        address = f"/book/{date_in(40).id}"
        answers = ANSWERS | {"number_of_places": "3", "update": "1"}
        del answers["booker_attends"]

        assert send(client, address, answers).text.count('class="person"') == 3

    def test_says_that_a_code_is_unknown(self, client: FlaskClient) -> None:
        address = f"/book/{date_in(40).id}"

        page = send(client, address, ANSWERS | {"discount_code": "NO", "update": "1"}).text

        assert "We do not know this discount code" in page

    def test_takes_a_code_off_the_price(self, client: FlaskClient) -> None:
        DiscountCodeFactory(code="TEN")
        address = f"/book/{date_in(40).id}"

        page = send(client, address, ANSWERS | {"discount_code": "ten", "update": "1"}).text

        assert "Book and pay £67.50" in page

    @pytest.mark.parametrize("number", ["", "0", "13", "x", "99999999999999999999", "1e3"])
    def test_bears_any_number(self, client: FlaskClient, number: str) -> None:
        address = f"/book/{date_in(40).id}"

        answer = send(client, address, ANSWERS | {"number_of_places": number, "update": "1"})

        assert answer.status_code == 200


class TestRefusals:
    def test_wants_the_form_of_this_site(self, client: FlaskClient) -> None:
        assert client.post(f"/book/{date_in(40).id}", data=ANSWERS).status_code == 400
        assert bookings() == []

    def test_puts_each_fault_beside_its_field_and_loses_nothing(self, client: FlaskClient) -> None:
        address = f"/book/{date_in(40).id}"
        typed = {
            "email": "not an address",
            "last_name": "",
            "number_of_places": "2",
            "attendees-0-first_name": "Bo",
            "attendees-0-email": "neither",
            "requirement_details": "No nuts",
        }
        answers = ANSWERS | typed
        del answers["accept_terms"]

        answer = send(client, address, answers)

        assert answer.status_code == 422
        for field in ("email", "last_name", "attendees-0-email", "health_consent", "accept_terms"):
            assert f'<a href="#{field}">' in answer.text
            assert f'id="{field}-fault"' in answer.text
        for value in ("Dana", "not an address", "Bo", "neither"):
            assert f'value="{value}"' in answer.text
        assert "No nuts" in answer.text
        assert bookings() == []

    @pytest.mark.parametrize(
        ("typed", "field"),
        [
            ({"phone": "12"}, "phone"),
            ({"number_of_places": "13"}, "number_of_places"),
            ({"customer_type": "business"}, "company_name"),
            ({"payment_method": "invoice"}, "payment_method"),
            ({"discount_code": "NO"}, "discount_code"),
            ({"first_name": "x" * 101}, "first_name"),
            ({"last_name": "a\x00b"}, "last_name"),
            ({"requirement_type": "magic"}, "requirement_type"),
        ],
    )
    def test_names_the_field(self, client: FlaskClient, typed: dict[str, str], field: str) -> None:
        answer = send(client, f"/book/{date_in(40).id}", ANSWERS | typed)

        assert answer.status_code == 422
        assert f'<a href="#{field}">' in answer.text
        assert f'id="{field}' in answer.text

    def test_wants_the_early_start_of_a_consumer(self, client: FlaskClient) -> None:
        answer = send(client, f"/book/{date_in(10).id}", ANSWERS)

        assert answer.status_code == 422
        assert 'href="#early_start_request"' in answer.text

    def test_answers_409_with_the_next_dates_when_sold_out_meanwhile(
        self, client: FlaskClient
    ) -> None:
        schedule = date_in(40, max_capacity=1)
        other = date_in(50, course=schedule.course)
        address = f"/book/{schedule.id}"
        form = hidden(client.get(address).text)
        BookingFactory(course_schedule=schedule)

        answer = client.post(address, data=form | ANSWERS)

        assert answer.status_code == 409
        assert "The last place has just gone" in answer.text
        assert f'formaction="/book/{other.id}"' in answer.text
        # All that was typed goes along to the other date.
        kept = hidden(answer.text)
        assert ANSWERS.items() <= kept.items()
        going_on = client.post(f"/book/{other.id}", data=kept | {"update": "1"})
        assert going_on.status_code == 200
        assert 'value="Dana"' in going_on.text

    def test_shows_the_form_again_when_fewer_places_are_left(self, client: FlaskClient) -> None:
        schedule = date_in(40, max_capacity=2)
        other = date_in(50, course=schedule.course)
        form = hidden(client.get(f"/book/{schedule.id}").text)
        BookingFactory(course_schedule=schedule)

        answer = client.post(
            f"/book/{schedule.id}", data=form | ANSWERS | {"number_of_places": "2"}
        )

        assert answer.status_code == 409
        assert '<a href="#number_of_places">Only one place is left' in answer.text
        assert f'formaction="/book/{other.id}"' in answer.text

    def test_costs_little_when_sold_out(
        self, client: FlaskClient, count_queries: Callable[[], int]
    ) -> None:
        schedule = date_in(20, max_capacity=1)
        form = hidden(client.get(f"/book/{schedule.id}").text) | ANSWERS
        BookingFactory(course_schedule=schedule)
        before = count_queries()

        answer = client.post(f"/book/{schedule.id}", data=form)

        assert answer.status_code == 409
        # Two hundred are told at once.
        assert count_queries() - before <= MOST_QUERIES_OF_A_REFUSAL

    def test_answers_409_when_closed_meanwhile(self, client: FlaskClient) -> None:
        address = f"/book/{date_in(40).id}"
        form = hidden(client.get(address).text)
        change_setting(booking_settings.online_booking_enabled, "false")

        assert client.post(address, data=form | ANSWERS).status_code == 409

    def test_stops_after_too_many_tries(self, client: FlaskClient) -> None:
        address = f"/book/{date_in(40).id}"
        form = hidden(client.get(address).text)
        for _ in range(20):
            client.post(address, data=form)

        answer = client.post(address, data=form)

        assert answer.status_code == 429
        assert int(answer.headers["Retry-After"]) > 0


class TestSent:
    def test_keeps_the_booking_when_stripe_is_away(self, client: FlaskClient) -> None:
        answer = send(client, f"/book/{date_in(40).id}", ANSWERS)

        booking = bookings()[0]
        assert answer.status_code == 303
        assert urlsplit(answer.location).path == f"/bookings/{booking.booking_reference}"
        page = client.get(answer.location).text
        assert "Your places are held" in page
        assert "Pay £75.00 by card" in page

    def test_confirms_on_invoice_at_once(self, client: FlaskClient, session: Session) -> None:
        answer = send(client, f"/book/{date_in(40).id}", ANSWERS | ON_INVOICE)

        booking = bookings()[0]
        assert answer.status_code == 303
        assert booking.status is BookingStatus.CONFIRMED
        assert booking.terms_snapshot["refund_bands"]
        assert session.scalar(select(func.count(Invoice.id))) == 1
        assert "Your booking is confirmed" in client.get(answer.location).text

    def test_keeps_names_and_needs(self, client: FlaskClient, session: Session) -> None:
        typed = {
            "number_of_places": "3",
            "attendees-0-first_name": "Dana",
            "attendees-0-last_name": "Example",
            "attendees-1-first_name": "Bo",
            "attendees-1-last_name": "Sample",
            "attendees-1-may_have_needs": "y",
            "requirement_type": "dietary",
            "requirement_details": "No nuts",
            "health_consent": "y",
        }

        send(client, f"/book/{date_in(40).id}", ANSWERS | ON_INVOICE | typed)

        people = [person.full_name for person in bookings()[0].attendees]
        assert people == ["Dana Example", "Bo Sample", ""]
        stored = session.scalars(select(SpecialRequirement.details)).one()
        assert "nuts" not in stored

    def test_makes_one_booking_of_a_form_sent_twice(self, client: FlaskClient) -> None:
        address = f"/book/{date_in(40).id}"
        form = hidden(client.get(address).text) | ANSWERS | ON_INVOICE

        first = client.post(address, data=form)
        second = client.post(address, data=form)

        assert (first.status_code, second.status_code) == (303, 303)
        assert first.location == second.location
        assert len(bookings()) == 1

    def test_finds_the_booking_again_though_it_took_the_last_place(
        self, client: FlaskClient
    ) -> None:
        schedule = date_in(20, max_capacity=1)
        form = hidden(client.get(f"/book/{schedule.id}").text) | ANSWERS

        first = client.post(f"/book/{schedule.id}", data=form)
        again = client.post(f"/book/{schedule.id}", data=form)

        assert (first.status_code, again.status_code) == (303, 303)
        assert again.location == first.location
        assert len(bookings()) == 1

    def test_takes_an_address_put_right_though_it_took_the_last_place(
        self, client: FlaskClient
    ) -> None:
        schedule = date_in(20, max_capacity=1)
        form = hidden(client.get(f"/book/{schedule.id}").text) | ANSWERS
        client.post(f"/book/{schedule.id}", data=form)

        answer = client.post(f"/book/{schedule.id}", data=form | {"email": "d@example.com"})

        assert answer.status_code == 303
        states = [(one.user.email, one.status) for one in bookings() if one.user]
        assert states == [
            ("dana@example.com", BookingStatus.CANCELLED),
            ("d@example.com", BookingStatus.PENDING),
        ]

    def test_opens_nothing_to_another_browser_with_the_same_key(
        self, app: Flask, client: FlaskClient
    ) -> None:
        address = f"/book/{date_in(40).id}"
        form = hidden(client.get(address).text) | ANSWERS | ON_INVOICE
        client.post(address, data=form)
        stranger = app.test_client()
        own = hidden(stranger.get(address).text)

        answer = stranger.post(address, data=form | {"csrf_token": own["csrf_token"]})

        assert answer.status_code == 409
        assert len(bookings()) == 1
        reference = bookings()[0].booking_reference
        assert reference not in answer.text
        assert stranger.get(f"/bookings/{reference}").status_code == 404

    def test_counts_the_steps_without_a_name(self, client: FlaskClient, session: Session) -> None:
        schedule = date_in(40)

        client.get("/")
        send(client, f"/book/{schedule.id}", ANSWERS)

        events = session.scalars(select(AnalyticsEvent).order_by(AnalyticsEvent.id)).all()
        assert [event.event_type for event in events] == ["viewed", "started", "submitted"]
        assert len({event.visitor_hash for event in events}) == 1
        assert all(event.user_id is None for event in events)


class TestCookie:
    def test_is_closed_to_scripts(self, client: FlaskClient) -> None:
        cookie = client.get(f"/book/{date_in(40).id}").headers["Set-Cookie"]

        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie


class TestPaymentChoices:
    def test_leaves_out_invoices_when_they_are_off(self, client: FlaskClient) -> None:
        change_setting(payment_settings.invoice_enabled, "false")

        page = client.get(f"/book/{date_in(40).id}").text

        assert 'value="invoice"' not in page
        assert 'name="payment_method" value="card"' in page
